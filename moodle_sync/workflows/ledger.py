"""ledger init, verify, checkpoint: the ledger's own commands, and how the other workflows open it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moodle_sync.clock import utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerUnusable, UsageError, VerificationFailed
from moodle_sync.ledger import Ledger, Places, note
from moodle_sync.ledger.checks import Check
from moodle_sync.workflows.aggregates import count_year
from moodle_sync.workflows.behind import require_not_behind
from moodle_sync.workflows.copies import owed, write_lists
from moodle_sync.workflows.publishing import publishers, read_back, read_folder

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

    def count(ledger: Ledger, year: int) -> dict[str, Any]:
        return count_year(settings, ledger, year)

    if not readonly:
        require_not_behind(settings, read_folder(settings))
    where = places(settings)
    with Ledger.open(where, readonly=readonly, clock=utc_now, environ=os.environ, count=count) as ledger:
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
    """What verification found, in plain words, and which places it could not look into.

    ``owed``: where something of an erased person may still be.
    """

    ok: bool
    entries: int
    unprotected_tail: int
    checks: tuple[Check, ...]
    unreached: tuple[str, ...] = ()
    """Places that should have been read and could not be."""
    unread: tuple[str, ...] = ()
    """Places that can never be read from here."""

    @property
    def exit_code(self) -> int:
        """4 when something does not hold, 6 when everything that could be looked at does, and not all could."""
        return (6 if self.unreached else 0) if self.ok else 4

    owed: tuple[str, ...] = ()
    standby: bool = False
    """Whether this was read from a standby: what it does not hold yet looks like what is gone."""

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"{'✓' if check.ok else '✗'} {check.sentence}" for check in self.checks]
        lines += [f"? could not be read: {place}" for place in self.unreached]
        lines += [f"? {place}" for place in self.unread]
        verdict = "Everything holds together." if self.ok else "Something does not hold. Keep every file as it is."
        if self.ok and self.unreached:
            verdict = "What could be looked at holds together."
        if self.standby and not self.ok:
            verdict = (
                "Something does not hold here, on a standby: what was published since it last heard from its primary "
                "looks as if it were gone. Wait until it has caught up, or verify on the primary."
            )
        return [*lines, *(f"! {line}" for line in self.owed), f"{self.entries} entries. {verdict}"]

    def document(self) -> JSON:
        """For a program."""
        return {
            "ok": self.ok,
            "exit_code": self.exit_code,
            "entries": self.entries,
            "unprotected_tail": self.unprotected_tail,
            "checks": [asdict(check) for check in self.checks],
            "unreached": list(self.unreached),
            "unread": list(self.unread),
            "owed": list(self.owed),
            "standby": self.standby,
        }


def verify(settings: Settings, *, payloads: bool, handed: Sequence[Path] = (), keys: Sequence[str] = ()) -> Verified:
    """Derive everything again and hold it against every copy of a checkpoint: in the places, and those handed in.

    Args:
        settings: the configuration.
        payloads: decrypt payloads too.
        handed: files with checkpoints that somebody kept.
        keys: the ledger's public keys as known from outside, each as text or as the name of a file.

    Raises:
        UsageError: a file or a key that was given is none. LedgerUnusable: the ledger cannot be opened.
    """
    publics = [public for key in keys for public in _public_keys(key)] or None
    with open_ledger(settings, readonly=True) as ledger:
        kept = read_back(settings, ledger, handed)
        found = ledger.verify(kept=kept, payloads=payloads, public_keys=publics)
        due, follows = owed(ledger.store).lines(), ledger.store.follows()
    silent = [one for one in kept if one.unreached]
    return Verified(
        found.ok,
        found.entries,
        found.unprotected_tail,
        found.checks,
        tuple(f"{one.place}: {one.unreached}" for one in silent if one.readable),
        tuple(f"{one.place}: {one.unreached}" for one in silent if not one.readable),
        tuple(due),
        follows,
    )


def _public_keys(key: str) -> list[bytes]:
    path = Path(key)
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else key
        return note.read_keys(text)
    except (OSError, UnicodeDecodeError, VerificationFailed) as error:
        raise UsageError(
            "--key is neither a file nor a public key",
            hint="Give the key as name+id+base64 or base64, or a file with one a line (keys.txt of a pack).",
        ) from error


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
    with publishers(settings, ledger) as places:
        published = ledger.checkpoint(places)
    if published is None:
        raise LedgerUnusable("There is nothing to sign yet.", hint="Run moodle-sync pull first.")
    point = published.checkpoint
    return Signed(point.origin, point.size, point.root.hex(), published.places)
