"""The read side: what was sealed, decrypted, in the order of the ledger. Judges nothing and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moodle_sync.canonical import canonical
from moodle_sync.clock import from_rfc3339
from moodle_sync.errors import VerificationFailed
from moodle_sync.facts.attested import AttestedFact, parse_attested
from moodle_sync.facts.models import (
    ActivityCompletion,
    CourseCompletion,
    Fact,
    FeedbackAnalysis,
    Grade,
    Person,
    QuizAttempt,
    RubricFilling,
    parse,
)
from moodle_sync.ledger.entries import Leaf, number, reveal
from moodle_sync.ledger.entries import parse as parse_leaf
from moodle_sync.store import Store, entries, payloads, subjects, tree
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import EntryRow
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.payloads import PayloadRow


@dataclass(frozen=True)
class SealedFact:
    """One sealed observation, called ``<shard>/<idx>`` in front of people.

    ``fact`` is None when it was erased; ``person`` is None when the mapping does not know the subject (any more).
    """

    shard: int
    idx: int
    fact: Fact | None
    observed_at: datetime
    previous: tuple[int, int] | None
    subject: str
    person: Person | None
    programme_digest: str | None
    kind: str = "observed"

    @property
    def number(self) -> str:
        """The entry's number."""
        return number(self.shard, self.idx)


@dataclass(frozen=True)
class SealedAttestation:
    """One sealed attested fact; what is None is so as in :class:`SealedFact`. ``attested_at``: when it was entered."""

    shard: int
    idx: int
    fact: AttestedFact | None
    attested_at: datetime
    previous: tuple[int, int] | None
    subject: str
    person: Person | None
    programme_digest: str | None

    @property
    def number(self) -> str:
        """The entry's number."""
        return number(self.shard, self.idx)


def facts(store: Store, keystore: Keystore, course: str) -> Iterator[SealedFact]:
    """The sealed observations of a course in order, one consistent view, a bounded number in memory.

    What was attested is apart: see :func:`attested`.

    Raises:
        VerificationFailed: an entry or payload was altered.
    """
    for row, leaf, data, person in _rows(store, keystore, course, "observed"):
        yield SealedFact(
            shard=row.shard,
            idx=row.idx,
            fact=None if data is None else parse(data),
            observed_at=from_rfc3339(leaf.observed_at),
            previous=leaf.previous,
            subject=leaf.subject or "",
            person=person,
            programme_digest=leaf.programme,
            kind=leaf.kind,
        )


def activity_keys(store: Store, keystore: Keystore, course: str) -> dict[int, str]:
    """The local key of each activity of a course by cmid, as the newest entry has it that names the activity.

    Raises as :func:`facts`.
    """
    keys: dict[int, str | None] = {}
    for sealed in facts(store, keystore, course):
        match sealed.fact:
            case ActivityCompletion() | QuizAttempt() | Grade() | RubricFilling() as fact if fact.cmid is not None:
                keys[fact.cmid] = fact.activity
            case FeedbackAnalysis() as fact:
                keys[fact.cmid] = fact.activity
            case CourseCompletion(criteria=criteria):
                keys |= {one.cmid: one.activity for one in criteria if one.cmid is not None}
            case _:
                pass
    return {cmid: key for cmid, key in keys.items() if key is not None}


def attested(store: Store, keystore: Keystore, course: str) -> Iterator[SealedAttestation]:
    """The sealed attested facts of a course (or of ``site``) in order. Raises as :func:`facts`.

    ``person`` is somebody with the userid 0 where a fact is about nobody in particular.
    """
    for row, leaf, data, person in _rows(store, keystore, course, "attested"):
        yield SealedAttestation(
            shard=row.shard,
            idx=row.idx,
            fact=None if data is None else parse_attested(data),
            attested_at=from_rfc3339(leaf.observed_at),
            previous=leaf.previous,
            subject=leaf.subject or "",
            person=person,
            programme_digest=leaf.programme,
        )


def places_of_file(
    store: Store, keystore: Keystore, sha256: str, course: str | None = None, subjects: Collection[str] | None = None
) -> list[tuple[int, int]]:
    """Where the attested facts are that rest on the file with this digest, in order; of a course or of these subjects.

    Every attested payload is decrypted to find them: what a fact rests on is nothing that a leaf tells.

    Raises:
        VerificationFailed: an entry or payload was altered.
    """
    found: list[tuple[int, int]] = []
    with store.read() as transaction:
        for head in tree.heads(transaction):
            for block in entries.blocks(transaction, head.shard, 0, head.size):
                read = [(row, parse_leaf(row.leaf)) for row in block if b'"kind":"attested"' in row.leaf]
                mine = [(row, leaf) for row, leaf in read if course is None or leaf.session == course]
                if subjects is not None:
                    mine = [(row, leaf) for row, leaf in mine if leaf.subject in subjects]
                held = payloads.get(transaction, [row.payload for row, _ in mine])
                for row, leaf in mine:
                    data = _payload(keystore, leaf, held.get(row.payload or 0))
                    if data is not None and data["file"]["sha256"] == sha256:
                        found.append((row.shard, row.idx))
    return found


def _rows(
    store: Store, keystore: Keystore, course: str, kind: str
) -> Iterator[tuple[EntryRow, Leaf, dict[str, Any] | None, Person | None]]:
    with store.read() as transaction:
        people: dict[str, Person | None] = {}
        text = canonical(course)
        for head in tree.heads(transaction):
            for block in entries.blocks(transaction, head.shard, 0, head.size):
                leaves = [(row, parse_leaf(row.leaf)) for row in block if text in row.leaf]  # parsing is what costs
                ours = [(row, leaf) for row, leaf in leaves if leaf.session == course and leaf.kind == kind]
                if not ours:
                    continue
                found = payloads.get(transaction, [row.payload for row, _ in ours])
                for row, leaf in ours:
                    subject = leaf.subject or ""
                    if subject not in people:
                        people[subject] = _person(transaction, keystore, subject)
                    yield row, leaf, _payload(keystore, leaf, found.get(row.payload or 0)), people[subject]


def _payload(keystore: Keystore, leaf: Leaf, payload: PayloadRow | None) -> dict[str, Any] | None:
    key = keystore.key(leaf.subject or "")
    if key is None:
        return None  # an erasure destroys the key first
    if payload is None:
        promised = leaf.subject or "", bytes.fromhex(leaf.commitment or "")
        if promised not in keystore.salts([promised]):
            return None  # a retention policy took it; the salt goes before the payload
        raise VerificationFailed("a payload is gone that was not erased", hint="Run: moodle-sync ledger verify")
    if payload.commitment.hex() != leaf.commitment:
        raise VerificationFailed("a payload is not the one that its entry commits to")
    return reveal(key, payload.nonce, payload.ciphertext, payload.commitment)


def _person(transaction: Transaction, keystore: Keystore, subject: str) -> Person | None:
    sealed, key = subjects.identity(transaction, subject), keystore.key(subject)
    if sealed is None or key is None:
        return None
    return Person.model_validate(json.loads(key.unseal_identity(subject, sealed)))
