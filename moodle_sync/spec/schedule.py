"""Relative dates: what ``start-7d``, ``end+1mo`` or ``day 4 17:30`` mean in a session. Pure, and reads no clock.

A programme holds no calendar: each session gives it one. All arithmetic is done on the calendar of the session's time
zone and only the result becomes a moment in UTC, so that a night with a clock change moves nothing.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moodle_sync.errors import SpecError
from moodle_sync.spec.models import Session

OPENING_TIME = time(0, 0)
DUE_TIME = time(23, 59, 59)

_FORM = re.compile(
    r"(?:(?P<anchor>start|end)(?:(?P<sign>[+-])(?P<count>[0-9]{1,4})(?P<unit>d|mo))?"
    r"|day (?P<day>[1-9][0-9]{0,2})"
    r"|(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}))"
    r"(?: (?P<time>[0-9]{2}:[0-9]{2}))?"
)
_HELP = 'write for example "start-7d", "end+1mo", "day 4", each with or without a time such as " 17:30"'


@dataclass(frozen=True)
class Expression:
    """A date expression, taken apart. Exactly one of ``anchor``, ``day`` and ``on`` is set."""

    anchor: str | None = None
    days: int = 0
    months: int = 0
    day: int | None = None
    on: date | None = None
    at: time | None = None


@dataclass(frozen=True, order=True)
class HalfDay:
    """A half-day of training: aware moments in UTC."""

    starts: datetime
    ends: datetime

    @property
    def minutes(self) -> int:
        """Its length in minutes, clock changes counted. Sums of hours are made in minutes: a third has no decimal."""
        return int((self.ends - self.starts).total_seconds()) // 60

    @property
    def hours(self) -> Decimal:
        """Its length in hours."""
        return Decimal(self.minutes) / 60


def parse(expression: str) -> Expression:
    """The parts of an expression.

    Raises:
        SpecError: when it has none of the forms, or names a date or a time that does not exist.
    """
    found = _FORM.fullmatch(expression.strip())
    if found is None:
        raise SpecError(f'"{expression}" is no date that can be read: {_HELP}')
    try:
        at = time.fromisoformat(found["time"]) if found["time"] else None
        on = date.fromisoformat(found["date"]) if found["date"] else None
    except ValueError:
        raise SpecError(f'"{expression}" names a date or a time that is not in the calendar') from None
    signed = int(f"{found['sign']}{found['count']}") if found["sign"] else 0
    return Expression(
        anchor=found["anchor"],
        days=signed if found["unit"] == "d" else 0,
        months=signed if found["unit"] == "mo" else 0,
        day=int(found["day"]) if found["day"] else None,
        on=on,
        at=at,
    )


def resolve(expression: str, session: Session, *, closing: bool) -> datetime:
    """The moment that an expression means in a session, aware and in UTC.

    ``start`` is the first training day and ``end`` the last one. Without a time, an opening is at 00:00 and a due date
    (``closing``) at 23:59:59, in the session's zone. Months keep the day, or take the last one of a shorter month.

    Raises:
        SpecError: for an unreadable expression, a training day that the session does not have, an unknown zone, or a
            local time that does not exist or exists twice there.
    """
    parts = parse(expression)
    at = parts.at or (DUE_TIME if closing else OPENING_TIME)
    try:
        moment = datetime.combine(_day(parts, expression, session), at)
    except OverflowError:
        raise SpecError(f'"{expression}" falls outside the calendar') from None
    return in_utc(moment, zone(session))


def zone(session: Session) -> ZoneInfo:
    """The session's time zone, or SpecError."""
    try:
        return ZoneInfo(session.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a bad name, a path, a folder of the zone database
        raise SpecError(f'there is no time zone "{session.timezone}": write for example "Europe/Paris"') from None


def in_utc(moment: datetime, local: ZoneInfo) -> datetime:
    """A local time as a moment in UTC.

    Raises:
        SpecError: when a clock change skips that time or lets it happen twice.
    """
    earlier, later = moment.replace(tzinfo=local, fold=0), moment.replace(tzinfo=local, fold=1)
    if earlier.utcoffset() != later.utcoffset():
        shown = f"{moment:%Y-%m-%d %H:%M} in {local.key}"
        # in a gap fold=0 still counts the winter offset: read back, it is another wall time
        exists = earlier.astimezone(UTC).astimezone(local).replace(tzinfo=None) == moment
        fate = "happens twice" if exists else "does not exist"
        raise SpecError(f"{shown} {fate}: the clocks change that night; choose another time")
    return earlier.astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """Calendar months later (or earlier): 31 October + 4 months is 28 February, or 29 in a leap year."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(f"{day} and {months} months")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def half_days(session: Session) -> tuple[HalfDay, ...]:
    """Every half-day of a session, in the order of the file.

    Raises:
        SpecError: for a time that is not on the clock, an unknown zone, or a time that a clock change makes unsure.
    """
    local = zone(session)
    found = []
    for day in session.days:
        for text in day.half_days:
            starts, ends = clock_times(text)
            found.append(
                HalfDay(
                    in_utc(datetime.combine(day.date, starts), local), in_utc(datetime.combine(day.date, ends), local)
                )
            )
    return tuple(found)


def clock_times(half_day: str) -> tuple[time, time]:
    """The two times of ``"09:00-12:30"``, or SpecError."""
    start, _, end = half_day.partition("-")
    try:
        return time.fromisoformat(start), time.fromisoformat(end)
    except ValueError:
        raise SpecError(f'"{half_day}" names a time that is not on the clock') from None


def _day(parts: Expression, expression: str, session: Session) -> date:
    if parts.on is not None:
        return parts.on
    if parts.day is not None:
        if parts.day > len(session.days):
            raise SpecError(f'"{expression}": session {session.session} has {len(session.days)} training days')
        return session.days[parts.day - 1].date
    anchor = session.days[0].date if parts.anchor == "start" else session.days[-1].date
    return add_months(anchor, parts.months) + timedelta(days=parts.days)
