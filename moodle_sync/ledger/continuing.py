"""Whether a copy of the store is whole, and whether it is the beginning of what was published outside.

Everything is derived again from the leaves of the copy. Reads only; what follows from it is a workflow's to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger import checkpoint, note
from moodle_sync.store import Store, checkpoints, tree
from moodle_sync.store.checkpoints import CheckpointRow
from moodle_sync.store.tree import Head


@dataclass(frozen=True)
class Examined:
    """How far a copy goes. ``last`` is its newest checkpoint: None when nothing was sealed yet."""

    heads: tuple[Head, ...]
    last: CheckpointRow | None

    @property
    def head(self) -> tuple[int, int]:
        """The last shard and its size; (0, 0) when nothing was sealed yet."""
        return (self.heads[-1].shard, self.heads[-1].size) if self.heads else (0, 0)

    @property
    def closed(self) -> bool:
        """Whether the newest checkpoint is over all of it: then there is nothing that was never signed."""
        return self.last is None or (self.last.shard, self.last.size) == self.head


def examine(store: Store, origin: str) -> Examined:
    """Derives every root again and holds it against the heads and every stored checkpoint.

    Raises:
        VerificationFailed: one of them is not what the entries give.
        LedgerUnusable: it is the store of another ledger.
    """
    with store.read() as transaction:
        found = checkpoints.get_meta(transaction, "origin")
        if found != origin:
            raise LedgerUnusable(f"this is the ledger of {found!r}, the configuration says {origin!r}")
        publics, heads = checkpoints.signers(transaction), tree.heads(transaction)
        for head in heads:
            checkpoint.require_consistent(transaction, head, origin, publics)
        return Examined(tuple(heads), checkpoints.last(transaction))


@dataclass(frozen=True)
class Outside:
    """What is published of a ledger: how far it goes, (0, 0) for nothing, and how many notes the store bears out."""

    newest: tuple[int, int] = (0, 0)
    borne_out: int = 0


def hold_against(store: Store, published: Sequence[str], public: bytes, origin: str) -> Outside:
    """Proves that the store begins as the published checkpoints say, as far as it goes.

    ``public`` is the key that signs now: it may be newer than the copy.

    Raises:
        VerificationFailed: a published checkpoint is not borne out, or no known key signed it: nothing may follow.
    """
    newest = (0, 0)
    with store.read() as transaction:
        publics = [*checkpoints.signers(transaction), public]
        heads = {head.shard: head.size for head in tree.heads(transaction)}
        wanted: dict[int, list[note.Checkpoint]] = {}
        for text in published:
            one = note.verify(text, publics)
            if one.origin != origin:
                continue  # of another ledger that publishes to the same place
            newest = max(newest, (one.shard, one.size))
            if one.size <= heads.get(one.shard, 0):
                wanted.setdefault(one.shard, []).append(one)
        for shard, points in wanted.items():
            roots = checkpoint.roots_on_disk(transaction, shard, [one.size for one in points])
            for one in points:
                if roots.get(one.size) != one.root:
                    raise VerificationFailed(
                        f"the backup is not of the ledger that published checkpoint {one.shard}/{one.size}",
                        hint="Keep every file as it is; another backup may be the right one.",
                    )
    return Outside(newest, sum(len(points) for points in wanted.values()))
