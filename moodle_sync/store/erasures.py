"""Erasures: the journal by which one that was cut off is finished, the rows that go, and refusals with their end.

The journal names pseudonyms only until their rows are gone: which of them were one person must not outlive the mapping.
Whoever calls holds the write transaction; keys and salts are the keystore's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, delete, func, insert, select, update

from moodle_sync.store import entries, handouts
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import current, erasure, payload, pending, refusal, subject

_CHUNK = 500
_RETIRED = select(erasure.c.terms).where(erasure.c.scope == bindparam("scope"), erasure.c.terms.is_not(None))


class ErasureRow(NamedTuple):
    """An erasure. ``state``: ``started`` (keys may be gone already), ``erased`` (remnants may be left), ``done``."""

    id: int
    state: str
    scope: str | None
    subjects: tuple[str, ...]
    policy: str
    reason: str
    terms: Terms | None = None


class Terms(NamedTuple):
    """What an erasure by a retention policy is about besides whole subjects. ``places`` are forgotten with their rows.

    ``kinds`` of facts of the erasure's scope on ``site`` are not entered again. ``says`` goes into its leaf.
    """

    site: str
    kinds: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    says: dict[str, Any]


class RefusalRow(NamedTuple):
    """An erasure of a subject that was refused. ``until`` is a date (``2029-12-31``), ``at`` RFC 3339."""

    subject: str
    policy: str
    reason: str
    until: str
    at: str


class Gone(NamedTuple):
    """How much was deleted."""

    subjects: int
    entries: int
    pending: int


def begin(
    transaction: Transaction,
    *,
    scope: str | None,
    pseudonyms: Sequence[str],
    policy: str,
    reason: str,
    at: str,
    terms: Terms | None = None,
) -> int:
    """Notes that these subjects (and the places of ``terms``) are about to be erased; returns the note's number."""
    values = {"scope": scope, "subjects": json.dumps(sorted(pseudonyms)), "policy": policy, "reason": reason}
    values["terms"] = None if terms is None else json.dumps(terms._asdict(), sort_keys=True)
    query = insert(erasure).values(state="started", counts="{}", started=at, **values).returning(erasure.c.id)
    number: int = transaction.execute(query).scalar_one()
    return number


def unfinished(transaction: Transaction) -> list[ErasureRow]:
    """Erasures that are not done, oldest first."""
    query = select(erasure).where(erasure.c.state != "done").order_by(erasure.c.id)
    return [
        ErasureRow(
            row.id,
            row.state,
            row.scope,
            tuple(json.loads(row.subjects or "[]")),
            row.policy,
            row.reason,
            None if row.terms is None else _terms(row.terms),
        )
        for row in transaction.execute(query)
    ]


def _terms(text: str) -> Terms:
    stored = json.loads(text)
    places = tuple((shard, idx) for shard, idx in stored["places"])
    return Terms(stored["site"], tuple(stored["kinds"]), places, stored["says"])


def retired(transaction: Transaction, site: str, scope: str) -> frozenset[str]:
    """The kinds of facts of a scope whose retention is over: nothing of them is entered any more."""
    found = [_terms(text) for text in transaction.execute(_RETIRED, {"scope": scope}).scalars()]
    return frozenset(kind for one in found if one.site == site for kind in one.kinds)


def delete_subjects(transaction: Transaction, pseudonyms: Sequence[str]) -> Gone:
    """Deletes everything that can be deleted of these subjects: payloads, pending rows, last states, mapping.

    What was handed out about them is owed from now on: see :mod:`moodle_sync.store.handouts`.
    """
    handouts.erased(transaction, pseudonyms)
    _delete(transaction, current, current.c.subject, pseudonyms)
    waiting = _delete(transaction, pending, pending.c.subject, pseudonyms)
    both = _delete(transaction, payload, payload.c.subject, pseudonyms)
    _delete(transaction, refusal, refusal.c.subject, pseudonyms)
    return Gone(_delete(transaction, subject, subject.c.pseudonym, pseudonyms), both - waiting, waiting)


