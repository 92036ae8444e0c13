"""Where each shard's tree stands: its head, its frontier, and its interior nodes in tiles of 256 hashes.

Tile ``n`` of level ``L`` holds the hashes of the full subtrees of 256^L leaves number ``256 n`` to ``256 n + 255``
(C2SP tlog-tiles): level 0 only when the tile is full, higher ones as far as they are known. All of it can be derived
again from the leaves; the hashing is done in ``ledger``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import partitions
from moodle_sync.store.bulk import insert_rows
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import frontier, head, tile


class Head(NamedTuple):
    """The size and root of a shard."""

    shard: int
    size: int
    root: bytes


def heads(transaction: Transaction) -> list[Head]:
    """The head of every shard, oldest first."""
    return [Head(*row) for row in transaction.execute(select(head).order_by(head.c.shard))]


def open_shard(transaction: Transaction, start: Head) -> None:
    """Begins a shard."""
    partitions.open_year(transaction, start.shard)
    transaction.execute(insert(head).values(start._asdict()))
    transaction.execute(insert(frontier).values(shard=start.shard, size=start.size, hashes=b""))


def move_head(transaction: Transaction, old: Head, new: Head, hashes: bytes) -> None:
    """Moves a head and its frontier, if the head still is where the caller saw it (compare-and-swap).

    Raises:
        LedgerUnusable: another sealer moved it in between.
    """
    there = (head.c.shard == old.shard, head.c.size == old.size, head.c.root == old.root)
    moved = transaction.execute(update(head).where(*there).values(size=new.size, root=new.root)).rowcount
    edge = update(frontier).where(frontier.c.shard == old.shard, frontier.c.size == old.size)
    moved += transaction.execute(edge.values(size=new.size, hashes=hashes)).rowcount
    if moved != 2:
        raise LedgerUnusable("another sealer moved the head of the ledger", hint="Run again: nothing was sealed.")


def get_frontier(transaction: Transaction, shard: int) -> tuple[int, bytes] | None:
    """``(size, hashes)`` of a shard's frontier, or None."""
    row = transaction.execute(select(frontier.c.size, frontier.c.hashes).where(frontier.c.shard == shard)).one_or_none()
    return None if row is None else (row.size, row.hashes)


def get_tile(transaction: Transaction, shard: int, level: int, n: int) -> bytes | None:
    """The hashes of a tile, one after the other, or None when there is no such tile."""
    query = select(tile.c.hashes).where(tile.c.shard == shard, tile.c.level == level, tile.c.n == n)
    return transaction.execute(query).scalar_one_or_none()


def put_tiles(transaction: Transaction, shard: int, tiles: Sequence[tuple[int, int, bytes]]) -> None:
    """Stores ``(level, n, hashes)``, each in place of a shorter tile; one of leaves is full, and never there before."""
    for level, n, _ in tiles:
        if level:
            transaction.execute(delete(tile).where(tile.c.shard == shard, tile.c.level == level, tile.c.n == n))
    insert_rows(transaction, tile, [(shard, *one) for one in tiles], ("shard", "level", "n", "hashes"))


def tile_names(transaction: Transaction, shard: int) -> list[tuple[int, int]]:
    """``(level, n)`` of every tile of a shard."""
    query = select(tile.c.level, tile.c.n).where(tile.c.shard == shard).order_by(tile.c.level, tile.c.n)
    return [(level, n) for level, n in transaction.execute(query)]
