"""A ledger of every older version of the tables becomes one of this version, with the same roots and proofs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from databases import Database

from moodle_sync.clock import from_rfc3339
from moodle_sync.config import load_settings
from moodle_sync.errors import LedgerUnusable
from moodle_sync.facts.models import Grade, Person, Snapshot
from moodle_sync.ledger import staging
from moodle_sync.store import open_store, schema
from moodle_sync.store.engine import connect
from moodle_sync.store.keys import MasterKey
from moodle_sync.store.keystore import create_keystore, open_keystore
from moodle_sync.workflows.migrate import migrate

AT = "2026-02-03T08:00:00Z"
FIRST = ("run", "spec_version", "binding", "meta", "signer", "entry", "tile", "frontier", "head", "checkpoint",
         "publication", "subject", "payload", "pending", "current", "site_pin", "baseline", "journal")  # fmt: skip
"""The tables of the first version."""


def _rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the tables of the older version, by table."""
    with database.raw() as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in FIRST}




def _snapshot() -> Snapshot:
    grade = Grade(
        course="sag:a@1", userid=7, occurred_at=None, wsfunction="w", item_id=1, item_type="mod", modname=None,
        cmid=None, activity=None, grade=None, grade_min=0, grade_max=20, overridden=False, hidden=False, locked=False,
    )  # fmt: skip
    return Snapshot(
        site="main", course="sag:a@1", release="5", observed_at=from_rfc3339(AT), complete=frozenset(), facts=(grade,),
        people={7: Person(userid=7)}, definitions={}, warnings=(), calls=1, requests=1,
    )  # fmt: skip


@pytest.mark.parametrize("revision", sorted(schema.OLDER))
def test_migrate_keeps_every_row(tmp_path: Path, database: Database, revision: str) -> None:
    url = database.url
    with database.raw():
        pass  # SQLite: an empty file
    with connect(url) as store:
        schema.migrate(store, revision)
    with pytest.raises(LedgerUnusable, match="ledger migrate"):
        open_store(url)
    create_keystore(tmp_path / "keystore.db", MasterKey(bytes(32)))
    with connect(url) as store, open_keystore(tmp_path / "keystore.db", MasterKey(bytes(32))) as keystore:
        staging.stage(store, keystore, _snapshot(), programme_digest=None, plan_id=None, now=AT)
    before = _rows(database)
    assert before["pending"]
    (tmp_path / "config.toml").write_text(
        f'[site]\nname = "main"\nurl = "https://m.example.org"\nnamespace = "sag"\n'
        f'[ledger]\norigin = "example.org/l"\nstore = "{url}"\n',
        encoding="utf-8",
    )
    done = migrate(load_settings(tmp_path / "config.toml"))
    assert (done.before, done.after) == (revision, schema.HEAD)
    assert _rows(database) == before
    with open_store(url) as store, store.read() as transaction:
        assert schema.missing_guards(transaction) == []
    assert migrate(load_settings(tmp_path / "config.toml")).lines()[0].endswith("nothing was changed.")


def test_migrate_without_a_store_says_init(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[site]\nname = "main"\nurl = "https://m.example.org"\nnamespace = "sag"\n[ledger]\norigin = "e.org/l"\n',
        encoding="utf-8",
    )
    with pytest.raises(LedgerUnusable, match="ledger init"):
        migrate(load_settings(tmp_path / "config.toml"))
