"""The deletable mapping: which person of which site a pseudonym stands for, within one scope.

A scope is a session's key or ``site``. The same person in two sessions has two pseudonyms, joined here only: by a
lookup (keyed by the master key) and an encrypted identity (under the subject's own key).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, select, update

from moodle_sync.store.bulk import insert_rows
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import subject

_IN_SCOPE = (
    select(subject)
    .where(subject.c.scope == bindparam("scope"), subject.c.site == bindparam("site"))
    .order_by(subject.c.pseudonym)
)


class SubjectRow(NamedTuple):
    """One pseudonym. ``key_id`` names the master key that ``lookup`` was made with."""

    pseudonym: str
    scope: str
    site: str
    lookup: bytes
    identity: bytes
    key_id: str


def in_scope(transaction: Transaction, scope: str, site: str) -> list[SubjectRow]:
    """Every subject of a scope on a site."""
    return [SubjectRow(*row) for row in transaction.execute(_IN_SCOPE, {"scope": scope, "site": site})]


def identity(transaction: Transaction, pseudonym: str) -> bytes | None:
    """The encrypted identity of a subject, or None when the mapping does not have it (any more)."""
    query = select(subject.c.identity).where(subject.c.pseudonym == pseudonym)
    return transaction.execute(query).scalar_one_or_none()


def add(transaction: Transaction, rows: Sequence[SubjectRow]) -> None:
    """Adds subjects."""
    insert_rows(transaction, subject, rows, SubjectRow._fields)


def set_identity(transaction: Transaction, pseudonym: str, identity: bytes) -> None:
    """Replaces an identity, as when a person's name changed: not an entry of the ledger."""
    transaction.execute(update(subject).where(subject.c.pseudonym == pseudonym).values(identity=identity))


def set_lookup(transaction: Transaction, pseudonym: str, lookup: bytes, key_id: str) -> None:
    """Replaces a lookup by one of another master key."""
    transaction.execute(update(subject).where(subject.c.pseudonym == pseudonym).values(lookup=lookup, key_id=key_id))


def every(transaction: Transaction) -> list[SubjectRow]:
    """All subjects."""
    return [SubjectRow(*row) for row in transaction.execute(select(subject).order_by(subject.c.pseudonym))]
