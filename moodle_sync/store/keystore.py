"""The keystore: subjects' keys and salts, wrapped, in a SQLite file apart from the ledger.

Always a file of its own, also when the ledger is in PostgreSQL, so that the database's log, replicas and backups hold
ciphertext only. Rollback journal and secure_delete: a deleted key leaves no bytes behind. Rows are written here
before the ledger refers to them; one that the ledger does not know comes from an interrupted stage and harms nobody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.store import files
from moodle_sync.store.keys import MasterKey, SubjectKey

VERSION = 3
_SECOND = (
    "CREATE TABLE erased (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",  # in order of name: no group shows
    "CREATE TABLE carried (use TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT",
)
# One tree, a subject's salts side by side: commitments are random, and would be written all over a tree of their own.
_SALTS = (
    "CREATE TABLE salt (pseudonym TEXT NOT NULL, commitment BLOB NOT NULL, wrapped BLOB NOT NULL, "
    "PRIMARY KEY (pseudonym, commitment)) STRICT, WITHOUT ROWID"
)
_THIRD = (
    "ALTER TABLE salt RENAME TO salt_2",
    _SALTS,
    "INSERT INTO salt SELECT pseudonym, commitment, wrapped FROM salt_2 ORDER BY pseudonym, commitment",
    "DROP TABLE salt_2",
)
_TABLES = (
    "CREATE TABLE subject_key (pseudonym TEXT PRIMARY KEY, master_id TEXT NOT NULL, wrapped BLOB NOT NULL) STRICT",
    _SALTS,
    "CREATE TABLE master (id TEXT PRIMARY KEY) STRICT",
    *_SECOND,
)
_WANTED = "SELECT salt.* FROM wanted CROSS JOIN salt ON pseudonym = name AND commitment = promise"  # one by one
_CHUNK = 500
_KEPT = 2000  # unwrapped keys in memory: more than the people of whom anything asks at a time


Salt = tuple[str, bytes, bytes]
"""A salt on its way into the keystore: pseudonym, commitment, and the salt wrapped under its subject's key."""


