"""The three-way comparison: spec, baseline (what we last wrote, as read back) and live, field by field.

live = spec                                   nothing to do
live = baseline, spec moved since             update
live = baseline, spec as it was               nothing: Moodle keeps our text in its own form
live ≠ baseline                               drift: a person's edit, kept
no baseline                                   conflict: it is not known who wrote it
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moodle_sync.canonical import canonical, digest, nfc
from moodle_sync.plan.changes import Action, Change, FieldChange
from moodle_sync.state.flat import is_structural
from moodle_sync.state.resources import ORDER, Kind, Live, Observation, Ref, Resource

JSON = Any

_USED_RUBRIC = "the rubric was used: its lines, levels and scores stay. Make a new one beside it, under a new key"
_USED_QUIZ = "the quiz was attempted: its questions may not change. Make a new quiz beside it, under a new key"
_LOCKED_COMPLETION = "learners have completed it: changing the criteria would clear their completions"


def diff(desired: Iterable[Resource], observed: Observation) -> Iterator[Change]:
    """Every change between the two states, parents before children; objects in sync yield nothing."""
    resources = list(desired)
    unmade: set[Ref] = set()
    for resource in resources:
        live = observed.live.get(resource.ref)
        if live is not None and live.foreign:
            continue
        reason = _blocked(resource, observed)
        if reason and live is None:
            unmade.add(resource.ref)
            yield _change(Action.BLOCKED, resource, reason=reason)
        elif live is None:
            fields = tuple(FieldChange(name, None, value) for name, value in resource.fields.items())
            yield _change(Action.CREATE, resource, fields)
        else:
            yield from _compare(resource, live, reason)
    yield from _left(resources, observed)


def _blocked(resource: Resource, observed: Observation) -> str:
    if resource.kind in observed.closed:
        return observed.closed[resource.kind]
    if resource.kind is Kind.ENROLMENT and resource.local.removeprefix("person-") in observed.absent_people:
        return "no account of this person is visible in Moodle: make it, or mend the enrolment file"
    return ""


def _change(
    action: Action, resource: Resource, fields: tuple[FieldChange, ...] = (), learners: int = 0, reason: str = ""
) -> Change:
    return Change(action, resource.kind, resource.key, fields, resource.course, resource.local, learners, reason)


def same(one: JSON, other: JSON) -> bool:
    """Whether two values are the same JSON: ``1`` and ``true`` are not, and NFC and NFD of one text are."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or nfc(one) == nfc(other)
    return canonical(one) == canonical(other)


def _compare(resource: Resource, live: Live, blocked: str) -> Iterator[Change]:
    sorted_out: dict[Action, list[FieldChange]] = {Action.UPDATE: [], Action.DRIFT: [], Action.CONFLICT: []}
    for name in [*resource.fields, *(name for name in live.fields if name not in resource.fields)]:
        verdict = _field(name, resource.fields, live)
        if verdict is not None:
            sorted_out[verdict[0]].append(verdict[1])
    for action, fields in sorted_out.items():
        if not fields:
            continue
        refusal = _refusal(resource.kind, live, fields) if action is Action.UPDATE else ""
        if refusal:
            yield _change(Action.REFUSED, resource, tuple(fields), live.learners, refusal)
        elif action is Action.UPDATE and blocked:
            yield _change(Action.BLOCKED, resource, tuple(fields), live.learners, blocked)
        else:
            yield _change(action, resource, tuple(fields), live.learners)


def _field(name: str, wanted: Mapping[str, JSON], live: Live) -> tuple[Action, FieldChange] | None:
    """What one field asks for, or None. A field that the spec does not have counts only where we wrote it (rubrics)."""
    ours = name in wanted
    if not ours and live.kind is not Kind.RUBRIC:
        return None
    spec, there = wanted.get(name), live.fields.get(name)
    if same(spec, there):
        return None
    base = live.baseline.get(name)
    if base is None:
        if not ours:
            # Seen in "criteria" or "levels" already: a line that a person added, or one of ours that is to go.
            return None
        action = Action.UPDATE if live.kind is Kind.RUBRIC and name not in live.fields else Action.CONFLICT
        return action, FieldChange(name, there, spec)
    moved = base["desired"] != digest(spec)
    if not same(there, base["observed"]):
        return Action.DRIFT, FieldChange(name, there, spec, spec_changed=moved)
    return (Action.UPDATE, FieldChange(name, there, spec)) if moved else None


def _refusal(kind: Kind, live: Live, fields: list[FieldChange]) -> str:
    if not live.locked:
        return ""
    if kind is Kind.RUBRIC and any(is_structural(field.name) for field in fields):
        return _USED_RUBRIC
    if kind is Kind.ACTIVITY and any(field.name == "questions" for field in fields):
        return _USED_QUIZ
    if kind is Kind.COURSE_COMPLETION:
        return _LOCKED_COMPLETION
    return ""


def _left(resources: list[Resource], observed: Observation) -> Iterator[Change]:
    """What we once made in these courses and left the specs: hidden where Moodle can hide it, never removed."""
    wanted = {resource.ref for resource in resources}
    courses = {resource.course for resource in resources if resource.course}
    gone = [live for ref, live in observed.live.items() if ref not in wanted and live.course in courses]
    for live in sorted(gone, key=lambda live: (ORDER[live.kind], live.key)):
        if live.kind is Kind.ACTIVITY and live.fields.get("visible") is True:
            hide = (FieldChange("visible", True, False),)
            yield Change(
                Action.HIDE, live.kind, live.key, hide, live.course, live.local, live.learners, "left the spec"
            )
        elif live.baseline:
            yield Change(
                Action.LEFT, live.kind, live.key, (), live.course, live.local, live.learners, "left the spec: kept"
            )
