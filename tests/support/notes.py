"""Signed notes of a small tree, for tests of the places that they go to: no store, no ledger."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moodle_sync.ledger import merkle, note
from moodle_sync.ledger.outside import ConsistencyProof

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "example.org/registre"


def point(size: int, *, shard: int = 2026, seed: str = "a", origin: str = ORIGIN) -> note.Checkpoint:
    """The checkpoint at a size; the same seed gives the same history."""
    return note.Checkpoint(origin, shard, size, _root(0, size, seed))


def signed(size: int, *, key: Ed25519PrivateKey = KEY, **which: object) -> tuple[note.Checkpoint, str]:
    """A checkpoint and its note."""
    one = point(size, **which)  # type: ignore[arg-type]
    return one, note.sign(one, key)


def prover(seed: str = "a") -> ConsistencyProof:
    """Gives the consistency proofs of that history."""

    def prove(shard: int, size1: int, size2: int) -> list[bytes]:
        return merkle.consistency_proof(size1, size2, lambda level, index: _node(level, index, seed))

    return prove


def _node(level: int, index: int, seed: str) -> bytes:
    return _root(index << level, (index + 1) << level, seed)


def _root(low: int, high: int, seed: str) -> bytes:
    if high - low == 1:
        return merkle.leaf_hash(hashlib.sha256(f"{seed}{low}".encode()).digest())
    half = 1 << ((high - low - 1).bit_length() - 1)
    return merkle.node_hash(_root(low, low + half, seed), _root(low + half, high, seed))