def delete_places(transaction: Transaction, places: Collection[tuple[int, int]]) -> int:
    """Deletes the payloads of the entries at these places, and the last states that they are; returns how many.

    What was handed out about their subjects is owed from now on.
    """
    numbers = [row.payload for row in entries.get(transaction, places).values() if row.payload is not None]
    return _delete_numbers(transaction, sorted(numbers))


def delete_payloads(transaction: Transaction, commitments: Collection[bytes]) -> tuple[int, int]:
    """Deletes single payloads, sealed or pending, and the last states that they are; returns how many of each went.

    All payloads are looked through, once: nothing else is searched by commitment.
    """
    if not commitments:
        return 0, 0
    wanted = frozenset(commitments)
    query = select(payload.c.id, payload.c.commitment).execution_options(yield_per=_CHUNK)
    numbers = sorted(row.id for row in transaction.execute(query) if row.commitment in wanted)
    waiting = _delete(transaction, pending, pending.c.id, numbers)
    return _delete_numbers(transaction, numbers) - waiting, waiting


def _delete_numbers(transaction: Transaction, numbers: Sequence[int]) -> int:
    for start in range(0, len(numbers), _CHUNK):
        owners = select(payload.c.subject).where(payload.c.id.in_(numbers[start : start + _CHUNK])).distinct()
        handouts.owe(transaction, list(transaction.execute(owners).scalars()))
    _delete(transaction, current, current.c.payload, numbers)
    return _delete(transaction, payload, payload.c.id, numbers)


def erased(transaction: Transaction, number: int, gone: Gone, entry: str) -> None:
    """Notes that the rows are gone and in which entry that is said, and forgets which they were."""
    counts = json.dumps({**gone._asdict(), "entry": entry}, sort_keys=True)
    mine = erasure.c.id == number
    before = transaction.execute(select(erasure.c.terms).where(mine)).scalar_one()
    terms = None if before is None else json.dumps(_terms(before)._replace(places=())._asdict(), sort_keys=True)
    values = {"state": "erased", "subjects": None, "counts": counts, "terms": terms}
    transaction.execute(update(erasure).where(mine).values(values))


def count(transaction: Transaction) -> int:
    """How many erasures there were whose rows are gone: what a copy has to be clean of."""
    query = select(func.count()).select_from(erasure).where(erasure.c.state != "started")
    return int(transaction.execute(query).scalar_one())


def outcome(transaction: Transaction, number: int) -> tuple[Gone, str]:
    """What an erasure whose rows are gone came to, and the number of its entry."""
    counts = json.loads(transaction.execute(select(erasure.c.counts).where(erasure.c.id == number)).scalar_one())
    entry = str(counts.pop("entry"))
    return Gone(**counts), entry


def done(transaction: Transaction, at: str) -> None:
    """Notes that nothing is left of any erasure whose rows are gone."""
    transaction.execute(update(erasure).where(erasure.c.state == "erased").values(state="done", finished=at))


def refuse(transaction: Transaction, rows: Sequence[RefusalRow]) -> None:
    """Notes refusals."""
    transaction.execute(insert(refusal), [row._asdict() for row in rows])


def refusals(transaction: Transaction, pseudonyms: Sequence[str]) -> list[RefusalRow]:
    """The refusals about these subjects, by end."""
    found: list[RefusalRow] = []
    columns = [refusal.c[name] for name in RefusalRow._fields]
    for start in range(0, len(pseudonyms), _CHUNK):
        query = select(*columns).where(refusal.c.subject.in_(pseudonyms[start : start + _CHUNK]))
        found += [RefusalRow(*row) for row in transaction.execute(query)]
    return sorted(found, key=lambda row: (row.until, row.at))


def waiting(transaction: Transaction, pseudonyms: Sequence[str]) -> int:
    """How many rows about these subjects are pending."""
    count = 0
    for start in range(0, len(pseudonyms), _CHUNK):
        there = pending.c.subject.in_(pseudonyms[start : start + _CHUNK])
        count += transaction.execute(select(func.count()).select_from(pending).where(there)).scalar_one()
    return count


def _delete(transaction: Transaction, table: Table, column: Any, values: Sequence[str] | Sequence[int]) -> int:
    count = 0
    for start in range(0, len(values), _CHUNK):
        count += transaction.execute(delete(table).where(column.in_(values[start : start + _CHUNK]))).rowcount
    return count
