"""Copies of the store and of the keystore as single SQLite files; and what was erased, taken out of a copy again.

A copy is one consistent view, without a byte of deleted rows. Copies are opened as plain files, never as the ledger:
one may be of an older version of the tables.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import files, moving
from moodle_sync.store.copies import CopyKind
from moodle_sync.store.engine import Store, init_store, sqlite_path

_OWNED = {
    "store": {
        "payload": "subject",
        "current": "subject",
        "pending": "subject",
        "refusal": "subject",
        "handout_subject": "subject",
        "subject": "pseudonym",
    },
    "keystore": {"salt": "pseudonym", "subject_key": "pseudonym"},
}
_STATES = (
    "DELETE FROM current WHERE payload IN (SELECT id FROM payload WHERE commitment IN gone)",
    # as tables up to version 0004 had them
    "DELETE FROM current WHERE (shard, idx) IN (SELECT shard, idx FROM payload WHERE commitment IN gone) "
    "OR pending IN (SELECT id FROM pending WHERE commitment IN gone)",
)
_SINGLE = {
    "store": ("DELETE FROM payload WHERE commitment IN gone", "DELETE FROM pending WHERE commitment IN gone"),
    "keystore": ("DELETE FROM salt WHERE commitment IN gone",),
}


def copy_store(store: Store, path: Path) -> None:
    """Copies the whole store to a new SQLite file of mode 0600, whatever database it is in.

    Raises:
        FileExistsError: something of that name is there. LedgerUnusable: the store or the disk gave up.
    """
    source = sqlite_path(store.url)
    if source is None:
        _copy_rows(store, path)
    else:
        _vacuum_into(source, path)


def copy_keystore(keystore: Path, path: Path) -> None:
    """Copies the keystore to a new file of mode 0600. Raises as :func:`copy_store`."""
    _vacuum_into(keystore, path)


def forget(path: Path, kind: CopyKind, pseudonyms: Sequence[str], commitments: Sequence[bytes] = ()) -> int:
    """Takes everything of these subjects, and single payloads, out of a copy; returns how many rows that were.

    The file is written anew without remnants. Entries stay, so the tree of a store's copy still gives the same root.

    Raises:
        LedgerUnusable: the file cannot be opened or written, or is no SQLite file.
    """
    with _opened(path, "rw") as connection:
        for pragma in ("secure_delete=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        names, count = [(name,) for name in pseudonyms], 0
        connection.execute("CREATE TEMP TABLE gone (commitment BLOB PRIMARY KEY)")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO gone VALUES (?)", [(one,) for one in commitments])
        if kind == "store":
            older = bool(connection.execute("SELECT 1 FROM pragma_table_info('current') WHERE name = 'idx'").fetchone())
            count += connection.execute(_STATES[older]).rowcount
        for statement in _SINGLE[kind]:
            count += connection.execute(statement).rowcount
        for table, column in _OWNED[kind].items():
            if table in there:
                query = f"DELETE FROM {table} WHERE {column} = ?"  # noqa: S608 (our own names)
                count += connection.executemany(query, names).rowcount
        if kind == "keystore" and "erased" in there:
            erased = [*names, *((one.hex(),) for one in commitments)]
            connection.executemany("INSERT OR IGNORE INTO erased VALUES (?)", erased)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
        # Restored and opened once, a copy would have a write-ahead log: none of it may stay beside the file.
        connection.execute("PRAGMA journal_mode=DELETE")
    return count


def sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file's own structure."""
    with _opened(path, "ro") as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def overwrite(path: Path) -> None:
    """Fills a file with zeros, and removes it. What the disk itself keeps of it (worn cells, snapshots) is its own."""
    left = path.stat().st_size
    with path.open("r+b") as file:
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _vacuum_into(source: Path, path: Path) -> None:
    files.create(path, b"")  # with its mode from the first byte; VACUUM INTO takes an empty file
    with _opened(source, "ro") as connection:
        connection.execute("VACUUM INTO ?", (str(path),))
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _copy_rows(store: Store, path: Path) -> None:
    with init_store(f"sqlite:///{path}") as target, store.read() as rows, target.write() as out:
        moving.copy(rows, out)
    with _opened(path, "rw") as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # or whoever reads the copy leaves a log beside it


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    try:
        address = f"file:{quote(str(path.absolute()))}?mode={mode}"
        connection = sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise LedgerUnusable(f"{path} cannot be copied or changed: {error}") from error
