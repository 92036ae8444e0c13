import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from databases import Database

from moodle_sync.clock import to_rfc3339
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import runs
from moodle_sync.store.engine import Store, open_store
from moodle_sync.store.journal import Journal
from moodle_sync.workflows import nights
from moodle_sync.workflows.ledger import init as init_ledger
from moodle_sync.workflows.status import Status, status

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
COURSE = "sag:pouvoir-dagir@2026-02-marseille"
SPECS = Path(__file__).resolve().parents[3] / "course_specs"


@pytest.fixture(autouse=True)
def no_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOODLE_SYNC_MASTER_KEY", raising=False)


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    settings = Settings.model_validate(
        {
            "site": {"name": "test", "url": "https://moodle.example.org", "namespace": "sag"},
            "paths": {"specs": SPECS},
            "ledger": {
                "store": database.url,
                "keystore": tmp_path / "keystore.db",
                "signing_key": tmp_path / "signing.key",
                "master_key": tmp_path / "master.key",
                "origin": "test.example.org/ledger",
                "checkpoints": tmp_path / "checkpoints",
            },
        }
    )
    init_ledger(settings)
    return settings


def told(settings: Settings) -> Status:
    return status(settings, clock=lambda: NOW)


def round_at(store: Store, started: datetime, outcome: str | None = "done", **counts: int) -> None:
    with store.write() as transaction:
        run_id = runs.start(transaction, site="test", kind="reconcile", at=to_rfc3339(started))
        if outcome:
            at = to_rfc3339(started + timedelta(minutes=5))
            runs.finish(transaction, run_id, at=at, outcome=outcome, counts=counts)


def test_status_of_a_new_ledger_says_never(settings: Settings) -> None:
    known = told(settings)
    text = "\n".join(known.lines())
    assert (known.pin, known.apply, known.round, known.missed) == (None, None, None, ())
    assert known.pulls[COURSE] is None
    assert f"{COURSE}: never" in text
    assert known.document()["reconcile"] is None


def test_status_without_a_ledger_says_what_to_run(settings: Settings, database: Database) -> None:
    database.lose()
    with pytest.raises(LedgerUnusable) as caught:
        told(settings)
    assert "ledger init" in caught.value.hint


def test_status_tells_the_last_pull_of_each_course_and_not_one_of_another_site(settings: Settings) -> None:
    with open_store(settings.ledger.store) as store, store.write() as transaction:
        for day, new in ((18, 3), (20, 5)):
            at = f"2026-11-{day}T02:10:00Z"
            run_id = runs.add_pull(transaction, site="test", session=COURSE, release="5.1", at=at)
            runs.finish_pull(transaction, run_id, at, {"new": new, "changed": 0})
        runs.add_pull(transaction, site="test", session=COURSE, release="5.1", at="2026-11-21T02:10:00Z")
        other = runs.add_pull(transaction, site="other", session="x:y@z", release="5.1", at="2026-11-21T02:10:00Z")
        runs.finish_pull(transaction, other, "2026-11-21T02:10:00Z", {})
    known = told(settings)
    assert known.document()["pulls"][COURSE]["started"] == "2026-11-20T02:10:00Z"
    assert any(f"{COURSE}: 2026-11-20 02:10 UTC (53 h ago), 5 new" in line for line in known.lines())
    assert "x:y@z" not in known.pulls


def test_status_tells_an_apply_that_was_cut_off_with_its_open_steps(settings: Settings) -> None:
    with open_store(settings.ledger.store) as store:
        journal = Journal(store, lambda: NOW - timedelta(hours=3))
        run_id = journal.open_run("test", "digest", "apply")
        journal.started(run_id, "course", COURSE, "create", {})
    known = told(settings)
    lines = [line for line in known.lines() if line.startswith("!")]
    assert any("it did not end" in line for line in lines)
    assert any("1 steps whose outcome is not known" in line for line in lines)
    assert known.document()["open_steps"] == 1


def test_status_names_the_stages_that_failed_in_the_last_round(settings: Settings) -> None:
    with open_store(settings.ledger.store) as store:
        round_at(store, NOW - timedelta(hours=6), "failed", drift=0, pull=5, seal=0)
    [line] = [line for line in told(settings).lines() if "reconcile" in line]
    assert line.startswith("!")
    assert "failed: pull (5)" in line


def test_status_names_the_nights_without_a_round(settings: Settings) -> None:
    with open_store(settings.ledger.store) as store:
        round_at(store, datetime(2026, 11, 18, 2, 10, tzinfo=UTC))
    known = told(settings)
    assert [str(night) for night in known.missed] == ["2026-11-18", "2026-11-19", "2026-11-20"]
    assert any("2026-11-19" in line for line in known.lines())


# ---- nights --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["UTC", "Europe/Paris", "Indian/Reunion", "Pacific/Tahiti"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The machine's own time zone, put back afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield str(request.param)
    time.tzset()


def local(zone: str, day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, 10, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("rounds", "now", "missing"),
    [
        ([(20, 2), (21, 2)], (22, 2), []),
        ([(20, 23)], (22, 1), []),  # an evening, then the early morning of the night after
        ([(19, 2)], (22, 2), [19, 20]),
        ([(19, 2), (20, 15)], (22, 2), []),  # somebody ran it by day: that counts for the night to come
        ([(22, 1)], (22, 2), []),
        ([], (22, 2), []),
        ([(19, 2), (22, 1)], (22, 2), [19, 20]),  # the present night does not hide those before it
    ],
)
def test_missed_nights_go_from_noon_to_noon_local_time(
    zone: str, rounds: list[tuple[int, int]], now: tuple[int, int], missing: list[int]
) -> None:
    found = nights.missed([local(zone, *moment) for moment in rounds], local(zone, *now))
    assert [night.day for night in found] == missing


def test_many_missed_nights_are_told_by_their_number() -> None:
    found = nights.missed([NOW - timedelta(days=30)], NOW)
    assert nights.say(found).startswith("29 nights had no round, from 2026-10-23 to ")
    assert nights.say(found[:1]) == "the night of 2026-10-23 had no round"
