"""The course before its evidence: which course, which activities, which learners. It costs few calls, and all the rest
of a pull can be counted from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moodle_sync.collect.keys import Known, read_keys
from moodle_sync.errors import MoodleRefused, NotFound
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.wire.site import CourseRow, EnrolledUser, ModuleRow


@dataclass(frozen=True)
class Survey:
    """A course as it stands.

    Attributes:
        course: the course; its idnumber is filled in.
        modules: its activities, in page order.
        keys: cmid to local key, None for an activity that is not ours (or whose idnumber is not told).
        enrolled: everybody enrolled, by userid.
        active: userids whose enrolment is active.
        learners: userids of those with a learner's role, sorted: the only people whom facts are about.
        warnings: what somebody should look at.
    """

    course: CourseRow
    modules: tuple[ModuleRow, ...]
    keys: Mapping[int, str | None]
    enrolled: Mapping[int, EnrolledUser]
    active: frozenset[int]
    learners: tuple[int, ...]
    warnings: tuple[str, ...]

    @property
    def idnumber(self) -> str:
        """The course's idnumber: what facts call the course."""
        return self.course.idnumber

    def cmids(self, modname: str) -> list[int]:
        """The cmids of the activities of one type."""
        return [module.id for module in self.modules if module.modname == modname]


def survey(client: PullClient, course_idnumber: str, learner_roles: frozenset[str], known: Known) -> Survey:
    """Finds the course and reads its activities and people.

    Raises:
        NotFound: there is no such course, or the account may not see it.
        MoodleRefused: more than one course has this idnumber.
        SiteError: the site cannot be read.
    """
    course = _find(client, course_idnumber)
    modules = tuple(client.course_modules(course.id))
    enrolled = {user.id: user for user in client.enrolled_users(course.id)}
    active = frozenset(user.id for user in client.enrolled_users(course.id, only_active=True))
    learners = tuple(sorted(userid for userid, user in enrolled.items() if learner_roles & set(user.roles)))
    keys, warnings = read_keys(client, course, modules, learners, known)
    return Survey(
        course=course,
        modules=modules,
        keys=keys,
        enrolled=enrolled,
        active=active,
        learners=learners,
        warnings=tuple(warnings),
    )


def _find(client: PullClient, idnumber: str) -> CourseRow:
    found = client.courses_by_idnumber(idnumber)
    if not found:
        raise NotFound(
            f"no course has the idnumber {idnumber}, or the account of the pull token may not see it",
            errorcode="nocourse",
            hint="Check the idnumber in the course's settings; the account needs moodle/course:view, and "
            "moodle/course:viewhiddencourses while the course is hidden.",
        )
    if len(found) > 1:
        raise MoodleRefused(
            f"{len(found)} courses have the idnumber {idnumber} (ids {', '.join(str(row.id) for row in found)})",
            errorcode="duplicatecourse",
            hint="An idnumber names one course: clear it in the settings of the others.",
        )
    return found[0]
