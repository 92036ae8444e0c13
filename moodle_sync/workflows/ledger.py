"""ledger init, verify, checkpoint: the ledger's own commands, and how the other workflows open it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from moodle_sync.clock import utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerUnusable
from moodle_sync.ledger import Ledger, Places
from moodle_sync.ledger.checks import Check
from moodle_sync.publish.file import FilePublisher, read_published
from moodle_sync.workflows.behind import require_not_behind
from moodle_sync.workflows.copies import owed, write_lists

JSON = Any


def places(settings: Settings) -> Places:
    """Where the parts of the ledger are."""
    ledger = settings.ledger
    return Places(
        ledger.store, ledger.keystore, ledger.signing_key, ledger.origin, ledger.master_key, ledger.master_keyring
    )


@contextmanager
def open_ledger(settings: Settings, *, readonly: bool = False) -> Iterator[Ledger]:
    """The configured ledger, closed afterwards.

    Raises:
        LedgerUnusable: it is not there, of another schema, or a key is missing; or it is opened for writing and was
            put back to an older state than it published.
    """
    if not readonly:
        require_not_behind(settings, _published(settings) or ())
    with Ledger.open(places(settings), readonly=readonly, clock=utc_now, environ=os.environ) as ledger:
        yield ledger


@dataclass(frozen=True)
class Initialised:
    """The files that were made."""

    files: tuple[str, ...]

    def lines(self) -> list[str]:
        """For a person."""
        return [
            "Made:",
            *(f"  {file}" for file in self.files),
            "Keep the keystore and the two keys apart from the database, and a copy of each where fire does not reach.",
        ]

    def document(self) -> JSON:
        """For a program."""
        return {"files": list(self.files)}


def init(settings: Settings) -> Initialised:
    """Make store, keystore, keys and the folder of checkpoints.

    Raises:
        LedgerUnusable: a part is there already; nothing is written over.
    """
    where = places(settings)
    for path in (where.keystore, where.signing_key, settings.ledger.master_key):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.ledger.checkpoints.mkdir(parents=True, exist_ok=True)
    Ledger.init(where, clock=utc_now, environ=os.environ)
    made = (where.keystore, where.signing_key, settings.ledger.master_key, settings.ledger.checkpoints)
    return Initialised((where.store_url, *(str(path) for path in made if path.exists())))


@dataclass(frozen=True)
class Verified:
    """What verification found, in plain words. ``owed``: where something of an erased person may still be."""

    ok: bool
    entries: int
    unprotected_tail: int
    checks: tuple[Check, ...]
    owed: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"{'✓' if check.ok else '✗'} {check.sentence}" for check in self.checks]
        verdict = "Everything holds together." if self.ok else "Something does not hold. Keep every file as it is."
        return [*lines, *(f"! {line}" for line in self.owed), f"{self.entries} entries. {verdict}"]

    def document(self) -> JSON:
        """For a program."""
        return {
            "ok": self.ok,
            "entries": self.entries,
            "unprotected_tail": self.unprotected_tail,
            "checks": [asdict(check) for check in self.checks],
            "owed": list(self.owed),
        }


def verify(settings: Settings, *, payloads: bool) -> Verified:
    """Derive everything again and hold it against the checkpoints in the configured folder."""
    with open_ledger(settings, readonly=True) as ledger:
        found = ledger.verify(published=_published(settings), payloads=payloads)
        due = owed(ledger.store).lines()
    return Verified(found.ok, found.entries, found.unprotected_tail, found.checks, tuple(due))


def _published(settings: Settings) -> list[str] | None:
    folder = settings.ledger.checkpoints
    return read_published(folder) if folder.is_dir() else None


def read_outside(settings: Settings) -> list[str]:
    """Every published note that can be read, oldest first."""
    return _published(settings) or []


@dataclass(frozen=True)
class Signed:
    """A checkpoint as it was signed and published."""

    origin: str
    size: int
    root: str
    places: tuple[str, ...]

    def lines(self) -> list[str]:
        """For a person."""
        return [f"{self.origin}: {self.size} entries, root {self.root}", *(f"  → {place}" for place in self.places)]

    def document(self) -> JSON:
        """For a program."""
        return asdict(self)


def checkpoint(settings: Settings) -> Signed:
    """Sign the head, after reading everything back from disk, and publish it.

    Raises:
        VerificationFailed: what is on disk is not what was sealed; nothing is signed.
        LedgerUnusable: nothing was sealed yet.
    """
    with open_ledger(settings) as ledger:
        return sign(settings, ledger)


def sign(settings: Settings, ledger: Ledger) -> Signed:
    """Sign and publish the head of an open ledger."""
    # First: whoever restores a backup has to learn of every erasure up to what was published.
    write_lists(settings, ledger)
    publisher = FilePublisher(settings.ledger.checkpoints)
    published = ledger.checkpoint([publisher])
    if published is None:
        raise LedgerUnusable("There is nothing to sign yet.", hint="Run moodle-sync pull first.")
    point = published.checkpoint
    return Signed(point.origin, point.size, point.root.hex(), published.places)
