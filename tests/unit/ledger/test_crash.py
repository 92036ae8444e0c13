"""A process that is killed anywhere loses nothing that was acknowledged, and doubles nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from moodle_sync.errors import LedgerError
from moodle_sync.facts.models import Vanished
from moodle_sync.ledger import Ledger
from moodle_sync.publish.file import FilePublisher, read_published


def _history(ledger: Ledger, course: Any) -> dict[str, list[str]]:
    """Object → its states, in the ledger's order."""
    found: dict[str, list[str]] = {}
    for sealed in ledger.facts(course.idnumber):
        assert sealed.fact is not None
        state = "gone" if isinstance(sealed.fact, Vanished) else str(getattr(sealed.fact, "grade", "enrolled"))
        found.setdefault(sealed.fact.object_id, []).append(state)
    return found


@pytest.fixture
def before(ledger: Ledger, course: Any, tmp_path: Path, keep: Callable[[], Callable[[], None]]) -> Callable[[], None]:
    """A ledger with a past, closed, which each case starts from: puts it back."""
    outside = tmp_path / "outside"
    outside.mkdir()
    course.grades = {(1, 7): "1", (1, 8): "1"}
    course.enrolled = {7}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    ledger.seal()
    ledger.checkpoint([FilePublisher(outside)])
    ledger.close()
    course.grades = {(1, 7): "2", (1, 9): "1"}  # one changed, one gone, one of somebody new
    return keep()


EXPECTED = {
    "grade:1:7": ["1", "2"],
    "grade:1:8": ["1", "gone"],
    "grade:1:9": ["1"],
    "enrolment:sag:pouvoir-dagir@2026-02:7": ["enrolled"],
}


def test_pull_killed_at_every_write_resumes_with_no_loss_and_no_double(
    before: Callable[[], None],
    course: Any,
    database: Any,
    reopen: Callable[[], Ledger],
    tmp_path: Path,
    killed_at: Callable[..., bool],
    tell: Callable[[str], None],
) -> None:
    snapshot, outside, acknowledged = course.snapshot(), tmp_path / "outside", tmp_path / "acknowledged"

    def acknowledge(what: str) -> None:
        with acknowledged.open("a") as file:
            file.write(f"{what} ")

    def work() -> None:
        with reopen() as ledger:
            assert ledger.stage(snapshot, programme_digest=None, plan_id=None).added == 3
            acknowledge("staged")
            assert ledger.seal().facts == 3
            acknowledge("sealed")
            ledger.checkpoint([FilePublisher(outside)])
            acknowledge("published")

    reached: dict[str, int] = {}
    point = 0
    while True:
        point += 1
        before()
        killed = killed_at(point, work)
        said = acknowledged.read_text().split() if acknowledged.exists() else []
        with reopen() as ledger:
            verification = ledger.verify(published=read_published(outside))
            assert verification.ok, (point, [check for check in verification.checks if not check.ok])
            assert ledger.size() in (4, 8), point  # all of a seal, or nothing
            if "staged" in said:
                assert ledger.pending() + ledger.size() == 8, point
            if "sealed" in said:
                assert ledger.size() == 8, point
            if "published" in said:
                assert len(read_published(outside)) == 2, point
            ledger.stage(snapshot, programme_digest=None, plan_id=None)  # the same pull again
            ledger.seal()
            ledger.checkpoint([FilePublisher(outside)])
            assert _history(ledger, course) == EXPECTED, point
            assert ledger.size() == 8, point
            verification = ledger.verify(published=read_published(outside))
            assert (verification.ok, verification.unprotected_tail) == (True, 0), point
        if not killed:
            break
        stage = said[-1] if said else "nothing"
        reached[stage] = reached.get(stage, 0) + 1
    tried = f"pull on {database.kind} killed before each of {point - 1} writes"
    tell(f"{tried}, every one resumed; acknowledged by then: {reached}")
    assert point > 30
    assert set(reached) == {"nothing", "staged", "sealed"}


