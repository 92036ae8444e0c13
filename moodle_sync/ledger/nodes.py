"""The interior nodes of a shard's tree as the store keeps them: read for proofs, and extended by the sealer.

Hashes only; what is stored is never believed, because ``verify`` and every checkpoint derive it again from the leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger.merkle import HASH_SIZE, Growth, full_root
from moodle_sync.store import entries, tree
from moodle_sync.store.engine import Transaction

WIDTH = 256
_LEVELS = 8  # tree levels a tile level: 2 ** 8 == WIDTH


class StoredNodes:
    """``merkle.Nodes`` over the stored tiles; keeps the last few tiles in memory."""

    def __init__(self, transaction: Transaction, shard: int) -> None:
        self._transaction = transaction
        self._shard = shard
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of a full subtree.

        Raises:
            VerificationFailed: the nodes that it needs are not stored.
        """
        tile_level, within = divmod(level, _LEVELS)
        first = index << within
        n, offset = divmod(first, WIDTH)
        hashes = self._tile(tile_level, n)[offset : offset + (1 << within)]
        if len(hashes) != 1 << within:
            raise VerificationFailed(f"a node of the tree of {self._shard} is missing (level {level}, {index})")
        return full_root(hashes)

    def _tile(self, level: int, n: int) -> list[bytes]:
        if (level, n) not in self._tiles:
            stored = tree.get_tile(self._transaction, self._shard, level, n)
            if stored is not None:
                hashes = split(stored)
            elif level == 0:  # the right edge: a tile of leaves is stored when it is full
                hashes = entries.leaf_hashes(self._transaction, self._shard, n * WIDTH, (n + 1) * WIDTH)
            else:
                hashes = []
            while len(self._tiles) >= 64:
                self._tiles.pop(next(iter(self._tiles)))
            self._tiles[(level, n)] = hashes
        return self._tiles[(level, n)]


def load(transaction: Transaction, shard: int, size: int) -> Growth:
    """The tree of a shard of this size, ready to grow.

    Raises:
        VerificationFailed: the nodes that it needs are not stored.
    """
    edge: list[list[bytes]] = []
    while not edge or size >> _LEVELS * len(edge):
        level = len(edge)
        n, offset = divmod(size >> _LEVELS * level, WIDTH)
        if level:
            edge.append(split(tree.get_tile(transaction, shard, level, n) or b"")[:offset])
        else:
            edge.append(entries.leaf_hashes(transaction, shard, n * WIDTH, n * WIDTH + offset))
    try:
        return Growth(WIDTH, size, edge)
    except ValueError as error:
        raise VerificationFailed(
            f"nodes of the tree of {shard} are missing", hint="Run: moodle-sync ledger verify"
        ) from error


def save(transaction: Transaction, shard: int, tiles: Sequence[tuple[int, int, list[bytes]]]) -> None:
    """Stores tiles, each in place of a shorter one."""
    tree.put_tiles(transaction, shard, [(level, n, b"".join(hashes)) for level, n, hashes in tiles])


def split(data: bytes) -> list[bytes]:
    """The hashes of a tile; a last one that was cut short is left out."""
    return [data[i : i + HASH_SIZE] for i in range(0, len(data) - HASH_SIZE + 1, HASH_SIZE)]
