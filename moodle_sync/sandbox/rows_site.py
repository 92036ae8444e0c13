"""What a site holds before anybody learns anything: people, roles, courses, enrolments, groups, the companion's keys.

One dataclass a table, named and spelt as Moodle's columns where a function shows them. Every value is a JSON value, so
that a world can be written to a file and read again. Times are epoch seconds, UTC, 0 for never; marks are floats with
at most 5 decimals, as Moodle's ``NUMERIC(10,5)``. Activities and aims have files of their own, and are named here too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moodle_sync.sandbox.rows_aims import (
    Competency as Competency,
)
from moodle_sync.sandbox.rows_aims import (
    CourseCompetency as CourseCompetency,
)
from moodle_sync.sandbox.rows_aims import (
    Criterion as Criterion,
)
from moodle_sync.sandbox.rows_aims import (
    Framework as Framework,
)
from moodle_sync.sandbox.rows_aims import (
    GradingArea as GradingArea,
)
from moodle_sync.sandbox.rows_aims import (
    GradingDefinition as GradingDefinition,
)
from moodle_sync.sandbox.rows_aims import (
    Level as Level,
)
from moodle_sync.sandbox.rows_aims import (
    ModuleCompetency as ModuleCompetency,
)
from moodle_sync.sandbox.rows_aims import (
    Scale as Scale,
)
from moodle_sync.sandbox.rows_base import Row as Row
from moodle_sync.sandbox.rows_modules import (
    Assign as Assign,
)
from moodle_sync.sandbox.rows_modules import (
    Feedback as Feedback,
)
from moodle_sync.sandbox.rows_modules import (
    FeedbackItem as FeedbackItem,
)
from moodle_sync.sandbox.rows_modules import (
    Forum as Forum,
)
from moodle_sync.sandbox.rows_modules import (
    Instance as Instance,
)
from moodle_sync.sandbox.rows_modules import (
    Label as Label,
)
from moodle_sync.sandbox.rows_modules import (
    Other as Other,
)
from moodle_sync.sandbox.rows_modules import (
    Page as Page,
)
from moodle_sync.sandbox.rows_modules import (
    QBank as QBank,
)
from moodle_sync.sandbox.rows_modules import (
    Quiz as Quiz,
)
from moodle_sync.sandbox.rows_modules import (
    Resource as Resource,
)
from moodle_sync.sandbox.rows_modules import (
    Url as Url,
)


@dataclass
class Context(Row):
    """Where a capability is asked: level 10 system, 30 user, 40 category, 50 course, 70 module."""

    level: int = 10
    instanceid: int = 0


@dataclass
class User(Row):
    """A person or a service account. A deleted user keeps the row, with another username and e-mail."""

    username: str = ""
    firstname: str = ""
    lastname: str = ""
    email: str = ""
    idnumber: str = ""
    auth: str = "manual"
    confirmed: bool = True
    suspended: bool = False
    deleted: bool = False
    department: str = ""
    institution: str = ""
    lang: str = "en"
    theme: str = ""
    timezone: str = "99"
    mailformat: int = 1
    trackforums: int = 0
    firstaccess: int = 0
    lastaccess: int = 0
    timecreated: int = 0
    preferences: dict[str, str] = field(default_factory=dict)

    @property
    def fullname(self) -> str:
        """First name and last name, as Moodle shows them."""
        return f"{self.firstname} {self.lastname}"


@dataclass
class Role(Row):
    """A role: what its holders may do, and which roles they may give."""

    shortname: str = ""
    name: str = ""
    capabilities: list[str] = field(default_factory=list)
    assigns: list[int] = field(default_factory=list)


@dataclass
class RoleAssignment(Row):
    """A role that a person has in a context."""

    roleid: int = 0
    userid: int = 0
    contextid: int = 0
    component: str = ""
    timemodified: int = 0


@dataclass
class Service(Row):
    """An external service: the functions that its tokens may call."""

    shortname: str = ""
    functions: list[str] = field(default_factory=list)
    downloadfiles: bool = False
    uploadfiles: bool = False


@dataclass
class Token(Row):
    """A permanent token: one person, one service."""

    token: str = ""
    userid: int = 0
    serviceid: int = 0


@dataclass
class Category(Row):
    """A course category."""

    name: str = ""
    idnumber: str = ""
    description: str = ""
    descriptionformat: int = 1
    parent: int = 0
    sortorder: int = 0
    visible: bool = True
    theme: str = ""
    timemodified: int = 0


@dataclass
class Course(Row):
    """A course. ``formatoptions`` holds the options of its format as stored."""

    category: int = 0
    fullname: str = ""
    shortname: str = ""
    idnumber: str = ""
    summary: str = ""
    summaryformat: int = 1
    format: str = "topics"
    formatoptions: dict[str, int | str] = field(default_factory=dict)
    startdate: int = 0
    enddate: int = 0
    visible: bool = True
    enablecompletion: bool = True
    completionnotify: int = 0
    showgrades: int = 1
    newsitems: int = 5
    groupmode: int = 0
    groupmodeforce: int = 0
    defaultgroupingid: int = 0
    showreports: int = 0
    showactivitydates: bool = True
    showcompletionconditions: bool = True
    maxbytes: int = 0
    lang: str = ""
    theme: str = ""
    marker: int = 0
    sortorder: int = 0
    criteria_aggregation: int = 1
    """How the criteria of course completion count together: 1 all, 2 any."""
    activity_aggregation: int = 1
    """How its activity criteria count among themselves: 1 all, 2 any."""
    customfields: list[dict[str, Any]] = field(default_factory=list)
    """What the site's own fields hold, as ``core_course_get_courses_by_field`` shows it."""
    timecreated: int = 0
    timemodified: int = 0


