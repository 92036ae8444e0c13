"""ledger restore: a backup becomes the ledger again, after every later erasure was carried out on it; or it is refused.

Everything happens on files beside their places: they get their names when all of it held, and a database server gets
its copy then (``restore_place``). What was lost is stated in the ledger itself, and what follows is signed under a name
that nothing was ever signed under (ADR 7).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from moodle_sync.clock import Clock, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerError, LedgerUnusable, UsageError, VerificationFailed
from moodle_sync.ledger import losses, note, rotating
from moodle_sync.ledger.continuing import Examined, Outside, examine, hold_against
from moodle_sync.ledger.entries import number
from moodle_sync.ledger.verify import verify
from moodle_sync.store import Store, checkpoints, copies, files, schema
from moodle_sync.store.engine import connect
from moodle_sync.store.keys import load_master_key
from moodle_sync.store.keystore import Keystore, open_keystore, upgrade_keystore
from moodle_sync.workflows import manifests
from moodle_sync.workflows.copies import list_folders, owed, read_lists, settle, write_lists
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.locks import only_one
from moodle_sync.workflows.manifests import Manifest
from moodle_sync.workflows.publishing import read_notes
from moodle_sync.workflows.restore_place import Place, place_of, remove

JSON = Any


@dataclass(frozen=True)
class Source:
    """The folders that a restore reads: a copy of the store, and one of the keystore unless that is still there."""

    store: Path
    keystore: Path | None = None


@dataclass(frozen=True)
class Accepted:
    """What a person gave up in so many words: entries that are lost, and erasures that nobody can tell any more."""

    loss: bool = False
    unknown_erasures: bool = False


@dataclass(frozen=True)
class Standing:
    """Where a copy stands beside what is known outside. Heads are ``(shard, size)``, (0, 0) for nothing."""

    head: tuple[int, int]
    outside: tuple[int, int]
    borne_out: int
    """How many of the checkpoints found outside the copy agrees with."""
    listed: tuple[int, int] | None
    """Up to where the lists of what was erased are complete; None when none was found."""
    erased: frozenset[str]

    @property
    def known(self) -> tuple[int, int]:
        """How far the ledger is known to have been."""
        return max(self.head, self.outside, self.listed or (0, 0))

    @property
    def lost(self) -> bool:
        """Whether entries are known to be missing."""
        return self.known > self.head

    @property
    def covered(self) -> bool:
        """Whether every erasure up to what was published is on a list."""
        return self.listed is not None and self.listed >= max(self.head, self.outside)

    def missing(self) -> str:
        """Which entries are lost, in plain words."""
        (shard, size), (last, end) = self.head, self.known
        if not size:
            return f"everything is lost, up to {number(last, end - 1)} at least"
        if shard == last:
            return f"{end - size} entries are lost: {number(shard, size)} to {number(shard, end - 1)}"
        return f"everything after the first {size} entries of {shard} is lost, up to {number(last, end - 1)} at least"


@dataclass(frozen=True)
class Restored:
    """What was restored, where to, what it cost, and what is still to do."""

    store: str
    entries: int
    proven_by: int
    replayed: int
    payloads_gone: int
    lost: str | None
    entry: str | None
    erasures_known: bool
    owed: tuple[str, ...]

    def lines(self) -> list[str]:
        """For a person."""
        lines = [
            f"{self.store}: {self.entries} entries, in agreement with {self.proven_by} checkpoints found outside.",
            f"Nothing of what was ever erased is in it ({self.replayed} names); {self.payloads_gone} payloads went.",
        ]
        if self.lost is not None:
            lines.append(f"{self.lost}. Entry {self.entry} says so; what is sealed next begins a new shard.")
            lines.append(
                "Pull again: what Moodle still tells is entered anew. Attested facts have to be attested again."
            )
        if not self.erasures_known:
            lines.append(
                "! Erasures of the lost time are not known: carry them out again from your register of requests."
            )
        return [*lines, *(f"! {line}" for line in self.owed), "Now run: moodle-sync ledger checkpoint"]

    def document(self) -> JSON:
        """For a program."""
        return asdict(self)


def restore(
    settings: Settings, source: Source, accepted: Accepted | None = None, *, clock: Clock = utc_now
) -> Restored:
    """Put a backup in the place of a ledger that is gone: a file, or an empty database.

    Raises:
        UsageError: something is there already. PlanRefused: another restore runs.
        LedgerUnusable: entries are lost, or erasures not known, and that was not accepted; or the backup is not whole.
        VerificationFailed: it is not of the ledger that was published.
    """
    accepted, place = accepted or Accepted(), place_of(settings)
    settings.ledger.keystore.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(settings, "restore"):  # two would work on the same file
        _require_free(settings, source, place)
        manifest = _whole(settings, source)
        published = read_notes(settings)
        with _parts(settings, source, place) as (store, keystore):
            found = examine(store, settings.ledger.origin)
            standing = _stand(settings, source, store, keystore, found, published)
            _require_accepted(standing, accepted)
            entry, gone = _carry_on(settings, store, keystore, standing, clock())
            _register(settings, store, source, manifest)
            keystore.scrub()
            store.scrub()
            checked = verify(store, keystore, published)
            if not checked.ok:
                wrong = "; ".join(check.sentence for check in checked.checks if not check.ok)
                raise VerificationFailed(f"what would be restored does not hold: {wrong}")
            place.bring(store, keystore, published)
    with open_ledger(settings) as ledger:
        write_lists(settings, ledger)
        settle(ledger)
        due = owed(ledger.store).lines()
    return Restored(
        store=place.address,
        entries=checked.entries,
        proven_by=standing.borne_out,
        replayed=len(standing.erased),
        payloads_gone=gone,
        lost=standing.missing() if standing.lost else None,
        entry=entry,
        erasures_known=standing.covered,
        owed=tuple(due),
    )


def _require_free(settings: Settings, source: Source, place: Place) -> None:
    place.require_free()
    if source.keystore is not None and settings.ledger.keystore.exists():
        raise UsageError(
            f"{settings.ledger.keystore} is there: nothing is written over",
            hint="Leave out --keystore to use it, or move it away first, and keep it: it may know more.",
        )


def _whole(settings: Settings, source: Source) -> Manifest:
    """The manifest of the store's copy, when both copies are of this ledger, whole, and fit together."""
    manifest = _manifest(settings, source.store, "store")
    if source.keystore is not None:
        keys = _manifest(settings, source.keystore, "keystore")
        if keys.made_at < manifest.made_at:
            raise UsageError("the copy of the keystore is older than that of the store: keys would be missing")
        manifests.require_whole(source.keystore, keys)
    manifests.require_whole(source.store, manifest)
    return manifest


