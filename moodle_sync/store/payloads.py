"""Encrypted payloads, by number: written once when they are staged, deleted by erasures, never moved.

A number that a sealed entry names is never given again, also when its payload is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select, text

from moodle_sync.store.bulk import fetch_rows, insert_rows
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import current, entry, payload, pending

_CHUNK = 500
_NUMBERS = (payload.c.id, pending.c.id, entry.c.payload, current.c.payload)
_HIGHEST = select(*(select(func.max(column)).scalar_subquery() for column in _NUMBERS))
_SPREAD = 4  # numbers that lie this close are read as one range


class PayloadRow(NamedTuple):
    """The encrypted payload of a leaf, sealed or to be."""

    id: int
    subject: str
    nonce: bytes
    ciphertext: bytes
    commitment: bytes
    key_id: str


def reserve(transaction: Transaction, count: int) -> Sequence[int]:
    """So many numbers that nothing has, in rising order. On a database server others may be given some in between."""
    if transaction.dialect.name == "postgresql":
        query = text("SELECT nextval(pg_get_serial_sequence('payload', 'id')) FROM generate_series(1, :count)")
        return sorted(transaction.execute(query, {"count": count}).scalars())
    last = highest(transaction)
    return range(last + 1, last + 1 + count)


def highest(transaction: Transaction) -> int:
    """The highest number that anything still says."""
    return max(number or 0 for number in transaction.execute(_HIGHEST).one())


def add(transaction: Transaction, rows: Sequence[tuple[int, str, bytes, bytes, bytes, str]]) -> None:
    """Adds payloads under reserved numbers; each row is a :class:`PayloadRow`."""
    insert_rows(transaction, payload, rows, PayloadRow._fields)


def get(transaction: Transaction, numbers: Iterable[int | None]) -> dict[int, PayloadRow]:
    """The payloads of these numbers that exist, by number. None stands for an entry that has none."""
    return {row[0]: PayloadRow._make(row) for row in _read(transaction, select(payload), numbers)}


def promises(transaction: Transaction, numbers: Iterable[int | None]) -> dict[int, tuple[str, bytes]]:
    """``(subject, commitment)`` of the payloads of these numbers that exist, by number."""
    query = select(payload.c.id, payload.c.subject, payload.c.commitment)
    return {number: (name, commitment) for number, name, commitment in _read(transaction, query, numbers)}


def _read(transaction: Transaction, query: Select[Any], numbers: Iterable[int | None]) -> Iterator[tuple[Any, ...]]:
    wanted = {number for number in numbers if number is not None}
    if not wanted:
        return
    first, last = min(wanted), max(wanted)
    if last - first < _SPREAD * len(wanted):
        rows = fetch_rows(transaction, query.where(payload.c.id >= first, payload.c.id <= last))
        yield from (row for row in rows if row[0] in wanted)
        return
    found = sorted(wanted)
    for start in range(0, len(found), _CHUNK):
        yield from fetch_rows(transaction, query.where(payload.c.id.in_(found[start : start + _CHUNK])))


def sealed_count(transaction: Transaction) -> int:
    """How many payloads there are that do not wait for the sealer."""
    waits = select(pending.c.id).where(pending.c.id == payload.c.id).exists()
    return int(transaction.execute(select(func.count()).select_from(payload).where(~waits)).scalar_one())


def places_of(transaction: Transaction, pseudonyms: Sequence[str]) -> list[tuple[int, int]]:
    """Where the entries of these subjects are that have a payload, in order."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(pseudonyms), _CHUNK):
        mine = payload.c.subject.in_(pseudonyms[start : start + _CHUNK])
        query = select(entry.c.shard, entry.c.idx).join(payload, payload.c.id == entry.c.payload).where(mine)
        found += [(row.shard, row.idx) for row in transaction.execute(query)]
    return sorted(found)
