"""What left the ledger, and what an erasure still owes there: copies of store and keystore, packs, exports, reports.

A duty is never kept in memory: a copy that is behind the number of erasures, a keystore copy past its end, a file about
somebody who was erased. Each erasure and each backup tries all of them again; status, doctor and verify name the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from moodle_sync.clock import Clock, to_rfc3339, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerError, UsageError, VerificationFailed
from moodle_sync.ledger import Ledger, erasedlist
from moodle_sync.ledger.erasedlist import ErasedList
from moodle_sync.store import Store, copies, copying, erasures, files, handouts, open_store
from moodle_sync.store.copies import CopyRow
from moodle_sync.store.handouts import HandoutRow
from moodle_sync.workflows import manifests

JSON = Any


@dataclass(frozen=True)
class Owed:
    """Places where something of an erased person may still be, in plain words, each with its path."""

    copies: tuple[str, ...]
    handouts: tuple[str, ...]

    def lines(self) -> list[str]:
        """For a person; nothing when nothing is owed."""
        return [*self.copies, *self.handouts]


def owed(store: Store, clock: Clock = utc_now) -> Owed:
    """What is not done yet."""
    now = to_rfc3339(clock())
    with store.read() as transaction:
        count = erasures.count(transaction)
        rows = copies.every(transaction)
        out = [row for row in handouts.every(transaction) if row.owed]
    behind = [_behind(row, now) for row in rows if row.clean < count or (row.until and row.until < now)]
    return Owed(tuple(behind), tuple(f"{row.path} ({row.kind} of {row.made_at}) holds what was erased" for row in out))


def _behind(row: CopyRow, now: str) -> str:
    if row.until and row.until < now:
        return f"{row.path} (copy of the keystore) should have been destroyed on {row.until}"
    until = f", kept until {row.until}" if row.until else ", kept without an end"
    return f"{row.path} (copy of the {row.kind}{until}) still holds what was erased"


def settle(ledger: Ledger, clock: Clock = utc_now) -> int:
    """Takes what was erased out of every copy in reach, and destroys those past their end; returns how many it changed.

    What is out of reach, or fails, stays owed.
    """
    now, done = to_rfc3339(clock()), 0
    with ledger.store.read() as transaction:
        rows, count = copies.every(transaction), erasures.count(transaction)
    names = ledger.keystore.erased()
    for row in rows:
        folder = Path(row.path)
        try:
            if row.until and row.until < now:
                destroy(folder)
                with ledger.store.write() as transaction:
                    copies.gone(transaction, row.id)
            elif row.clean < count:
                _clean(folder, names)
                with ledger.store.write() as transaction:
                    copies.cleaned(transaction, row.id, count)
            else:
                continue
            done += 1
        except (OSError, LedgerError):
            continue  # owed: the register still says so
    return done


def _clean(folder: Path, names: list[str]) -> None:
    manifest = manifests.read(folder)
    path = manifests.file_of(folder, manifest)
    # Killed between these two, the copy says that its digest is not to be believed, and the register that it is owed.
    manifests.write(folder, manifest.model_copy(update={"rewriting": True}))
    copying.forget(path, manifest.kind, *erasedlist.split(names))
    manifests.write(folder, manifests.sized(manifest, path))


def destroy(folder: Path) -> None:
    """Overwrites a copy and removes it; what else somebody put into its folder stays.

    Raises:
        LedgerError, OSError: it is out of reach.
    """
    manifest = manifests.read(folder)
    copying.overwrite(manifests.file_of(folder, manifest))
    (folder / manifests.NAME).unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


# ---- the list of what was erased, outside the ledger -------------------------------------------------------------


def list_name(settings: Settings) -> str:
    """The name of the list's file, in whatever folder."""
    return f"erased-{quote(settings.ledger.origin, safe='')}.list"


