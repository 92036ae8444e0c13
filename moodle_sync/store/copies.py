"""The register of copies: backups of the store, and of the keystore apart, each with the erasures that it is clean of.

A copy that is behind the number of erasures still holds what was erased since. The row outlives the reach of its file:
a disk that is not plugged in is a duty that waits. Nothing here opens a copy.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import delete, insert, select, update

from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import copy

CopyKind = Literal["store", "keystore"]


class CopyRow(NamedTuple):
    """A copy. ``path`` is its folder; ``until`` (RFC 3339) its end, None for none; ``clean`` counts erasures."""

    id: int
    kind: CopyKind
    path: str
    made_at: str
    until: str | None
    clean: int


def register(
    transaction: Transaction, *, kind: CopyKind, path: str, made_at: str, until: str | None, clean: int
) -> int:
    """Notes a copy before it is made, in place of an older one of the same path; returns its number."""
    transaction.execute(delete(copy).where(copy.c.path == path))
    values = {"kind": kind, "path": path, "made_at": made_at, "until": until, "clean": clean}
    return int(transaction.execute(insert(copy).values(values).returning(copy.c.id)).scalar_one())


def every(transaction: Transaction) -> list[CopyRow]:
    """All copies, oldest first."""
    return [CopyRow(*row) for row in transaction.execute(select(copy).order_by(copy.c.made_at, copy.c.id))]


def cleaned(transaction: Transaction, number: int, clean: int) -> None:
    """Notes that a copy holds nothing of the first ``clean`` erasures any more."""
    transaction.execute(update(copy).where(copy.c.id == number, copy.c.clean < clean).values(clean=clean))


def doubt(transaction: Transaction) -> None:
    """Notes that no copy is known to be clean: the register is older than they may be."""
    transaction.execute(update(copy).values(clean=-1))


def gone(transaction: Transaction, number: int) -> None:
    """Forgets a copy that is no more."""
    transaction.execute(delete(copy).where(copy.c.id == number))
