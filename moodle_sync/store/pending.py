"""What was staged and is not sealed yet, and the last known state of every object.

``pending`` rows are encrypted; only the sealer takes them out (``store.sealing``). ``current`` says for each object of
a subject which entry (or which pending row) its last state is, and a keyed hash of that state.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, case, func, select, update

from moodle_sync.store.bulk import insert_rows
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import current, payload, pending, subject

_CHUNK = 500


class PendingRow(NamedTuple):
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


_COLUMNS = [pending.c[name] for name in PendingRow._fields]


class CurrentRow(NamedTuple):
    """The last state of one object: either ``(shard, idx)`` or ``pending`` says where it is. ``gone``: 0 or 1."""

    subject: str
    ref: bytes
    shard: int | None
    idx: int | None
    pending: int | None
    value_mac: bytes
    gone: int


def add(transaction: Transaction, run_id: str, rows: Sequence[PendingRow]) -> list[int]:
    """Adds pending rows of one run and returns their identifiers, in the same order."""
    before = transaction.execute(select(func.max(pending.c.id))).scalar_one() or 0
    insert_rows(transaction, pending, rows, PendingRow._fields)
    mine = pending.c.id > before, pending.c.run_id == run_id
    counted = select(func.count(), func.min(pending.c.id), func.max(pending.c.id)).where(*mine)
    count, first, last = transaction.execute(counted).one()
    if count != len(rows):
        raise ValueError("rows of another run were given")
    if count and last - first == count - 1:
        return list(range(first, last + 1))  # both databases count upwards, row by row
    return list(transaction.execute(select(pending.c.id).where(*mine).order_by(pending.c.id)).scalars())


def get(transaction: Transaction, ids: Sequence[int]) -> dict[int, PendingRow]:
    """The pending rows of these identifiers that exist, by identifier."""
    found: dict[int, PendingRow] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(pending.c.id, *_COLUMNS).where(pending.c.id.in_(ids[start : start + _CHUNK]))
        found.update({row.id: PendingRow(*row[1:]) for row in transaction.execute(query)})
    return found


def count(transaction: Transaction) -> int:
    """How many rows are pending."""
    return transaction.execute(select(func.count()).select_from(pending)).scalar_one()


def current_in_scope(transaction: Transaction, scope: str, site: str) -> dict[tuple[str, bytes], CurrentRow]:
    """The last state of every object of a scope on a site, by (pseudonym, reference)."""
    query = (
        select(current)
        .join(subject, subject.c.pseudonym == current.c.subject)
        .where(subject.c.scope == scope, subject.c.site == site)
    )
    return {(row.subject, row.ref): CurrentRow(*row) for row in transaction.execute(query)}


def count_states(transaction: Transaction) -> tuple[int, int]:
    """How many last states there are, and how many of them name no payload and no pending row of their subject."""
    owner = func.coalesce(payload.c.subject, pending.c.subject)
    lost = func.sum(case((owner.is_distinct_from(current.c.subject), 1), else_=0))
    query = (
        select(func.count(), func.coalesce(lost, 0))
        .select_from(current)
        .outerjoin(payload, and_(payload.c.shard == current.c.shard, payload.c.idx == current.c.idx))
        .outerjoin(pending, pending.c.id == current.c.pending)
    )
    count, names_nothing = transaction.execute(query).one()
    return count, int(names_nothing)


def sealed_states(transaction: Transaction) -> Generator[CurrentRow]:
    """The last states that are sealed, in the order of their entries, a bounded number in memory.

    Close it when not all of them are taken.
    """
    order = (current.c.shard, current.c.idx, current.c.subject, current.c.ref)
    return _states(transaction, select(current).where(current.c.pending.is_(None)).order_by(*order))


def pending_states(transaction: Transaction) -> Generator[CurrentRow]:
    """The last states that are not sealed, in the order of their pending rows; otherwise as :func:`sealed_states`."""
    order = (current.c.pending, current.c.subject, current.c.ref)
    return _states(transaction, select(current).where(current.c.pending.is_not(None)).order_by(*order))


def _states(transaction: Transaction, query: Select[Any]) -> Generator[CurrentRow]:
    with transaction.execute(query, execution_options={"yield_per": _CHUNK}) as result:
        for rows in result.partitions():
            yield from map(CurrentRow._make, rows)


def set_current(transaction: Transaction, new: Sequence[CurrentRow], changed: Sequence[CurrentRow]) -> None:
    """Stores the last states of objects: those that had none yet, and those that take the place of an earlier one."""
    insert_rows(transaction, current, new, CurrentRow._fields)
    if changed:
        there = (current.c.subject == bindparam("b_subject"), current.c.ref == bindparam("b_ref"))
        names = [name for name in CurrentRow._fields if name not in ("subject", "ref")]
        values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
        rows = [{f"b_{name}": value for name, value in row._asdict().items()} for row in changed]
        transaction.execute(update(current).where(*there).values(values), rows)