def _manifest(settings: Settings, folder: Path, kind: str) -> Manifest:
    manifest = manifests.read(folder)
    if manifest.kind != kind:
        raise UsageError(f"{folder} is a copy of the {manifest.kind}, not of the {kind}")
    if manifest.origin != settings.ledger.origin:
        raise UsageError(f"{folder} is of the ledger {manifest.origin!r}, not of {settings.ledger.origin!r}")
    return manifest


@contextmanager
def _parts(settings: Settings, source: Source, place: Place) -> Iterator[tuple[Store, Keystore]]:
    """Store and keystore beside their places, opened; they get their names when nothing failed, the store last."""
    part, vault = place.part, files.part_of(settings.ledger.keystore)
    try:
        _copy(source.store / manifests.FILES["store"], part)
        if source.keystore is None:
            vault = settings.ledger.keystore
        else:
            _copy(source.keystore / manifests.FILES["keystore"], vault)
        upgrade_keystore(vault)  # as the tables are: without a store, ledger migrate could not do it
        master = load_master_key(settings.ledger.master_key, os.environ, settings.ledger.master_keyring)
        with connect(f"sqlite:///{part}") as store, open_keystore(vault, master) as keystore:
            schema.require_known(store)
            schema.migrate(store)
            yield store, keystore
        if source.keystore is not None:
            files.move_new(vault, settings.ledger.keystore)
        place.open()
    except BaseException:
        place.give_up()
        raise
    finally:  # both, whatever this run made: keys that an earlier one left here would outlive every erasure
        for left in (part, files.part_of(settings.ledger.keystore)):
            remove(left)


