"""The view's values put in the order in which a page shows them: groups and counts, built once. No verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moodle_sync.compliance.view import (
    ActivityCell,
    ActivityHead,
    ActivityState,
    LearnerRow,
    ObjectiveState,
    SessionView,
    TimelineItem,
    ToConfirm,
)


@dataclass(frozen=True)
class ActivityRow:
    """One activity with the number of learners in each state, and each learner's cell."""

    head: ActivityHead
    counts: tuple[tuple[ActivityState, int], ...]
    cells: tuple[tuple[LearnerRow, ActivityCell], ...]


@dataclass(frozen=True)
class Confirmation:
    """What is to be confirmed in one spec, the same for each of several things (none: for the whole)."""

    source: str
    about: tuple[str, ...]
    fields: tuple[str, ...]


def activity_rows(view: SessionView) -> tuple[ActivityRow, ...]:
    """The followed activities as rows; the states in a fixed order, those that nobody is in left out."""
    rows = []
    for column, head in enumerate(view.activities):
        cells = tuple((learner, learner.activities[column]) for learner in view.learners)
        states = [cell.state for _, cell in cells]
        counts = tuple((state, states.count(state)) for state in ActivityState if state in states)
        rows.append(ActivityRow(head, counts, cells))
    return tuple(rows)


def confirmations(items: Sequence[ToConfirm]) -> tuple[Confirmation, ...]:
    """What is to be confirmed, in the order of the specs: fields of one thing together, like things together."""
    fields: dict[tuple[str, str], list[str]] = {}
    for item in items:
        fields.setdefault((item.source, item.about), []).append(item.field)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (source, about), found in fields.items():
        alike.setdefault((source, tuple(found)), []).append(about)
    return tuple(Confirmation(source, tuple(filter(None, abouts)), found) for (source, found), abouts in alike.items())


def legend(view: SessionView) -> tuple[ObjectiveState, ...]:
    """The states that the matrix shows, in a fixed order."""
    shown = {cell.state for row in view.learners for cell in row.cells}
    return tuple(state for state in ObjectiveState if state in shown)


def split_timeline(view: SessionView) -> tuple[tuple[TimelineItem, bool], ...]:
    """The timeline's items, each with whether it is over at the moment of the view."""
    return tuple((item, (item.ends or item.starts) < view.as_of) for item in view.timeline)