def test_year_change_killed_at_every_write_resumes(
    before: Callable[[], None],
    course: Any,
    clock: Any,
    database: Any,
    keep: Callable[[], Callable[[], None]],
    reopen: Callable[[], Ledger],
    killed_at: Callable[..., bool],
    tell: Callable[[str], None],
) -> None:
    """Sealing into a new year signs the last checkpoint of the old one first, in a transaction of its own."""
    with reopen() as ledger:
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
        ledger.seal()
        course.grades = {(1, 7): "3", (1, 9): "1"}
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    before = keep()
    clock.now = clock.now.replace(year=2027)

    def work() -> None:
        with reopen() as ledger:
            ledger.seal()

    point = 0
    while True:
        point += 1
        before()
        killed = killed_at(point, work)
        with reopen() as ledger:
            assert ledger.verify().ok, point
            ledger.seal()
            verification = ledger.verify()
            assert (verification.ok, verification.shards, verification.entries) == (True, (2026, 2027), 11), point
            assert _history(ledger, course)["grade:1:7"] == ["1", "2", "3"], point
        if not killed:
            break
    tell(f"change of year on {database.kind} killed before each of {point - 1} writes, every one resumed")
    assert point > 10


@pytest.mark.only("postgres")
def test_pull_server_killed_between_writes_resumes(
    before: Callable[[], None],
    course: Any,
    database: Any,
    reopen: Callable[[], Ledger],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tell: Callable[[str], None],
) -> None:
    """Every process of the server is killed before one write, and right after the next; then it recovers."""
    snapshot, outside, said = course.snapshot(), tmp_path / "outside", []

    def work() -> None:
        with reopen() as ledger:
            ledger.stage(snapshot, programme_digest=None, plan_id=None)
            said.append("staged")
            ledger.seal()
            said.append("sealed")
            ledger.checkpoint([FilePublisher(outside)])
            said.append("published")

    reached = dict.fromkeys(("resumed", "went on by itself"), 0)
    point = 1
    while True:
        point += 3
        before()
        with database.raw() as connection:
            connection.execute("CHECKPOINT")  # a database that was just copied has counters that do not survive a crash
        said.clear()
        with monkeypatch.context() as patched:
            killed = _kill_server_at(point, database.server, patched)
            lost = _lost(work)
        if not killed:
            break
        reached["resumed" if lost else "went on by itself"] += 1  # between two transactions the next one connects anew
        assert "connection to the database was lost" in lost or said == ["staged", "sealed", "published"], point
        with reopen() as ledger:
            assert ledger.verify(published=read_published(outside)).ok, point
            assert ledger.size() in (4, 8), point
            if "staged" in said:
                assert ledger.pending() + ledger.size() == 8, point
            if "sealed" in said:
                assert ledger.size() == 8, point
        work()
        with reopen() as ledger:
            assert _history(ledger, course) == EXPECTED, point
            assert ledger.verify(published=read_published(outside)).ok, point
    tell(f"server killed at {sum(reached.values())} of {point} writes of a pull: {reached}")
    assert min(reached.values()) > 0


def _lost(work: Callable[[], None]) -> str:
    try:
        work()
    except LedgerError as error:
        return error.message
    return ""


def _kill_server_at(limit: int, server: Any, patched: pytest.MonkeyPatch) -> list[int]:
    """Kills it around the write of this number; what is answered is empty until then."""
    seen, killed = 0, []

    def kill() -> None:
        killed.append(limit)
        server.crash()
        server.start()

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def do(self: Any, *arguments: Any, **options: Any) -> Any:
            nonlocal seen
            if arguments and str(arguments[0]).split(None, 1)[0] in ("SELECT", "BEGIN"):
                return call(self, *arguments, **options)
            seen += 1
            turn = seen == limit
            if turn and limit % 2:
                kill()
            answer = call(self, *arguments, **options)
            if turn and not limit % 2:
                kill()
            return answer

        return do

    for kind, name in ((psycopg.Cursor, "execute"), (psycopg.Cursor, "executemany"), (psycopg.Connection, "commit")):
        patched.setattr(kind, name, counted(getattr(kind, name)))
    return killed


def test_checkpoint_bit_that_flips_between_writing_and_reading_back_is_not_signed(
    ledger: Ledger, course: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in 2022 with a certificate transparency log: one bit made a root that no entries can reproduce."""
    from moodle_sync.errors import VerificationFailed
    from moodle_sync.store import entries

    course.grades = {(1, 7): "1"}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    append = entries.append

    def flipping(transaction: Any, shard: int, first: int, leaves: Any) -> None:
        leaf, *rest = leaves[0]
        altered = bytearray(leaf)
        altered[17] ^= 4
        append(transaction, shard, first, [(bytes(altered), *rest), *leaves[1:]])

    monkeypatch.setattr(entries, "append", flipping)
    ledger.seal()
    with pytest.raises(VerificationFailed, match="not signed"):
        ledger.checkpoint()
    assert ledger.last_checkpoint() is None
