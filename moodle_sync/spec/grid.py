"""A rubric's lines as a grid of levels, each with its key, points and text. Pure.

A criterion that counts is unfolded here, so that everything downstream (Moodle's rubric, the reading of a filled one)
knows levels only.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from moodle_sync.canonical import decimal_text
from moodle_sync.spec.models import Criterion, Level


@dataclass(frozen=True)
class ExpandedLevel:
    """One level of a criterion as Moodle holds it. ``key`` is unique within the criterion and never changes."""

    key: str
    points: Decimal
    text: str


def level_key(level: Level) -> str:
    """The level's own key, or its points with ``-`` for the decimal point (``1.5`` → ``1-5``)."""
    return level.key or decimal_text(level.points).replace(".", "-")


def expand(criterion: Criterion) -> tuple[ExpandedLevel, ...]:
    """The levels of a criterion, in the order of the file. A count gives one level a count, the last "n ou plus"."""
    if criterion.count is None:
        return tuple(ExpandedLevel(level_key(level), level.points, level.text) for level in criterion.levels or ())
    last = criterion.count.to
    counts = range(criterion.count.start, last + 1)
    return tuple(ExpandedLevel(str(n), Decimal(n), f"{n} ou plus" if n == last else str(n)) for n in counts)


def maximum(criterion: Criterion) -> Decimal:
    """The most points that the criterion can give."""
    return max(level.points for level in expand(criterion))
