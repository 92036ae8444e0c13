"""Desired state: what Moodle should hold for one session, as resources in the order in which they are made.

Pure: specs, session, namespace and people in, resources out. What a person wrote relative to the session's days
becomes epoch seconds here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from moodle_sync import ids
from moodle_sync.canonical import decimal_text
from moodle_sync.clock import to_epoch
from moodle_sync.spec.enrolments import EnrolmentLine
from moodle_sync.spec.errata import corrected
from moodle_sync.spec.grid import expand
from moodle_sync.spec.models import AnyActivity, Assignment, Feedback, Framework, Programme, Rubric, Session
from moodle_sync.spec.schedule import half_days, resolve
from moodle_sync.spec.specs import Specs
from moodle_sync.state import activities
from moodle_sync.state.flat import flatten
from moodle_sync.state.html import paragraphs, to_html
from moodle_sync.state.resources import Kind, Resource
from moodle_sync.state.texts import course_summary

JSON = Any
OUTSIDE = "hors-modules"
"""Local key of the section that holds what belongs to no module: before, during and after the training."""


@dataclass(frozen=True)
class SessionSpec:
    """One session with everything that it refers to."""

    namespace: str
    specs: Specs
    session: Session
    people: Sequence[EnrolmentLine] = ()

    @property
    def programme(self) -> Programme:
        """The programme version that the session runs, with the session's errata."""
        return corrected(self.specs.programme_of(self.session), self.session.errata)

    @property
    def framework(self) -> Framework:
        """The framework of that programme."""
        return self.specs.framework_of(self.programme)

    @property
    def course(self) -> ids.CourseKey:
        """The key of the session's course."""
        return ids.CourseKey(self.namespace, self.session.programme, self.session.session)

    @property
    def framework_idnumber(self) -> str:
        """The framework's idnumber in Moodle."""
        return ids.framework_idnumber(self.namespace, self.framework.framework, self.framework.version)

    def placed(self) -> Iterator[tuple[str, str, AnyActivity]]:
        """Every activity with its section's key and its own local key, in course order."""
        for activity in self.programme.outside_modules:
            yield OUTSIDE, activity.key, activity
        for module in self.programme.modules:
            for activity in module.activities:
                yield module.key, f"{module.key}.{activity.key}", activity

    def rubric_of(self, activity: AnyActivity) -> Rubric | None:
        """The rubric that the activity is graded with, if any."""
        if isinstance(activity, Assignment) and activity.rubric is not None:
            return self.specs.rubrics[activity.rubric]
        return None

    def times(self, expression: str | None, closing: bool) -> int | None:
        """A relative date as epoch seconds."""
        return None if expression is None else to_epoch(resolve(expression, self.session, closing=closing))


def desired(spec: SessionSpec, person_key: Callable[[str], str]) -> list[Resource]:
    """Every resource of a session, parents first. ``person_key`` makes a keyed digest of a person's external key."""
    return [
        *_category(spec),
        *_framework(spec),
        _course(spec),
        *_sections(spec),
        *_activities(spec),
        *_rubrics(spec),
        *_links(spec),
        *_completion(spec),
        *_events(spec),
        *_enrolments(spec, person_key),
        *_groups(spec, person_key),
    ]


def _category(spec: SessionSpec) -> Iterator[Resource]:
    category = spec.programme.category
    if category.key is not None:
        idnumber = ids.category_idnumber(spec.namespace, category.key)
        yield Resource(Kind.CATEGORY, idnumber, {"name": category.title})


def _framework(spec: SessionSpec) -> Iterator[Resource]:
    framework, idnumber = spec.framework, spec.framework_idnumber
    described = paragraphs(framework.description or "")
    yield Resource(Kind.FRAMEWORK, idnumber, {"name": framework.title, "description": described})
    for objective in framework.objectives:
        yield Resource(
            Kind.COMPETENCY,
            ids.competency_idnumber(idnumber, objective.key),
            {
                "name": objective.title,
                "description": paragraphs(objective.statement, f"Critère de réussite : {objective.success}"),
            },
            extra={"framework": idnumber},
        )


def _course(spec: SessionSpec) -> Resource:
    programme, session = spec.programme, spec.session
    category = programme.category
    place = category.existing or ids.category_idnumber(spec.namespace, category.key or "")
    zone = ZoneInfo(session.timezone)
    first, last = session.days[0].date, session.days[-1].date
    title = session.title or f"{programme.title} ({session.session})"
    return Resource(
        Kind.COURSE,
        spec.course.idnumber,
        {
            "fullname": title,
            "shortname": f"{programme.programme} {session.session}",
            "category": place,
            "summary": course_summary(programme, session),
            "startdate": _midnight(first, zone),
            # Moodle's end date closes the course for "past" filters: the day after the last one.
            "enddate": _midnight(last + timedelta(days=1), zone),
            "visible": True,
        },
        course=spec.course.idnumber,
    )