def _copy(source: Path, part: Path) -> None:
    remove(part)
    try:
        files.create(part, b"")
        with source.open("rb") as from_file, part.open("wb") as to_file:
            shutil.copyfileobj(from_file, to_file)
            to_file.flush()
            os.fsync(to_file.fileno())
    except OSError as error:
        raise LedgerError(f"{source} cannot be copied: {error.strerror}") from error


def _stand(
    settings: Settings, source: Source, store: Store, keystore: Keystore, found: Examined, published: list[str]
) -> Standing:
    with store.read() as transaction:
        rows, publics = copies.every(transaction), checkpoints.signers(transaction)
        places = sorted({place for names in checkpoints.places(transaction).values() for place in names})
    public = note.public_bytes(note.load_key(settings.ledger.signing_key))
    outside = hold_against(store, published, public, settings.ledger.origin)
    if places and outside == Outside():
        raise LedgerUnusable(
            f"checkpoints were published to {', '.join(places)}, and none was found: what was lost cannot be told",
            hint="Bring that place back, under [ledger] checkpoints in config.toml.",
        )
    beside = [source.store.resolve().parent, *([source.keystore.resolve().parent] if source.keystore else [])]
    lists = list(read_lists(settings, [*beside, *list_folders(settings, rows)], [*publics, public]))
    names = set(keystore.erased()).union(*(one.names for one in lists))
    return Standing(
        found.head, outside.newest, outside.borne_out, max((one.head for one in lists), default=None), frozenset(names)
    )


def _require_accepted(standing: Standing, accepted: Accepted) -> None:
    if not standing.covered and not accepted.unknown_erasures:
        until = "none was found" if standing.listed is None else f"the newest found ends at {number(*standing.listed)}"
        raise LedgerUnusable(
            f"which erasures were carried out up to {number(*max(standing.head, standing.outside))} is not known: "
            f"of the lists of what was erased {until}",
            hint="Put the list (erased-….list: beside the keystore and with every backup) beside this backup. If there "
            "is none any more, --accept-unknown-erasures, and carry them out again from your register of requests.",
        )
    if standing.lost and not accepted.loss:
        raise LedgerUnusable(
            f"the ledger went further than this backup: {standing.missing()}",
            hint="Take a newer backup. If there is none, --accept-loss: the ledger will say for ever what is missing.",
        )


def _carry_on(
    settings: Settings, store: Store, keystore: Keystore, standing: Standing, now: datetime
) -> tuple[str | None, int]:
    entry = None
    if standing.lost:
        entry = losses.accept(store, standing.known, now, erasures_known=standing.covered)
        # The entry that named a signing key may be among those that are lost.
        rotating.announce_signer(store, note.public_bytes(note.load_key(settings.ledger.signing_key)), now)
    gone = losses.replay(store, keystore, standing.erased, now)
    return entry, gone


def _register(settings: Settings, store: Store, source: Source, manifest: Manifest) -> None:
    # What was copied after this backup is not in its register: the folders themselves say.
    with store.write() as transaction:
        copies.doubt(transaction)
        rows = copies.every(transaction)
        known = {row.path for row in rows}
        places = [source.store.resolve().parent, *([source.keystore.resolve().parent] if source.keystore else [])]
        apart = [Path(manifest.apart)] if manifest.apart else []
        for folder in sorted({*places, *apart, *list_folders(settings, rows)}):
            for one in sorted(path for path in folder.glob("*") if path.is_dir()):
                try:
                    found = manifests.read(one)
                except LedgerUnusable:
                    continue
                if str(one) not in known and found.origin == settings.ledger.origin:
                    at, until = found.made_at, found.until
                    copies.register(transaction, kind=found.kind, path=str(one), made_at=at, until=until, clean=-1)
