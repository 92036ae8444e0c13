"""Where a restored ledger goes: a SQLite file, or a database on a server. Nothing is there until the last step.

On a server the backup is worked on in a file beside the keystore all the same: what has to be erased from it never
reaches the server's log. Only what is finished is copied there, under a mark that lets nobody open it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from moodle_sync.config import Settings
from moodle_sync.errors import LedgerError, UsageError
from moodle_sync.ledger import moving as ledger_moving
from moodle_sync.store import Store, files, marks, moving
from moodle_sync.store.engine import finish_store, sqlite_path
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.tree import Head

TAILS = ("-wal", "-shm", "-journal")
_KEEP = "Move it away first, and keep it: it may know more."


class Place(Protocol):
    """The configured place of the store."""

    address: str
    """As it is told to a person."""
    part: Path
    """The file in which the backup is made the ledger; it goes when the restore ends, however it ends."""

    def require_free(self) -> None:
        """Passes when nothing is there, or what a restore of the same ledger began there. Raises UsageError."""

    def bring(self, store: Store, keystore: Keystore, published: Sequence[str]) -> None:
        """Takes the finished store near; it does not open yet. Raises VerificationFailed when it did not arrive."""

    def open(self) -> None:
        """Lets it be opened: the last step. Nothing of the part is left then that an erasure would not reach."""

    def give_up(self) -> None:
        """Leaves nothing there of what did not end."""


def remove(part: Path) -> None:
    """Removes a file that a restore worked on, with what SQLite made beside it."""
    for tail in ("", *TAILS):
        part.with_name(part.name + tail).unlink(missing_ok=True)


def place_of(settings: Settings) -> Place:
    """The place that the configuration names."""
    path = sqlite_path(settings.ledger.store)
    return _Server(settings) if path is None else _File(path)


class _File:
    """A SQLite file: it gets its name at the end."""

    def __init__(self, path: Path) -> None:
        self.path, self.address, self.part = path, str(path), files.part_of(path)

    def require_free(self) -> None:
        for one in (self.path, *(self.path.with_name(self.path.name + tail) for tail in TAILS)):
            if one.exists():
                raise UsageError(f"{one} is there: nothing is written over", hint=_KEEP)
        if not self.path.parent.is_dir():
            raise UsageError(f"there is no folder {self.path.parent} for {self.path.name}", hint="Create it first.")

    def bring(self, store: Store, keystore: Keystore, published: Sequence[str]) -> None:
        """Nothing: it is beside its place already."""

    def open(self) -> None:
        finish_store(self.part, self.path)

    def give_up(self) -> None:
        """Nothing: the part goes in any case."""


class _Server:
    """A database: its tables are made there, marked, filled, verified; then the mark goes."""

    def __init__(self, settings: Settings) -> None:
        self.address = settings.ledger.store
        self.part = files.part_of(settings.ledger.keystore.with_name("ledger.db"))
        self._source = f"{marks.RESTORING}{settings.ledger.origin}"
        self._heads: tuple[Head, ...] = ()

    def require_free(self) -> None:
        moving.require_room(self.address, self._source)

    def bring(self, store: Store, keystore: Keystore, published: Sequence[str]) -> None:
        moving.make_room(self.address, self._source)
        with store.read() as source:
            self._heads, _ = ledger_moving.bring(source, keystore, self.address, published)

    def open(self) -> None:
        remove(self.part)  # first: killed after the last step, it would stay, and no erasure knows of it
        ledger_moving.arrive(self.address, self._source, self._heads)

    def give_up(self) -> None:
        with suppress(LedgerError):  # out of reach: the mark stays, and the next restore removes it
            moving.clear(self.address, self._source)