def _midnight(day: date, zone: ZoneInfo) -> int:
    return to_epoch(datetime.combine(day, time(), zone))


def _child(spec: SessionSpec, kind: Kind, local: str, fields: dict[str, JSON], **extra: Any) -> Resource:
    return Resource(kind, spec.course.child(local), fields, spec.course.idnumber, local, extra)


def _sections(spec: SessionSpec) -> Iterator[Resource]:
    programme = spec.programme
    position = 1
    if programme.outside_modules:
        fields = {"name": programme.outside_title, "summary": "", "position": position, "visible": True}
        yield _child(spec, Kind.SECTION, OUTSIDE, fields)
        position += 1
    for module in programme.modules:
        fields = {
            "name": module.title,
            "summary": to_html(module.summary),
            "position": position,
            "visible": True,
        }
        yield _child(spec, Kind.SECTION, module.key, fields)
        position += 1


def _activities(spec: SessionSpec) -> Iterator[Resource]:
    material = activities.Material(spec.specs.questions, spec.specs.surveys, spec.specs.files)
    for section, local, activity in spec.placed():
        fields = activities.fields(activity, section, spec.times, material)
        yield _child(spec, Kind.ACTIVITY, local, fields, modname=activities.modname(activity))


def _rubrics(spec: SessionSpec) -> Iterator[Resource]:
    for _, local, activity in spec.placed():
        rubric = spec.rubric_of(activity)
        if rubric is not None:
            yield _child(spec, Kind.RUBRIC, local, flatten(rubric_structure(rubric)))


def rubric_structure(rubric: Rubric) -> dict[str, JSON]:
    """A rubric in the form of the companion's contract."""
    return {
        "name": rubric.title,
        "description": to_html(rubric.description or ""),
        "criteria": [
            {
                "key": criterion.key,
                "description": criterion.title,
                "levels": [
                    {"key": level.key, "score": decimal_text(level.points), "definition": level.text}
                    for level in expand(criterion)
                ],
            }
            for criterion in rubric.criteria
        ],
    }


def _links(spec: SessionSpec) -> Iterator[Resource]:
    framework = spec.framework_idnumber
    for objective in spec.framework.objectives:
        competency = ids.competency_idnumber(framework, objective.key)
        yield Resource(
            Kind.COURSE_COMPETENCY,
            f"{spec.course.idnumber}~{competency}",
            {"outcome": "evidence"},
            spec.course.idnumber,
            competency,
            {"competency": competency},
        )
    for _, local, activity in spec.placed():
        for key in activity.objectives:
            competency = ids.competency_idnumber(framework, key)
            # A trainer rates a competency; completing an activity only adds evidence to it.
            yield _child(
                spec, Kind.ACTIVITY_COMPETENCY, f"{local}~{competency}", {"outcome": "evidence"}, competency=competency
            )


def _completion(spec: SessionSpec) -> Iterator[Resource]:
    # Nobody's completion may hang on an opinion that they gave, let alone on one that is asked a month after.
    counted = sorted(
        local for _, local, activity in spec.placed() if activity.complete_when and not isinstance(activity, Feedback)
    )
    if counted:
        yield _child(spec, Kind.COURSE_COMPLETION, "completion", {"activities": counted, "aggregation": "all"})


def _enrolments(spec: SessionSpec, person_key: Callable[[str], str]) -> Iterator[Resource]:
    zone = ZoneInfo(spec.session.timezone)
    for line in spec.people:
        digest = person_key(line.person)
        fields = {
            "role": line.role,
            "status": "active",
            "start": None if line.start is None else _midnight(line.start, zone),
            "end": None if line.end is None else _midnight(line.end + timedelta(days=1), zone) - 1,
        }
        yield _child(spec, Kind.ENROLMENT, person_local_key(digest), fields, person=line.person)


def _events(spec: SessionSpec) -> Iterator[Resource]:
    """One calendar event for each half-day of training."""
    session = spec.session
    for number, half_day in enumerate(half_days(session), start=1):
        fields = {
            "name": f"{spec.programme.title} : demi-journée {number}",
            "description": "",
            "start": to_epoch(half_day.starts),
            "minutes": int((half_day.ends - half_day.starts).total_seconds()) // 60,
            "location": session.place,
            "visible": True,
        }
        yield _child(spec, Kind.EVENT, f"demi-journee-{number:02d}", fields)


def _groups(spec: SessionSpec, person_key: Callable[[str], str]) -> Iterator[Resource]:
    for group in spec.session.groups:
        people = [person_local_key(person_key(line.person)) for line in spec.people if line.group == group.key]
        yield _child(spec, Kind.GROUP, group.key, {"name": group.title, "description": "", "members": sorted(people)})


def person_local_key(digest: str) -> str:
    """How a person is called in keys and plans."""
    return f"person-{digest[:24]}"
