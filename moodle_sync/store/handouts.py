"""The register of what was handed out with people's data in it: packs, exports, reports; and about whom each is.

A file about somebody who was erased since is *owed*: nothing here says any more about whom it was, only that it has to
be destroyed, or made anew. Nothing here opens or deletes a file.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update

from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import handout, handout_subject

_CHUNK = 500


class HandoutRow(NamedTuple):
    """A file or folder. ``sha256`` is of the file, or of the pack's manifest; None when writing it was cut off."""

    id: int
    kind: str
    path: str
    sha256: str | None
    made_at: str
    owed: int


def register(transaction: Transaction, *, kind: str, path: str, at: str, subjects: Collection[str]) -> int:
    """Notes a file that is about to be written; returns its number.

    One of the same path stays about its own subjects too, until :func:`written` says that it was written over.
    """
    query = select(handout.c.id).where(handout.c.path == path)
    number = transaction.execute(query).scalar_one_or_none()
    if number is None:
        values = {"kind": kind, "path": path, "made_at": at, "owed": 0}
        number = transaction.execute(insert(handout).values(values).returning(handout.c.id)).scalar_one()
    there = select(handout_subject.c.subject).where(handout_subject.c.handout == number)
    _about(transaction, number, set(subjects) - set(transaction.execute(there).scalars()))
    return int(number)


def written(
    transaction: Transaction, number: int, sha256: str, *, kind: str, at: str, subjects: Collection[str]
) -> None:
    """Notes what was written, in place of whatever was there: whoever was erased before is not in it."""
    transaction.execute(delete(handout_subject).where(handout_subject.c.handout == number))
    _about(transaction, number, subjects)
    values = {"sha256": sha256, "kind": kind, "made_at": at, "owed": 0}
    transaction.execute(update(handout).where(handout.c.id == number).values(values))


def _about(transaction: Transaction, number: int, subjects: Collection[str]) -> None:
    rows = [{"handout": number, "subject": name} for name in sorted(set(subjects))]
    if rows:
        transaction.execute(insert(handout_subject), rows)


def every(transaction: Transaction) -> list[HandoutRow]:
    """All of them, oldest first."""
    query = select(handout).order_by(handout.c.made_at, handout.c.id)
    return [HandoutRow(*row) for row in transaction.execute(query)]


def concerning(transaction: Transaction, pseudonyms: Sequence[str]) -> list[HandoutRow]:
    """Those that are about one of these subjects, oldest first."""
    numbers: set[int] = set()
    for start in range(0, len(pseudonyms), _CHUNK):
        there = handout_subject.c.subject.in_(pseudonyms[start : start + _CHUNK])
        numbers.update(transaction.execute(select(handout_subject.c.handout).where(there)).scalars())
    return [row for row in every(transaction) if row.id in numbers]


def owe(transaction: Transaction, pseudonyms: Sequence[str]) -> None:
    """Notes that what is about these subjects is owed: something of theirs was erased."""
    for row in concerning(transaction, pseudonyms):
        transaction.execute(update(handout).where(handout.c.id == row.id).values(owed=1))


def erased(transaction: Transaction, pseudonyms: Sequence[str]) -> None:
    """Notes that what is about these subjects is owed, and forgets that it was about them."""
    owe(transaction, pseudonyms)
    for start in range(0, len(pseudonyms), _CHUNK):
        there = handout_subject.c.subject.in_(pseudonyms[start : start + _CHUNK])
        transaction.execute(delete(handout_subject).where(there))


def gone(transaction: Transaction, number: int) -> None:
    """Forgets one that is no more."""
    transaction.execute(delete(handout_subject).where(handout_subject.c.handout == number))
    transaction.execute(delete(handout).where(handout.c.id == number))
