"""The way of pending rows into the ledger: numbered in their one order, read in it, then moved, set by set.

Within one write transaction of the sealer's: :func:`number`, :func:`rows`, (the sealer appends the entries), then
:func:`move`. Payloads go from table to table as they are: what is encrypted never passes through here.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import current, payload, pending, run

_BLOCK = 1000
_Number = BigInteger().with_variant(Integer, "sqlite")
_place = Table(
    "place",
    MetaData(),
    Column("idx", _Number, primary_key=True, autoincrement=False),
    Column("pending", _Number, nullable=False, unique=True),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


class WaitingRow(NamedTuple):
    """What a pending row says in its leaf. ``idx`` is its place; the last two say where the entry before it is.

    ``waits``: the pending row before it; ``before``: the place of that one, None when it is not among those numbered.
    """

    idx: int
    kind: str
    site: str
    session: str | None
    programme: str | None
    plan: str | None
    run_id: str
    observed_at: str
    subject: str | None
    commitment: bytes | None
    content: str | None
    prev_shard: int | None
    prev_idx: int | None
    waits: int | None
    before: int | None


def number(transaction: Transaction, first: int) -> None:
    """Gives every pending row its place, ``first`` and up, in the one order in which it may be sealed.

    Runs in the order they were staged; within a run by subject and object, whatever order Moodle answered in and
    without telling it; what has no subject comes last.
    """
    _place.create(transaction)
    order = (run.c.seq, pending.c.subject.is_(None), pending.c.subject, pending.c.ref, pending.c.id)
    place = func.row_number().over(order_by=order) + (first - 1)
    numbered = select(place, pending.c.id).join(run, run.c.id == pending.c.run_id)
    transaction.execute(insert(_place).from_select(["idx", "pending"], numbered))


def broken(transaction: Transaction) -> bool:
    """Whether a numbered row about a subject lacks a part of its payload."""
    parts = (pending.c.nonce, pending.c.ciphertext, pending.c.commitment, pending.c.key_id)
    lacking = and_(pending.c.subject.is_not(None), or_(*(part.is_(None) for part in parts)))
    query = select(pending.c.id).join(_place, _place.c.pending == pending.c.id).where(lacking).limit(1)
    return transaction.execute(query).one_or_none() is not None


def rows(transaction: Transaction) -> Generator[list[WaitingRow]]:
    """The numbered rows in their order, a bounded number at a time. Close it when not all of them are taken."""
    before = _place.alias("before")
    names = [name for name in WaitingRow._fields if name not in ("idx", "waits", "before")]
    query = (
        select(_place.c.idx, *(pending.c[name] for name in names), pending.c.prev_pending, before.c.idx)
        .join(pending, pending.c.id == _place.c.pending)
        .outerjoin(before, before.c.pending == pending.c.prev_pending)
        .order_by(_place.c.idx)
    )
    with transaction.execute(query, execution_options={"yield_per": _BLOCK}) as result:
        for block in result.partitions():
            yield [WaitingRow._make(row) for row in block]


def move(transaction: Transaction, shard: int) -> int:
    """Moves the numbered rows behind their entries of this shard, which are there; returns the number of payloads.

    ``current`` then points at the entries, and nothing of these rows is pending.
    """
    columns = [payload.c[name] for name in ("subject", "nonce", "ciphertext", "commitment", "key_id")]
    found = (
        select(literal(shard, _Number), _place.c.idx, *(pending.c[column.name] for column in columns))
        .join(pending, pending.c.id == _place.c.pending)
        .where(pending.c.subject.is_not(None))
        .order_by(_place.c.idx)
    )
    into = insert(payload).from_select(["shard", "idx", *(column.name for column in columns)], found)
    moved = transaction.execute(into, execution_options={"preserve_rowcount": True}).rowcount
    here = update(current).where(current.c.pending == _place.c.pending)
    transaction.execute(here.values(pending=None, shard=shard, idx=_place.c.idx))
    both = select(func.count()).select_from(pending).scalar_subquery(), select(func.count()).select_from(_place)
    waiting, numbered = transaction.execute(select(both[0], both[1].scalar_subquery())).one()
    mine = pending.c.id.in_(select(_place.c.pending))
    # Nobody else may write: all of it, which is cheap, unless something stays for a reason that nobody knows yet.
    transaction.execute(delete(pending) if waiting == numbered else delete(pending).where(mine))
    _place.drop(transaction)
    return moved
