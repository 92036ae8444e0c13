"""ledger rotate-master-key and rotate-signing-key: a new key in the place of the old one, killed at any point or not.

The new key is on disk before anything refers to it, and takes the old one's place when nothing needs that any more. Run
again after a kill, each goes on from where it was.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moodle_sync.clock import utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerUnusable, UsageError
from moodle_sync.ledger import Ledger, note, rotating
from moodle_sync.store import checkpoints, copies, files, keyrings, open_store
from moodle_sync.store.copying import overwrite
from moodle_sync.store.keys import (
    MASTER,
    MASTER_VARIABLE,
    MasterKey,
    new_master_key,
    parse_master_key,
    read_master_key,
)
from moodle_sync.store.keystore import open_keystore
from moodle_sync.workflows.behind import require_not_behind
from moodle_sync.workflows.ledger import open_ledger, places, sign
from moodle_sync.workflows.locks import only_one
from moodle_sync.workflows.publishing import read_folder

JSON = Any
NEW_VARIABLE = "MOODLE_SYNC_NEW_MASTER_KEY"
_NEXT = "master-next"


@dataclass(frozen=True)
class MasterRotated:
    """The identifiers of both keys, where the new one is, and which keystore copies only the old one opens."""

    before: str
    after: str
    place: str
    kept: str | None
    copies: tuple[str, ...]

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"The keystore opens with the master key {self.after} now, and not with {self.before} any more."]
        lines.append(f"It is in {self.place}. Keep a copy of it where fire does not reach.")
        if self.copies:
            lines.append(f"These copies of the keystore open with {self.before} alone, as long as they are kept:")
            lines += [f"  {line}" for line in self.copies]
            lines.append("Run moodle-sync ledger backup now, so that there is one that opens with the new key.")
        if self.kept:
            lines.append(f"The old key is kept for them in {self.kept}: destroy it when the last of them is gone.")
        return lines

    def document(self) -> JSON:
        """For a program."""
        return asdict(self)


def rotate_master_key(settings: Settings) -> MasterRotated:
    """Wrap every key under a new master key.

    The new key is made where the old one is (file, keyring); when that is the environment, it is taken from
    ``MOODLE_SYNC_NEW_MASTER_KEY``.

    Raises:
        LedgerUnusable: neither key opens the keystore, or no new one is given. Nothing was changed.
    """
    ledger = settings.ledger
    with only_one(settings, "rotation"):
        text, place = read_master_key(ledger.master_key, os.environ, ledger.master_keyring)
        old, new_text = parse_master_key(text, place), _next(settings)
        new = parse_master_key(new_text, "the new key")
        if old.id == new.id:
            raise LedgerUnusable("the new master key is the old one", hint=f"Set {NEW_VARIABLE} to another one.")
        begun = _opens(ledger.keystore, new)
        require_not_behind(settings, read_folder(settings))
        current = {**os.environ, MASTER_VARIABLE: new_text if begun else text}
        with Ledger.open(places(settings), clock=utc_now, environ=current) as opened:  # finishes what was begun
            if not begun:
                rotating.rotate_master(opened.store, opened.keystore, new)
            opened.store.scrub()  # lookups of the old key are no more than that key away from people
            with opened.store.read() as transaction:
                rows = [row for row in copies.every(transaction) if row.kind == "keystore"]
        kept = _promote(settings, old, keep=bool(rows))
    return MasterRotated(
        old.id, new.id, place, kept, tuple(f"{row.path} (of {row.made_at}, until {row.until})" for row in rows)
    )


def _opens(keystore: Path, master: MasterKey) -> bool:
    try:
        open_keystore(keystore, master, readonly=True).close()
    except LedgerUnusable:
        return False
    return True


def _next(settings: Settings) -> str:
    """The text of the new key, stored where it will be found again."""
    if os.environ.get(MASTER_VARIABLE):
        text = os.environ.get(NEW_VARIABLE, "")
        if not text:
            raise LedgerUnusable(
                f"the master key comes from {MASTER_VARIABLE}, and no new one is given",
                hint=f"Set {NEW_VARIABLE} to base64 of 32 random bytes (openssl rand -base64 32), and keep it.",
            )
        return text
    name = settings.ledger.master_keyring
    if name is not None:
        found = keyrings.get(name, _NEXT)
        if found is None:
            keyrings.put(name, _NEXT, new_master_key().decode())
        return keyrings.get(name, _NEXT) or ""
    path = _beside(settings.ledger.master_key, "next")
    if not path.exists():
        files.replace(path, new_master_key(), files.PRIVATE)
    files.require_private(path, "the new master key")
    return path.read_text(encoding="ascii", errors="replace")


def _promote(settings: Settings, old: MasterKey, *, keep: bool) -> str | None:
    """Gives the new key the place of the old one; returns where the old one is kept, when it still is needed."""
    if os.environ.get(MASTER_VARIABLE):
        return f"{MASTER_VARIABLE}: set that to the new key from now on" if keep else None
    name, path = settings.ledger.master_keyring, settings.ledger.master_key
    if name is not None:
        fresh, before = keyrings.get(name, _NEXT) or "", keyrings.get(name, MASTER) or ""
        if keep:
            keyrings.put(name, f"{MASTER}-{old.id}", before)
        keyrings.put(name, MASTER, fresh)
        keyrings.delete(name, _NEXT)
        return f"the keyring, as {MASTER}-{old.id}" if keep else None
    kept = _beside(path, old.id)
    files.replace(kept, path.read_bytes(), files.PRIVATE)
    _beside(path, "next").replace(path)
    files.sync_directory(path.parent)
    if keep:
        return str(kept)
    overwrite(kept)
    return None


@dataclass(frozen=True)
class SignerRotated:
    """Both public keys as other tools take them, and the entry in which the old one vouches for the new one."""

    before: str
    after: str
    entry: str | None
    size: int
    vouched: bool = True
    """Whether the old key signed over the entry that names the new one."""

    def lines(self) -> list[str]:
        """For a person."""
        if not self.vouched:
            return [
                "Checkpoints are signed by a new key from now on. The old one is lost, and did not vouch for it.",
                f"  old: {self.before}",
                f"  new: {self.after}",
                f"Entry {self.entry or 'of before'} says so for ever. Tell whoever verifies, by another way:",
                "to them it looks as if somebody else had gone on with the ledger.",
            ]
        return [
            f"Checkpoints are signed by a new key from now on. The old one's last is over {self.size} entries.",
            f"  old: {self.before}",
            f"  new: {self.after}",
            f"Entry {self.entry or 'of before'} names the new key, and the old one signed over it.",
            "Give the new public key to whoever verifies; they need both, each for what it signed.",
        ]

    def document(self) -> JSON:
        """For a program."""
        return asdict(self)


def replace_lost_signing_key(settings: Settings) -> SignerRotated:
    """Let a new key sign when the old one is lost: nobody vouches for it, and an entry says so for ever.

    Raises:
        UsageError: there is a key. VerificationFailed, DoneInPart: as :func:`rotate_signing_key`.
    """
    path = settings.ledger.signing_key
    with only_one(settings, "rotation"):
        with open_store(settings.ledger.store, readonly=True) as store, store.read() as transaction:
            known = checkpoints.signers(transaction)
        if path.exists():
            if note.public_bytes(note.load_key(path)) in known:
                raise UsageError("the signing key is there", hint="Run: moodle-sync ledger rotate-signing-key")
            raise UsageError(f"there is a key that the ledger does not know: {path}", hint="Move it away first.")
        files.replace(path, note.new_key(), files.PRIVATE)
        public = note.public_bytes(note.load_key(path))
        with open_ledger(settings) as ledger:
            entry = rotating.announce_signer(ledger.store, public, utc_now(), vouched=False)
            signed = sign(settings, ledger)
    origin = settings.ledger.origin
    return SignerRotated(
        note.verifier_key(origin, known[-1]), note.verifier_key(origin, public), entry, signed.size, vouched=False
    )


def rotate_signing_key(settings: Settings) -> SignerRotated:
    """Let the old signing key vouch for a new one, sign for the last time, and go.

    Raises:
        VerificationFailed: what is on disk does not bear a signature. DoneInPart: a place was out of reach. In both
            cases the old key is still the one that signs.
    """
    path = settings.ledger.signing_key
    fresh = _beside(path, "next")
    with only_one(settings, "rotation"):
        if not fresh.exists():
            files.replace(fresh, note.new_key(), files.PRIVATE)
        public, old = note.public_bytes(note.load_key(fresh)), note.public_bytes(note.load_key(path))
        with open_ledger(settings) as ledger:
            if ledger.size():
                sign(settings, ledger)  # closes a year that is over, too
            entry = rotating.announce_signer(ledger.store, public, utc_now())
            signed = sign(settings, ledger)
        fresh.replace(path)
        files.sync_directory(path.parent)
    origin = settings.ledger.origin
    return SignerRotated(note.verifier_key(origin, old), note.verifier_key(origin, public), entry, signed.size)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.{ending}")
