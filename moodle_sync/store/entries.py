"""Sealed entries: appended once, read in blocks.

``entry`` holds leaves (bytes and hash), and the number of the payload (``store.payloads``) that each commits to.
Whoever appends holds a write transaction and gives the indexes; the table's guard rails refuse a gap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from moodle_sync.store.bulk import fetch_rows, insert_rows
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import entry

BLOCK = 1000
Leaf = tuple[bytes, bytes, int | None]


class EntryRow(NamedTuple):
    """A sealed leaf. ``payload``: the number of its payload, which may be erased; None when it never had one."""

    shard: int
    idx: int
    leaf: bytes
    leaf_hash: bytes
    payload: int | None = None


def append(transaction: Transaction, shard: int, first: int, leaves: Sequence[Leaf]) -> None:
    """Adds entries with the indexes ``first`` and up; each is its bytes, its hash, and the number of its payload."""
    rows = [(shard, idx, *leaf) for idx, leaf in enumerate(leaves, first)]
    insert_rows(transaction, entry, rows, EntryRow._fields)


def blocks(
    transaction: Transaction, shard: int, first: int = 0, stop: int | None = None, block: int = BLOCK
) -> Iterator[list[EntryRow]]:
    """The entries ``first <= idx < stop`` of a shard in index order, a bounded number at a time."""
    while stop is None or first < stop:
        query = select(entry).where(entry.c.shard == shard, entry.c.idx >= first).order_by(entry.c.idx).limit(block)
        if stop is not None:
            query = query.where(entry.c.idx < stop)
        rows = list(map(EntryRow._make, fetch_rows(transaction, query)))
        if rows:
            yield rows
        if len(rows) < block:
            return
        first = rows[-1].idx + 1


def get(transaction: Transaction, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], EntryRow]:
    """The entries at these ``(shard, idx)``."""
    found: dict[tuple[int, int], EntryRow] = {}
    for shard, idxs in _by_shard(places).items():
        for start in range(0, len(idxs), 500):
            query = select(entry).where(entry.c.shard == shard, entry.c.idx.in_(idxs[start : start + 500]))
            found.update({(row.shard, row.idx): EntryRow(*row) for row in transaction.execute(query)})
    return found


def leaf_hashes(transaction: Transaction, shard: int, first: int, stop: int) -> list[bytes]:
    """The stored hashes of the leaves ``first <= idx < stop``, in order."""
    query = select(entry.c.leaf_hash).where(entry.c.shard == shard, entry.c.idx >= first, entry.c.idx < stop)
    return list(transaction.execute(query.order_by(entry.c.idx)).scalars())


def places(transaction: Transaction, payloads: Sequence[int]) -> dict[int, tuple[int, int]]:
    """``(shard, idx)`` of the entries that name these payloads, by the payload's number."""
    found: dict[int, tuple[int, int]] = {}
    for start in range(0, len(payloads), 500):
        query = select(entry.c.payload, entry.c.shard, entry.c.idx)
        query = query.where(entry.c.payload.in_(payloads[start : start + 500]))
        found |= {number: (shard, idx) for number, shard, idx in transaction.execute(query)}
    return found


def _by_shard(places: Collection[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for shard, idx in places:
        found.setdefault(shard, []).append(idx)
    return found


def counts(transaction: Transaction) -> dict[int, int]:
    """Shard → number of entries in the table, whatever the head says."""
    query = select(entry.c.shard, func.count()).group_by(entry.c.shard).order_by(entry.c.shard)
    return {row[0]: row[1] for row in transaction.execute(query)}
