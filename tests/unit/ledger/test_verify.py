"""Nothing sealed can change unseen: every byte of what matters is flipped, and verification has to say no."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from databases import Database

from moodle_sync.errors import LedgerError
from moodle_sync.ledger import Ledger, Verification, checks_shard, nodes
from moodle_sync.publish.file import FilePublisher, read_published

PUBLIC_COLUMNS = (
    "entry.leaf",
    "entry.leaf_hash",
    "tile.hashes",
    "frontier.hashes",
    "head.root",
    "checkpoint.note",
    "signer.public",
    "spec_version.content",
)
SECRET_COLUMNS = (
    "payload.subject",
    "payload.nonce",
    "payload.ciphertext",
    "payload.commitment",
    "payload.key_id",
    "current.value_mac",
    "current.ref",
    "subject.lookup",
    "subject.identity",
)
KEYSTORE_COLUMNS = ("salt.wrapped", "salt.commitment", "subject_key.wrapped")
CHANGES = (
    "DELETE FROM entry WHERE shard = 2027 AND idx = 4",
    "DELETE FROM entry WHERE shard = 2027 AND idx = 1",
    "DELETE FROM entry",
    "UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE shard = 2026 AND idx = 1) WHERE idx = 0",
    "INSERT INTO entry SELECT shard, 5, leaf, leaf_hash, NULL FROM entry WHERE shard = 2027 AND idx = 4",
    "INSERT INTO entry SELECT 2025, 0, leaf, leaf_hash, payload FROM entry WHERE shard = 2026 AND idx = 0",
    "UPDATE entry SET payload = NULL WHERE shard = 2027 AND idx = 1",
    "UPDATE entry SET payload = payload + 1000 WHERE shard = 2027 AND idx = 1",
    "UPDATE entry SET payload = (SELECT payload FROM entry WHERE shard = 2026 AND idx = 0) WHERE shard = 2027",
    "DELETE FROM payload WHERE id = (SELECT MIN(id) FROM payload)",
    "UPDATE payload SET id = id + 1000 WHERE id = (SELECT MIN(id) FROM payload)",
    "INSERT INTO payload SELECT 1000, subject, nonce, ciphertext, zeroblob(32), key_id FROM payload LIMIT 1",
    "DELETE FROM tile WHERE level = 1",
    "INSERT INTO tile SELECT shard, 3, 0, hashes FROM tile LIMIT 1",
    "UPDATE tile SET hashes = CAST(hashes || zeroblob(1) AS BLOB) WHERE level = 1",
    "DELETE FROM frontier",
    "DELETE FROM head WHERE shard = 2026",
    "DELETE FROM checkpoint WHERE size = 3",
    "UPDATE checkpoint SET size = size + 1 WHERE size = 5",
    "DELETE FROM signer",
    "UPDATE meta SET value = 'example.org/registr' WHERE name = 'origin'",
    "UPDATE current SET payload = payload - 2",
    "UPDATE current SET payload = 1000",
    "UPDATE current SET gone = 1",
    "UPDATE subject SET site = 'other'",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    directory = tmp_path / "outside"
    directory.mkdir()
    return directory


@pytest.fixture
def grow(
    ledger: Ledger, course: Any, clock: Any, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ledger]:
    """Makes a history of one grade, sealed and published in these years; tiles of two hashes instead of 256."""
    for module, name, value in ((nodes, "WIDTH", 2), (nodes, "_LEVELS", 1), (checks_shard, "WIDTH", 2)):
        monkeypatch.setattr(module, name, value)

    def do(*years: int) -> Ledger:
        definitions = {hashlib.sha256(b'["a"]').hexdigest(): ["a"]}
        for value, year in enumerate(years):
            clock.now = datetime(year, 2, 3, tzinfo=UTC)
            course.grades = {(1, 7): str(value)}
            ledger.stage(course.snapshot(definitions=definitions), programme_digest=None, plan_id=None)
            ledger.seal()
            ledger.checkpoint([FilePublisher(outside)])
        return ledger

    return do


@pytest.fixture
def grown(grow: Callable[..., Ledger]) -> Ledger:
    """Two years, two checkpoints in the second, a correction of a correction, tiles of several levels."""
    return grow(2026, 2027, 2027)


@pytest.fixture
def tampering(database: Database, grown: Ledger) -> Iterator[Any]:
    """A connection to the grown ledger with nothing in its way."""
    with _unguarded(database) as connection:
        yield connection


@contextmanager
def _unguarded(database: Database) -> Iterator[Any]:
    # verify finds that the guard rails are gone; these tests ask what the rest of it finds
    database.drop_guards()
    with database.raw() as connection:
        if database.kind == "sqlite":
            connection.execute("PRAGMA synchronous=OFF")
        yield connection


def _verdict(ledger: Ledger, outside: Path, **options: Any) -> Verification:
    return ledger.verify(published=read_published(outside), **options)


def _failed(verification: Verification) -> set[str]:
    return {check.name for check in verification.checks if not check.ok}


def _found(ledger: Ledger, notes: list[str], *, payloads: bool = True) -> bool:
    ledger.keystore._keys.clear()  # as if it were opened again
    try:
        verification = ledger.verify(published=notes, payloads=payloads)
    except LedgerError:
        return True
    return bool(_failed(verification) - {"guard rails"})


def _flips(connection: Any, name: str, where: str = "true") -> Iterator[str]:
    """Flips one bit of every byte of a column, one after the other, and puts each back after the caller looked.

    On a server one byte in eleven: each look costs some thirty questions there.
    """
    table, column = name.split(".")
    flips = _sqlite_flips if isinstance(connection, sqlite3.Connection) else _postgres_flips
    for row, place in flips(connection, table, column, where):
        yield f"{table}.{column} row {row} byte {place}"


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << (place % 8))]) + data[place + 1 :]


def _sqlite_flips(connection: Any, table: str, column: str, where: str) -> Iterator[tuple[Any, int]]:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != column]
    query = f"SELECT CAST({column} AS BLOB), typeof({column}), {', '.join(names)} FROM {table} WHERE {where}"
    mine = " AND ".join(f"{name} IS ?" for name in names)  # not every table numbers its rows
    for number, (data, kind, *others) in enumerate(connection.execute(query).fetchall()):
        cast = "CAST(? AS TEXT)" if kind == "text" else "?"
        statement = f"UPDATE {table} SET {column} = {cast} WHERE {mine}"
        for place in range(len(data)):
            assert connection.execute(statement, (_flipped(data, place), *others)).rowcount == 1
            yield number, place
        connection.execute(statement, (data, *others))


def _postgres_flips(connection: Any, table: str, column: str, where: str) -> Iterator[tuple[Any, int]]:
    query = f"SELECT tableoid::regclass::text, ctid::text, {column} FROM {table} WHERE {where}"
    for part, row, value in connection.execute(query).fetchall():
        data, cast = (value.encode(), "convert_from(?, 'UTF8')") if isinstance(value, str) else (value, "?")
        statement = f"UPDATE {part} SET {column} = {cast} WHERE ctid = ?::tid RETURNING ctid::text"
        for place in range((len(data) - 1) % 11, len(data), 11):
            try:
                (row,) = connection.execute(statement, (_flipped(data, place), row)).fetchone()
            except psycopg.errors.DataError:
                continue  # no text any more: the server refuses it
            yield row, place
        connection.execute(statement, (data, row))


def test_verify_untouched_ledger_passes_and_names_no_tail(grown: Ledger, outside: Path) -> None:
    verification = _verdict(grown, outside)
    assert _failed(verification) == set()
    assert (verification.ok, verification.entries, verification.shards) == (True, 7, (2026, 2027))
    assert verification.unprotected_tail == 0
    sentences = {check.name: check.sentence for check in verification.checks}
    assert "3 payloads were decrypted" in sentences["commitments"]
    assert "3 checkpoints found outside agree" in sentences["published"]


@pytest.mark.parametrize(
    ("years", "columns"), [((2026,), PUBLIC_COLUMNS), ((2026, 2026), SECRET_COLUMNS)], ids=["public", "secret"]
)
def test_verify_every_flipped_byte_of_the_store_is_found(
    grow: Callable[..., Ledger],
    outside: Path,
    database: Database,
    tell: Callable[[str], None],
    years: tuple[int, ...],
    columns: tuple[str, ...],
) -> None:
    ledger, payloads = grow(*years), columns is SECRET_COLUMNS
    notes, tried = read_published(outside), dict.fromkeys(columns, 0)
    with _unguarded(database) as connection:
        for column in columns:
            for name in _flips(connection, column):
                assert _found(ledger, notes, payloads=payloads), name
                tried[column] += 1
            assert not _found(ledger, notes)
    assert all(tried.values())
    tell(f"{sum(tried.values())} bytes of the store in {database.kind} flipped, all found: {tried}")


def test_verify_every_flipped_byte_of_the_link_between_two_years_is_found(
    grow: Callable[..., Ledger], outside: Path, database: Database, tell: Callable[[str], None]
) -> None:
    ledger, notes, tried = grow(2026, 2027), read_published(outside), 0
    with _unguarded(database) as connection:
        for column in ("entry.leaf", "entry.leaf_hash"):
            for name in _flips(connection, column, "shard = 2027 AND idx = 0"):
                assert _found(ledger, notes, payloads=False), name
                tried += 1
    tell(f"{tried} bytes of the first entry of a year flipped, all found")


@pytest.mark.only("sqlite")  # the keystore is the same file whatever the store is in
def test_verify_every_flipped_byte_of_the_keystore_is_found(
    grow: Callable[..., Ledger], outside: Path, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    small = grow(2026)
    notes, tried = read_published(outside), dict.fromkeys(KEYSTORE_COLUMNS, 0)
    connection = sqlite3.connect(tmp_path / "keystore.db", isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    for column in KEYSTORE_COLUMNS:
        for name in _flips(connection, column):
            assert _found(small, notes), name
            tried[column] += 1
    connection.close()
    assert not _found(small, notes)
    tell(f"{sum(tried.values())} bytes of the keystore flipped, all found: {tried}")


@pytest.mark.only("sqlite")
def test_verify_every_flipped_byte_of_a_published_copy_is_found(
    grow: Callable[..., Ledger], outside: Path, tell: Callable[[str], None]
) -> None:
    small, tried = grow(2026), 0
    for path in sorted(outside.rglob("*.checkpoint")):
        data = path.read_bytes()
        for place in range(len(data)):
            changed = bytearray(data)
            changed[place] ^= 1 << (place % 8)
            path.write_bytes(changed)
            assert "published" in _failed(_verdict(small, outside, payloads=False)), place
            tried += 1
        path.write_bytes(data)
    assert _verdict(small, outside).ok
    tell(f"published copies: {tried} bytes flipped, all found")


def test_verify_rows_deleted_swapped_inserted_or_moved_are_found(
    grown: Ledger, outside: Path, database: Database, tampering: Any, tell: Callable[[str], None]
) -> None:
    notes = read_published(outside)
    with _undoing(database, tampering) as undo:
        for statement in CHANGES:
            with database.raw() as connection:
                if database.kind == "postgres" and "2025" in statement:
                    connection.execute("CREATE TABLE entry_2025 PARTITION OF entry FOR VALUES IN (2025)")
                assert connection.execute(statement).rowcount > 0, statement
            assert _found(grown, notes), statement
            undo()
            assert not _found(grown, notes)
    tell(f"{len(CHANGES)} ways to delete, swap, insert or move rows of {database.kind} tried, all found")


@contextmanager
def _undoing(database: Database, connection: Any) -> Iterator[Callable[[], None]]:
    if database.kind == "postgres":
        yield database.keep()
        return
    before = sqlite3.connect(":memory:")  # the file stays open: it is not put back, its pages are
    connection.backup(before)
    yield lambda: before.backup(connection)
    before.close()


def test_verify_ledger_put_back_to_an_older_state_is_found_only_from_outside(
    grown: Ledger, course: Any, outside: Path, database: Database, places: Any
) -> None:
    put_back = database.keep()
    course.grades = {(1, 7): "4"}
    grown.stage(course.snapshot(), programme_digest=None, plan_id=None)
    grown.seal()
    grown.checkpoint([FilePublisher(outside)])
    grown.close()
    put_back()
    with Ledger.open(places, environ={}) as older:
        assert older.verify().ok  # it agrees with itself
        verification = _verdict(older, outside)
    assert _failed(verification) == {"published"}
    sentence = next(check.sentence for check in verification.checks if check.name == "published")
    assert "gone or changed" in sentence


def test_verify_guard_rails_that_were_dropped_are_named(grown: Ledger, database: Database) -> None:
    database.drop_guards("entry_no_delete")
    verification = grown.verify()
    assert _failed(verification) == {"guard rails"}
    assert "entry_no_delete" in verification.checks[0].sentence


def test_verify_without_outside_copy_says_that_all_of_it_could_be_rewritten(grown: Ledger) -> None:
    for published in (None, []):
        verification = grown.verify(published=published)
        assert verification.ok
        assert verification.unprotected_tail == 7
        sentence = next(check.sentence for check in verification.checks if check.name == "published")
        assert "no external checkpoint: integrity only" in sentence


def test_verify_entries_after_the_last_outside_checkpoint_are_named(grown: Ledger, course: Any, outside: Path) -> None:
    course.grades = {(1, 7): "4", (1, 8): "5"}
    grown.stage(course.snapshot(), programme_digest=None, plan_id=None)
    grown.seal()
    grown.checkpoint()  # signed, and kept at home
    verification = _verdict(grown, outside)
    assert (verification.ok, verification.unprotected_tail) == (True, 3)
    assert any("3 entries after the last of them are not protected" in check.sentence for check in verification.checks)


def test_verify_without_keystore_says_what_it_did_not_check(grown: Ledger, outside: Path, tampering: Any) -> None:
    tampering.execute("UPDATE payload SET ciphertext = zeroblob(50)")
    verification = _verdict(grown, outside, payloads=False)
    assert _failed(verification) == {"guard rails"}
    assert any("payloads were not decrypted" in check.sentence for check in verification.checks)
    assert "commitments" in _failed(_verdict(grown, outside))


def test_verify_with_a_key_from_outside_does_not_believe_the_ledgers_own(grown: Ledger, outside: Path) -> None:
    assert _verdict(grown, outside, public_keys=grown.public_keys()).ok
    verification = _verdict(grown, outside, public_keys=[bytes(range(32))])
    assert _failed(verification) >= {"signatures", "published"}


def test_verify_empty_ledger_passes(ledger: Ledger) -> None:
    verification = ledger.verify(published=[])
    assert (verification.ok, verification.entries, verification.unprotected_tail) == (True, 0, 0)


@pytest.mark.only("sqlite")
def test_verify_open_for_reading_only_changes_no_byte(grown: Ledger, places: Any, tmp_path: Path) -> None:
    grown.close()
    before = (tmp_path / "ledger.db").read_bytes(), (tmp_path / "keystore.db").read_bytes()
    with Ledger.open(places, readonly=True, environ={}) as reader:
        assert reader.verify().ok
    assert ((tmp_path / "ledger.db").read_bytes(), (tmp_path / "keystore.db").read_bytes()) == before


def test_verify_says_nothing_about_a_person(grown: Ledger, outside: Path, tampering: Any) -> None:
    tampering.execute("UPDATE payload SET ciphertext = zeroblob(50)")
    tampering.execute("UPDATE subject SET identity = zeroblob(50)")
    said = " ".join(check.sentence for check in _verdict(grown, outside).checks)
    assert "Élève" not in said
    assert "grade:1:7" not in said
