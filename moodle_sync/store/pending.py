"""What was staged and is not sealed yet, and the last known state of every object.

``pending`` rows are encrypted; only the sealer takes them out. ``current`` says for each object of a subject which
entry (or which pending row) its last state is, and a keyed hash of that state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import current, pending, run, subject

_CHUNK = 500


@dataclass(frozen=True)
class PendingRow:
    """A leaf-to-be: ``content`` (JSON) for kinds without personal data, else an encrypted payload of a subject."""

    run_id: str
    kind: str
    site: str
    session: str | None
    programme: str | None
    plan: str | None
    observed_at: str
    subject: str | None = None
    ref: bytes | None = None
    prev_shard: int | None = None
    prev_idx: int | None = None
    prev_pending: int | None = None
    nonce: bytes | None = None
    ciphertext: bytes | None = None
    commitment: bytes | None = None
    key_id: str | None = None
    content: str | None = None


class CurrentRow(NamedTuple):
    """The last state of one object: either ``(shard, idx)`` or ``pending`` says where it is. ``gone``: 0 or 1."""

    subject: str
    ref: bytes
    shard: int | None
    idx: int | None
    pending: int | None
    value_mac: bytes
    gone: int


def add(transaction: Transaction, rows: Sequence[PendingRow]) -> list[int]:
    """Adds pending rows and returns their identifiers, in the same order."""
    if not rows:
        return []
    query = insert(pending).returning(pending.c.id, sort_by_parameter_order=True)
    return list(transaction.execute(query, [vars(row) for row in rows]).scalars())


def get(transaction: Transaction, ids: Sequence[int]) -> dict[int, PendingRow]:
    """The pending rows of these identifiers that exist, by identifier."""
    found: dict[int, PendingRow] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(pending).where(pending.c.id.in_(ids[start : start + _CHUNK]))
        found.update({row.id: _pending(row._mapping) for row in transaction.execute(query)})
    return found


def in_order(transaction: Transaction) -> Iterator[list[tuple[int, PendingRow]]]:
    """Every pending row with its identifier, in the one order in which it may be sealed, a block at a time.

    Runs in the order they were staged; within a run by subject and object, whatever order Moodle answered in and
    without telling it; what has no subject comes last.
    """
    order = (run.c.seq, pending.c.subject.is_(None), pending.c.subject, pending.c.ref, pending.c.id)
    query = select(pending.c.id).join(run, run.c.id == pending.c.run_id).order_by(*order)
    ids = list(transaction.execute(query).scalars())
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        rows = transaction.execute(select(pending).where(pending.c.id.in_(chunk)))
        found = {row.id: _pending(row._mapping) for row in rows}
        yield [(number, found[number]) for number in chunk]


def count(transaction: Transaction) -> int:
    """How many rows are pending."""
    return transaction.execute(select(func.count()).select_from(pending)).scalar_one()


def remove(transaction: Transaction, sealed: Sequence[tuple[int, int, int]]) -> None:
    """Takes ``(pending id, shard, idx)`` out of ``pending``; ``current`` then points at the entry."""
    if not sealed:
        return
    rows = [{"b_pending": number, "b_shard": shard, "b_idx": idx} for number, shard, idx in sealed]
    moved = update(current).where(current.c.pending == bindparam("b_pending"))
    values: dict[str, Any] = {"pending": None, "shard": bindparam("b_shard"), "idx": bindparam("b_idx")}
    transaction.execute(moved.values(values), rows)
    transaction.execute(delete(pending).where(pending.c.id == bindparam("b_pending")), rows)


def current_in_scope(transaction: Transaction, scope: str, site: str) -> dict[tuple[str, bytes], CurrentRow]:
    """The last state of every object of a scope on a site, by (pseudonym, reference)."""
    query = (
        select(current)
        .join(subject, subject.c.pseudonym == current.c.subject)
        .where(subject.c.scope == scope, subject.c.site == site)
    )
    return {(row.subject, row.ref): CurrentRow(*row) for row in transaction.execute(query)}


def current_blocks(transaction: Transaction) -> Iterator[list[CurrentRow]]:
    """Every row of ``current``, a bounded number at a time."""
    result = transaction.execute(select(current).order_by(current.c.subject, current.c.ref))
    for rows in result.partitions(_CHUNK):
        yield [CurrentRow(*row) for row in rows]


def set_current(transaction: Transaction, new: Sequence[CurrentRow], changed: Sequence[CurrentRow]) -> None:
    """Stores the last states of objects: those that had none yet, and those that take the place of an earlier one."""
    if new:
        transaction.execute(insert(current), [row._asdict() for row in new])
    if changed:
        there = (current.c.subject == bindparam("b_subject"), current.c.ref == bindparam("b_ref"))
        names = [name for name in CurrentRow._fields if name not in ("subject", "ref")]
        values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
        rows = [{f"b_{name}": value for name, value in row._asdict().items()} for row in changed]
        transaction.execute(update(current).where(*there).values(values), rows)


def _pending(mapping: Any) -> PendingRow:
    return PendingRow(**{name: value for name, value in mapping.items() if name != "id"})
