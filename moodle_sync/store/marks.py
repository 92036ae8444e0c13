"""Two marks that a store can bear: its ledger has moved away, or is still on its way here.

A move sets and removes them, and so does a restore to a database server (``store.moving``); every store that is opened
is asked for them, so that nobody goes on writing to what was left behind, nor opens what is only half there.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store.tables import erasure, head, meta, run

_ERASURES = select(func.count()).select_from(erasure)
_STATE = select(
    select(func.max(run.c.seq)).scalar_subquery(),
    *(_ERASURES.where(erasure.c.state == word).scalar_subquery() for word in ("started", "erased", "done")),
)
MOVED, ARRIVING = "moved", "arriving"
RESTORING = "a backup of "
"""How the value of ARRIVING begins when no other store is the source, but a backup of the ledger that is named."""
_MARKS = select(meta.c.name, meta.c.value).where(meta.c.name.in_((MOVED, ARRIVING)))  # asked for before each write


def get(transaction: Connection) -> dict[str, str]:
    """The marks that are set: the address that the ledger went to, or what it comes from."""
    return {row.name: row.value for row in transaction.execute(_MARKS)}


def state(transaction: Connection) -> tuple[object, ...]:
    """Two views of a store in which this is the same show the same entries, payloads, pending rows and last states.

    Whoever stages notes a run, whoever seals moves a head, whoever erases notes an erasure and its state.
    """
    rows = transaction.execute(_STATE).one()
    heads = transaction.execute(select(head).order_by(head.c.shard)).all()
    return (*rows, *map(tuple, heads))


def put(transaction: Connection, mark: str, address: str) -> None:
    """Sets a mark."""
    transaction.execute(insert(meta).values(name=mark, value=address))


def drop(transaction: Connection, mark: str) -> None:
    """Removes a mark."""
    transaction.execute(delete(meta).where(meta.c.name == mark))


def require_here(transaction: Connection, *, writing: bool) -> None:
    """Passes when the ledger is here; what has moved away may still be read.

    Raises:
        LedgerUnusable: it is not.
    """
    found = get(transaction)
    if found.get(ARRIVING, "").startswith(RESTORING):
        raise LedgerUnusable(
            "a backup was being restored to this store, and that has not ended",
            hint="Run the same moodle-sync ledger restore again.",
        )
    if ARRIVING in found:
        raise LedgerUnusable(
            "a ledger was being moved to this store, and has not arrived",
            hint="Run the same moodle-sync ledger move again, with the configuration that it was begun with.",
        )
    if writing and MOVED in found:
        raise LedgerUnusable(
            f"this ledger has moved to {found[MOVED]}: nothing is written here any more",
            hint="Write that address as store under [ledger] in config.toml.",
        )
