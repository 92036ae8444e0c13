"""What a store promises, whatever it is in; the last part is about its file alone, test_postgres.py about a server."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from databases import Database
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import Store, init_store, open_store, payloads
from moodle_sync.store.tables import meta


def test_init_store_existing_one_is_refused_and_untouched(store: Store, url: str) -> None:
    with store.write() as transaction:
        transaction.execute(meta.insert().values(name="a", value="b"))
    with pytest.raises(LedgerUnusable, match="exists already"):
        init_store(url)
    with store.read() as transaction:
        assert transaction.execute(meta.select()).all() == [("a", "b")]


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "no url", "mysql://host/db", "postgresql+asyncpg://host/db", "postgresql://"],
)
def test_open_store_address_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(LedgerUnusable):
        open_store(url)


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "pip install --upgrade"),
        ("DROP TABLE alembic_version", "ledger init"),
        ("DELETE FROM alembic_version", "ledger init"),
    ],
)
def test_open_store_other_schema_says_what_to_run(
    store: Store, url: str, database: Database, statement: str, hint: str
) -> None:
    store.close()
    with database.raw() as connection:
        connection.execute(statement)
    with pytest.raises(LedgerUnusable, match=hint):
        open_store(url)


def test_open_store_older_schema_says_migrate(
    store: Store, url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    with database.raw() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr("moodle_sync.store.schema.OLDER", frozenset({"0000"}))
    with pytest.raises(LedgerUnusable, match="ledger migrate"):
        open_store(url)


def test_open_store_readonly_refuses_to_write(store: Store, url: str) -> None:
    with open_store(url, readonly=True) as reader:
        with pytest.raises(LedgerUnusable, match="readonly"), reader.write() as transaction:
            transaction.execute(meta.insert().values(name="a", value="b"))
        with reader.read() as transaction:
            assert transaction.execute(meta.select()).all() == []


def test_write_while_another_writes_is_named_after_the_timeout(store: Store, url: str) -> None:
    with store.write(), open_store(url, busy_seconds=0.05) as other:
        for scope in (None, "main sag:a@1"):
            with pytest.raises(LedgerUnusable, match="locked by another process"), other.write(scope):
                pass
        with other.read() as transaction:  # readers never wait
            assert transaction.execute(meta.select()).all() == []


def test_write_that_raises_keeps_nothing(store: Store) -> None:
    row = meta.insert().values(name="a", value="b")

    def twice() -> None:
        with store.write() as transaction:
            transaction.execute(row)
            transaction.execute(row)

    with pytest.raises(IntegrityError):
        twice()
    with store.read() as transaction:
        assert transaction.execute(meta.select()).all() == []


def test_read_what_is_written_through_it_is_not_kept(store: Store, database: Database) -> None:
    try:
        with store.read() as transaction:
            transaction.execute(meta.insert().values(name="a", value="b"))
    except LedgerUnusable:
        assert database.kind == "postgres"  # refused at once there
    with store.read() as transaction:
        assert transaction.execute(meta.select()).all() == []


def test_read_is_one_view_whatever_is_written_meanwhile(store: Store) -> None:
    with store.read() as transaction:
        assert transaction.execute(meta.select()).all() == []
        with store.write() as other:
            other.execute(meta.insert().values(name="a", value="b"))
        assert transaction.execute(meta.select()).all() == []
    with store.read() as transaction:
        assert transaction.execute(meta.select()).all() == [("a", "b")]


def test_a_mistake_in_sql_is_not_called_a_damaged_store(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"no such table|does not exist"), store.read() as transaction:
        transaction.execute(text("SELECT * FROM nowhere"))


# ---- the file of SQLite --------------------------------------------------------------------------------------------


@pytest.mark.only("sqlite")
def test_init_store_new_place_file_is_private_and_in_wal(store: Store, tmp_path: Path) -> None:
    with store.write() as transaction:
        transaction.execute(meta.insert().values(name="a", value="b"))
        files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["ledger.db", "ledger.db-shm", "ledger.db-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("recursive_triggers", 1)],
)
def test_open_store_each_connection_has_its_pragmas(store: Store, url: str, pragma: str, value: object) -> None:
    store.close()
    with open_store(url) as again, again.read() as transaction:
        assert transaction.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_init_store_existing_file_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"mine")
    with pytest.raises(LedgerUnusable, match="exists already"):
        init_store(f"sqlite:///{path}")
    assert path.read_bytes() == b"mine"


def test_init_store_after_a_killed_one_starts_again(tmp_path: Path) -> None:
    (tmp_path / ".ledger.db.part").write_bytes(b"half")
    init_store(f"sqlite:///{tmp_path / 'ledger.db'}").close()
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]


def test_open_store_missing_file_says_init_and_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="moodle-sync ledger init"):
        open_store(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert list(tmp_path.iterdir()) == []


def test_open_store_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is a text file, and a long one" * 100)
    with pytest.raises(LedgerUnusable, match="cannot be used"):
        open_store(f"sqlite:///{path}")


@pytest.mark.only("sqlite")
def test_read_a_damaged_text_is_named_and_the_next_read_sees_what_is_there_then(
    store: Store, database: Database
) -> None:
    """A cursor that failed half-way and stayed open would keep the connection at what it saw."""
    with store.write() as transaction:
        payloads.add(transaction, [(1, "p1", b"n", b"c", b"m", "k")])
    with database.raw() as connection:
        connection.execute("UPDATE payload SET subject = CAST(x'70ff' AS TEXT)")
    with pytest.raises(LedgerUnusable, match="cannot be used"), store.read() as transaction:
        payloads.get(transaction, [1])
    with database.raw() as connection:
        connection.execute("UPDATE payload SET subject = 'p2'")
    with store.read() as transaction:
        assert payloads.get(transaction, [1])[1].subject == "p2"
