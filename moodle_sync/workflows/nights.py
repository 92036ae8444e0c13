"""Which nights had a round, and which had none. Pure: whoever calls gives the moments.

A night goes from noon to noon in this machine's own time zone, which is cron's: a round that starts at 23:30 and one
that starts at 02:10 are of the same night, named by the evening's date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

_NOON = timedelta(hours=12)
_SHOWN = 7


def night_of(moment: datetime) -> date:
    """The night that an aware moment belongs to."""
    return (moment.astimezone() - _NOON).date()


def missed(rounds: Iterable[datetime], now: datetime) -> list[date]:
    """The nights without a round between the last one before the present night and the present night.

    None before the first round ever; the present night itself is not over and not counted.
    """
    present = night_of(now)
    past = [night for night in map(night_of, rounds) if night < present]
    if not past:
        return []
    last = max(past)
    return [last + timedelta(days=number) for number in range(1, (present - last).days)]


def say(nights: Sequence[date]) -> str:
    """A sentence that names the nights, all of them when they are few."""
    if len(nights) == 1:
        return f"the night of {nights[0]} had no round"
    if len(nights) <= _SHOWN:
        return f"the nights of {', '.join(map(str, nights))} had no round"
    return f"{len(nights)} nights had no round, from {nights[0]} to {nights[-1]}"
