"""Each entry is proven by what is handed out, and what does not bear a proof is not handed out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from databases import Database

from moodle_sync.errors import LedgerError, UsageError, VerificationFailed
from moodle_sync.ledger import Ledger, merkle, note, verify_pack
from moodle_sync.ledger.people import find
from moodle_sync.ledger.proving import places_of_session, prove, tlog_proof
from moodle_sync.publish.file import FilePublisher


def test_tlog_proof_has_the_c2sp_form() -> None:
    text = tlog_proof(7, [bytes(32), b"\x01" * 32], "example.org/l/2026\n9\nAAAA\n\n— example.org/l/2026 BBBB\n")
    assert text == (
        "c2sp.org/tlog-proof@v1\nindex 7\n"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
        "\nexample.org/l/2026\n9\nAAAA\n\n— example.org/l/2026 BBBB\n"
    )


def test_prove_every_entry_of_two_years_and_several_tiles(
    ledger: Ledger, course: Any, clock: Any, pull: Callable[[], int], tell: Callable[[str], None]
) -> None:
    course.grades = {(item, userid): "1" for item in range(30) for userid in range(20)}
    pull()
    clock.now = datetime(2027, 1, 2, tzinfo=UTC)
    course.grades = dict.fromkeys(list(course.grades)[:300], "2")
    pull()
    ledger.checkpoint()
    with ledger.store.read() as transaction:
        places = places_of_session(transaction, course.idnumber)
    bundle = prove(ledger.store, ledger.keystore, places)
    keys = verify_pack.read_keys("\n".join(bundle.keys))
    assert [head.shard for head, _ in bundle.notes] == [2026, 2027]
    for entry in bundle.entries:
        index, path, text = verify_pack.read_proof(entry.proof, entry.number)
        origin, size, root = verify_pack.verify_checkpoint(text, keys, entry.number)
        assert (origin, index) == (f"example.org/registre/{entry.shard}", entry.idx)
        assert verify_pack.root_from(index, size, entry.data, path, entry.number) == root
        merkle.verify_inclusion(index, size, merkle.leaf_hash(entry.data), path, root)  # the two agree
        if entry.payload is not None:
            assert json.loads(entry.payload)["course"] == course.idnumber
    tell(f"{len(bundle.entries)} entries of two years proven, each verified by both implementations")
    assert len(bundle.entries) > 1200


def test_prove_rests_on_the_newest_published_checkpoint(
    ledger: Ledger, course: Any, pull: Callable[[], int], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    course.grades = {(1, 7): "1"}
    pull()
    ledger.checkpoint([FilePublisher(outside)])
    course.grades = {(1, 7): "2"}
    pull()
    ledger.checkpoint()
    assert [head.size for head, _ in prove(ledger.store, ledger.keystore, [(2026, 0)]).notes] == [2]
    assert [head.size for head, _ in prove(ledger.store, ledger.keystore, [(2026, 0), (2026, 2)]).notes] == [4]
    course.grades = {(1, 7): "3"}
    pull()
    with pytest.raises(LedgerError, match="no checkpoint covers entry 2026/4"):
        prove(ledger.store, ledger.keystore, [(2026, 0), (2026, 4)])
    with pytest.raises(UsageError, match="no entry 2025/3"):
        prove(ledger.store, ledger.keystore, [(2025, 3)])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE idx = 1) WHERE idx = 0",
        "UPDATE entry SET leaf_hash = zeroblob(32) WHERE idx = 1",
        "UPDATE payload SET ciphertext = zeroblob(60) WHERE id = (SELECT MIN(id) FROM payload)",
        "UPDATE payload SET commitment = zeroblob(32) WHERE id = (SELECT MIN(id) FROM payload)",
    ],
)
def test_prove_what_was_altered_is_not_handed_out(
    ledger: Ledger, course: Any, pull: Callable[[], int], database: Database, statement: str
) -> None:
    course.grades = {(1, 7): "1", (2, 7): "2"}
    pull()
    ledger.checkpoint()
    whole = prove(ledger.store, ledger.keystore, [(2026, 0)])
    database.drop_guards()
    with database.raw() as connection:
        connection.execute(statement)
    try:
        altered = prove(ledger.store, ledger.keystore, [(2026, 0)])
    except VerificationFailed:
        return
    assert altered.entries[0].payload is None  # its salt is not found any more: nothing is disclosed
    assert altered.entries[0].data == whole.entries[0].data
    assert "commitment" in statement


def test_prove_keys_are_those_that_signed(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    course.grades = {(1, 7): "1"}
    pull()
    ledger.checkpoint()
    bundle = prove(ledger.store, ledger.keystore, [(2026, 0)])
    assert bundle.keys == tuple(note.verifier_key("example.org/registre/2026", key) for key in ledger.public_keys())


def test_find_prefers_the_external_key_and_says_who_is_meant(
    ledger: Ledger, course: Any, pull: Callable[[], int]
) -> None:
    course.grades = {(1, 7): "1", (1, 8): "1"}
    pull()
    with ledger.store.read() as transaction:
        by_name = find(transaction, ledger.keystore, "main", "u7")
        by_number = find(transaction, ledger.keystore, "main", "7")
        assert by_name == by_number == find(transaction, ledger.keystore, "main", "userid:7", course.idnumber)
        for who in ("u9", "9", "userid:9", "userid:", ""):
            with pytest.raises(UsageError, match="knows nobody"):
                find(transaction, ledger.keystore, "main", who)
        with pytest.raises(UsageError, match="in sag:other@1"):
            find(transaction, ledger.keystore, "main", "u7", "sag:other@1")
        with pytest.raises(UsageError, match="knows nobody"):
            find(transaction, ledger.keystore, "elsewhere", "u7")
