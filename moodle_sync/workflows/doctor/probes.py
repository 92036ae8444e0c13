"""Without the companion Moodle tells nobody which capabilities an account has: harmless reads show some of them.

Each account is looked up by the other one, and courses of ours that are there are read. Nothing is written, and what
a read cannot show is left untold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moodle_sync.errors import AccessDenied, MoodleRefused, SiteError
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.push import PushClient
from moodle_sync.moodle.reader import SiteReader
from moodle_sync.moodle.wire.site import UserRow
from moodle_sync.workflows.doctor.contact import Meeting, Visit
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark
from moodle_sync.workflows.doctor.needs import Role, page

Told = dict[str, bool]
_NOBODY = "moodle-sync-doctor-looks-for-nothing"


def probe(meeting: Meeting, courses: Iterable[str]) -> tuple[dict[Role, Told], list[Finding]]:
    """What reads show of each account's capabilities, and what the two accounts see differently.

    Args:
        meeting: the visits; an account whose token failed is not probed.
        courses: idnumbers of courses of ours that may be on the site; the first that is there is read.
    """
    told: dict[Role, Told] = {role: {"webservice/rest:use": True} for role in meeting.visits}
    push, pull = meeting.visits.get("push"), meeting.visits.get("pull")
    if push is not None and pull is not None:
        told["push"] |= _people(push, pull)
        told["pull"] |= _people(pull, push)
    findings: list[Finding] = []
    if push is not None:
        told["push"] |= _refusal(
            "moodle/category:manage", lambda: PushClient(push.transport).categories_by_idnumber(_NOBODY), "criteriaerror"
        )
        if pull is not None:
            findings += _course(push, pull, courses, told)
    return told, findings


def _people(asking: Visit, other: Visit) -> Told:
    """Whether one service account sees the other: an account always sees all of itself, and that tells nothing."""
    own = _found(SiteReader(other.transport), "id", str(other.info.userid))
    if own is None:
        return {}
    reader = SiteReader(asking.transport)
    told = {"moodle/user:viewdetails": _found(reader, "id", str(own.id)) is not None}
    if not told["moodle/user:viewdetails"]:
        return told  # whoever sees nobody finds nobody by any field: the others stay untold
    told["moodle/user:viewalldetails"] = _found(reader, "username", own.username) is not None
    if own.email:
        told["moodle/site:viewuseridentity"] = _found(reader, "email", own.email) is not None
    return told


def _found(reader: SiteReader, field: str, value: str) -> UserRow | None:
    try:
        return next(iter(reader.users_by_field(field, [value])), None)
    except SiteError:
        return None


def _refusal(capability: str, read: Callable[[], Any], *codes: str) -> Told:
    """True when the read is answered, False when it is refused for want of the capability, else nothing."""
    try:
        read()
    except AccessDenied:
        return {capability: False}
    except MoodleRefused as error:
        return {capability: False} if error.errorcode in codes else {}
    except SiteError:
        return {}
    return {capability: True}


def _course(push: Visit, pull: Visit, courses: Iterable[str], told: dict[Role, Told]) -> list[Finding]:
    pushing, pulling = PushClient(push.transport), PullClient(pull.transport)
    for idnumber in courses:
        try:
            rows = pushing.courses_by_idnumber(idnumber)
            raw = push.transport.call("core_course_get_courses_by_field", {"field": "idnumber", "value": idnumber})
        except SiteError:
            return []
        if rows:
            course = rows[0].id
            # Moodle finds a course by its idnumber and then leaves the idnumber out, without moodle/course:update.
            told["push"]["moodle/course:update"] = any(row.get("idnumber") == idnumber for row in raw["courses"])
            told["push"] |= _refusal("moodle/course:view", lambda: pushing.course_sections(course))
            told["push"] |= _refusal("moodle/course:viewparticipants", lambda: pushing.enrolled_users(course))
            _pulled(pulling, course, told["pull"])
            return _seen_by_both(pushing, pulling, course, idnumber)
    return []


def _pulled(client: PullClient, course: int, told: Told) -> None:
    """Reads of one course with the pull token; learners' answers are looked at for refusals only, and forgotten."""
    told |= _refusal("moodle/course:view", lambda: client.course_sections(course))
    if not told.get("moodle/course:view"):
        return
    told |= _refusal("moodle/course:viewparticipants", lambda: client.enrolled_users(course))
    told |= _refusal("moodle/course:enrolreview", lambda: client.enrolled_users(course, only_active=True))
    if not told.get("moodle/course:viewparticipants"):
        return
    learners = [user.id for user in client.enrolled_users(course) if "student" in user.roles][:1]
    if learners:
        told |= _refusal("report/progress:view", lambda: client.activity_completions(course, learners))
        told |= _refusal("report/completion:view", lambda: client.course_completions(course, learners))
        told |= _both(client, course, learners)


def _both(client: PullClient, course: int, learners: list[int]) -> Told:
    # The grade report needs both: answered, both are there; refused, nobody knows which one is missing.
    answered = _refusal("moodle/grade:viewall", lambda: client.grade_items(course, learners))
    return {**answered, "gradereport/user:view": True} if answered.get("moodle/grade:viewall") else {}


def _seen_by_both(push: PushClient, pull: PullClient, course: int, idnumber: str) -> list[Finding]:
    """An activity that one account sees and the other does not: the silent kind of missing capability."""
    try:
        written = {module.id for module in push.course_modules(course)}
        read = {module.id for module in pull.course_modules(course)}
    except SiteError:
        return []
    found = []
    sides: tuple[tuple[Role, set[int]], ...] = (("pull", written - read), ("push", read - written))
    for role, unseen in sides:
        if unseen:
            sentence = f"{len(unseen)} activities of {idnumber} are left out for this account, without an error"
            names = (
                "one of these is missing:",
                "moodle/course:viewhiddenactivities",
                "moodle/course:ignoreavailabilityrestrictions",
                "mod/page:view, mod/assign:view or mod/quiz:view",
            )
            label = f"{role} capabilities"
            found.append(Finding(Area.MOODLE, label, Mark.FAILED, sentence, names, page("roles")))
    return found
