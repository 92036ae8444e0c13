"""Without the companion Moodle tells nobody which capabilities an account has: harmless reads show some of them.

Each account is looked up by the other one, and courses of ours that are there are read. Nothing is written, and what
a read cannot show is left untold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from moodle_sync.errors import AccessDenied, MoodleRefused, SiteError
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.push import PushClient
from moodle_sync.moodle.reader import SiteReader
from moodle_sync.moodle.wire.base import parse
from moodle_sync.moodle.wire.site import COURSES, UserRow
from moodle_sync.workflows.doctor.contact import Meeting, Visit
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark
from moodle_sync.workflows.doctor.needs import Role, page

Told = dict[str, bool]
_COURSES = "core_course_get_courses_by_field"
_NOBODY = "moodle-sync-doctor-looks-for-nothing"
_NOT_ALLOWED = ("nopermissions", "cannotviewreport", "nopermissiontoviewgrades")
_NOT_IN_COURSE = ("requireloginerror", "errorcoursecontextnotvalid")
_ENTERING = ("moodle/course:view", "moodle/course:viewhiddencourses")
_GRADES = ("moodle/grade:viewall", "gradereport/user:view")
_SEEING = (
    "moodle/course:viewhiddenactivities",
    "moodle/course:ignoreavailabilityrestrictions",
    "mod/page:view",
    "mod/assign:view",
    "mod/quiz:view",
)


@dataclass(frozen=True)
class _Found:
    """A course of ours: ``named`` says whether Moodle tells its idnumber, ``visible`` is None when it is not told."""

    id: int
    idnumber: str
    named: bool
    visible: bool | None


def probe(meeting: Meeting, courses: Iterable[str]) -> tuple[dict[Role, Told], list[Finding]]:
    """What reads show of each account's capabilities, and what the two accounts see differently.

    Args:
        meeting: the visits; an account whose token failed is not probed.
        courses: idnumbers of courses of ours that may be on the site; the first that is there is read.
    """
    told: dict[Role, Told] = {role: {"webservice/rest:use": True} for role in meeting.visits}
    push, pull = meeting.visits.get("push"), meeting.visits.get("pull")
    if push is not None and pull is not None:
        told["push"].update(_people(push, pull))
        told["pull"].update(_people(pull, push))
    findings: list[Finding] = []
    if push is not None:
        told["push"] |= _refusal(
            "moodle/category:manage",
            lambda: PushClient(push.transport).categories_by_idnumber(_NOBODY),
            "criteriaerror",
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
    """True when the read is answered, False when it is refused by one of these codes, else nothing."""
    try:
        read()
    except (AccessDenied, MoodleRefused) as error:
        return {capability: False} if error.errorcode in (codes or _NOT_ALLOWED) else {}
    except SiteError:
        return {}
    return {capability: True}


def _whole(results: Sequence[object]) -> None:
    """Raises the first error among the answers of many calls."""
    for result in results:
        if isinstance(result, SiteError):
            raise result


def _course(push: Visit, pull: Visit, courses: Iterable[str], told: dict[Role, Told]) -> list[Finding]:
    pushing, pulling = PushClient(push.transport), PullClient(pull.transport)
    try:
        found = next(filter(None, (_first(pushing, idnumber) for idnumber in courses)), None)
    except SiteError:
        return []
    if found is None:
        return []
    findings = _pushed(pushing, found, told["push"])
    findings += _pulled(pulling, found, told["pull"])
    if told["push"].get("moodle/course:view") and told["pull"].get("moodle/course:view"):
        findings += _seen_by_both(pushing, pulling, found)
    return findings


def _first(client: PushClient, idnumber: str) -> _Found | None:
    body = client.transport.call(_COURSES, {"field": "idnumber", "value": idnumber})
    rows = parse(_COURSES, COURSES, body.get("courses"))
    return _Found(rows[0].id, idnumber, rows[0].idnumber == idnumber, rows[0].visible) if rows else None


def _pushed(client: PushClient, course: _Found, told: Told) -> list[Finding]:
    findings = _entered("push", client, course, told)
    if told.get("moodle/course:view"):
        # Without it Moodle finds a course by its idnumber, and then leaves the idnumber out.
        told["moodle/course:update"] = course.named
        told.update(_refusal("moodle/course:viewparticipants", lambda: client.enrolled_users(course.id)))
    return findings


def _pulled(client: PullClient, course: _Found, told: Told) -> list[Finding]:
    """Reads of one course with the pull token; learners' answers are looked at for refusals only, and forgotten."""
    findings = _entered("pull", client, course, told)
    if not told.get("moodle/course:view"):
        return findings
    told.update(_refusal("moodle/course:viewparticipants", lambda: client.enrolled_users(course.id)))
    told.update(_refusal("moodle/course:enrolreview", lambda: client.enrolled_users(course.id, only_active=True)))
    if not told.get("moodle/course:viewparticipants"):
        return findings
    learners = [user.id for user in client.enrolled_users(course.id) if "student" in user.roles][:1]
    if learners:
        told.update(_refusal("report/progress:view", lambda: _whole(client.activity_completions(course.id, learners))))
        told.update(_refusal("report/completion:view", lambda: _whole(client.course_completions(course.id, learners))))
        answered = _refusal(_GRADES[0], lambda: _whole(client.grade_items(course.id, learners)))
        findings += _either("pull", _GRADES, "grades cannot be read", answered, told)
    return findings


def _entered(role: Role, client: SiteReader, course: _Found, told: Told) -> list[Finding]:
    answered = _refusal(_ENTERING[0], lambda: client.course_sections(course.id), *_NOT_IN_COURSE)
    if course.visible:
        told.update(answered)  # of a course that is not hidden only the one can be missing
        return []
    return _either(role, _ENTERING, f"{course.idnumber} cannot be read", answered, told)


def _either(role: Role, names: tuple[str, ...], what: str, answered: Told, told: Told) -> list[Finding]:
    """A read that needs several capabilities: answered, all are there; refused, nobody knows which one is not."""
    if all(answered.values()):
        told.update(dict.fromkeys(names, True) if answered else {})
        return []
    hint = page("roles")
    label = f"{role} capabilities"
    return [Finding(Area.MOODLE, label, Mark.FAILED, f"{what}: one of these is missing:", names, hint, names)]


def _seen_by_both(push: PushClient, pull: PullClient, course: _Found) -> list[Finding]:
    """An activity that one account sees and the other does not: the silent kind of missing capability."""
    try:
        written = {module.id for module in push.course_modules(course.id)}
        read = {module.id for module in pull.course_modules(course.id)}
    except SiteError:
        return []
    found = []
    sides: tuple[tuple[Role, set[int]], ...] = (("pull", written - read), ("push", read - written))
    for role, unseen in sides:
        if unseen:
            what = f"{len(unseen)} activities of {course.idnumber} are left out for this account, without an error"
            found += _either(role, _SEEING, what, {_SEEING[0]: False}, {})
    return found
