"""Sealed entries and their payloads: appended once, read in blocks.

``entry`` holds leaves (bytes and hash), ``payload`` the encrypted, deletable part. Whoever appends holds a write
transaction and gives the indexes; the table's guard rails refuse a gap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from moodle_sync.store.bulk import insert_rows
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import entry, payload

BLOCK = 1000


class EntryRow(NamedTuple):
    """A sealed leaf."""

    shard: int
    idx: int
    leaf: bytes
    leaf_hash: bytes


class PayloadRow(NamedTuple):
    """The encrypted payload of a leaf."""

    shard: int
    idx: int
    subject: str
    nonce: bytes
    ciphertext: bytes
    commitment: bytes
    key_id: str


def append(transaction: Transaction, rows: Sequence[EntryRow]) -> None:
    """Adds entries, in index order. Their payloads are moved behind them by ``store.sealing``."""
    insert_rows(transaction, entry, rows, EntryRow._fields)


def blocks(
    transaction: Transaction, shard: int, first: int = 0, stop: int | None = None, block: int = BLOCK
) -> Iterator[list[EntryRow]]:
    """The entries ``first <= idx < stop`` of a shard in index order, a bounded number at a time."""
    while stop is None or first < stop:
        query = select(entry).where(entry.c.shard == shard, entry.c.idx >= first).order_by(entry.c.idx).limit(block)
        if stop is not None:
            query = query.where(entry.c.idx < stop)
        rows = list(map(EntryRow._make, transaction.execute(query).all()))
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


def payloads(transaction: Transaction, shard: int, first: int, stop: int) -> dict[int, PayloadRow]:
    """The payloads that exist of the entries ``first <= idx < stop``, by index."""
    query = select(payload).where(payload.c.shard == shard, payload.c.idx >= first, payload.c.idx < stop)
    return {row.idx: row for row in map(PayloadRow._make, transaction.execute(query).all())}


def promises(transaction: Transaction, shard: int, first: int, stop: int) -> list[tuple[int, str, bytes]]:
    """``(idx, subject, commitment)`` of the payloads that exist of the entries ``first <= idx < stop``."""
    query = select(payload.c.idx, payload.c.subject, payload.c.commitment)
    query = query.where(payload.c.shard == shard, payload.c.idx >= first, payload.c.idx < stop)
    return [(idx, subject, commitment) for idx, subject, commitment in transaction.execute(query).all()]


def payloads_at(transaction: Transaction, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], PayloadRow]:
    """The payloads that exist of the entries at these ``(shard, idx)``."""
    found: dict[tuple[int, int], PayloadRow] = {}
    for shard, idxs in _by_shard(places).items():
        for start in range(0, len(idxs), 500):
            query = select(payload).where(payload.c.shard == shard, payload.c.idx.in_(idxs[start : start + 500]))
            found.update({(row.shard, row.idx): PayloadRow(*row) for row in transaction.execute(query)})
    return found


def places_of(transaction: Transaction, pseudonyms: Sequence[str]) -> list[tuple[int, int]]:
    """Where the entries of these subjects are that have a payload, in order."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(pseudonyms), 500):
        query = select(payload.c.shard, payload.c.idx).where(payload.c.subject.in_(pseudonyms[start : start + 500]))
        found += [(row.shard, row.idx) for row in transaction.execute(query)]
    return sorted(found)


def _by_shard(places: Collection[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for shard, idx in places:
        found.setdefault(shard, []).append(idx)
    return found


def counts(transaction: Transaction) -> dict[int, int]:
    """Shard → number of entries in the table, whatever the head says."""
    query = select(entry.c.shard, func.count()).group_by(entry.c.shard).order_by(entry.c.shard)
    return {row[0]: row[1] for row in transaction.execute(query)}


def payload_counts(transaction: Transaction) -> dict[int, int]:
    """Shard → number of payloads."""
    query = select(payload.c.shard, func.count()).group_by(payload.c.shard).order_by(payload.c.shard)
    return {row[0]: row[1] for row in transaction.execute(query)}
