"""The store in SQLite: one file an organisation.

WAL, synchronous=FULL, foreign keys, recursive triggers (without them ``INSERT OR REPLACE`` passes by the guard rails),
all set on each connection. A write transaction starts with BEGIN IMMEDIATE, so that what it read cannot have changed
when it writes; there is one writer at a time, whatever its scope.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store.tables import metadata

_WRITE = "moodle_sync_write"
_ABSENT = re.compile(r"no such (?:table|column): (?:\w+\.)?(\w+)")


class Sqlite:
    """A file, as a :class:`~moodle_sync.store.backend.Backend`."""

    def __init__(self, url: str, path: Path, *, readonly: bool, busy_seconds: float) -> None:
        self._url = url
        self._path = path
        self._readonly = readonly
        self._busy_seconds = busy_seconds

    def engine(self) -> Engine:
        """See :class:`~moodle_sync.store.backend.Backend`."""
        mode = "ro" if self._readonly else "rw"  # never "rwc": a mistyped path must not become an empty ledger

        def creator() -> sqlite3.Connection:
            address = f"file:{quote(str(self._path.absolute()))}?mode={mode}"
            connection = sqlite3.connect(address, uri=True, timeout=self._busy_seconds, isolation_level=None)
            pragmas = ["foreign_keys=ON", "recursive_triggers=ON", "trusted_schema=OFF", "synchronous=FULL"]
            pragmas.append("cache_size=-16000")  # KiB: random keys (commitments) touch many pages of an index
            pragmas.append(
                "wal_autocheckpoint=16000"
            )  # pages (64 MB): one that is written ten times is copied back once
            pragmas.append("query_only=ON" if self._readonly else "journal_mode=WAL")
            try:
                for pragma in pragmas:
                    connection.execute(f"PRAGMA {pragma}")
            except sqlite3.Error:
                connection.close()
                raise
            except UnicodeDecodeError as error:  # of SQLite's own message, which quotes a schema that it cannot read
                connection.close()
                hint = "Keep the file, restore a backup."
                raise LedgerUnusable("the store cannot be used: its schema is damaged", hint=hint) from error
            return connection

        engine = create_engine(self._url, creator=creator)
        event.listen(engine, "begin", _begin)
        return engine

    def reading(self, connection: Connection) -> Connection:
        """See :class:`~moodle_sync.store.backend.Backend`."""
        return connection

    def writing(self, connection: Connection) -> Connection:
        """See :class:`~moodle_sync.store.backend.Backend`."""
        return connection.execution_options(**{_WRITE: True})

    def lock(self, connection: Connection, scope: str | None) -> None:
        """Nothing is left to do: BEGIN IMMEDIATE is the only right to write."""

    def explain(self, error: DBAPIError) -> LedgerUnusable | None:
        """See :class:`~moodle_sync.store.backend.Backend`."""
        text = str(error.orig)
        if "locked" in text or "busy" in text:
            hint = "Wait until it has finished, then run again."
            return LedgerUnusable("the store is locked by another process", hint=hint)
        if type(error) in (DatabaseError, OperationalError) and not _is_mistake(text):
            # A damaged file fails in a hundred ways, and so does a full disk or a lost share.
            return LedgerUnusable(f"the store cannot be used: {text}", hint="Keep the file, restore a backup.")
        return None

    def scrub(self, engine: Engine) -> bool:
        """Writes the file anew, and empties the write-ahead log: after that nothing is left anywhere.

        Raises:
            LedgerUnusable: another process reads or writes: the log still holds remnants. Run again later.
        """
        busy = LedgerUnusable(
            "another process uses the store: what was deleted may still lie in its write-ahead log",
            hint="Wait until it has finished, then run: moodle-sync ledger erase --resume",
        )
        with engine.connect() as connection:
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

    def risks(self, connection: Connection) -> list[str]:
        """None: each connection is told to flush."""
        return []


def _begin(connection: Connection) -> None:
    # The sqlite3 module's own BEGIN comes too late (at the first write): with isolation_level=None we say it.
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITE) else "BEGIN")


def _is_mistake(text: str) -> bool:
    """Whether the SQL was wrong. A table of ours that is not there is damage, of any other name a mistake of ours."""
    absent = _ABSENT.match(text)
    if absent is None:
        return text.startswith("near ")
    columns = {column.name for table in metadata.tables.values() for column in table.columns}
    return absent[1] not in columns | set(metadata.tables)
