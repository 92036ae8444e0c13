"""The only place that reads the clock, so that every other module can be told what time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, aware, in UTC, in whole seconds (Moodle counts no finer)."""
    return datetime.now(UTC).replace(microsecond=0)


def from_epoch(seconds: int | None) -> datetime | None:
    """A Moodle time (epoch seconds, 0 or None for never) as an aware UTC datetime, or None."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def to_epoch(moment: datetime | None) -> int:
    """The reverse of :func:`from_epoch`: 0 for None. Refuses a naive datetime."""
    if moment is None:
        return 0
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no epoch time")
    return int(moment.timestamp())


def to_rfc3339(moment: datetime) -> str:
    """``2026-02-03T08:00:00Z``: the one form that a time has in leaves, plans and facts."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no RFC 3339 form")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")[:-6] + "Z"  # without "+00:00"


def from_rfc3339(text: str) -> datetime:
    """The reverse of :func:`to_rfc3339`; refuses any other form."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
