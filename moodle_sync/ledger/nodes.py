"""The interior nodes of a shard's tree as the store keeps them: read for proofs, and extended by the sealer.

Hashes only; what is stored is never believed, because ``verify`` and every checkpoint derive it again from the leaves.
"""

from __future__ import annotations

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger.merkle import HASH_SIZE, full_root
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


def extend(transaction: Transaction, shard: int, old_size: int, new_size: int) -> None:
    """Stores every tile that became full, or longer, when the shard grew; its entries are in the table already."""
    for n in range(old_size // WIDTH, new_size // WIDTH):
        hashes = entries.leaf_hashes(transaction, shard, n * WIDTH, (n + 1) * WIDTH)
        level, place = 0, n
        tree.put_tile(transaction, shard, 0, n, b"".join(hashes))
        while len(hashes) == WIDTH:
            root = full_root(hashes)
            level, (place, offset) = level + 1, divmod(place, WIDTH)
            hashes = [*split(tree.get_tile(transaction, shard, level, place) or b"")[:offset], root]
            tree.put_tile(transaction, shard, level, place, b"".join(hashes))


def split(data: bytes) -> list[bytes]:
    """The hashes of a tile; a last one that was cut short is left out."""
    return [data[i : i + HASH_SIZE] for i in range(0, len(data) - HASH_SIZE + 1, HASH_SIZE)]
