import logging
from datetime import UTC, date, datetime, timedelta

import pytest

from moodle_sync.collect.budget import CallEstimate
from moodle_sync.errors import DoneInPart, LedgerUnusable
from moodle_sync.spec.models import Session, TrainingDay
from moodle_sync.workflows.reconcile.pulling import Pace
from moodle_sync.workflows.reconcile.reports import running
from moodle_sync.workflows.reconcile.stage import Deadline, Result, Stage, worst

START = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)


class Ticking:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.mark.parametrize(
    ("codes", "code"),
    [([], 0), ([0, 0], 0), ([6, 3], 3), ([3, 5, 6], 5), ([5, 4], 4), ([4, 1, 6], 1), ([2, 3], 2), ([2, 5], 5)],
)
def test_worst_of_several_codes_is_the_gravest(codes: list[int], code: int) -> None:
    assert worst(codes) == code


def test_stage_that_fails_keeps_its_code_and_its_hint() -> None:
    def fail() -> Result:
        raise LedgerUnusable("the ledger is busy", hint="wait")

    stage = Stage.of("seal", fail)
    assert (stage.code, stage.sentence, stage.details) == (4, "the ledger is busy", ("wait",))
    assert stage.lines() == ["✗ seal        the ledger is busy", "    wait"]


def test_stage_with_a_bug_ends_alone_and_is_logged_without_its_value(caplog: pytest.LogCaptureFixture) -> None:
    def crash() -> Result:
        raise KeyError("what it was about")

    with caplog.at_level(logging.ERROR):
        stage = Stage.of("drift", crash)
    assert stage.code == 1
    assert "KeyError" in stage.sentence
    assert "what it was about" not in " ".join(stage.lines())
    assert caplog.records[0].exc_info is not None


def test_deadline_without_a_time_box_never_comes() -> None:
    assert Deadline.after(None, Ticking()).left() == float("inf")


def test_deadline_counts_down_to_zero_and_no_further() -> None:
    clock = Ticking()
    deadline = Deadline.after(2, clock)
    clock.pass_(seconds=90)
    assert deadline.left() == 30
    clock.pass_(minutes=5)
    assert deadline.left() == 0


def test_pace_refuses_a_course_once_the_time_is_up() -> None:
    clock = Ticking()
    pace = Pace(Deadline.after(1, clock), lambda: 0)
    pace.require_time("a")
    clock.pass_(minutes=1)
    with pytest.raises(DoneInPart, match="a: not read, the time is up"):
        pace.require_time("a")


def test_pace_refuses_a_course_that_does_not_fit_and_admits_a_shorter_one() -> None:
    clock = Ticking()
    pace = Pace(Deadline.after(10, clock), lambda: 100)
    clock.pass_(minutes=4)  # 2.4 s a request, 6 minutes left: 150 requests fit
    pace.admit("short", CallEstimate(learners=1, activities=1, calls=900, requests=150))
    with pytest.raises(DoneInPart, match="long: not read, it needs about 6 minutes more"):
        pace.admit("long", CallEstimate(learners=1, activities=1, calls=900, requests=151))


def test_pace_admits_anything_before_it_measured_anything() -> None:
    clock = Ticking()
    pace = Pace(Deadline.after(1, clock), lambda: 0)
    pace.admit("first", CallEstimate(learners=1, activities=1, calls=10**6, requests=10**6))


def test_pace_without_a_time_box_admits_anything() -> None:
    clock = Ticking()
    pace = Pace(Deadline.after(None, clock), lambda: 1)
    clock.pass_(days=1)
    pace.admit("long", CallEstimate(learners=1, activities=1, calls=10**6, requests=10**6))


@pytest.mark.parametrize(
    ("day", "runs"),
    [
        (date(2026, 1, 2), False),
        (date(2026, 1, 3), True),
        (date(2026, 10, 17), True),
        (date(2026, 10, 18), False),
    ],
)
def test_session_is_running_from_30_days_before_to_200_days_after(day: date, runs: bool) -> None:
    half_days = ("09:00-12:30",)
    days = tuple(TrainingDay(date=one, half_days=half_days) for one in (date(2026, 2, 2), date(2026, 3, 31)))
    session = Session(session="s", programme="p", version="1", place="Lyon", days=days)
    assert running(session, datetime(day.year, day.month, day.day, 12, tzinfo=UTC)) is runs
