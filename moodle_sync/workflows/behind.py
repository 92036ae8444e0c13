"""Nothing is written to a ledger that was put back to an older state than it published.

A file that was copied back, or a machine that was set back, would go on from where it is: a second ledger under the
same name, and a signature that contradicts an earlier one. Asked before each opening for writing.
"""

from __future__ import annotations

from collections.abc import Sequence

from moodle_sync.config import Settings
from moodle_sync.errors import LedgerUnusable
from moodle_sync.ledger import losses, note
from moodle_sync.store import checkpoints, open_store


def require_not_behind(settings: Settings, published: Sequence[str]) -> None:
    """Passes when the ledger holds, or has given up, every published checkpoint that can be read.

    Raises:
        LedgerUnusable: it does not.
    """
    if not published:
        return
    with open_store(settings.ledger.store, readonly=True) as store, store.read() as transaction:
        publics = checkpoints.signers(transaction)
        if settings.ledger.signing_key.exists():
            publics = [*publics, note.public_bytes(note.load_key(settings.ledger.signing_key))]
        unknown = losses.unknown(transaction, published, publics)
    if unknown:
        last = unknown[-1]
        raise LedgerUnusable(
            f"{len(unknown)} published checkpoints are not in this ledger, the last over {last.size} entries of "
            f"{last.shard}: it was put back to an older state, or another ledger publishes under its name",
            hint="Put its newest files back, or run: moodle-sync ledger restore (docs/reference/backup.md).",
        )
