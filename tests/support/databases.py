"""The two kinds of database that the same tests of store and ledger run on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pgserver import EMPTY, Server

TAILS = ("", "-wal", "-shm", "-journal")


class Database(Protocol):
    """A place for one store, empty at first, and what the tests do to it behind the ledger's back."""

    kind: str
    url: str
    refusals: tuple[type[Exception], ...]
    """What the database itself raises when it refuses a row."""

    def raw(self) -> Any:
        """A context manager: a connection with nothing in its way; ``execute(sql, values)`` takes ``?``."""

    def drop_guards(self, *names: str) -> None:
        """Removes guard rails: all, or these."""

    def keep(self) -> Callable[[], None]:
        """Keeps it as it is now; what is answered puts it back."""

    def save(self, folder: Path) -> str:
        """Keeps it as it is now beyond this test, in this folder if it is files; the answer is for :meth:`load`."""

    def load(self, saved: str) -> None:
        """Makes it as it was when it, or another one of its kind, was saved."""

    def held(self) -> bytes:
        """Every byte that is in its files."""

    def lose(self) -> None:
        """What was in it is gone: an empty place is there, as on a new disk."""

    def close(self) -> None:
        """Removes it."""


class SqliteDatabase:
    """A file."""

    kind = "sqlite"
    refusals = (sqlite3.IntegrityError,)

    def __init__(self, folder: Path) -> None:
        self._kept = 0
        self.path = folder / "ledger.db"
        self.url = f"sqlite:///{self.path}"

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()

    def drop_guards(self, *names: str) -> None:
        with self.raw() as connection:
            if not names:
                rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
                names = tuple(row[0] for row in rows)
            for name in names:
                connection.execute(f"DROP TRIGGER {name}")

    def keep(self) -> Callable[[], None]:
        self._kept += 1
        kept = self.path.parent.with_name(f"{self.path.parent.name}-database-{self._kept}")
        kept.mkdir()
        for path in self._files():
            shutil.copy2(path, kept / path.name)

        def back() -> None:
            for path in self._files():
                path.unlink()
            for path in kept.iterdir():
                shutil.copy2(path, self.path.parent / path.name)

        return back

    def save(self, folder: Path) -> str:
        for path in self._files():
            shutil.copy2(path, folder / path.name)
        return str(folder)

    def load(self, saved: str) -> None:
        for path in self._files():
            path.unlink()
        for path in Path(saved).glob("ledger.db*"):
            shutil.copy2(path, self.path.parent / path.name)

    def held(self) -> bytes:
        return b"\n".join(path.read_bytes() for path in self._files())

    def lose(self) -> None:
        for path in self._files():
            path.unlink()

    def close(self) -> None:
        """Nothing: pytest removes its folder."""

    def _files(self) -> list[Path]:
        found = [self.path.with_name(f"{self.path.name}{tail}") for tail in TAILS]
        return [path for path in found if path.exists()]


class _Raw:
    """A psycopg connection that takes what sqlite3's takes."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return self._connection.execute(sql.replace("?", "%s") if values else sql, values or None)


class PostgresDatabase:
    """A database of the tests' own server: empty, or with the tables of a store, which is quicker than to make them."""

    kind = "postgres"

    def __init__(self, server: Server, *, tables: bool = False) -> None:
        import psycopg

        self.refusals = (psycopg.errors.IntegrityError,)
        self.server = server
        self.name = server.create(server.with_tables() if tables else EMPTY)
        self.url = server.url(self.name)
        self._kept: list[str] = []

    @contextmanager
    def raw(self) -> Iterator[_Raw]:
        with self.server.admin(self.name) as connection:
            # a superuser who calls itself a replica: no foreign key is looked at, as in a file that is opened by hand
            connection.execute("SET session_replication_role = replica")
            yield _Raw(connection)

    def drop_guards(self, *names: str) -> None:
        with self.raw() as connection:
            rows = connection.execute(
                "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "WHERE NOT t.tgisinternal AND t.tgparentid = 0"
            ).fetchall()
            for table, name in rows:
                if not names or name in names:
                    connection.execute(f"DROP TRIGGER {name} ON {table}")

    def keep(self) -> Callable[[], None]:
        kept = f"{self.name}_kept{len(self._kept)}"
        self.server.copy(self.name, kept)
        self._kept.append(kept)
        return lambda: self.server.copy(kept, self.name)

    def save(self, folder: Path) -> str:
        saved = f"{self.name}_saved"
        self.server.copy(self.name, saved)
        return saved

    def load(self, saved: str) -> None:
        self.server.copy(saved, self.name)

    def held(self) -> bytes:
        with self.server.admin(self.name) as connection:
            connection.execute("CHECKPOINT")
            (oid,) = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        files = sorted(path for path in (self.server.data / "base" / str(oid)).iterdir() if path.is_file())
        return b"\n".join(path.read_bytes() for path in files)

    def lose(self) -> None:
        self.server.copy(EMPTY, self.name)

    def close(self) -> None:
        """Removes it and what was kept of it."""
        for name in (self.name, *self._kept):
            self.server.drop(name)
