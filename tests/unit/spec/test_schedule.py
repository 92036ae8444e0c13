"""Relative dates: the calendar of the session's zone, its odd nights included."""

from __future__ import annotations

import calendar
import json
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.errors import SpecError
from moodle_sync.spec.models import Session
from moodle_sync.spec.schedule import add_months, half_days, in_utc, parse, resolve

DAYS = ("2026-02-02", "2026-02-03", "2026-03-30", "2026-03-31")


def _session(*days: str, timezone: str = "Europe/Paris", half: tuple[str, ...] = ("09:00-12:30",)) -> Session:
    listed = [{"date": day, "half_days": half} for day in days or DAYS]
    fields = {"session": "s", "programme": "p", "version": "1", "place": "ici", "timezone": timezone, "days": listed}
    return Session.model_validate_json(json.dumps(fields))


def _local(text: str, zone: str = "Europe/Paris") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("expression", "closing", "expected"),
    [
        ("start", False, "2026-02-02 00:00"),
        ("start", True, "2026-02-02 23:59:59"),
        ("start-7d", True, "2026-01-26 23:59:59"),
        ("start-14d", False, "2026-01-19 00:00"),
        ("start-14d 08:30", False, "2026-01-19 08:30"),
        ("start+1mo", False, "2026-03-02 00:00"),
        ("end", True, "2026-03-31 23:59:59"),
        ("end+1mo", True, "2026-04-30 23:59:59"),
        ("end-1mo", False, "2026-02-28 00:00"),
        ("end+11mo", False, "2027-02-28 00:00"),
        ("end+23mo", False, "2028-02-29 00:00"),
        ("day 1", False, "2026-02-02 00:00"),
        ("day 3 17:30", True, "2026-03-30 17:30"),
        ("day 4", True, "2026-03-31 23:59:59"),
        ("2026-02-02 09:00", True, "2026-02-02 09:00"),
        ("2026-07-14", True, "2026-07-14 23:59:59"),
        ("  start-7d  ", False, "2026-01-26 00:00"),
    ],
)
def test_resolve_expression_gives_local_time_as_utc(expression: str, closing: bool, expected: str) -> None:
    moment = resolve(expression, _session(), closing=closing)
    assert moment == _local(expected)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "expression",
    [
        "", "demain", "start-7", "start -7d", "start7d", "start-7 d", "start+-7d", "begin-7d", "day 0", "day", "day 4a",
        "day four", "start-7j", "start-1m", "start-7d 8:30", "start-7d 08h30", "start-7d 08:30:00", "2026-2-2",
        "end+99999d", "start-７d",
    ],
)  # fmt: skip
def test_parse_unreadable_expression_says_what_to_write(expression: str) -> None:
    with pytest.raises(SpecError, match=r'is no date that can be read: write for example "start-7d"'):
        parse(expression)


@pytest.mark.parametrize("expression", ["start-7d 24:00", "day 1 09:60", "2026-02-30", "2026-13-01 09:00"])
def test_parse_time_or_date_out_of_the_calendar_is_refused(expression: str) -> None:
    with pytest.raises(SpecError, match="not in the calendar"):
        parse(expression)


@pytest.mark.parametrize("expression", ["end+9999mo", "end+9999mo 09:00", "start-9999mo"])
def test_resolve_thousands_of_months_stays_in_the_calendar_or_says_so(expression: str) -> None:
    if expression.startswith("end"):
        assert resolve(expression, _session(), closing=False).year == 2859
    else:
        assert resolve(expression, _session(), closing=False).year == 1192


def test_resolve_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(SpecError, match="outside the calendar"):
        resolve("end+1mo", _session("9999-12-30"), closing=False)


def test_resolve_day_that_the_session_does_not_have_names_the_session() -> None:
    with pytest.raises(SpecError, match=r'"day 5": session s has 4 training days'):
        resolve("day 5", _session(), closing=True)


@pytest.mark.parametrize("zone", ["Europe/Pariss", "", "..", "/etc/passwd", "Europe", "Paris\0"])
def test_resolve_unknown_zone_is_refused(zone: str) -> None:
    session = _session().model_copy(update={"timezone": zone})
    with pytest.raises(SpecError, match="there is no time zone"):
        resolve("start", session, closing=False)


