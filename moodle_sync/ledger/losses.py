"""Entries that were lost: a ledger that was put back to an older state says so in an entry, and goes on in a new shard.

A log must not sign a checkpoint inconsistent with one that it signed before (C2SP tlog-checkpoint). After a loss every
new leaf of the old shard would lead to one: so that shard ends where the backup ends, and what follows has the number
of a shard that nothing was ever signed under. The first own entry of it names the last checkpoint known outside.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger import erasedlist, note, sealer
from moodle_sync.ledger.entries import PERSONAL, number, parse
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.store import Store, checkpoints, entries, erasures, payloads, tree
from moodle_sync.store.engine import Transaction
from moodle_sync.store.keystore import Keystore


@dataclass(frozen=True)
class Loss:
    """What is given up: everything after ``after`` = (shard, size), in shards before that of the ``entry``."""

    after: tuple[int, int]
    known: tuple[int, int]
    shard: int
    entry: str

    def covers(self, point: Checkpoint) -> bool:
        """Whether a checkpoint is over entries that were lost."""
        return point.shard < self.shard and (point.shard, point.size) > self.after


def given_up(transaction: Transaction) -> list[Loss]:
    """Every loss that the ledger itself states: the first own entry of a shard, after the link to the one before."""
    places = [(head.shard, idx) for head in tree.heads(transaction) for idx in (0, 1)]
    found = []
    for (shard, idx), row in sorted(entries.get(transaction, places).items()):
        if b'"lost_after"' not in row.leaf:
            continue
        leaf = parse(row.leaf)
        if leaf.kind == "checkpoint" and isinstance(leaf.content, Mapping) and "lost_after" in leaf.content:
            after, known = leaf.content["lost_after"], leaf.content["known"]
            found.append(Loss((after[0], after[1]), (known[0], known[1]), shard, number(shard, idx)))
    return found


def unknown(transaction: Transaction, published: Sequence[str], publics: Sequence[bytes]) -> list[Checkpoint]:
    """The published checkpoints of this ledger that it does not hold and has not given up, oldest first.

    Notes that none of the keys signed are passed over: they are for ``verify`` to name.
    """
    stored = {row.note for row in checkpoints.every(transaction)}
    origin, losses = checkpoints.get_meta(transaction, "origin"), given_up(transaction)
    found: list[Checkpoint] = []
    for text in published:
        if text in stored:
            continue
        try:
            one = note.verify(text, publics)
        except VerificationFailed:
            continue
        if one.origin == origin and not any(loss.covers(one) for loss in losses):
            found.append(one)
    return sorted(found, key=lambda one: (one.shard, one.size))


def accept(store: Store, known: tuple[int, int], now: datetime, *, erasures_known: bool) -> str:
    """Gives up what came after the last own checkpoint, and opens the shard after all that were ever signed.

    ``known`` is how far the ledger is known to have been; returns the number of the entry that says so.

    Raises:
        LedgerUnusable: entries were sealed after the last own checkpoint: signing them could be the fork.
    """
    with store.write() as transaction:
        heads, last = tree.heads(transaction), checkpoints.last(transaction)
        after = (heads[-1].shard, heads[-1].size) if heads else (0, 0)
        if heads and (last is None or (last.shard, last.size) != after):
            raise LedgerUnusable(
                f"entries of {after[0]} were sealed and not signed since this ledger was put back",
                hint="Move its files away, and restore the newest backup: a backup ends with a checkpoint.",
            )
        content = {"lost_after": list(after), "known": list(known), "erasures_known": erasures_known}
        shard = max(now.year, known[0] + 1, after[0] + 1)
        sealed = sealer.seal_own(transaction, "checkpoint", None, content, now, shard=shard)
    return number(sealed.shard, sealed.last or 0)


def replay(store: Store, keystore: Keystore, names: Collection[str], now: datetime) -> int:
    """Carries out again every erasure that was lost, and seals that it did; returns how many payloads are gone by it.

    ``names`` are those of an :mod:`~moodle_sync.ledger.erasedlist`. Whatever the copy still held of them is deleted,
    and what was taken out of it before is counted too. The caller scrubs the files.
    """
    pseudonyms, commitments = erasedlist.split(names)
    with store.write() as transaction:
        keystore.destroy(pseudonyms, commitments)
        single, waiting = erasures.delete_payloads(transaction, commitments)
        gone = erasures.delete_subjects(transaction, pseudonyms)
        gone = gone._replace(entries=gone.entries + single, pending=gone.pending + waiting)
        missing = _missing(transaction)
        if missing or gone.subjects or gone.pending:
            content = {"policy": "restore", "reason": "replayed", **gone._asdict(), "entries": missing}
            sealer.seal_own(transaction, "erasure", None, content, now)
    return missing


def _missing(transaction: Transaction) -> int:
    """How many personal entries have no payload though no erasure entry counted it."""
    personal = erased = 0
    for head in tree.heads(transaction):
        for block in entries.blocks(transaction, head.shard):
            for row in block:
                leaf = parse(row.leaf)
                personal += leaf.kind in PERSONAL
                if leaf.kind == "erasure" and isinstance(leaf.content, Mapping):
                    erased += int(leaf.content.get("entries", 0))
    return personal - payloads.sealed_count(transaction) - erased
