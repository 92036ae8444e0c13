"""Dates, numbers and plurals as a French reader writes them. No sentence: those are in ``sentences``.

Always in the session's time zone and in a fixed locale, so that the same view reads the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date

from moodle_sync.canonical import decimal_text

_LOCALE = "fr_FR"


def day(value: date) -> str:
    """``mardi 3 mars 2026``; the first of a month is ``1er``."""
    return _first(value, format_date(value, "EEEE d MMMM y", locale=_LOCALE))


def short_day(value: date) -> str:
    """``3 mars 2026``."""
    return _first(value, format_date(value, "d MMMM y", locale=_LOCALE))


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """``17 h 30``, ``9 h``: the time of day, to the minute."""
    return clock_of(moment.astimezone(zone).timetz())


def clock_of(value: time) -> str:
    """The same for a time that is already local."""
    return f"{value.hour} h {value.minute:02d}" if value.minute else f"{value.hour} h"


def when(moment: datetime, zone: ZoneInfo) -> str:
    """``3 mars 2026 à 17 h 30``."""
    return f"{short_day(moment.astimezone(zone).date())} à {clock(moment, zone)}"


def to_the_second(moment: datetime, zone: ZoneInfo) -> str:
    """``3 mars 2026, 17:30:05``: for evidence, where a second may decide."""
    local = moment.astimezone(zone)
    return f"{short_day(local.date())}, {local:%H:%M:%S}"


def number(value: Decimal) -> str:
    """``12,5``: a number of points, without trailing zeros."""
    return decimal_text(value).replace(".", ",")


def hours(value: Decimal) -> str:
    """``70 h``, ``3 h 30``: a length of time; seconds are dropped."""
    minutes = int(value * 60)
    whole, rest = divmod(minutes, 60)
    return f"{whole} h {rest:02d}" if rest else f"{whole} h"


def count(n: int, one: str, many: str) -> str:
    """``1 stagiaire``, ``3 stagiaires``; zero is singular in French."""
    return f"{n} {many if n >= 2 else one}"


def listed(items: Sequence[str]) -> str:
    """``a``, ``a et b``, ``a, b et c``."""
    return " et ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def _first(value: date, text: str) -> str:
    return text.replace("1 ", "1er ", 1) if value.day == 1 else text
