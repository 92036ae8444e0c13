"""ledger move: the ledger from SQLite to PostgreSQL, or back, with the same entries, roots and proofs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moodle_sync.config import Settings
from moodle_sync.errors import UsageError
from moodle_sync.ledger import moving
from moodle_sync.store.address import sqlite_path, with_path
from moodle_sync.store.keys import load_master_key
from moodle_sync.store.keystore import open_keystore
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.publishing import read_folder


@dataclass(frozen=True)
class Moved:
    """From where to where, and what went."""

    before: str
    after: str
    rows: int
    heads: tuple[tuple[int, int, str], ...]

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"{self.rows} rows moved to {self.after}, and verified there:",
            *(f"  {shard}: {size} entries, root {root}" for shard, size, root in self.heads),
            f'Now write  store = "{self.after}"  under [ledger] in config.toml.',
            f"{self.before} is left as it was, and refuses to be written to. An erasure does not reach it any more: "
            "destroy it once the new store is in the backups.",
        ]

    def document(self) -> Any:
        """For a program."""
        heads = [{"shard": shard, "size": size, "root": root} for shard, size, root in self.heads]
        return {"before": self.before, "after": self.after, "rows": self.rows, "heads": heads}


def move(settings: Settings, to: str) -> Moved:
    """Move the configured ledger to another address; run again, it goes on where it was cut off.

    Raises:
        LedgerUnusable: there is something at that address, or the ledger has moved already.
        VerificationFailed: the copy does not verify; the ledger stays where it is.
    """
    path = sqlite_path(to)
    if path is not None:
        to = with_path(to, Path.cwd() / path)
    before = settings.ledger.store
    if to == before:
        raise UsageError("the ledger is there already")
    published = read_folder(settings) if settings.ledger.checkpoints.is_dir() else None
    master = load_master_key(settings.ledger.master_key, os.environ, settings.ledger.master_keyring)
    with open_keystore(settings.ledger.keystore, master, readonly=True) as keystore:
        done = moving.resume(before, keystore, to, published)
    if done is None:
        with open_ledger(settings) as ledger:
            done = moving.move(ledger.store, ledger.keystore, to, published)
    heads = tuple((head.shard, head.size, head.root.hex()) for head in done.heads)
    return Moved(before, to, done.rows, heads)
