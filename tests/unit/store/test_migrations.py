"""A ledger of every older version of the tables becomes one of this version, with the same roots and proofs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

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


def _old(tmp_path: Path, revision: str) -> str:
    """A store as the program that knew this revision made it."""
    path = tmp_path / "ledger.db"
    sqlite3.connect(path).close()
    url = f"sqlite:///{path}"
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    with connect(url) as store, store.write() as transaction:
        config.attributes["connection"] = transaction
        command.upgrade(config, revision)
    return url


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
def test_migrate_keeps_every_row(tmp_path: Path, revision: str) -> None:
    url = _old(tmp_path, revision)
    with pytest.raises(LedgerUnusable, match="ledger migrate"):
        open_store(url)
    create_keystore(tmp_path / "keystore.db", MasterKey(bytes(32)))
    with connect(url) as store, open_keystore(tmp_path / "keystore.db", MasterKey(bytes(32))) as keystore:
        staging.stage(store, keystore, _snapshot(), programme_digest=None, plan_id=None, now=AT)
    connection = sqlite3.connect(tmp_path / "ledger.db")
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables.remove("alembic_version")
    before = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    connection.close()
    assert before["pending"]
    (tmp_path / "config.toml").write_text(
        f'[site]\nname = "main"\nurl = "https://m.example.org"\nnamespace = "sag"\n'
        f'[ledger]\norigin = "example.org/l"\nstore = "{url}"\n',
        encoding="utf-8",
    )
    done = migrate(load_settings(tmp_path / "config.toml"))
    assert (done.before, done.after) == (revision, schema.HEAD)
    connection = sqlite3.connect(tmp_path / "ledger.db")
    after = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    connection.close()
    assert after == before
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