def write_lists(settings: Settings, ledger: Ledger) -> list[str]:
    """Writes the signed list of what was erased beside the keystore and beside every copy in reach.

    Returns the folders that it could not write to. The one beside the keystore has to work.
    """
    _, text = ledger.erased_list()
    with ledger.store.read() as transaction:
        rows = copies.every(transaction)
    name, missed = list_name(settings), []
    files.replace(settings.ledger.keystore.parent / name, text.encode(), files.PRIVATE)
    for folder in list_folders(settings, rows):
        try:
            files.replace(folder / name, text.encode(), files.PRIVATE)
        except OSError:
            missed.append(str(folder))
    return missed


def list_folders(settings: Settings, rows: Iterable[CopyRow] = ()) -> list[Path]:
    """Where lists are kept beside the keystore's own folder: with the backups."""
    chosen = [settings.backup.folder, settings.backup.keystore_folder, *(Path(row.path).parent for row in rows)]
    return sorted({folder for folder in chosen if folder is not None})


def read_lists(settings: Settings, folders: Iterable[Path], publics: list[bytes]) -> Iterator[ErasedList]:
    """The lists of this ledger in these folders whose signature holds."""
    for folder in sorted({settings.ledger.keystore.parent, *folders}):
        try:
            found = erasedlist.verify((folder / list_name(settings)).read_text(encoding="utf-8"), publics)
        except (OSError, UnicodeDecodeError, VerificationFailed):
            continue
        if found.origin == settings.ledger.origin:
            yield found


# ---- ledger copies ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Register:
    """Everything that left the ledger and is known, and what is owed."""

    copies: tuple[CopyRow, ...]
    handouts: tuple[HandoutRow, ...]
    owed: Owed

    def lines(self) -> list[str]:
        """For a person."""
        lines = [
            f"{row.made_at}  copy of the {row.kind}  {row.path}{f'  until {row.until}' if row.until else ''}"
            for row in self.copies
        ]
        lines += [f"{row.made_at}  {row.kind}  {row.path}" for row in self.handouts]
        lines += [f"! {line}" for line in self.owed.lines()]
        return lines or ["Nothing that left the ledger is known."]

    def document(self) -> JSON:
        """For a program."""
        return {
            "copies": [row._asdict() for row in self.copies],
            "handouts": [row._asdict() for row in self.handouts],
            "owed": asdict(self.owed),
        }


def register(settings: Settings, *, settle: str | None = None) -> Register:
    """What is known; with ``settle`` that path is forgotten first, because a person says that it is destroyed.

    Raises:
        UsageError: it is not in the register, or it is still there.
    """
    with open_store(settings.ledger.store) as store:
        if settle is not None:
            _forgotten(store, settle)
        with store.read() as transaction:
            rows, out = tuple(copies.every(transaction)), tuple(handouts.every(transaction))
        return Register(rows, out, owed(store))


def _forgotten(store: Store, path: str) -> None:
    with store.write() as transaction:
        copy_ids = [row.id for row in copies.every(transaction) if row.path == path]
        out_ids = [row.id for row in handouts.every(transaction) if row.path == path]
        if not copy_ids and not out_ids:
            raise UsageError(f"{path} is not in the register", hint="moodle-sync ledger copies lists what is.")
        if Path(path).exists():
            raise UsageError(f"{path} is still there", hint="Destroy it first; then say so again.")
        for number in copy_ids:
            copies.gone(transaction, number)
        for number in out_ids:
            handouts.gone(transaction, number)


def delete_handouts(store: Store, rows: Iterable[HandoutRow]) -> list[str]:
    """Deletes files that are owed and are still what was written; returns their paths. The others stay owed."""
    deleted = []
    for row in rows:
        path = Path(row.path)
        try:
            if row.sha256 is None or digest(path) != row.sha256:
                continue  # cut off, changed, or something else by now: a person looks
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError:
            continue
        with store.write() as transaction:
            handouts.gone(transaction, row.id)
        deleted.append(row.path)
    return deleted


def digest(path: Path) -> str:
    """What stands for a file that was handed out, or for a pack in a folder: that of its manifest."""
    return copying.sha256(path / "manifest.json" if path.is_dir() else path)
