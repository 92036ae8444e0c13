"""The activities of a course: a table for each type, spelt as Moodle's columns where a function shows them.

As :mod:`moodle_sync.sandbox.rows_site`: JSON values only, times in epoch seconds UTC, 0 for never.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from moodle_sync.sandbox.rows_base import Row


@dataclass
class Instance(Row):
    """What every activity type's own table has."""

    course: int = 0
    name: str = ""
    intro: str = ""
    introformat: int = 1
    timemodified: int = 0


@dataclass
class Page(Instance):
    """A page."""

    content: str = ""
    contentformat: int = 1
    display: int = 5
    revision: int = 1


@dataclass
class Assign(Instance):
    """An assignment. ``grade``: the maximum, or minus the id of a scale; ``configs``: the plugin settings as stored."""

    duedate: int = 0
    allowsubmissionsfromdate: int = 0
    cutoffdate: int = 0
    gradingduedate: int = 0
    grade: int = 100
    gradepenalty: int = 0
    nosubmissions: bool = False
    submissiondrafts: bool = False
    sendnotifications: bool = False
    sendlatenotifications: bool = False
    sendstudentnotifications: bool = True
    teamsubmission: bool = False
    requireallteammemberssubmit: bool = False
    teamsubmissiongroupingid: int = 0
    blindmarking: bool = False
    hidegrader: bool = False
    revealidentities: bool = False
    attemptreopenmethod: str = "manual"
    maxattempts: int = 1
    """-1 for any number."""
    markingworkflow: bool = False
    markingallocation: bool = False
    markinganonymous: bool = False
    requiresubmissionstatement: bool = False
    preventsubmissionnotingroup: bool = False
    completionsubmit: bool = False
    activity: str = ""
    timelimit: int = 0
    submissionattachments: int = 0
    configs: list[dict[str, str]] = field(default_factory=list)
    """``{"plugin", "subtype", "name", "value"}`` each, in Moodle's order."""


@dataclass
class Quiz(Instance):
    """A quiz. ``sumgrades`` is the sum of its slots' marks, ``grade`` what that is scaled to."""

    timeopen: int = 0
    timeclose: int = 0
    timelimit: int = 0
    overduehandling: str = "autosubmit"
    graceperiod: int = 0
    preferredbehaviour: str = "deferredfeedback"
    canredoquestions: int = 0
    attempts: int = 0
    attemptonlast: int = 0
    grademethod: int = 1
    """1 highest, 2 average, 3 first, 4 last."""
    decimalpoints: int = 2
    questiondecimalpoints: int = -1
    reviewattempt: int = 69888
    reviewcorrectness: int = 4352
    reviewmaxmarks: int = 69888
    reviewmarks: int = 4352
    reviewspecificfeedback: int = 4352
    reviewgeneralfeedback: int = 4352
    reviewrightanswer: int = 4352
    reviewoverallfeedback: int = 4352
    questionsperpage: int = 1
    navmethod: str = "free"
    shuffleanswers: int = 1
    sumgrades: float = 0
    grade: float = 10
    timecreated: int = 0
    password: str = ""
    subnet: str = ""
    browsersecurity: str = "-"
    delay1: int = 0
    delay2: int = 0
    showuserpicture: int = 0
    showblocks: int = 0
    completionattemptsexhausted: bool = False
    completionminattempts: int = 0
    allowofflineattempts: int = 0


@dataclass
class Forum(Instance):
    """A forum: Moodle makes one of type ``news`` in a new course."""

    type: str = "general"


@dataclass
class QBank(Instance):
    """A question bank (Moodle 5.x); in 4.5 the course's own context holds the questions."""

    type: str = "standard"


@dataclass
class Feedback(Instance):
    """A questionnaire. ``anonymous``: 1 yes, 2 no, as Moodle counts."""

    anonymous: int = 1
    email_notification: bool = False
    multiple_submit: bool = False
    autonumbering: bool = False
    site_after_submit: str = ""
    page_after_submit: str = ""
    page_after_submitformat: int = 1
    publish_stats: bool = False
    timeopen: int = 0
    timeclose: int = 0
    completionsubmit: bool = False


@dataclass
class FeedbackItem(Row):
    """An item of a questionnaire, as Moodle stores it: ``presentation`` is ``r>>>>>Bad|OK|Great``."""

    feedback: int = 0
    name: str = ""
    label: str = ""
    presentation: str = ""
    typ: str = "textfield"
    hasvalue: bool = True
    position: int = 1
    required: bool = False
    options: str = ""
    dependitem: int = 0
    dependvalue: str = ""


@dataclass
class Url(Instance):
    """A link."""

    externalurl: str = ""
    display: int = 0


@dataclass
class Resource(Instance):
    """A file to download. ``content`` is the file in base64."""

    filename: str = ""
    content: str = ""
    sha256: str = ""
    size: int = 0
    revision: int = 1
    display: int = 0


@dataclass
class Label(Instance):
    """A text on the course page; its name is cut from the text."""


@dataclass
class Other(Instance):
    """An activity of a type that nothing here knows more of."""

    modname: str = ""
    completionsubmit: bool = False
