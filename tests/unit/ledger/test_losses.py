"""What a ledger gives up, it says itself; and only that is passed over when it is held against what was published."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.errors import LedgerUnusable
from moodle_sync.ledger import Ledger, losses
from moodle_sync.publish.file import FilePublisher, read_published

# A file that is put back: on PostgreSQL the same is `ledger restore`, which tests/unit/workflows has.
pytestmark = pytest.mark.only("sqlite")
NOW = datetime(2026, 2, 3, 8, 0, tzinfo=UTC)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    return tmp_path / "outside"


@pytest.fixture
def behind(
    ledger: Ledger, course: Any, pull: Callable[[], int], outside: Path, tmp_path: Path, reopen: Callable[[], Ledger]
) -> Ledger:
    """A ledger of one checkpoint, whose second one was published and is lost."""
    for number in (1, 2):
        course.grades[1, 7] = f"{number}.5"
        pull()
        ledger.checkpoint([FilePublisher(outside)])
        if number == 1:
            for name in ("ledger.db", "ledger.db-wal"):
                shutil.copy(tmp_path / name, tmp_path / f"{name}.old")
    ledger.close()
    for name in ("ledger.db", "ledger.db-wal"):
        (tmp_path / f"{name}.old").replace(tmp_path / name)
    (tmp_path / "ledger.db-shm").unlink(missing_ok=True)
    return reopen()


def _unknown(ledger: Ledger, outside: Path) -> list[tuple[int, int]]:
    with ledger.store.read() as transaction:
        found = losses.unknown(transaction, read_published(outside), ledger.public_keys())
    return [(one.shard, one.size) for one in found]


def test_unknown_names_what_was_published_and_is_not_there(behind: Ledger, outside: Path) -> None:
    with behind:
        assert _unknown(behind, outside) == [(2026, 4)]
        assert not behind.verify(published=read_published(outside)).ok


def test_accept_gives_up_exactly_what_is_after(behind: Ledger, outside: Path, pull: Callable[[], int]) -> None:
    with behind:
        assert losses.accept(behind.store, (2026, 4), NOW, erasures_known=True) == "2027/1"
        with behind.store.read() as transaction:
            (loss,) = losses.given_up(transaction)
        assert (loss.after, loss.known, loss.shard, loss.entry) == ((2026, 2), (2026, 4), 2027, "2027/1")
        points = {(2026, 1): False, (2026, 2): False, (2026, 3): True, (2026, 9): True, (2027, 1): False}
        for (shard, size), covered in points.items():
            assert loss.covers(losses.Checkpoint("o", shard, size, bytes(32))) is covered, (shard, size)
        assert _unknown(behind, outside) == []
        behind.checkpoint([FilePublisher(outside)])
        verification = behind.verify(published=read_published(outside))
        assert verification.ok, [check for check in verification.checks if not check.ok]
        (said,) = [check.sentence for check in verification.checks if check.name == "losses"]
        assert "entries after the first 2 of 2026 were lost" in said
        assert "1 checkpoints found outside are over what was lost" in said


def test_accept_refuses_entries_that_were_sealed_since(behind: Ledger, course: Any) -> None:
    with behind:
        course.grades[1, 7] = "3.5"
        behind.stage(course.snapshot(), programme_digest=None, plan_id=None)
        behind.seal()
        with pytest.raises(LedgerUnusable, match="sealed and not signed"):
            losses.accept(behind.store, (2026, 4), NOW, erasures_known=True)


def test_a_ledger_that_lost_nothing_says_nothing_of_losses(
    ledger: Ledger, pull: Callable[[], int], course: Any
) -> None:
    course.grades[1, 7] = "1"
    pull()
    assert "losses" not in {check.name for check in ledger.verify().checks}
