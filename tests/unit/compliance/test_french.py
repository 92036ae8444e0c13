from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from moodle_sync.compliance import french

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "29 mars 2026 à 1 h 59"),  # one minute before the clocks change
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "29 mars 2026 à 3 h"),
        (datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "1er février 2026 à 0 h 30"),
    ],
)
def test_when_shows_the_time_of_the_zone(moment, text):
    assert french.when(moment, PARIS) == text


def test_to_the_second_keeps_seconds():
    assert french.to_the_second(datetime(2026, 2, 11, 8, 0, 5, tzinfo=UTC), PARIS) == "11 février 2026, 09:00:05"


@pytest.mark.parametrize(
    ("value", "text"),
    [(date(2026, 3, 1), "dimanche 1er mars 2026"), (date(2026, 3, 11), "mercredi 11 mars 2026")],
)
def test_day_writes_the_first_of_a_month_as_an_ordinal(value, text):
    assert french.day(value) == text


@pytest.mark.parametrize(("value", "text"), [("70", "70 h"), ("3.5", "3 h 30"), ("0.25", "0 h 15")])
def test_hours_shows_hours_and_minutes(value, text):
    assert french.hours(Decimal(value)) == text


@pytest.mark.parametrize(("n", "text"), [(0, "0 stagiaire"), (1, "1 stagiaire"), (2, "2 stagiaires")])
def test_count_makes_plurals_from_two(n, text):
    assert french.count(n, "stagiaire", "stagiaires") == text


def test_listed_joins_with_commas_and_et():
    assert [french.listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a et b", "a, b et c"]
