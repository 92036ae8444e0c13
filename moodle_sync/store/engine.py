"""Opens the store, and gives transactions over it.

SQLite by default, one file an organisation; or PostgreSQL, by its address. What differs between the two is in
``store.sqlite`` and ``store.postgres``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import files, marks
from moodle_sync.store.address import parse, sqlite_path, with_path
from moodle_sync.store.backend import Backend
from moodle_sync.store.postgres import Postgres
from moodle_sync.store.sqlite import Sqlite

__all__ = [
    "BUSY_SECONDS",
    "Store",
    "Transaction",
    "connect",
    "exists",
    "finish_store",
    "init_store",
    "open_store",
    "prepare_store",
    "sqlite_path",
]

Transaction = Connection
"""An open transaction, as repositories take it."""

BUSY_SECONDS = 30.0
_ELSEWHERE = "Choose another place."


class Store:
    """An open, migrated store. Use as a context manager, or call :meth:`close`."""

    def __init__(self, engine: Engine, url: str, backend: Backend) -> None:
        self._engine = engine
        self._backend = backend
        self._in_use = False
        self.url = url

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent view of the store; nothing written through it is kept.

        Raises:
            LedgerUnusable: the file is damaged, or is not a database; the server cannot be reached.
        """
        with self._translated(), self._engine.connect() as connection:
            connection = self._backend.reading(connection)
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    @contextmanager
    def write(self, scope: str | None = None) -> Iterator[Transaction]:
        """One transaction with the only right to write: all of it is kept, or nothing.

        With a ``scope`` it may only stage in that scope: on PostgreSQL others stage in other scopes meanwhile, and
        nobody seals. On SQLite there is one writer at a time.

        Raises:
            LedgerUnusable: another process kept the right to write for longer than the busy timeout; the ledger has
                moved elsewhere.
        """
        with self._translated(), self._engine.connect() as connection:
            connection = self._backend.writing(connection)
            with connection.begin():
                self._backend.lock(connection, scope)
                if self._in_use:  # asked each time: the ledger may move while this process waits
                    marks.require_here(connection, writing=True)
                yield connection

    def take_into_use(self, *, readonly: bool) -> None:
        """Passes when the ledger is here; from now on every write asks again.

        Raises:
            LedgerUnusable: it has moved away (and is not only to be read), or has not arrived.
        """
        with self.read() as transaction:
            marks.require_here(transaction, writing=not readonly)
        self._in_use = True

    def scrub(self) -> bool:
        """Writes the store anew without what deleted rows left in it.

        SQLite: the file, and its write-ahead log is emptied; True. PostgreSQL: the tables; False, because a database
        server keeps a log and archives of its own.

        Raises:
            LedgerUnusable: another process reads or writes: remnants may be left. Run again later.
        """
        with self._translated():
            return self._backend.scrub(self._engine)

    def risks(self) -> list[str]:
        """Settings of a database server under which a power cut may take what was acknowledged; none of SQLite."""
        with self.read() as transaction:
            return self._backend.risks(transaction)

    def follows(self) -> bool:
        """Whether it is a standby, which may be behind the server that it follows; a file never is."""
        if sqlite_path(self.url) is not None:
            return False
        with self.read() as transaction:
            return bool(transaction.execute(select(func.pg_is_in_recovery())).scalar_one())

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # a guard rail or a key: the caller's business
        except DBAPIError as error:
            explained = self._backend.explain(error)
            if explained is None:
                raise
            raise explained from error


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
        store.take_into_use(readonly=readonly)
    except BaseException:
        store.close()
        raise
    return store


def exists(url: str) -> bool:
    """Whether there is something at this address: a file, or on a server the tables of a store of any version."""
    from moodle_sync.store import schema

    path = sqlite_path(url)
    if path is not None:
        return path.exists()
    with connect(url, readonly=True) as store:
        return schema.revision(store) is not None


def init_store(url: str) -> Store:
    """Creates a store with this version's tables (SQLite: a file of mode 0600) and opens it.

    Killed half-way, it leaves no file of that name. Refuses to touch a store that exists.

    Raises:
        LedgerUnusable: there is something at that place already, or the directory is missing.
    """
    if exists(url):
        raise LedgerUnusable(f"{sqlite_path(url) or 'a store'} exists already; nothing was written", hint=_ELSEWHERE)
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
        raise LedgerUnusable(f"{path} exists already; nothing was written", hint=_ELSEWHERE)
    if not path.parent.is_dir():
        raise LedgerUnusable(f"there is no directory {path.parent} for {path.name}", hint="Create it first.")
    part = files.part_of(path)
    for leftover in (part, *(part.with_name(part.name + tail) for tail in ("-wal", "-shm", "-journal"))):
        leftover.unlink(missing_ok=True)  # of an earlier run that was killed here
    files.create(part, b"")
    with connect(with_path(url, part)) as store:
        _make(store, fill)
    return part  # its last connection has closed: the write-ahead log is in the file, and gone


def finish_store(part: Path, path: Path) -> None:
    """Gives a prepared store its name; raises LedgerUnusable when the name was taken meanwhile."""
    try:
        files.move_new(part, path)
    except FileExistsError as error:
        raise LedgerUnusable(f"{path} exists already; nothing was written", hint=_ELSEWHERE) from error


def _make(store: Store, fill: Callable[[Transaction], None] | None) -> None:
    from moodle_sync.store import schema

    schema.migrate(store)
    if fill is not None:
        with store.write() as transaction:
            fill(transaction)


def connect(url: str, *, readonly: bool = False, busy_seconds: float = BUSY_SECONDS) -> Store:
    """A store whose version nobody has looked at yet: for migrations; others use :func:`open_store`."""
    path = sqlite_path(url)
    backend: Backend
    if path is None:
        backend = Postgres(parse(url), readonly=readonly, busy_seconds=busy_seconds)
    else:
        backend = Sqlite(url, path, readonly=readonly, busy_seconds=busy_seconds)
    return Store(backend.engine(), url, backend)
