"""The drawing above the timeline: where each moment stands on a band, in units of the drawing. No text of its own.

It repeats the list below it, for the eye; whoever cannot see it misses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from moodle_sync.compliance.view import TimelineItem

WIDTH = 1000
MARGIN = 14


@dataclass(frozen=True)
class Mark:
    """One mark: from ``x``, ``width`` wide (0 for a moment), in units of a drawing 1000 wide."""

    kind: str
    x: int
    width: int
    label: str


@dataclass(frozen=True)
class Strip:
    """The marks in time order, and one mark for the first of each month."""

    marks: tuple[Mark, ...]
    months: tuple[Mark, ...]


def strip(items: Sequence[TimelineItem], zone: ZoneInfo) -> Strip:
    """The drawing of a timeline: whole numbers, so that it is the same on every machine."""
    first = min(item.starts for item in items)
    last = max(item.ends or item.starts for item in items)
    span = max(int((last - first).total_seconds()), 1)

    def x(moment: datetime) -> int:
        return MARGIN + int((moment - first).total_seconds()) * (WIDTH - 2 * MARGIN) // span

    marks = tuple(
        Mark(item.kind, x(item.starts), max(x(item.ends) - x(item.starts), 1) if item.ends else 0, item.label)
        for item in items
    )
    return Strip(marks, tuple(_months(first, last, zone, x)))


def _months(first: datetime, last: datetime, zone: ZoneInfo, x: Callable[[datetime], int]) -> Iterator[Mark]:
    local = first.astimezone(zone)
    year, month = local.year, local.month
    while True:
        month += 1
        if month > 12:
            year, month = year + 1, 1
        begins = datetime(year, month, 1, tzinfo=zone).astimezone(UTC)
        if begins > last:
            return
        yield Mark("month", x(begins), 0, format_date(begins.astimezone(zone), "MMMM", locale="fr_FR"))
