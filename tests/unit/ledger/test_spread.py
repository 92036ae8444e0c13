"""Verifying in several processes finds what verifying in one finds, whatever becomes of the others."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from databases import Database

from moodle_sync.ledger import Ledger, Verification, spread
from moodle_sync.store import marks

CHANGES = (
    None,
    "UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE shard = 2026 AND idx = 1) WHERE shard = 2026 AND idx = 7",
    "UPDATE entry SET leaf_hash = zeroblob(32) WHERE shard = 2027 AND idx = 2",
    "DELETE FROM entry WHERE shard = 2026 AND idx = 5",
    "DELETE FROM entry WHERE shard = 2027",
    "INSERT INTO entry SELECT shard, 4711, leaf, leaf_hash, NULL FROM entry WHERE shard = 2027 AND idx = 1",
    "UPDATE entry SET payload = payload + 1 WHERE payload > 3",
    "DELETE FROM payload WHERE id = 4",
    "UPDATE payload SET ciphertext = zeroblob(60) WHERE id > 2",
    "UPDATE current SET value_mac = zeroblob(32)",
    "DELETE FROM tile",
    "UPDATE head SET size = size + 4000000 WHERE shard = 2027",
)


@pytest.fixture
def lived_in(ledger: Ledger, course: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Two years of many spans, corrections over their borders, somebody erased, rows that wait."""
    monkeypatch.setattr(spread, "WIDTH", 3)
    for year, value in ((2026, "1"), (2026, "2"), (2027, "3"), (2027, "4")):
        clock.now = datetime(year, 2, 3, tzinfo=UTC)
        course.grades = {(item, userid): value for item in range(2) for userid in (7, 8, 9)}
        ledger.stage(course.snapshot(), programme_digest="ab" * 32, plan_id=None)
        ledger.seal()
        ledger.checkpoint()
    course.grades = {(0, 7): "5"}
    ledger.stage(course.snapshot(complete=False), programme_digest=None, plan_id=None)
    return ledger


def _verify(ledger: Ledger, others: int) -> Verification:
    ledger.keystore._keys.clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spread, "helping", lambda count: others)
        return ledger.verify(published=[])


def test_verify_in_any_number_of_processes_is_the_same(
    lived_in: Ledger, database: Database, tell: Callable[[str], None]
) -> None:
    tried = 0
    for change in CHANGES:
        back = database.keep()
        if change is not None:
            database.drop_guards()
            with database.raw() as connection:
                connection.execute(change)
        alone = _verify(lived_in, 0)
        assert alone.ok == (change is None), change
        for others in (1, 2, 5):
            assert _verify(lived_in, others) == alone, (change, others)
            tried += 1
        lived_in.store.close()
        back()
    tell(f"{database.kind}: {tried} verifications in two to six processes, each the same as in one")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """For each span that another process should have checked, whether it did."""
    done: list[bool] = []
    ask = spread._Helper.next

    def counting(self: Any) -> Any:
        report = ask(self)
        done.append(report is not None)
        return report

    monkeypatch.setattr(spread._Helper, "next", counting)
    return done


def test_verify_others_do_their_share(lived_in: Ledger, counted: list[bool]) -> None:
    assert _verify(lived_in, 1).ok
    assert len(counted) > 3
    assert all(counted)


def _die(*_: object) -> None:
    os._exit(1)


def _die_later(pipe: Any, *rest: Any) -> None:
    sent = []

    class Once:
        def send(self, report: object) -> None:
            if sent:
                os._exit(1)
            sent.append(pipe.send(report))

    HELP(Once(), *rest)


HELP = spread._help


@pytest.mark.parametrize(("becomes", "most"), [(_die, 0), (_die_later, 1)])
def test_verify_whose_helpers_die_is_done_all_the_same(
    lived_in: Ledger, monkeypatch: pytest.MonkeyPatch, counted: list[bool], becomes: Any, most: int
) -> None:
    monkeypatch.setattr(spread, "_help", becomes)
    alone = _verify(lived_in, 0)
    assert _verify(lived_in, 1) == alone
    assert sum(counted) == most
    assert len(counted) > most


def test_verify_others_that_see_another_state_take_no_part(
    lived_in: Ledger, course: Any, monkeypatch: pytest.MonkeyPatch, counted: list[bool]
) -> None:
    """Somebody stages between the moment that this process sees and the one that the others do."""
    state, asked = marks.state, []

    def stage_in_between(transaction: Any) -> Any:
        found = state(transaction)
        if not asked:
            asked.append(1)
            course.grades = {(0, 8): "6"}
            lived_in.stage(course.snapshot(complete=False), programme_digest=None, plan_id=None)
        return found

    monkeypatch.setattr(marks, "state", stage_in_between)
    assert _verify(lived_in, 1).ok
    assert counted
    assert not any(counted)


def test_helping_no_process_with_threads_is_forked() -> None:
    assert spread.helping(10) == 0
    before = spread.helping(spread.FEW)
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert spread.helping(spread.FEW) == 0
    finally:
        stop.set()
        other.join()
    assert spread.helping(spread.FEW) == before
