"""What reads in one course of ours show of the capabilities of both accounts.

Learners' answers are looked at for refusals only, and forgotten. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from moodle_sync.errors import SiteError
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.push import PushClient
from moodle_sync.moodle.reader import SiteReader
from moodle_sync.moodle.wire.base import Answer, parse
from moodle_sync.moodle.wire.site import COURSES, ModuleRow, SectionRow
from moodle_sync.workflows.doctor.asking import Told, refusal, whole
from moodle_sync.workflows.doctor.contact import Visit
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark
from moodle_sync.workflows.doctor.needs import Role, needs, page
from moodle_sync.workflows.doctor.views import left_out, modules, shown

_COURSES = "core_course_get_courses_by_field"
_ENROLLED = "core_enrol_get_enrolled_users"
_NOT_IN_COURSE = ("requireloginerror", "errorcoursecontextnotvalid")
_VIEW = "moodle/course:view"
_HIDDEN_COURSES = "moodle/course:viewhiddencourses"
_PARTICIPANTS = "moodle/course:viewparticipants"
_REVIEW = "moodle/course:enrolreview"
_ASSIGN_GRADES = "mod/assign:viewgrades"
_REPORTS = "mod/feedback:viewreports"
_FORMS = "moodle/grade:managegradingforms"
_NO_GROUP = 2**31 - 1
_REFUSED, _NONE_FOUND = "1", "3"
"""Warning codes of ``mod_assign_get_grades``: the account may not, and there is nothing."""
_RUBRICS_LOOKED_AT = 20


@dataclass(frozen=True)
class _Found:
    """A course of ours as one account finds it: with its idnumber or without, ``visible`` None when it is not told."""

    id: int
    idnumber: str
    named: bool
    visible: bool | None


def probe_course(push: Visit, pull: Visit, courses: Iterable[str], told: dict[Role, Told]) -> list[Finding]:
    """Read the first of these courses that is there with both tokens, and add what that shows to ``told``.

    Returns:
        What is wrong for certain while several capabilities could be the one that is missing.
    """
    findings: list[Finding] = []
    with suppress(SiteError):  # what is not answered stays untold
        _probe(PushClient(push.transport), PullClient(pull.transport), courses, told, findings)
    return findings


def _probe(
    push: PushClient, pull: PullClient, courses: Iterable[str], told: dict[Role, Told], findings: list[Finding]
) -> None:
    clients: dict[Role, SiteReader] = {"push": push, "pull": pull}
    found = next(filter(None, (_lookup(clients, idnumber) for idnumber in courses)), {})
    seen: dict[Role, list[SectionRow]] = {}
    for role in clients if found else ():
        if role not in found:
            told[role].update(_not_found(*found.values()))
            continue
        sections: list[SectionRow] = []
        told[role].update(_entered(clients[role], found, role, sections))
        if told[role].get(_VIEW):
            seen[role] = sections
            told[role].update(shown(sections))
            told[role].update(_participants(clients[role], found[role]))
    if len(seen) == len(clients):
        findings += _compared("push", seen["push"], seen["pull"], found["push"], told["push"])
        findings += _compared("pull", seen["pull"], seen["push"], found["pull"], told["pull"])
    if "push" in seen:
        # Without it Moodle finds a course by its idnumber, and then leaves the idnumber out.
        told["push"]["moodle/course:update"] = found["push"].named
    if "pull" in seen and told["pull"].get(_PARTICIPANTS) is not False:
        _people(pull, found["pull"], seen["pull"], told["pull"])


def _lookup(clients: dict[Role, SiteReader], idnumber: str) -> dict[Role, _Found]:
    """The course by each account that finds it. Moodle finds a hidden one only for who may see hidden courses."""
    found: dict[Role, _Found] = {}
    for role, client in clients.items():
        body = client.transport.call(_COURSES, {"field": "idnumber", "value": idnumber})
        for row in parse(_COURSES, COURSES, body.get("courses"))[:1]:
            found[role] = _Found(row.id, idnumber, row.idnumber == idnumber, row.visible)
    return found


def _not_found(by_other: _Found) -> Told:
    """Why this account does not find a course that the other one finds."""
    if by_other.visible is None:
        return {}
    return {_VIEW if by_other.visible else _HIDDEN_COURSES: False}


def _entered(client: SiteReader, found: dict[Role, _Found], role: Role, sections: list[SectionRow]) -> Told:
    """Whether the account gets into the course that it found; what it sees there is put into ``sections``."""
    course = found[role]
    told = refusal(_VIEW, lambda: sections.extend(client.course_sections(course.id)), *_NOT_IN_COURSE)
    if any(one.visible is False for one in found.values()):
        told[_HIDDEN_COURSES] = True
    return told


def _participants(client: SiteReader, course: _Found) -> Told:
    """Moodle lists people to who may see participants *or* review enrolments; suspended ones to the latter alone."""
    told = refusal(_REVIEW, lambda: client.enrolled_users(course.id, only_active=True))
    listed = refusal(_PARTICIPANTS, lambda: client.enrolled_users(course.id))
    if not all(listed.values()):
        return {_PARTICIPANTS: False, _REVIEW: False}
    return told | listed if told.get(_REVIEW) is False else told


def _one_of(role: Role, names: tuple[str, ...], what: str) -> Finding:
    sentence = f"{what}: one of these is missing:"
    return Finding(Area.MOODLE, f"{role} capabilities", Mark.FAILED, sentence, names, page("roles"), names)


def _compared(role: Role, own: list[SectionRow], other: list[SectionRow], course: _Found, told: Told) -> list[Finding]:
    missing, unclear = left_out(needs(role), own, other)
    told.update(missing)
    what = f"activities of {course.idnumber} are left out for this account, without an error"
    return [_one_of(role, names, what) for names in sorted(unclear)]


def _people(client: PullClient, course: _Found, sections: list[SectionRow], told: Told) -> None:
    """Reads about the people in the course, each of which Moodle refuses without one capability."""
    told.update(_option(client, course, "moodle/role:review", "withcapability", _VIEW))
    told.update(_option(client, course, "moodle/site:accessallgroups", "groupid", _NO_GROUP))
    told.update(_graded(client, modules(sections, "assign")))
    told.update(_reported(client, modules(sections, "feedback")))
    learners = [user.id for user in client.enrolled_users(course.id) if "student" in user.roles][:1]
    if not learners:
        return
    told.update(refusal("report/progress:view", lambda: whole(client.activity_completions(course.id, learners))))
    told.update(refusal("report/completion:view", lambda: whole(client.course_completions(course.id, learners))))
    attempts = [(quiz.instance, learners[0]) for quiz in modules(sections, "quiz")[:1]]
    if attempts:
        told.update(refusal("mod/quiz:viewreports", lambda: whole(client.quiz_attempts(attempts))))
    read = partial(client.grade_items, course.id, learners)
    told.update(refusal("gradereport/user:view", lambda: whole(read()), "nopermissions"))
    told.update(refusal("moodle/grade:viewall", lambda: whole(read()), "nopermissiontoviewgrades"))


def _option(client: PullClient, course: _Found, capability: str, name: str, value: str | int) -> Told:
    """Options of a list that Moodle gives only with a capability of their own; nobody is to be in the answer."""
    options = [{"name": "userfields", "value": "id"}, {"name": name, "value": value}]
    params = {"courseid": course.id, "options": options}
    return refusal(capability, lambda: client.transport.call(_ENROLLED, params))


def _reported(client: PullClient, questionnaires: list[ModuleRow]) -> Told:
    """Whether the account may see what was answered: Moodle says so of a questionnaire, without telling any answer."""
    try:
        rows = client.feedback_access([one.instance for one in questionnaires[:1]])
    except SiteError:
        return {}
    answers = [one.value.canviewreports for one in rows if isinstance(one, Answer)]
    return {_REPORTS: answers[0]} if answers else {}


def _graded(client: PullClient, assignments: list[ModuleRow]) -> Told:
    """Grades of assignments are refused by a warning, filled rubrics by an error. Of those that the account sees."""
    told: Told = {}
    try:
        for one in assignments[:1]:
            codes = {warning.warningcode for warning in client.assign_grades(one.instance).warnings}
            if codes <= {_REFUSED, _NONE_FOUND}:
                told[_ASSIGN_GRADES] = _REFUSED not in codes
        areas = client.grading_areas([one.id for one in assignments[:_RUBRICS_LOOKED_AT]])
    except SiteError:
        return told
    answered = [row for area in areas if not isinstance(area, SiteError) for row in area.value]
    forms = [form.id for row in answered for form in row.definitions][:1]
    if forms:
        told.update(refusal(_FORMS, lambda: whole(client.grading_instances(forms))))
    return told