class Keystore:
    """An open keystore. Use as a context manager, or call :meth:`close`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, master: MasterKey) -> None:
        self._connection = connection
        self._path = path
        self.master = master
        self._keys: dict[str, SubjectKey | None] = {}

    def key(self, pseudonym: str) -> SubjectKey | None:
        """The key of a subject, or None when there is none (any more).

        Raises:
            VerificationFailed: the wrapped key was altered.
        """
        if pseudonym not in self._keys:
            query = "SELECT wrapped FROM subject_key WHERE pseudonym = ?"
            with _translated():
                row = self._connection.execute(query, (pseudonym,)).fetchone()
            if len(self._keys) >= _KEPT:
                self._keys.clear()
            self._keys[pseudonym] = None if row is None else self.master.unwrap(pseudonym, row[0])
        return self._keys[pseudonym]

    def salts(self, promises: Sequence[tuple[str, bytes]]) -> dict[tuple[str, bytes], bytes]:
        """The wrapped salts of those of these ``(pseudonym, commitment)`` that have one."""
        found: dict[tuple[str, bytes], bytes] = {}
        for start in range(0, len(promises), _CHUNK):
            chunk = promises[start : start + _CHUNK]
            marks = ",".join(["(?,?)"] * len(chunk))
            query = f"WITH wanted (name, promise) AS (VALUES {marks}) {_WANTED}"
            with _translated():
                for pseudonym, commitment, wrapped in self._connection.execute(query, list(chain(*chunk))):
                    found[(pseudonym, commitment)] = wrapped
        return found

    def add(self, keys: Mapping[str, bytes], salts: Iterable[Salt]) -> None:
        """Stores new subjects' keys (as they are, by pseudonym) and salts; on disk when this returns."""
        wrapped = [(name, self.master.id, self.master.wrap(name, secret)) for name, secret in keys.items()]
        with self._write() as connection:
            connection.executemany("INSERT INTO subject_key VALUES (?, ?, ?)", wrapped)
            fresh = sorted(salts)
            for start in range(0, len(fresh), _CHUNK):  # many a statement: half the time of one by one
                some = fresh[start : start + _CHUNK]
                marks = ",".join(["(?,?,?)"] * len(some))
                connection.execute(f"INSERT INTO salt VALUES {marks}", list(chain(*some)))  # noqa: S608 (marks)
        for name in keys:
            self._keys.pop(name, None)

    @contextmanager
    def adding(self, keys: Mapping[str, bytes], salts: Iterable[Salt]) -> Iterator[None]:
        """Stores keys and salts as :meth:`add` does, while the caller writes elsewhere; on disk when that is done.

        Either waits for its disk most of the time. Should the caller fail, keys are left that nobody refers to.
        """
        with ThreadPoolExecutor(max_workers=1) as other:
            written = other.submit(self.add, keys, list(salts))
            yield
            written.result()

    def destroy(self, pseudonyms: Sequence[str], commitments: Sequence[bytes] = ()) -> tuple[int, int]:
        """Deletes the keys and salts of these subjects, and single salts, for good; overwritten when this returns.

        Those that are gone already are no error. That they were erased is kept, so that no backup brings them back.
        Returns how many keys and salts went.
        """
        names = [(name,) for name in pseudonyms]
        gone = [*names, *((commitment.hex(),) for commitment in commitments)]
        with self._write() as connection:
            keys = connection.executemany("DELETE FROM subject_key WHERE pseudonym = ?", names).rowcount
            salts = connection.executemany("DELETE FROM salt WHERE pseudonym = ?", names).rowcount
            salts += _delete_single(connection, commitments) if commitments else 0
            connection.executemany("INSERT OR IGNORE INTO erased VALUES (?)", gone)
        for name in pseudonyms:
            self._keys.pop(name, None)
        return keys, salts

    def erased(self) -> list[str]:
        """Everything that was ever erased, sorted: pseudonyms, and commitments (hex) of single payloads.

        Random numbers, and what leaves say anyway: nothing joins them to anybody any more.
        """
        with _translated():
            return [row[0] for row in self._connection.execute("SELECT name FROM erased ORDER BY name")]

    def rotate(self, new: MasterKey) -> int:
        """Wraps every key under a new master key, in one transaction; returns how many. From then on only it opens.

        What the new key has to know of the old one lies beside them, until :meth:`rotated`.
        """
        with self._write() as connection:
            rows = connection.execute("SELECT pseudonym, wrapped FROM subject_key").fetchall()
            fresh = [(new.id, self.master.rewrap(name, wrapped, new), name) for name, wrapped in rows]
            connection.executemany("UPDATE subject_key SET master_id = ?, wrapped = ? WHERE pseudonym = ?", fresh)
            connection.execute("DELETE FROM carried")
            connection.executemany("INSERT INTO carried VALUES (?, ?)", self.master.hand_down(new).items())
            connection.execute("UPDATE master SET id = ?", (new.id,))
        new.inherit(_carried(self._connection))
        self.master = new
        self._keys.clear()
        return len(fresh)

    def rotating(self) -> bool:
        """Whether the mapping may still hold lookups of an older master key."""
        with _translated():
            query = "SELECT COUNT(*) FROM carried WHERE use LIKE 'lookup/%'"
            return bool(self._connection.execute(query).fetchone()[0])

    def rotated(self) -> None:
        """Forgets how an older master key made lookups."""
        with self._write() as connection:
            connection.execute("DELETE FROM carried WHERE use LIKE 'lookup/%'")

    def scrub(self) -> None:
        """Writes the file anew, without anything that deleted rows left between those that remain."""
        with _translated():
            self._connection.execute("VACUUM")

    def count(self) -> tuple[int, int]:
        """How many subjects' keys and how many salts there are."""
        with _translated():
            keys = self._connection.execute("SELECT COUNT(*) FROM subject_key").fetchone()[0]
            return keys, self._connection.execute("SELECT COUNT(*) FROM salt").fetchone()[0]

    def once_more(self) -> Keystore:
        """The same keystore, opened again to be read only: for another process, which may not use this connection."""
        with _translated():
            return Keystore(_connect(self._path, readonly=True), self._path, self.master)

    def close(self) -> None:
        """Closes the file and forgets the keys."""
        self._keys.clear()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def create_keystore(path: Path, master: MasterKey) -> None:
    """Makes an empty keystore of mode 0600 for this master key.

    Raises:
        FileExistsError: something of that name is there.
    """
    files.create(path, b"")
    connection = _connect(path, readonly=False)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO master VALUES (?)", (master.id,))
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def open_keystore(path: Path, master: MasterKey, *, readonly: bool = False) -> Keystore:
    """Opens a keystore that exists.

    Raises:
        LedgerUnusable: it is missing, can be read by others, is of another version, or belongs to another master key.
    """
    files.require_private(path, "the keystore")
    with _translated():
        connection = _connect(path, readonly=readonly)
        try:
            _require_version(connection, path)
            known = [row[0] for row in connection.execute("SELECT id FROM master")]
        except (sqlite3.Error, LedgerUnusable):
            connection.close()
            raise
    if known != [master.id]:
        connection.close()
        raise LedgerUnusable(
            f"the master key {master.id} is not the one of this keystore ({', '.join(known)}): {path}",
            hint="Give the key that the ledger was made with; the number is its identifier, not the key. "
            "If changing it was cut off, run again: moodle-sync ledger rotate-master-key",
        )
    try:
        with _translated():
            master.inherit(_carried(connection))
    except (LedgerUnusable, VerificationFailed):
        connection.close()
        raise
    return Keystore(connection, path, master)


