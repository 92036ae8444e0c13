"""What was staged and is not sealed yet, and the last known state of every object.

A ``pending`` row says what its leaf will say; the payload of the same number (``store.payloads``) is written with it.
Only the sealer takes rows out. ``current`` says for each object of a subject which payload its last state is, sealed or
not, and a keyed hash of that state.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, delete, func, insert, or_, select, update

from moodle_sync.store.bulk import insert_rows
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import batch, current, payload, pending, subject

_BLOCK = 1000


class Batch(NamedTuple):
    """What the leaves-to-be of one scope of a run have in common. ``observed_at`` is RFC 3339."""

    run_id: str
    kind: str
    site: str
    session: str | None
    programme: str | None
    observed_at: str


class PendingRow(NamedTuple):
    """A leaf-to-be: ``content`` (JSON) for one that counts the run, else a subject and what its payload commits to.

    ``id`` is the number of its payload, ``previous`` that of the payload of the state before; rows are sealed in the
    order of their numbers.
    """

    id: int
    batch: int
    plan: str | None
    subject: str | None = None
    previous: int | None = None
    commitment: bytes | None = None
    content: str | None = None


class CurrentRow(NamedTuple):
    """The last state of one object, the number of its payload, and whether it is ``gone``: 0 or 1."""

    subject: str
    ref: bytes
    payload: int
    value_mac: bytes
    gone: int


_Pending = tuple[int, int, str | None, str | None, int | None, bytes | None, str | None]
_Current = tuple[str, bytes, int, bytes, int]
# Made once: making a statement costs more than running it.
_BEGIN = insert(batch).returning(batch.c.id)
_IN_SCOPE = (
    select(current)
    .join(subject, subject.c.pseudonym == current.c.subject)
    .where(subject.c.scope == bindparam("scope"), subject.c.site == bindparam("site"))
)
_COLUMNS = [pending.c[name] for name in PendingRow._fields]


def begin(transaction: Transaction, rows: Batch) -> int:
    """Begins a batch, and returns its number."""
    number: int = transaction.execute(_BEGIN, rows._asdict()).scalar_one()
    return number


def add(transaction: Transaction, rows: Sequence[_Pending]) -> None:
    """Adds rows that wait for the sealer, under the numbers of their payloads; each is a :class:`PendingRow`."""
    insert_rows(transaction, pending, rows, PendingRow._fields)


def batches(transaction: Transaction, rows: Sequence[PendingRow]) -> dict[int, Batch]:
    """The batches of these rows, by number."""
    numbers = {row.batch for row in rows}
    query = select(batch).where(batch.c.id >= min(numbers), batch.c.id <= max(numbers))
    return {number: Batch(*told) for number, *told in transaction.execute(query) if number in numbers}


def count(transaction: Transaction) -> int:
    """How many rows are pending."""
    return transaction.execute(select(func.count()).select_from(pending)).scalar_one()


def waiting(transaction: Transaction) -> Generator[list[PendingRow]]:
    """Every row in the one order in which they may be sealed, a bounded number at a time. Close it if not all are read.

    Runs in the order they were staged; within a run as its stager numbered them.
    """
    query = select(*_COLUMNS).order_by(pending.c.id)
    with transaction.execute(query, execution_options={"yield_per": _BLOCK}) as result:
        for block in result.partitions():
            yield list(map(PendingRow._make, block))


def broken(transaction: Transaction) -> bool:
    """Whether a row about a subject lacks its payload, or has another one's."""
    mine = and_(payload.c.subject == pending.c.subject, payload.c.commitment == pending.c.commitment)
    query = select(pending.c.id).outerjoin(payload, payload.c.id == pending.c.id)
    lacking = query.where(pending.c.subject.is_not(None), or_(payload.c.id.is_(None), ~mine)).limit(1)
    return transaction.execute(lacking).one_or_none() is not None


def remove(transaction: Transaction, count_sealed: int) -> bool:
    """Takes out all rows, once this many were sealed; False, and nothing is taken, when that is not how many there are.

    Nobody else may write meanwhile.
    """
    if count(transaction) != count_sealed:
        return False
    transaction.execute(delete(pending))
    transaction.execute(delete(batch))
    return True


def current_in_scope(transaction: Transaction, scope: str, site: str) -> dict[tuple[str, bytes], CurrentRow]:
    """The last state of every object of a scope on a site, by (pseudonym, reference)."""
    rows = map(CurrentRow._make, transaction.execute(_IN_SCOPE, {"scope": scope, "site": site}))
    return {(row.subject, row.ref): row for row in rows}


def count_states(transaction: Transaction) -> tuple[int, int]:
    """How many last states there are, and how many of them name no payload of their subject."""
    lost = func.sum(case((payload.c.subject.is_distinct_from(current.c.subject), 1), else_=0))
    query = select(func.count(), func.coalesce(lost, 0)).select_from(current)
    states, names_nothing = transaction.execute(query.outerjoin(payload, payload.c.id == current.c.payload)).one()
    return states, int(names_nothing)


def states(transaction: Transaction, first: int, last: int) -> list[CurrentRow]:
    """The last states whose payloads have these numbers, both included, by number."""
    query = select(current).where(current.c.payload >= first, current.c.payload <= last).order_by(current.c.payload)
    return list(map(CurrentRow._make, transaction.execute(query)))


def set_current(transaction: Transaction, new: Sequence[_Current], changed: Sequence[_Current]) -> None:
    """Stores the last states of objects: those that had none yet, and those that take the place of an earlier one.

    Each is a :class:`CurrentRow`.
    """
    insert_rows(transaction, current, new, CurrentRow._fields)
    if changed:
        there = (current.c.subject == bindparam("b_subject"), current.c.ref == bindparam("b_ref"))
        names = [name for name in CurrentRow._fields if name not in ("subject", "ref")]
        values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
        columns = [f"b_{name}" for name in CurrentRow._fields]
        rows = [dict(zip(columns, row, strict=True)) for row in changed]
        transaction.execute(update(current).where(*there).values(values), rows)
