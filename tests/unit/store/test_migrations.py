"""A ledger that an older version wrote becomes one of this version, with the same entries, roots, proofs and people.

``fixtures/ledger-0004`` is such a ledger, as text: two sessions, a correction, somebody who vanished, a person erased,
a class of data retired, and rows that wait, one of which points at a sealed entry and one at another that waits.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from databases import Database, PostgresDatabase
from ledgerscene import COURSE, OTHER
from sqlalchemy import text

from moodle_sync.config import load_settings
from moodle_sync.errors import LedgerUnusable
from moodle_sync.ledger import Ledger, Places
from moodle_sync.store import open_store, partitions, schema
from moodle_sync.store.engine import connect
from moodle_sync.workflows.migrate import migrate

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
OLD = FIXTURES / "ledger-0004"
KEPT = ("run", "spec_version", "binding", "meta", "signer", "tile", "frontier", "head", "checkpoint", "publication",
        "subject", "site_pin", "baseline", "journal", "erasure", "refusal")  # fmt: skip
"""Tables of which no row may change."""


@pytest.fixture
def old(tmp_path: Path, database: Database) -> Places:
    """The old ledger, on this kind of database, with its keys."""
    for name in ("keystore", "ledger"):
        with sqlite3.connect(tmp_path / f"{name}.db") as connection:
            connection.executescript((OLD / f"{name}.sql").read_text(encoding="utf-8"))
        connection.close()
        (tmp_path / f"{name}.db").chmod(0o600)
    for name in ("master.key", "signing.key"):
        shutil.copy(OLD / name, tmp_path / name)
        (tmp_path / name).chmod(0o600)
    if isinstance(database, PostgresDatabase):
        _load(tmp_path / "ledger.db", database)
    return Places(
        database.url, tmp_path / "keystore.db", tmp_path / "signing.key", "test.example.org/ledger",
        tmp_path / "master.key",
    )  # fmt: skip


def _load(path: Path, database: PostgresDatabase) -> None:
    """Copies the rows of the old file into a server's tables of the same version."""
    with connect(database.url) as store:
        schema.migrate(store, "0004")
        with store.write() as transaction:
            partitions.open_year(transaction, 2026)
            transaction.execute(text("CREATE TABLE payload_2026 PARTITION OF payload FOR VALUES IN (2026)"))
    rows = sqlite3.connect(path)
    with database.raw() as connection:
        for (table,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table == "alembic_version":
                continue
            for row in rows.execute(f"SELECT * FROM {table}").fetchall():
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        for table, column in (("run", "seq"), ("pending", "id"), ("erasure", "id")):
            counter = f"pg_get_serial_sequence('{table}', '{column}')"
            connection.execute(f"SELECT setval({counter}, (SELECT max({column}) FROM {table}))")
    rows.close()


def _settings(tmp_path: Path, places: Places) -> Any:
    (tmp_path / "config.toml").write_text(
        '[site]\nname = "test"\nurl = "https://m.example.org"\nnamespace = "sag"\n'
        f'[ledger]\norigin = "{places.origin}"\nstore = "{places.store_url}"\nkeystore = "keystore.db"\n',
        encoding="utf-8",
    )
    return load_settings(tmp_path / "config.toml")


def _rows(database: Database, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    with database.raw() as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in tables}


def test_migrate_keeps_a_ledger_whole(tmp_path: Path, database: Database, old: Places) -> None:
    with pytest.raises(LedgerUnusable, match="ledger migrate"):
        open_store(old.store_url)
    before, leaves = _rows(database, *KEPT), "SELECT shard, idx, leaf, leaf_hash FROM entry ORDER BY shard, idx"
    with database.raw() as connection:
        entries = connection.execute(leaves).fetchall()
        secrets = connection.execute("SELECT nonce, ciphertext, commitment, subject FROM payload").fetchall()
    assert len(entries) == 29
    done = migrate(_settings(tmp_path, old))
    assert (done.before, done.after) == ("0004", schema.HEAD)
    assert _rows(database, *KEPT) == before
    with database.raw() as connection:
        assert connection.execute(leaves).fetchall() == entries
        assert set(secrets) < set(connection.execute("SELECT nonce, ciphertext, commitment, subject FROM payload"))
    assert migrate(_settings(tmp_path, old)).lines()[0].endswith("nothing was changed.")


def test_migrated_ledger_verifies_and_goes_on(tmp_path: Path, database: Database, old: Places) -> None:
    migrate(_settings(tmp_path, old))
    said = json.loads((OLD / "facts.json").read_text(encoding="utf-8"))
    with Ledger.open(old, environ={}) as ledger:
        found = ledger.verify()
        assert [check for check in found.checks if not check.ok] == []
        assert found.entries == 29
        facts = [
            (one.number, one.fact and one.fact.model_dump(mode="json"))
            for c in (COURSE, OTHER)
            for one in ledger.facts(c)
        ]
        assert facts == [tuple(one) for one in said]
        assert ledger.pending() == 10
        ledger.seal()
        ledger.checkpoint()
        assert [check for check in ledger.verify().checks if not check.ok] == []
        grades = [
            (one.number, one.previous, str(one.fact.grade))
            for one in ledger.facts(COURSE)
            if one.fact is not None and one.fact.kind == "grade" and one.fact.userid == 810051
        ]
        assert [grade for *_, grade in grades] == ["11.37", "12.5", "13", "14"]
        assert [previous for _, previous, _ in grades[1:]] == [
            tuple(map(int, number.split("/"))) for number, *_ in grades[:-1]
        ]
        with ledger.store.read() as transaction:
            assert schema.missing_guards(transaction) == []


@pytest.mark.parametrize("revision", sorted(schema.OLDER))
def test_migrate_an_empty_store_of_every_older_version(tmp_path: Path, database: Database, revision: str) -> None:
    with database.raw():
        pass  # SQLite: an empty file
    with connect(database.url) as store:
        schema.migrate(store, revision)
        schema.migrate(store)
        assert schema.revision(store) == schema.HEAD
    with open_store(database.url) as store, store.read() as transaction:
        assert schema.missing_guards(transaction) == []


def test_migrate_without_a_store_says_init(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[site]\nname = "main"\nurl = "https://m.example.org"\nnamespace = "sag"\n[ledger]\norigin = "e.org/l"\n',
        encoding="utf-8",
    )
    with pytest.raises(LedgerUnusable, match="ledger init"):
        migrate(load_settings(tmp_path / "config.toml"))
