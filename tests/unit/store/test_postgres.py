"""What is promised of a store on a server alone: settings, locks, faults named without secrets, partitions."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from pgserver import PASSWORD, ROLE, Server
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import Store, entries, init_store, open_store, payloads, schema, tree
from moodle_sync.store.address import PASSWORD_VARIABLE
from moodle_sync.store.engine import Transaction, exists
from moodle_sync.store.tables import meta
from moodle_sync.store.tree import Head

pytestmark = pytest.mark.only("postgres")


def _show(store: Store, setting: str) -> str:
    with store.write() as transaction:
        return str(transaction.execute(text(f"SHOW {setting}")).scalar_one())


def _host(server: Server, database: str, user: str = ROLE) -> str:
    return f"postgresql://{user}@127.0.0.1:{server.port}/{database}"


def _said(url: str) -> str:
    with pytest.raises(LedgerUnusable) as caught:
        open_store(url)
    shown, error = str(caught.value), caught.value.__cause__
    while error is not None:  # whatever a traceback would print
        shown, error = f"{shown}\n{error!r}\n{error}", error.__cause__ or error.__context__
    return shown


def test_connection_flushes_each_commit_whatever_the_server_says(store: Store, url: str, database: Any) -> None:
    with database.raw() as connection:
        connection.execute(f"ALTER DATABASE {database.name} SET synchronous_commit = off")
        connection.execute(f"ALTER DATABASE {database.name} SET default_transaction_isolation = serializable")
    with open_store(url, busy_seconds=7) as again:
        found = [_show(again, name) for name in ("synchronous_commit", "transaction_isolation", "lock_timeout")]
        assert found == ["on", "read committed", "7s"]
        with again.read() as transaction:
            assert transaction.execute(text("SHOW transaction_isolation")).scalar_one() == "repeatable read"
            assert transaction.execute(text("SHOW transaction_read_only")).scalar_one() == "on"
    with database.raw() as connection:
        connection.execute(f"ALTER DATABASE {database.name} SET synchronous_commit = remote_apply")
    with open_store(url) as again:
        assert _show(again, "synchronous_commit") == "remote_apply"  # more than we ask for is left


def _refused(store: Store, scope: str | None) -> None:
    with pytest.raises(LedgerUnusable, match="locked by another process"), store.write(scope):
        pass


def test_write_scopes_go_on_together_and_nobody_seals_meanwhile(store: Store, url: str) -> None:
    with open_store(url, busy_seconds=0.1) as other, store.write("main sag:a@1"):
        with other.write("main sag:b@1"):
            pass
        for scope in (None, "main sag:a@1"):
            _refused(other, scope)
    with open_store(url, busy_seconds=0.1) as other, store.write():
        _refused(other, "main sag:b@1")


def test_write_that_waits_sees_what_was_written_while_it_waited(store: Store, url: str) -> None:
    """The view of a transaction that had to wait for its turn is not the one from before it waited."""
    waiting, seen = threading.Event(), []

    def wait() -> None:
        with open_store(url) as other:
            waiting.set()
            with other.write() as transaction:
                seen.extend(transaction.execute(meta.select()).all())

    with store.write() as transaction:
        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait(30)
        while not transaction.execute(text("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).all():
            pass
        transaction.execute(meta.insert().values(name="a", value="b"))
    thread.join(30)
    assert seen == [("a", "b")]


def test_password_comes_from_the_environment_and_is_never_shown(
    store: Store, pgserver: Server, database: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    url = _host(pgserver, database.name)
    for name in (PASSWORD_VARIABLE, "PGPASSWORD"):
        monkeypatch.setenv(name, PASSWORD)
        with open_store(url) as other, other.read() as transaction:
            assert transaction.execute(text("SELECT current_user")).scalar_one() == ROLE
        monkeypatch.setenv(name, "wrong-4712")
        shown = _said(url)
        assert "password authentication failed" in shown
        assert PASSWORD_VARIABLE in shown
        assert "4712" not in shown
        monkeypatch.delenv(name)
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{pgserver.port}:{database.name}:{ROLE}:{PASSWORD}\n", encoding="ascii")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    open_store(url).close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:hunter4711@host/db",
        "postgresql://host/db?password=hunter4711",
        "postgresql://host/db?sslpassword=hunter4711",
        "postgresql://me:hunter4711@host:port/db",
        "mysql://me:hunter4711@host/db",
    ],
)
def test_address_with_a_password_is_refused_and_not_shown(url: str) -> None:
    for act in (open_store, init_store, exists):
        with pytest.raises(LedgerUnusable) as caught:
            act(url)
        assert "4711" not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"


def test_open_store_what_is_not_there_is_named(pgserver: Server, url: str) -> None:
    assert "holds no moodle_sync store" in _said(url)
    assert 'database "nowhere" does not exist' in _said(pgserver.url("nowhere"))
    assert "cannot be reached" in _said("postgresql://nobody@127.0.0.1:9/db")
    assert "pg_hba.conf" in _said(pgserver.url("postgres").replace(ROLE, "stranger"))


def test_open_store_database_that_is_not_unicode_is_refused(pgserver: Server) -> None:
    with pgserver.admin() as admin:
        admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "needs UTF8" in _said(pgserver.url("latin"))
    pgserver.drop("latin")


def test_open_store_without_the_driver_says_what_to_install(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LedgerUnusable, match=r"pip install 'moodle-sync\[postgres\]'"):
        open_store(url)


def test_init_store_database_of_somebody_else_is_left_as_it_was(url: str, database: Any) -> None:
    with database.raw() as connection:
        connection.execute("CREATE TABLE journal (mine int)")
    with pytest.raises(LedgerUnusable, match="database of its own"):
        init_store(url)
    with database.raw() as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert found == [("journal",)]


def test_role_that_may_only_read_can_read_and_is_told_so(store: Store, pgserver: Server, database: Any) -> None:
    with pgserver.admin(database.name) as admin:
        admin.execute("DROP ROLE IF EXISTS auditor")
        admin.execute("CREATE ROLE auditor LOGIN")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor")
    url = pgserver.url(database.name).replace(ROLE, "auditor")
    try:
        with open_store(url, readonly=True) as reader, reader.read() as transaction:
            assert schema.missing_guards(transaction) == []
        with open_store(url) as reader, pytest.raises(LedgerUnusable, match="may not do that"):
            _put(reader, "a")
    finally:
        with pgserver.admin(database.name) as admin:
            admin.execute("DROP OWNED BY auditor; DROP ROLE auditor")


def _put(store: Store, name: str, then: Callable[[], None] = lambda: None) -> None:
    """Writes a row; something happens before it is committed."""
    with store.write() as transaction:
        transaction.execute(meta.insert().values(name=name, value="x"))
        then()


def test_connection_that_is_cut_is_named_and_the_next_one_works(store: Store, database: Any) -> None:
    def cut() -> None:
        with database.server.admin() as admin:
            query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
            admin.execute(query, (database.name,))

    with pytest.raises(LedgerUnusable, match="connection to the database was lost"):
        _put(store, "a", cut)
    with store.write() as transaction:
        assert transaction.execute(meta.select()).all() == []


def _append(transaction: Transaction, shard: int, first: int, stop: int) -> None:
    numbers = payloads.reserve(transaction, stop - first)
    payloads.add(transaction, [(number, "s", bytes(12), b"c", os.urandom(32), "k") for number in numbers])
    entries.append(transaction, shard, first, [(b"leaf", os.urandom(32), number) for number in numbers])


def test_append_goes_to_the_partition_of_its_year_many_rows_a_statement(store: Store, database: Any) -> None:
    with store.write() as transaction:
        tree.open_shard(transaction, Head(2026, 0, b""))
        _append(transaction, 2026, 0, 1200)
    with store.write() as transaction:
        tree.open_shard(transaction, Head(2027, 0, b""))
        _append(transaction, 2027, 0, 3)
    with database.raw() as connection:
        for table, count in (("entry_2026", 1200), ("entry_2027", 3), ("payload", 1203)):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)
    for first, shard in ((1201, 2026), (1200, 2026), (4, 2027), (2, 2027)):
        with pytest.raises(IntegrityError), store.write() as transaction:
            _append(transaction, shard, first, first + 2)


def test_copy_stops_at_the_guard_rails_too(store: Store, database: Any) -> None:
    with store.write() as transaction:
        tree.open_shard(transaction, Head(2026, 0, b""))
    url = psycopg.conninfo.make_conninfo(
        host=str(database.server.folder), port=database.server.port, user="postgres", dbname=database.name
    )

    def copy(table: str, *numbers: int) -> None:
        with psycopg.connect(url) as connection, connection.cursor().copy(f"COPY {table} FROM STDIN") as lines:
            for number in numbers:
                lines.write_row((2026, number, b"leaf", bytes(32), None))

    copy("entry", 0, 1, 2)
    for table, numbers in (("entry", (4, 5)), ("entry_2026", (5,)), ("entry_2026", (3, 5)), ("entry", (2,))):
        with pytest.raises(psycopg.errors.IntegrityError):
            copy(table, *numbers)
    copy("entry_2026", 3, 4)
    with store.read() as transaction:
        assert entries.counts(transaction) == {2026: 5}


def test_statistics_hold_nothing_that_can_be_erased(store: Store, database: Any) -> None:
    """ANALYZE keeps samples of a column's values, which would outlive the rows."""
    with store.write() as transaction:
        tree.open_shard(transaction, Head(2026, 0, b""))
        _append(transaction, 2026, 0, 300)
    with database.raw() as connection:
        connection.execute("ANALYZE")
        found = connection.execute("SELECT DISTINCT tablename, attname FROM pg_stats WHERE schemaname = 'public'")
        columns = {(table, column) for table, column in found.fetchall()}
    assert ("payload", "id") in columns  # the search does find what is there
    assert not {column for table, column in columns if table == "payload"} & {
        "nonce", "ciphertext", "commitment",
    }  # fmt: skip


def test_scrub_while_another_reads_says_so(store: Store, url: str) -> None:
    with open_store(url, busy_seconds=0.1) as other, store.read() as transaction:
        assert transaction.execute(text("SELECT count(*) FROM pending")).scalar_one() == 0
        with pytest.raises(LedgerUnusable, match="may still lie"):
            other.scrub()
    assert store.scrub() is False


def test_store_a_server_that_was_killed_has_what_was_acknowledged_and_nothing_else(
    store: Store, database: Any, tell: Callable[[str], None]
) -> None:
    """Every process of the server is killed at once, between two writes and within one."""
    kept: list[str] = []

    def kill() -> None:
        database.server.crash()
        database.server.start()

    for round_ in range(4):
        _put(store, f"kept {round_}")
        kept.append(f"kept {round_}")
        with pytest.raises(LedgerUnusable, match="connection to the database was lost"):
            _put(store, f"lost {round_}", kill)
        with store.read() as transaction:
            assert [row.name for row in transaction.execute(meta.select())] == kept
    tell(f"the server killed {len(kept)} times within a write: what was acknowledged is there, the rest is not")