@pytest.mark.parametrize(
    ("expression", "zone", "words"),
    [
        ("2026-03-29 02:30", "Europe/Paris", "2026-03-29 02:30 in Europe/Paris does not exist"),
        ("2026-10-25 02:30", "Europe/Paris", "2026-10-25 02:30 in Europe/Paris happens twice"),
        ("2026-03-29 02:00", "Europe/Paris", "does not exist"),
        ("2026-10-25 02:00", "Europe/Paris", "happens twice"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04 00:00 in America/Sao_Paulo does not exist"),
        ("2024-04-07 02:00", "Australia/Sydney", "happens twice"),
    ],
)
def test_resolve_night_of_a_clock_change_names_the_time(expression: str, zone: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        resolve(expression, _session(timezone=zone), closing=False)


@pytest.mark.parametrize("text", ["2026-03-29 01:59", "2026-03-29 03:00", "2026-10-25 01:59", "2026-10-25 03:00"])
def test_resolve_minutes_around_a_clock_change_are_sure(text: str) -> None:
    assert resolve(text, _session(), closing=False) == _local(text)


def test_resolve_over_a_clock_change_keeps_the_wall_time() -> None:
    session = _session("2026-03-28")
    before, after = (resolve(f"start{sign} 17:00", session, closing=True) for sign in ("+0d", "+1d"))
    assert after - before == timedelta(hours=23)


def test_half_days_gives_moments_and_lengths() -> None:
    session = _session("2026-02-02", half=("09:00-12:30", "13:30-17:00"))
    halves = half_days(session)
    assert [(one.starts, one.ends) for one in halves] == [
        (_local("2026-02-02 09:00"), _local("2026-02-02 12:30")),
        (_local("2026-02-02 13:30"), _local("2026-02-02 17:00")),
    ]
    assert [str(one.hours) for one in halves] == ["3.5", "3.5"]


def test_half_days_over_a_clock_change_counts_the_hours_that_pass() -> None:
    assert [one.minutes for one in half_days(_session("2026-03-29", half=("01:00-04:00",)))] == [120]


def test_half_days_time_off_the_clock_is_refused() -> None:
    with pytest.raises(SpecError, match='"09:00-25:00" names a time that is not on the clock'):
        half_days(_session(half=("09:00-25:00",)))


@given(st.dates(date(1990, 1, 1), date(2200, 12, 31)), st.integers(-600, 600))
def test_add_months_keeps_the_day_or_takes_the_last_one(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    last = calendar.monthrange(moved.year, moved.month)[1]
    assert moved.day == min(day.day, last)


@given(st.dates(date(1990, 1, 1), date(2200, 12, 31)), st.integers(0, 60))
def test_add_months_later_months_never_come_earlier(day: date, months: int) -> None:
    assert add_months(day, months) <= add_months(day, months + 1)


@given(
    st.dates(date(2000, 1, 1), date(2036, 12, 31)),
    st.integers(-400, 400),
    st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    st.sampled_from(
        ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "UTC"]
    ),
)
def test_resolve_any_day_and_zone_gives_that_wall_time_or_names_it(day: date, days: int, at: time, zone: str) -> None:
    session = _session(day.isoformat(), timezone=zone)
    wanted = datetime.combine(day + timedelta(days=days), at)
    expression = f"start{days:+d}d {at:%H:%M}"
    local = ZoneInfo(zone)
    readings = {
        moment
        for fold in (0, 1)
        if (moment := wanted.replace(tzinfo=local, fold=fold).astimezone(UTC)).astimezone(local).replace(tzinfo=None)
        == wanted
    }
    if len(readings) == 1:
        assert resolve(expression, session, closing=False) == readings.pop()
    else:
        fate = "happens twice" if readings else "does not exist"
        with pytest.raises(SpecError, match=f"{wanted:%Y-%m-%d %H:%M} in {zone} {fate}"):
            resolve(expression, session, closing=False)


def test_in_utc_every_minute_of_a_change_night_is_judged_right() -> None:
    paris = ZoneInfo("Europe/Paris")
    for day, words in (("2026-03-29", "does not exist"), ("2026-10-25", "happens twice")):
        for minute in range(24 * 60):
            wall = datetime.fromisoformat(day) + timedelta(minutes=minute)
            if wall.hour == 2:
                with pytest.raises(SpecError, match=words):
                    in_utc(wall, paris)
            else:
                assert in_utc(wall, paris).astimezone(paris).replace(tzinfo=None) == wall
