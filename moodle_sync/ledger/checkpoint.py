"""Checkpoints: signed only after the leaves were read again from disk and every earlier own checkpoint still holds.

A bit that flipped between writing and reading, or a ledger that was put back to an older state, is refused here,
before there is a signature that the entries cannot support.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moodle_sync.clock import Clock, to_rfc3339
from moodle_sync.errors import DoneInPart, LedgerUnusable, MoodleSyncError, VerificationFailed
from moodle_sync.ledger import merkle, note
from moodle_sync.ledger.merkle import Growth
from moodle_sync.ledger.nodes import WIDTH, StoredNodes
from moodle_sync.ledger.outside import Publisher
from moodle_sync.store import Store, checkpoints, entries, open_store, tree
from moodle_sync.store.checkpoints import CheckpointRow
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tree import Head


@dataclass(frozen=True)
class Published:
    """A checkpoint, its signed note, whether it was signed just now, and where it is by now."""

    checkpoint: note.Checkpoint
    note: str
    new: bool
    places: tuple[str, ...]


def sign_head(store: Store, key: Ed25519PrivateKey, origin: str, clock: Clock, shard: int | None = None) -> bool:
    """Signs the head of a shard (the last one by default), unless it is signed or empty. Says whether it signed.

    Raises:
        LedgerUnusable: the key is none of this ledger's: it was never announced in an entry.
        VerificationFailed: the leaves on disk do not give the head's root, or an earlier checkpoint does not hold.
    """
    with open_store(store.url, readonly=True) as fresh, fresh.read() as transaction:  # no cache of ours
        heads = [head for head in tree.heads(transaction) if shard is None or head.shard == shard]
        if not heads or not heads[-1].size:
            return False
        if not checkpoints.is_signer(transaction, note.public_bytes(key)):
            raise LedgerUnusable(
                "the signing key is none of this ledger's; nothing was signed",
                hint="Put the right key file back. If it is lost, run: moodle-sync ledger rotate-signing-key --lost",
            )
        head = heads[-1]
        publics = [*checkpoints.signers(transaction), note.public_bytes(key)]
        earlier = require_consistent(transaction, head, origin, publics)
    if earlier and earlier[-1].size == head.size:
        return False
    text = note.sign(note.Checkpoint(origin, head.shard, head.size, head.root), key)
    with store.write() as transaction:
        last = checkpoints.last(transaction, head.shard)
        if last is not None and last.size >= head.size:
            return False  # another process signed in between, by the same rules
        checkpoints.add_signer(transaction, note.public_bytes(key), to_rfc3339(clock()))
        checkpoints.add(transaction, CheckpointRow(head.shard, head.size, text, to_rfc3339(clock())))
    return True


def require_consistent(
    transaction: Transaction, head: Head, origin: str, publics: Sequence[bytes]
) -> list[note.Checkpoint]:
    """The earlier checkpoints of a shard, after proving all of them against the leaves as they are on disk.

    Raises:
        VerificationFailed: see :func:`sign_head`.
    """
    earlier = [note.verify(row.note, publics) for row in checkpoints.every(transaction, head.shard)]
    roots = roots_on_disk(transaction, head.shard, [*(one.size for one in earlier), head.size])
    if roots.get(head.size) != head.root:
        raise VerificationFailed(
            f"the entries of {head.shard} read back from disk do not give the root that was computed; not signed",
            hint="Keep the files as they are, and run: moodle-sync ledger verify",
        )
    nodes = StoredNodes(transaction, head.shard)
    for one in earlier:
        if one.origin != origin or one.shard != head.shard or roots.get(one.size) != one.root:
            raise VerificationFailed(
                f"the ledger does not contain what checkpoint {one.shard}/{one.size} signed; not signed again",
                hint="Keep the files as they are, and run: moodle-sync ledger verify",
            )
        proof = merkle.consistency_proof(one.size, head.size, nodes)
        merkle.verify_consistency(one.size, head.size, proof, one.root, head.root)
    return earlier


def roots_on_disk(transaction: Transaction, shard: int, sizes: Collection[int]) -> dict[int, bytes]:
    """The roots at these sizes (as far as there are leaves), from the leaves' own bytes, read in blocks."""
    growth = Growth(WIDTH, roots_at=sizes)
    for block in entries.blocks(transaction, shard):
        growth.extend([merkle.leaf_hash(row.leaf) for row in block])
    return growth.roots


def publish(store: Store, publishers: Sequence[Publisher], publics: Sequence[bytes], clock: Clock) -> None:
    """Brings every stored checkpoint to every place that does not have it yet, oldest first.

    A place that takes the newest alone gets that one.

    Raises:
        DoneInPart: a place failed; the others have theirs, and the next call goes on from there.
    """
    with store.read() as transaction:
        rows, known = checkpoints.every(transaction), checkpoints.places(transaction)
    failures: list[str] = []
    for publisher in publishers:
        for row in rows[-1:] if publisher.newest_only else rows:
            if publisher.place in known.get((row.shard, row.size), ()):
                continue
            try:
                publisher.publish(note.verify(row.note, publics), row.note)
            except MoodleSyncError as error:
                failures.append(f"{publisher.place}: {error}")
                break  # in order, or not at all: a gap would look like a lost checkpoint
            with store.write() as transaction:
                checkpoints.published(transaction, row.shard, row.size, publisher.place, to_rfc3339(clock()))
    if failures:
        raise DoneInPart("the checkpoint is signed and stored, but not published everywhere", failures)
