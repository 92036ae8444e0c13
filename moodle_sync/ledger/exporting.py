"""The ledger's content as it is handed out: entry by entry in order, with what each says as far as it still exists.

Reads only, in blocks, within one consistent view. Whoever writes it to a file does so with mode 0600: it names people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from moodle_sync.errors import VerificationFailed
from moodle_sync.facts.models import Person
from moodle_sync.ledger.entries import PERSONAL, Leaf, number, parse, reveal
from moodle_sync.ledger.proving import rows_of_session
from moodle_sync.store import Store, entries, payloads, subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import EntryRow
from moodle_sync.store.keystore import Keystore

_BLOCK = 500
COLUMNS = (
    "entry",
    "kind",
    "session",
    "observed_at",
    "subject",
    "userid",
    "idnumber",
    "fullname",
    "fact",
    "occurred_at",
    "activity",
    "previous",
    "erased",
    "said",
)
"""The columns of an entry as a row of a table."""


@dataclass(frozen=True)
class Exported:
    """One entry. ``fact`` is the payload, None when it was erased or when the entry is about nobody."""

    shard: int
    idx: int
    leaf: Leaf
    fact: dict[str, Any] | None
    person: Person | None

    @property
    def number(self) -> str:
        """How the entry is called: ``2026/17``."""
        return number(self.shard, self.idx)

    @property
    def erased(self) -> bool:
        """Whether it is about a person, and what it said was erased."""
        return self.leaf.kind in PERSONAL and self.fact is None

    def record(self) -> dict[str, Any]:
        """All of it as JSON."""
        leaf = self.leaf
        return {
            "entry": self.number,
            "kind": leaf.kind,
            "site": leaf.site,
            "session": leaf.session,
            "programme": leaf.programme,
            "plan": leaf.plan,
            "run": leaf.run,
            "observed_at": leaf.observed_at,
            "subject": leaf.subject,
            "previous": None if leaf.previous is None else number(*leaf.previous),
            "commitment": leaf.commitment,
            "content": leaf.content,
            "erased": self.erased,
            "person": None if self.person is None else self.person.model_dump(),
            "fact": self.fact,
        }

    def columns(self) -> dict[str, Any]:
        """The entry as a row of :data:`COLUMNS`: text, numbers and a bool; ``said`` is JSON text, None for nothing."""
        fact, person, leaf = self.fact or {}, self.person, self.record()
        said = self.fact if self.fact is not None else self.leaf.content
        values = {
            **leaf,
            "userid": fact.get("userid") or None,
            "idnumber": person.idnumber if person else None,
            "fullname": person.fullname if person else None,
            "fact": fact.get("kind"),
            "occurred_at": fact.get("occurred_at"),
            "activity": fact.get("activity"),
            "said": None if said is None else json.dumps(said, ensure_ascii=False, sort_keys=True),
        }
        return {name: values[name] for name in COLUMNS}


def exported(
    store: Store,
    keystore: Keystore,
    course: str | None = None,
    places: Sequence[tuple[int, int]] | None = None,
) -> Iterator[Exported]:
    """The entries of a session, of all of them, or those at these places; in order, a bounded number in memory.

    Raises:
        VerificationFailed: an entry or payload was altered.
    """
    people: dict[str, Person | None] = {}
    with store.read() as transaction:
        if places is None:
            rows: Iterable[tuple[EntryRow, Leaf]] = rows_of_session(transaction, course)
        else:
            rows = _at(transaction, places)
        for block in _blocks(rows):
            found = payloads.get(transaction, [row.payload for row, _ in block])
            for row, leaf in block:
                subject, payload = leaf.subject or "", found.get(row.payload or 0)
                if subject and subject not in people:
                    people[subject] = _person(transaction, keystore, subject)
                key = keystore.key(subject) if subject else None
                fact = None
                if key is not None and payload is not None:
                    if payload.commitment.hex() != leaf.commitment:
                        raise VerificationFailed("a payload is not the one that its entry commits to")
                    fact = reveal(key, payload.nonce, payload.ciphertext, payload.commitment)
                yield Exported(row.shard, row.idx, leaf, fact, people.get(subject))


def _at(transaction: Transaction, places: Sequence[tuple[int, int]]) -> Iterator[tuple[EntryRow, Leaf]]:
    for start in range(0, len(places), _BLOCK):
        for _, row in sorted(entries.get(transaction, places[start : start + _BLOCK]).items()):
            yield row, parse(row.leaf)


def _blocks(rows: Iterable[tuple[EntryRow, Leaf]]) -> Iterator[list[tuple[EntryRow, Leaf]]]:
    block: list[tuple[EntryRow, Leaf]] = []
    for row in rows:
        block.append(row)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block


def _person(transaction: Transaction, keystore: Keystore, subject: str) -> Person | None:
    sealed, key = subjects.identity(transaction, subject), keystore.key(subject)
    if sealed is None or key is None:
        return None
    return Person.model_validate(json.loads(key.unseal_identity(subject, sealed)))