def upgrade_keystore(path: Path) -> bool:
    """Brings a keystore of an older version to this one, in one transaction; says whether there was anything to do.

    Raises:
        LedgerUnusable: it is missing, is no keystore, or was written by a newer program.
    """
    files.require_private(path, "the keystore")
    with _translated():
        connection = _connect(path, readonly=False)
        try:
            before = connection.execute("PRAGMA user_version").fetchone()[0]
            if before not in (1, 2):
                _require_version(connection, path)
                return False
            connection.execute("BEGIN IMMEDIATE")
            for statement in (*(_SECOND if before == 1 else ()), *_THIRD):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
            return True
        finally:
            connection.close()


def _delete_single(connection: sqlite3.Connection, commitments: Sequence[bytes]) -> int:
    # All salts are looked through, once: they are in the order of their subjects.
    connection.execute("CREATE TEMP TABLE gone (commitment BLOB PRIMARY KEY) STRICT, WITHOUT ROWID")
    connection.executemany("INSERT INTO gone VALUES (?)", [(one,) for one in set(commitments)])
    count = connection.execute("DELETE FROM salt WHERE commitment IN (SELECT commitment FROM gone)").rowcount
    connection.execute("DROP TABLE gone")
    return count


def _carried(connection: sqlite3.Connection) -> dict[str, bytes]:
    return dict(connection.execute("SELECT use, wrapped FROM carried").fetchall())


def _require_version(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        raise LedgerUnusable(f"this file is not a keystore: {path}", hint="Name the right file, or restore a backup.")
    if version < VERSION:
        hint = "Copy the file to a safe place, then run: moodle-sync ledger migrate"
        raise LedgerUnusable(f"the keystore has version {version}, this program needs {VERSION}: {path}", hint=hint)
    if version != VERSION:
        hint = "It was written by a newer moodle_sync. Run: pip install --upgrade moodle-sync"
        raise LedgerUnusable(f"the keystore has version {version}, this program needs {VERSION}: {path}", hint=hint)


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode={'ro' if readonly else 'rw'}"
    # One thread after the other uses it, never two at once: see Keystore.adding.
    connection = sqlite3.connect(address, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
    pragmas = ["synchronous=EXTRA", "trusted_schema=OFF"]  # EXTRA: a journal's removal is on disk before we go on
    pragmas.append("cache_size=-16000")  # KiB
    pragmas += ["query_only=ON"] if readonly else ["journal_mode=DELETE", "secure_delete=ON"]
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise VerificationFailed("the keystore holds a key or salt of that name already") from error
    except sqlite3.DatabaseError as error:
        hint = "If another process uses it, wait until it has finished. Else keep the file and restore a backup."
        raise LedgerUnusable(f"the keystore cannot be used: {error}", hint=hint) from error
