from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from databases import Database

from moodle_sync.errors import LedgerError, LedgerUnusable, VerificationFailed
from moodle_sync.ledger import Ledger, merkle
from moodle_sync.ledger.entries import parse
from moodle_sync.ledger.nodes import StoredNodes
from moodle_sync.store import entries, open_store, payloads, schema, tree


def _leaves(ledger: Ledger, shard: int = 2026) -> list[Any]:
    with ledger.store.read() as transaction:
        return [parse(row.leaf) for block in entries.blocks(transaction, shard) for row in block]


def test_seal_nothing_pending_adds_no_entry_and_no_shard(ledger: Ledger) -> None:
    sealed = ledger.seal()
    assert (sealed.first, sealed.last, sealed.count, sealed.facts) == (None, None, 0, 0)
    with ledger.store.read() as transaction:
        assert tree.heads(transaction) == []


def test_seal_run_with_news_ends_with_one_run_leaf(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    course.grades = {(1, 7): "12", (1, 8): "9"}
    assert pull() == 2
    assert pull() == 0
    course.grades[(1, 7)] = "13"
    assert pull() == 1
    leaves = _leaves(ledger)
    assert [leaf.kind for leaf in leaves] == ["observed", "observed", "run", "observed", "run"]
    assert leaves[2].content["new"] == 2
    assert leaves[4].content == {
        "release": "5.1.2",
        "complete": sorted(course.snapshot().complete),
        "new": 0,
        "changed": 1,
        "vanished": 0,
        "unchanged": 1,
        "calls": 3,
        "requests": 1,
        "warnings": 0,
    }
    assert [leaf.run for leaf in leaves] == [leaves[2].run] * 3 + [leaves[4].run] * 2


def test_seal_leaf_holds_what_it_should_and_no_more(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    course.grades = {(1, 7): "12"}
    pull()
    leaf = _leaves(ledger)[0]
    (sealed,) = ledger.facts(course.idnumber)
    assert (leaf.site, leaf.session, leaf.programme, leaf.plan) == ("main", course.idnumber, "ab" * 32, None)
    assert (leaf.observed_at, leaf.subject, leaf.previous) == ("2026-02-03T08:30:00Z", sealed.subject, None)
    assert (len(leaf.commitment), leaf.content) == (64, None)
    assert sealed.number == "2026/0"
    assert sealed.programme_digest == "ab" * 32


def test_seal_order_within_a_run_is_by_pseudonym_and_not_by_moodles_ids(
    ledger: Ledger, course: Any, pull: Callable[[], int]
) -> None:
    course.grades = {(1, userid): "1" for userid in range(30)}
    pull()
    facts = list(ledger.facts(course.idnumber))
    assert [sealed.subject for sealed in facts] == sorted(sealed.subject for sealed in facts)
    assert [sealed.fact.userid for sealed in facts if sealed.fact] != list(range(30))


def test_seal_past_a_tile_stores_nodes_that_prove_everything(
    ledger: Ledger, course: Any, pull: Callable[[], int]
) -> None:
    for count in (100, 300, 700):
        course.grades = {(item, userid): "1" for userid in range(10) for item in range(count // 10)}
        pull()
    with ledger.store.read() as transaction:
        (head,) = tree.heads(transaction)
        assert tree.tile_names(transaction, 2026) == [(0, 0), (0, 1), (1, 0)]
        nodes = StoredNodes(transaction, 2026)
        hashes = entries.leaf_hashes(transaction, 2026, 0, head.size)
        assert head.size == 703
        assert merkle.root_at(head.size, nodes) == head.root
        for index in (0, 1, 255, 256, 511, 512, 702):
            proof = merkle.inclusion_proof(index, head.size, nodes)
            merkle.verify_inclusion(index, head.size, hashes[index], proof, head.root)
    assert ledger.verify().ok


def test_seal_in_a_new_year_closes_the_old_one_first(
    ledger: Ledger, course: Any, clock: Any, pull: Callable[[], int]
) -> None:
    course.grades = {(1, 7): "12"}
    pull()
    clock.now = datetime(2027, 1, 1, 0, 0, tzinfo=UTC)
    assert pull() == 0  # nothing new: no shard is opened for it
    course.grades = {(1, 7): "13"}
    assert pull() == 1
    first = _leaves(ledger, 2027)[0]
    closing = ledger.last_checkpoint()
    assert closing is not None
    assert (first.kind, first.content) == ("checkpoint", {"shard": 2026, "size": 2, "note": closing.note})
    assert [(sealed.number, sealed.previous) for sealed in ledger.facts(course.idnumber)] == [
        ("2026/0", None),
        ("2027/1", (2026, 0)),
    ]
    clock.now = datetime(2026, 12, 31, tzinfo=UTC)  # the clock was wrong, or was put back
    course.grades = {(1, 7): "14"}
    assert pull() == 1
    with ledger.store.read() as transaction:
        assert [(head.shard, head.size) for head in tree.heads(transaction)] == [(2026, 2), (2027, 5)]
    assert ledger.verify().ok


def test_seal_while_another_process_writes_is_refused(ledger: Ledger, course: Any, places: Any) -> None:
    course.grades = {(1, 7): "12"}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    with open_store(places.store_url, busy_seconds=0.05) as other:
        ledger.store.close()
        mine, ledger.store = ledger.store, other
        with open_store(places.store_url) as third, third.write(), pytest.raises(LedgerUnusable, match="locked"):
            ledger.seal()
        ledger.store = mine
    assert ledger.seal().facts == 1


def test_seal_on_a_head_that_was_moved_by_hand_is_refused(
    ledger: Ledger, course: Any, pull: Callable[[], int], raw: Callable[[], Any]
) -> None:
    course.grades = {(1, 7): "12"}
    pull()
    with raw() as connection:
        connection.execute("UPDATE head SET root = zeroblob(32)")
    course.grades = {(1, 7): "13"}
    with pytest.raises(VerificationFailed, match="do not agree"):
        pull()
    assert ledger.size() == 2


def test_move_head_that_another_sealer_moved_is_refused(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    course.grades = {(1, 7): "12"}
    pull()
    with ledger.store.write() as transaction:
        (head,) = tree.heads(transaction)
        for stale in (head._replace(size=1), head._replace(root=bytes(32)), head._replace(shard=2025)):
            with pytest.raises(LedgerUnusable, match="another sealer"):
                tree.move_head(transaction, stale, head._replace(size=3), b"")


SQLITE = (
    "INSERT OR REPLACE INTO entry SELECT shard, idx, zeroblob(1), leaf_hash, NULL FROM entry WHERE idx = 0",
    "REPLACE INTO entry SELECT shard, idx, zeroblob(1), leaf_hash, NULL FROM entry WHERE idx = 2",
    "INSERT INTO entry SELECT 2026, 3, 'text', leaf_hash, NULL FROM entry WHERE idx = 0",
    "REPLACE INTO checkpoint SELECT shard, size, '', made_at FROM checkpoint",
)
POSTGRES = (
    "TRUNCATE entry CASCADE",
    "TRUNCATE entry_2026 CASCADE",
    "TRUNCATE checkpoint CASCADE",
    "DELETE FROM entry_2026",
    "UPDATE entry_2026 SET shard = 2027",
    "INSERT INTO entry_2026 SELECT shard, 7, leaf, leaf_hash, NULL FROM entry WHERE idx = 0",
    "INSERT INTO entry SELECT 2026, idx + 3, leaf, leaf_hash, NULL FROM entry WHERE idx <> 1",
)
STATEMENTS = (
    "UPDATE entry SET leaf = zeroblob(1)",
    "UPDATE entry SET idx = 9 WHERE idx = 2",
    "DELETE FROM entry WHERE idx = 2",
    "DELETE FROM entry",
    "INSERT INTO entry SELECT shard, idx, zeroblob(1), leaf_hash, NULL FROM entry WHERE idx = 0 "
    "ON CONFLICT (shard, idx) DO UPDATE SET leaf = excluded.leaf",
    "INSERT INTO entry SELECT shard, 7, leaf, leaf_hash, NULL FROM entry WHERE idx = 0",
    "INSERT INTO entry SELECT shard, -1, leaf, leaf_hash, NULL FROM entry WHERE idx = 0",
    "INSERT INTO entry SELECT 2027, 1, leaf, leaf_hash, NULL FROM entry WHERE idx = 0",
    "INSERT INTO entry SELECT 2025, 0, leaf, leaf_hash, NULL FROM entry WHERE idx = 0",
    "INSERT INTO entry SELECT 2026, 3, leaf, zeroblob(1), NULL FROM entry WHERE idx = 0",
    "UPDATE checkpoint SET note = ''",
    "DELETE FROM checkpoint",
    "INSERT INTO checkpoint SELECT shard, size - 1, note, made_at FROM checkpoint",
)


def test_guard_rails_refuse(
    ledger: Ledger, course: Any, pull: Callable[[], int], database: Database, tell: Callable[[str], None]
) -> None:
    course.grades = {(1, 7): "12", (2, 7): "13"}
    pull()
    ledger.checkpoint()
    statements = (*STATEMENTS, *(SQLITE if database.kind == "sqlite" else POSTGRES))
    with database.raw() as connection:
        before = connection.execute("SELECT * FROM entry").fetchall()
        if database.kind == "sqlite":
            connection.execute("PRAGMA recursive_triggers=ON")
        for statement in statements:
            with pytest.raises(database.refusals):
                connection.execute(statement)
            assert connection.execute("SELECT * FROM entry").fetchall() == before, statement
    assert ledger.verify().ok
    tell(f"guard rails on {database.kind}: {len(statements)} statements tried, all refused")


@pytest.mark.only("sqlite")
def test_guard_rail_against_replace_stands_without_recursive_triggers(
    ledger: Ledger, course: Any, pull: Callable[[], int], raw: Callable[[], Any]
) -> None:
    course.grades = {(1, 7): "12"}
    pull()
    with raw() as connection, pytest.raises(sqlite3.IntegrityError, match="next index"):
        connection.execute("REPLACE INTO entry SELECT shard, idx, x'00', leaf_hash, NULL FROM entry WHERE idx = 0")


@pytest.mark.only("postgres")
def test_seal_opens_a_year_while_somebody_reads(
    ledger: Ledger, course: Any, clock: Any, pull: Callable[[], int]
) -> None:
    """A verification takes minutes: the partitions of the new year do not wait for it, nor it for them."""
    course.grades = {(1, 7): "12"}
    pull()
    clock.now = datetime(2027, 1, 1, 0, 0, tzinfo=UTC)
    course.grades = {(1, 7): "13"}
    with ledger.store.read() as transaction:
        assert len(payloads.get(transaction, range(9))) == 1
        assert pull() == 1
        assert len(payloads.get(transaction, range(9))) == 1
    with ledger.store.read() as transaction:
        assert schema.missing_guards(transaction) == []
    assert ledger.verify().ok


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM payload WHERE id = (SELECT MIN(id) FROM payload)",
        "UPDATE payload SET commitment = zeroblob(32) WHERE id = (SELECT MIN(id) FROM payload)",
        "UPDATE payload SET subject = 'other' WHERE id = (SELECT MIN(id) FROM payload)",
        "UPDATE batch SET kind = 'run'",
        "DELETE FROM batch",
    ],
)
def test_seal_pending_row_that_is_not_whole_is_refused(
    ledger: Ledger, course: Any, raw: Callable[[], Any], statement: str
) -> None:
    course.grades = {(1, 7): "12", (1, 8): "13"}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    with raw() as connection:
        connection.execute(statement)
    with pytest.raises(LedgerError, match="not whole"):
        ledger.seal()
    assert (ledger.size(), ledger.pending()) == (0, 3)


def test_seal_row_whose_forerunner_is_not_there_is_refused(ledger: Ledger, course: Any, raw: Callable[[], Any]) -> None:
    for value in ("12", "13"):
        course.grades = {(1, 7): value}
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    with raw() as connection:
        connection.execute("UPDATE pending SET previous = 4711 WHERE previous IS NOT NULL")
    with pytest.raises(LedgerError, match="points at nothing"):
        ledger.seal()
    assert (ledger.size(), ledger.pending()) == (0, 4)
