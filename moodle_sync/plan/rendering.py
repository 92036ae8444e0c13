"""A plan as lines for a person: course by course, one object a line, then the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moodle_sync.clock import from_epoch
from moodle_sync.plan.changes import Action, Change, FieldChange
from moodle_sync.plan.planfile import Plan
from moodle_sync.plan.safety import Counts
from moodle_sync.state.resources import Kind

JSON = Any
_SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.HIDE: "-",
    Action.DRIFT: "=",
    Action.CONFLICT: "!",
    Action.BLOCKED: "!",
    Action.REFUSED: "!",
    Action.LEFT: "=",
}
_WORDS = {
    Action.DRIFT: "kept: edited in Moodle",
    Action.CONFLICT: "conflict: differs from the spec, and not known to be ours",
    Action.BLOCKED: "blocked",
    Action.REFUSED: "refused",
}
_TIMES = frozenset({"opens", "due", "cutoff", "startdate", "enddate", "start", "end"})
_WIDTH = 40


def render(plan: Plan) -> list[str]:
    """The lines of a plan, without a trailing newline each."""
    companion = f"companion {plan.companion}" if plan.companion else "no companion"
    lines = [f'Plan for "{plan.site}" ({plan.url}, Moodle {plan.release}, {companion})', ""]
    heading = None
    for change in plan.changes:
        group = change.course or "shared by sessions"
        if group != heading:
            lines += [f"  {'course ' if change.course else ''}{group}"]
            heading = group
        lines += [f"    {line}" for line in _lines(change)]
    lines += [f"  {sentence}" for sentence in plan.copies]
    return [*lines, "", summary(plan.counts)]


def summary(counts: Counts) -> str:
    """One line of numbers. "Empty" means that nothing would be written: kept drift is counted apart."""
    wrote = [f"{n} to {word}" for n, word in ((counts.create, "create"), (counts.update, "update")) if n]
    if counts.hide:
        wrote.append(f"{counts.hide} to hide")
    numbers = ((counts.drift, "drift kept"), (counts.conflict, "in conflict"), (counts.blocked, "blocked"))
    other = [f"{n} {word}" for n, word in (*numbers, (counts.refused, "refused"), (counts.left, "left")) if n]
    parts = [", ".join(wrote) or "0 changes", ", ".join(other)]
    if counts.learners:
        parts.append(f"{counts.learners} learners with results near a change")
    return " · ".join(part for part in parts if part)


def _lines(change: Change) -> Iterator[str]:
    name = _name(change)
    word = change.reason if change.reason and change.action in (Action.HIDE, Action.LEFT) else ""
    word = word or ": ".join(filter(None, [_WORDS.get(change.action, ""), change.reason]))
    learners = f"{change.learners} learners with results" if change.learners else ""
    yield "  ".join(filter(None, [f"{_SIGNS[change.action]} {change.kind:<19} {name}", word, learners]))
    if change.action is not Action.CREATE:
        for field in change.fields:
            yield f"      {field.name}: {_difference(field)}"


def _name(change: Change) -> str:
    """A link by its two ends' own keys: the framework's long idnumber is in every one of them."""
    if change.kind in (Kind.COURSE_COMPETENCY, Kind.ACTIVITY_COMPETENCY):
        activity, _, competency = change.local.rpartition("~")
        return " ~ ".join(filter(None, [activity, competency.rpartition(":")[2]]))
    return change.local or change.key


def _difference(field: FieldChange) -> str:
    moved = " (the spec changed too)" if field.spec_changed else ""
    return f"Moodle has {_show(field.name, field.live)}, spec says {_show(field.name, field.desired)}{moved}"


def _show(name: str, value: JSON) -> str:
    if name in _TIMES and isinstance(value, int) and not isinstance(value, bool):
        moment = from_epoch(value)
        return "nothing" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    if value is None:
        return "nothing"
    text = str(value)
    if "\n" in text or len(text) > _WIDTH:
        return f"{text[:_WIDTH]!r}… ({len(text)} characters)"
    return repr(value) if isinstance(value, str) else text