@dataclass
class Section(Row):
    """A course section. ``section`` is its number, 0 the general one; ``sequence`` its activities' cmids in order."""

    course: int = 0
    section: int = 0
    name: str | None = None
    summary: str = ""
    summaryformat: int = 1
    sequence: list[int] = field(default_factory=list)
    visible: bool = True
    availability: str | None = None
    component: str | None = None
    itemid: int | None = None
    timemodified: int = 0


@dataclass
class CourseModule(Row):
    """An activity in a course (``id`` is the cmid).

    ``visible`` is what is shown, ``visibleold`` what it was before its section was hidden. ``completion``: 0 none,
    1 manual, 2 automatic; ``completiongradeitemnumber`` None or 0 (a grade is a condition); the module's own conditions
    are on its instance.
    """

    course: int = 0
    modname: str = ""
    instance: int = 0
    section: int = 0
    """The section's id, not its number."""
    idnumber: str = ""
    added: int = 0
    visible: bool = True
    visibleold: bool = True
    visibleoncoursepage: int = 1
    groupmode: int = 0
    groupingid: int = 0
    indent: int = 0
    completion: int = 0
    completiongradeitemnumber: int | None = None
    completionview: bool = False
    completionpassgrade: bool = False
    completionexpected: int = 0
    availability: str | None = None
    downloadcontent: int = 1
    lang: str = ""
    deletioninprogress: bool = False


@dataclass
class EnrolInstance(Row):
    """An enrolment method of a course."""

    courseid: int = 0
    enrol: str = "manual"
    status: int = 0
    """0 switched on, 1 off."""
    roleid: int = 5


@dataclass
class UserEnrolment(Row):
    """One person's enrolment. ``status`` 0 active, 1 suspended; it counts between ``timestart`` and ``timeend``."""

    enrolid: int = 0
    userid: int = 0
    status: int = 0
    timestart: int = 0
    timeend: int = 0
    modifierid: int = 0
    timecreated: int = 0
    timemodified: int = 0


@dataclass
class Group(Row):
    """A group of a course."""

    courseid: int = 0
    name: str = ""
    idnumber: str = ""
    description: str = ""
    descriptionformat: int = 1
    enrolmentkey: str = ""
    visibility: int = 0
    participation: bool = True
    timecreated: int = 0


@dataclass
class GroupMember(Row):
    """A person in a group."""

    groupid: int = 0
    userid: int = 0
    timeadded: int = 0


@dataclass
class MapRow(Row):
    """The companion's key map: which Moodle object a key stands for."""

    namespace: str = ""
    courseid: int = 0
    kind: str = ""
    objkey: str = ""
    objid: int = 0
    origin: str = ""
    timecreated: int = 0


@dataclass
class BaselineRow(Row):
    """The companion's baseline: ``value`` is ``{field: {"desired", "observed"}}``."""

    namespace: str = ""
    courseid: int = 0
    kind: str = ""
    objkey: str = ""
    value: dict[str, Any] = field(default_factory=dict)


@dataclass
class WrittenQuestion(Row):
    """What the companion remembers of a question that it wrote: digest of its source, digest as stored."""

    entryid: int = 0
    source: str = ""
    stored: str = ""


@dataclass
class Event(Row):
    """A calendar event of a course."""

    courseid: int = 0
    name: str = ""
    description: str = ""
    format: int = 1
    timestart: int = 0
    timeduration: int = 0
    location: str = ""
    visible: bool = True
    timemodified: int = 0
