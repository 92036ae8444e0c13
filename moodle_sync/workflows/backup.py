"""ledger backup: a copy of the store, and of the keystore apart, each proven after it was written and registered."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from moodle_sync.clock import Clock, to_rfc3339, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import DoneInPart, LedgerUnusable, UsageError
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.continuing import Examined, examine
from moodle_sync.store import copies, copying, erasures, open_store, schema
from moodle_sync.store.keystore import VERSION, open_keystore
from moodle_sync.workflows import manifests
from moodle_sync.workflows.copies import Owed, owed, settle, write_lists
from moodle_sync.workflows.ledger import open_ledger, sign
from moodle_sync.workflows.locks import only_one
from moodle_sync.workflows.manifests import Head, Manifest

JSON = Any


@dataclass(frozen=True)
class BackedUp:
    """The folders that were written, what is in the copy, and what older copies still owe."""

    store: Path
    keystore: Path | None
    until: str | None
    entries: int
    checkpoint: str | None
    unpublished: tuple[str, ...]
    changed: int
    lists_missed: tuple[str, ...]
    owed: Owed

    @property
    def exit_code(self) -> int:
        """6 when the checkpoint that the backup ends with is not everywhere that it should be."""
        return DoneInPart.exit_code if self.unpublished or self.lists_missed else 0

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"{self.store}: {self.entries} entries, read back and proven; it ends with {self.checkpoint}."]
        if self.keystore is not None:
            lines.append(f"{self.keystore}: the keys to it, kept apart until {self.until}.")
        else:
            lines.append("The keystore was not copied: without a copy of it, what entries say dies with its disk.")
        lines.append("Not in it: the master key and the signing key. Keep a copy of each where fire does not reach.")
        if self.changed:
            lines.append(f"{self.changed} older copies were brought up to date (erasures, end of keeping).")
        lines += [f"! not published: {line}" for line in self.unpublished]
        lines += [f"! no list of what was erased could be written to {folder}" for folder in self.lists_missed]
        return [*lines, *(f"! {line}" for line in self.owed.lines())]

    def document(self) -> JSON:
        """For a program."""
        paths = {"store": str(self.store), "keystore": None if self.keystore is None else str(self.keystore)}
        return {**asdict(self), **paths}


def backup(
    settings: Settings, out: Path | None = None, keystore_out: Path | None = None, *, clock: Clock = utc_now
) -> BackedUp:
    """Copy the store, and the keystore to another folder; sign and publish the head first, so that the copy ends there.

    Raises:
        UsageError: a folder is missing, or both are one. PlanRefused: another backup runs.
        VerificationFailed: what was written is not what was sealed. LedgerUnusable: a disk gave up.
    """
    folder, vault = _folders(settings, out, keystore_out)
    with only_one(settings, "backup"), open_ledger(settings) as ledger:
        changed = settle(ledger, clock)
        unpublished: tuple[str, ...] = ()
        if ledger.size():
            try:
                sign(settings, ledger)
            except DoneInPart as error:
                unpublished = error.failures
        made, found = _copy_store(ledger, folder, vault, clock())
        keystore = None if vault is None else _copy_keystore(settings, ledger, vault, clock())
        missed = write_lists(settings, ledger)
        changed += settle(ledger, clock)  # somebody may have been erased while the copies were written
        return BackedUp(
            store=made,
            keystore=keystore,
            until=None if keystore is None else manifests.read(keystore).until,
            entries=sum(head.size for head in found.heads),
            checkpoint=f"checkpoint {found.last.shard}/{found.last.size}" if found.last else "no checkpoint",
            unpublished=unpublished,
            changed=changed,
            lists_missed=tuple(missed),
            owed=owed(ledger.store, clock),
        )


def _folders(settings: Settings, out: Path | None, keystore_out: Path | None) -> tuple[Path, Path | None]:
    folder, vault = out or settings.backup.folder, keystore_out or settings.backup.keystore_folder
    if folder is None:
        raise UsageError("where to? Give --out, or set folder under [backup] in config.toml")
    folder, vault = folder.resolve(), None if vault is None else vault.resolve()
    for place in filter(None, (folder, vault)):
        if not place.is_dir():
            raise UsageError(f"there is no folder {place}: create it, or mount the disk that it is on")
    if vault is not None and (folder == vault or folder in vault.parents or vault in folder.parents):
        raise UsageError("store and keystore go to two folders, neither inside the other: best on two disks")
    if folder == settings.ledger.keystore.parent.resolve():
        raise UsageError(f"{folder} holds the keystore itself: a copy of the store belongs elsewhere")
    return folder, vault


def _copy_store(ledger: Ledger, folder: Path, vault: Path | None, now: datetime) -> tuple[Path, Examined]:
    target = folder / f"ledger-{now:%Y%m%dT%H%M%SZ}"
    clean = _erasures(ledger)
    with manifests.making(target) as part:
        path = part / manifests.FILES["store"]
        copying.copy_store(ledger.store, path)
        if not copying.sound(path):
            raise LedgerUnusable(f"what was written to {folder} is damaged", hint="Look after that disk.")
        with open_store(f"sqlite:///{path}", readonly=True) as copy:
            found = examine(copy, ledger.origin)
        if not found.closed:
            raise LedgerUnusable("another process sealed meanwhile: nothing was kept", hint="Run it again.")
        apart = None if vault is None else str(vault)
        manifests.write(part, _store_manifest(ledger.origin, path, found, now).model_copy(update={"apart": apart}))
        _register(ledger, "store", target, now, None, clean)
    return target, found


def _store_manifest(origin: str, path: Path, found: Examined, now: datetime) -> Manifest:
    return Manifest(
        kind="store",
        origin=origin,
        made_at=to_rfc3339(now),
        version=schema.HEAD,
        heads=tuple(Head(shard=head.shard, size=head.size, root=head.root.hex()) for head in found.heads),
        checkpoint=found.last.note if found.last else None,
        bytes=path.stat().st_size,
        sha256=copying.sha256(path),
    )


def _copy_keystore(settings: Settings, ledger: Ledger, folder: Path, now: datetime) -> Path:
    # After the store: every key that the copy of the store needs is there by now.
    target = folder / f"keystore-{now:%Y%m%dT%H%M%SZ}"
    until = to_rfc3339(now + timedelta(days=settings.backup.keystore_days))
    clean = _erasures(ledger)
    with manifests.making(target) as part:
        path = part / manifests.FILES["keystore"]
        copying.copy_keystore(settings.ledger.keystore, path)
        with open_keystore(path, ledger.keystore.master, readonly=True):
            if not copying.sound(path):
                raise LedgerUnusable(f"what was written to {folder} is damaged", hint="Look after that disk.")
        found = Manifest(
            kind="keystore",
            origin=ledger.origin,
            made_at=to_rfc3339(now),
            until=until,
            version=str(VERSION),
            master=ledger.keystore.master.id,
            bytes=path.stat().st_size,
            sha256=copying.sha256(path),
        )
        manifests.write(part, found)
        _register(ledger, "keystore", target, now, until, clean)
    return target


def _erasures(ledger: Ledger) -> int:
    with ledger.store.read() as transaction:
        return erasures.count(transaction)


def _register(ledger: Ledger, kind: copies.CopyKind, path: Path, now: datetime, until: str | None, clean: int) -> None:
    # Before the copy gets its name: one that nobody knows of would keep what is erased later.
    with ledger.store.write() as transaction:
        copies.register(transaction, kind=kind, path=str(path), made_at=to_rfc3339(now), until=until, clean=clean)
