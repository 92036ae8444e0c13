"""Opens the store, and gives transactions over it.

SQLite by default, one file an organisation: WAL, synchronous=FULL, foreign keys, recursive triggers (without them
``INSERT OR REPLACE`` passes by the guard rails), all set on each connection. A write transaction starts with
BEGIN IMMEDIATE, so that what it read cannot have changed when it writes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, IntegrityError, OperationalError

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import files
from moodle_sync.store.tables import metadata

Transaction = Connection
"""An open transaction, as repositories take it."""

BUSY_SECONDS = 30.0
_WRITE = "moodle_sync_write"
_ABSENT = re.compile(r"no such (?:table|column): (?:\w+\.)?(\w+)")


class Store:
    """An open, migrated store. Use as a context manager, or call :meth:`close`."""

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self.url = url

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent view of the store; nothing written through it is kept.

        Raises:
            LedgerUnusable: the file is damaged, or is not a database.
        """
        with _translated(), self._engine.connect() as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction with the only right to write: all of it is kept, or nothing.

        Raises:
            LedgerUnusable: another process kept the right to write for longer than the busy timeout.
        """
        with _translated(), self._engine.connect() as connection:
            connection = connection.execution_options(**{_WRITE: True})
            with connection.begin():
                yield connection

    def scrub(self) -> bool:
        """Writes the file anew without what deleted rows left in it, and empties the write-ahead log.

        A database server keeps its own archives: there nothing is done, and the answer is False.

        Raises:
            LedgerUnusable: another process reads or writes: the log still holds remnants. Run again later.
        """
        path = sqlite_path(self.url)
        if path is None:
            return False
        busy = LedgerUnusable(
            "another process uses the store: what was deleted may still lie in its write-ahead log",
            hint="Wait until it has finished, then run: moodle-sync ledger erase --resume",
        )
        with _translated(), self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            if not isinstance(raw, sqlite3.Connection):
                return False
            try:
                raw.execute("PRAGMA secure_delete=ON")
                raw.execute("VACUUM")
                blocked = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.OperationalError as error:
                raise busy from error
        if blocked:
            raise busy
        return True

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sqlite_path(url: str) -> Path | None:
    """The file behind a store URL, or None when the URL names a database server.

    Raises:
        LedgerUnusable: the URL is not one, or names a SQLite database in memory.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LedgerUnusable(
            "the address of the store is not a database URL", hint="Write it like sqlite:///ledger.db"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise LedgerUnusable("the store needs a file", hint="Write its address like sqlite:///ledger.db")
    return Path(parsed.database)


def open_store(url: str, *, readonly: bool = False, busy_seconds: float = BUSY_SECONDS) -> Store:
    """Opens a store that exists and has this version's tables; never creates nor migrates one.

    Raises:
        LedgerUnusable: missing, not a store, or of another version; the hint says what to run.
    """
    from moodle_sync.store import schema

    path = sqlite_path(url)
    if path is not None and not path.is_file():
        raise LedgerUnusable(f"there is no store at {path}", hint="Run: moodle-sync ledger init")
    store = connect(url, readonly=readonly, busy_seconds=busy_seconds)
    try:
        schema.require_current(store)
    except LedgerUnusable:
        store.close()
        raise
    return store


def init_store(url: str) -> Store:
    """Creates a store with this version's tables (SQLite: a file of mode 0600) and opens it.

    Killed half-way, it leaves no file of that name. Refuses to touch a store that exists.

    Raises:
        LedgerUnusable: there is something at that place already, or the directory is missing.
    """
    part, path = prepare_store(url), sqlite_path(url)
    if part is not None and path is not None:
        finish_store(part, path)
    return open_store(url)


def prepare_store(url: str, fill: Callable[[Transaction], None] | None = None) -> Path | None:
    """Makes a store, with what ``fill`` writes to it, beside its place; returns the file for :func:`finish_store`.

    A database server knows no such thing: there the tables are made in place, and the answer is None.

    Raises:
        LedgerUnusable: as :func:`init_store`.
    """
    path = sqlite_path(url)
    if path is None:
        with connect(url) as store:
            _make(store, fill)
        return None
    if path.exists():
        raise LedgerUnusable(f"{path} exists already; nothing was written", hint="Choose another place.")
    if not path.parent.is_dir():
        raise LedgerUnusable(f"there is no directory {path.parent} for {path.name}", hint="Create it first.")
    part = files.part_of(path)
    for leftover in (part, *(part.with_name(part.name + tail) for tail in ("-wal", "-shm", "-journal"))):
        leftover.unlink(missing_ok=True)  # of an earlier run that was killed here
    files.create(part, b"")
    with connect(_with_path(url, part)) as store:
        _make(store, fill)
    return part  # its last connection has closed: the write-ahead log is in the file, and gone


def finish_store(part: Path, path: Path) -> None:
    """Gives a prepared store its name; raises LedgerUnusable when the name was taken meanwhile."""
    try:
        files.move_new(part, path)
    except FileExistsError as error:
        raise LedgerUnusable(f"{path} exists already; nothing was written", hint="Choose another place.") from error


def _make(store: Store, fill: Callable[[Transaction], None] | None) -> None:
    from moodle_sync.store import schema

    schema.migrate(store)
    if fill is not None:
        with store.write() as transaction:
            fill(transaction)


def connect(url: str, *, readonly: bool = False, busy_seconds: float = BUSY_SECONDS) -> Store:
    """A store whose version nobody has looked at yet: for migrations; others use :func:`open_store`."""
    path = sqlite_path(url)
    if path is None:
        return Store(create_engine(url, pool_pre_ping=True), url)
    mode = "ro" if readonly else "rw"  # never "rwc": a mistyped path must not become an empty ledger

    def creator() -> sqlite3.Connection:
        address = f"file:{quote(str(path.absolute()))}?mode={mode}"
        connection = sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)
        pragmas = ["foreign_keys=ON", "recursive_triggers=ON", "trusted_schema=OFF", "synchronous=FULL"]
        pragmas.append("query_only=ON" if readonly else "journal_mode=WAL")
        try:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine(url, creator=creator)
    event.listen(engine, "begin", _begin)
    return Store(engine, url)


def _begin(connection: Connection) -> None:
    # The sqlite3 module's own BEGIN comes too late (at the first write): with isolation_level=None we say it.
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITE) else "BEGIN")


def _with_path(url: str, path: Path) -> str:
    return make_url(url).set(database=str(path)).render_as_string(hide_password=False)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise  # a guard rail or a key: the caller's business
    except UnicodeDecodeError as error:  # of SQLite's own message, which quotes what it could not read
        raise LedgerUnusable(
            "the store cannot be used: its schema is damaged", hint="Keep the file, restore a backup."
        ) from error
    except DBAPIError as error:
        text = str(error.orig)
        if "locked" in text or "busy" in text:
            raise LedgerUnusable(
                "the store is locked by another process", hint="Wait until it has finished, then run again."
            ) from error
        if type(error) in (DatabaseError, OperationalError) and not _is_mistake(text):
            # A damaged file fails in a hundred ways, and so does a full disk or a lost share.
            raise LedgerUnusable(
                f"the store cannot be used: {text}", hint="Keep the file, restore a backup."
            ) from error
        raise


def _is_mistake(text: str) -> bool:
    """Whether the SQL was wrong. A table of ours that is not there is damage, of any other name a mistake of ours."""
    absent = _ABSENT.match(text)
    if absent is None:
        return text.startswith("near ")
    columns = {column.name for table in metadata.tables.values() for column in table.columns}
    return absent[1] not in columns | set(metadata.tables)
