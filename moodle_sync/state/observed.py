"""Observed state from the companion's answers: what a course holds under our keys, with the baseline beside it. Pure.

What core web services answer is turned into live objects in ``state.observed_core``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moodle_sync.state.flat import flat_baseline, flatten
from moodle_sync.state.resources import Kind, Live, Stray

JSON = Any

_LISTS = {
    "sections": Kind.SECTION,
    "activities": Kind.ACTIVITY,
    "competencies": Kind.ACTIVITY_COMPETENCY,
    "events": Kind.EVENT,
    "enrolments": Kind.ENROLMENT,
}

_BASELINES = {Kind.COURSE_COMPLETION: "completion"}
"""The companion's name of a kind in baselines, where it differs from ours."""


def from_course_state(course: str, state: Mapping[str, JSON], person_of: Callable[[int], str]) -> Iterator[Live]:
    """The live objects of one course, from ``get_course_state``.

    ``person_of`` says what a person is called in plans, by Moodle's user id.
    """
    baselines: Mapping[str, JSON] = state.get("baseline") or {}

    def baseline(kind: Kind, key: str) -> Mapping[str, JSON]:
        rows: Mapping[str, JSON] = baselines.get(_BASELINES.get(kind, kind.value)) or {}
        return rows.get(key) or {}

    for name, kind in _LISTS.items():
        for row in state.get(name) or ():
            yield _live(course, kind, row, row["state"], baseline(kind, row["key"]))
    for row in state.get("rubrics") or ():
        flat = flatten(row["state"])
        yield _live(course, Kind.RUBRIC, row, flat, flat_baseline(baseline(Kind.RUBRIC, row["key"])))
    for row in state.get("groups") or ():
        stored = _member_baseline(baseline(Kind.GROUP, row["key"]), person_of)
        yield _live(course, Kind.GROUP, row, with_members(row["state"], person_of), stored)
    completion = state.get("completion")
    if completion:
        row = {"key": "completion", "id": 0, "locked": completion.get("locked")}
        yield _live(course, kind := Kind.COURSE_COMPLETION, row, completion["state"], baseline(kind, "completion"))


def _live(
    course: str, kind: Kind, row: Mapping[str, JSON], fields: Mapping[str, JSON], baseline: Mapping[str, JSON]
) -> Live:
    learners = int(row.get("learners") or 0)
    return Live(
        kind=kind,
        key=f"{course}:{row['key']}",
        id=int(row["id"]),
        fields=fields,
        baseline=baseline,
        course=course,
        local=row["key"],
        learners=learners,
        locked="used" if learners or row.get("locked") else "",
        modname=str(row.get("modname") or ""),
        foreign=bool(row.get("foreign")),
    )


def strays(course: str, state: Mapping[str, JSON]) -> Iterator[Stray]:
    """Idnumbers of ours in this course that cannot be ours."""
    for row in state.get("copies") or ():
        yield Stray(course, row["idnumber"], (int(row["id"]),), duplicate=False)
    for row in state.get("conflicts") or ():
        yield Stray(course, row["idnumber"], tuple(int(number) for number in row["ids"]), duplicate=True)


def with_members(group: Mapping[str, JSON], person_of: Callable[[int], str]) -> dict[str, JSON]:
    """A group's fields with its members as people are called in plans, sorted."""
    return {**group, "members": sorted(person_of(userid) for userid in group.get("members") or ())}


def _member_baseline(stored: Mapping[str, JSON], person_of: Callable[[int], str]) -> Mapping[str, JSON]:
    if "members" not in stored:
        return stored
    entry = stored["members"]
    observed = sorted(person_of(userid) for userid in entry["observed"])
    return {**stored, "members": {"desired": entry["desired"], "observed": observed}}
