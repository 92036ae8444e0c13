"""The read side: what was sealed, decrypted, in the order of the ledger. Judges nothing and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from moodle_sync.clock import from_rfc3339
from moodle_sync.errors import VerificationFailed
from moodle_sync.facts.models import Fact, Person, parse
from moodle_sync.ledger.entries import PERSONAL, Leaf, number, reveal
from moodle_sync.ledger.entries import parse as parse_leaf
from moodle_sync.store import Store, entries, subjects, tree
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import PayloadRow
from moodle_sync.store.keystore import Keystore


@dataclass(frozen=True)
class SealedFact:
    """One sealed observation or attestation, called ``<shard>/<idx>`` in front of people.

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
    """``observed`` or ``attested``."""

    @property
    def number(self) -> str:
        """The entry's number."""
        return number(self.shard, self.idx)


def facts(store: Store, keystore: Keystore, course: str) -> Iterator[SealedFact]:
    """The sealed facts of a course in order, one consistent view, a bounded number in memory.

    Raises:
        VerificationFailed: an entry or payload was altered.
    """
    with store.read() as transaction:
        people: dict[str, Person | None] = {}
        for head in tree.heads(transaction):
            for block in entries.blocks(transaction, head.shard, 0, head.size):
                leaves = [(row, parse_leaf(row.leaf)) for row in block]
                ours = [(row, leaf) for row, leaf in leaves if leaf.session == course and leaf.kind in PERSONAL]
                if not ours:
                    continue
                payloads = entries.payloads(transaction, head.shard, block[0].idx, block[-1].idx + 1)
                for row, leaf in ours:
                    subject = leaf.subject or ""
                    if subject not in people:
                        people[subject] = _person(transaction, keystore, subject)
                    yield SealedFact(
                        shard=row.shard,
                        idx=row.idx,
                        fact=_fact(keystore, leaf, payloads.get(row.idx)),
                        observed_at=from_rfc3339(leaf.observed_at),
                        previous=leaf.previous,
                        subject=subject,
                        person=people[subject],
                        programme_digest=leaf.programme,
                        kind=leaf.kind,
                    )


def _fact(keystore: Keystore, leaf: Leaf, payload: PayloadRow | None) -> Fact | None:
    key = keystore.key(leaf.subject or "")
    if key is None:
        return None  # an erasure destroys the key first
    if payload is None:
        raise VerificationFailed("a payload is gone that was not erased", hint="Run: moodle-sync ledger verify")
    if payload.commitment.hex() != leaf.commitment:
        raise VerificationFailed("a payload is not the one that its entry commits to")
    return parse(reveal(key, payload.nonce, payload.ciphertext, payload.commitment))


def _person(transaction: Transaction, keystore: Keystore, subject: str) -> Person | None:
    sealed, key = subjects.identity(transaction, subject), keystore.key(subject)
    if sealed is None or key is None:
        return None
    return Person.model_validate(json.loads(key.unseal_identity(subject, sealed)))
