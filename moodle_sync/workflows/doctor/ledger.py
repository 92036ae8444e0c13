"""Checks of the ledger's parts on this machine: there, private, of one another, and its checkpoints elsewhere."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from moodle_sync.config import Settings
from moodle_sync.errors import LedgerError, LedgerUnusable
from moodle_sync.ledger import note
from moodle_sync.store import open_store
from moodle_sync.store.address import proves_itself
from moodle_sync.store.engine import sqlite_path
from moodle_sync.workflows.copies import owed
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark
from moodle_sync.workflows.doctor.places import check_places
from moodle_sync.workflows.ledger import open_ledger


def check_ledger(settings: Settings) -> Iterator[Finding]:
    """The store, its keys and the folder of checkpoints."""
    try:
        path = sqlite_path(settings.ledger.store)
    except LedgerUnusable as error:
        yield Finding(Area.CONFIG, "ledger", Mark.FAILED, error.message, hint=error.hint)
        return
    if not _anything(settings, path):
        yield Finding(Area.LEDGER, "ledger", Mark.FAILED, "there is none yet", hint="moodle-sync ledger init")
    else:
        yield _opened(settings)
        yield _signing_key(settings.ledger.signing_key)
        yield from _modes(path)
        yield from _server(settings)
        yield from _owed(settings)
    yield from check_places(settings)


def _anything(settings: Settings, path: Path | None) -> bool:
    ledger = settings.ledger
    return path is None or any(part.exists() for part in (path, ledger.keystore, ledger.signing_key, ledger.master_key))


def _opened(settings: Settings) -> Finding:
    """Store, keystore and master key open, and belong together."""
    try:
        with open_ledger(settings, readonly=True) as ledger:
            size, waiting, last = ledger.size(), ledger.pending(), ledger.last_checkpoint()
    except LedgerError as error:
        return Finding(Area.LEDGER, "ledger", Mark.FAILED, error.message, hint=error.hint)
    signed = 0 if last is None else last.checkpoint.size
    sentence = f"{size} entries sealed, {waiting} waiting; store, keystore and master key belong together"
    if waiting:
        return Finding(Area.LEDGER, "ledger", Mark.WARNING, sentence, hint="moodle-sync reconcile seals what waits.")
    if size and last is None:
        hint = "moodle-sync ledger checkpoint"
        return Finding(Area.LEDGER, "ledger", Mark.WARNING, f"{sentence}; no checkpoint was ever signed", hint=hint)
    if last is not None and not last.places:
        hint = "moodle-sync ledger checkpoint"
        sentence = f"{sentence}; the checkpoint at {signed} was never published"
        return Finding(Area.LEDGER, "ledger", Mark.WARNING, sentence, hint=hint)
    return Finding(Area.LEDGER, "ledger", Mark.OK, sentence)


def _signing_key(path: Path) -> Finding:
    try:
        note.load_key(path)
    except LedgerError as error:
        return Finding(Area.LEDGER, "signing key", Mark.FAILED, error.message, hint=error.hint)
    return Finding(Area.LEDGER, "signing key", Mark.OK, "readable, by its owner alone")


def _modes(path: Path | None) -> Iterator[Finding]:
    """The database holds no names in clear, but who did how much when: nobody else on the machine needs that."""
    if path is None or not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        sentence = f"others on this machine may read {path.name} (mode {mode:04o})"
        yield Finding(Area.LEDGER, "database file", Mark.WARNING, sentence, hint=f"chmod 600 {path}")


def _owed(settings: Settings) -> Iterator[Finding]:
    """Backups that still hold what was erased, or keys past their end, and files about somebody who was erased."""
    try:
        with open_store(settings.ledger.store, readonly=True) as store:
            lines = owed(store).lines()
    except LedgerUnusable:
        return  # said already
    hint = "Bring the disk and run moodle-sync ledger backup; or destroy it and say so: moodle-sync ledger copies."
    yield from (Finding(Area.LEDGER, "erasure", Mark.WARNING, line, hint=hint) for line in lines)


def _server(settings: Settings) -> Iterator[Finding]:
    """A database server may be told to forget what it said was kept."""
    try:
        with open_store(settings.ledger.store, readonly=True) as store:
            risks, follows = store.risks(), store.follows()
    except LedgerError:
        return  # said above
    if risks:
        hint = "Set it to on in the server's postgresql.conf: a power cut would take entries that were acknowledged."
        sentence = f"the server runs with {', '.join(risks)}"
        yield Finding(Area.LEDGER, "database server", Mark.WARNING, sentence, hint=hint)
    if follows:
        sentence = "the server only follows another one: the ledger can be verified there, and not be written to"
        yield Finding(Area.LEDGER, "standby", Mark.WARNING, sentence, hint="Name the primary in config.toml.")
    if not proves_itself(settings.ledger.store):
        hint = "Add sslmode=verify-full to the address of the store (docs/reference/postgresql.md)."
        sentence = "the server is on another machine, and is not asked to prove which one"
        yield Finding(Area.LEDGER, "connection", Mark.WARNING, sentence, hint=hint)
