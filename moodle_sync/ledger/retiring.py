"""Retention: what is held of which kind, and the erasure of classes of a session's data when their time is over.

Goes through the journal of ``erasing``: killed anywhere, the next opening finishes it. A subject of whom nothing else
is left goes whole, with key and identity; of the others the payloads, salts and last states of these kinds go, and
their key stays. What was retired is not entered again (``staging.stage``), though Moodle may tell of it for years.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from moodle_sync.canonical import JSON
from moodle_sync.clock import to_rfc3339
from moodle_sync.errors import LedgerError, UsageError
from moodle_sync.facts.attested import AttestedFact
from moodle_sync.facts.models import NOBODY
from moodle_sync.ledger import erasing
from moodle_sync.ledger.entries import reveal
from moodle_sync.store import Store, entries, erasures, payloads, specs, subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.erasures import RefusalRow, Terms
from moodle_sync.store.keystore import Keystore

REASON = "retention_over"
_BLOCK = 50


class Item(NamedTuple):
    """One entry that still says something: of whom, in which scope, of which kind of fact, and where it is.

    What vanished is of the kind that it was: both are kept equally long.
    """

    scope: str
    subject: str
    kind: str
    place: tuple[int, int]


@dataclass(frozen=True)
class Retirement:
    """What is to go: these kinds of facts of one scope, by one policy.

    ``policy`` is its name, ``basis`` all of it as JSON: it is stored by content, so that the digest in the leaf can be
    read when the policies have changed. ``until`` was the last day. ``spared`` are subjects whose erasure was refused.
    """

    site: str
    scope: str
    classes: tuple[str, ...]
    kinds: tuple[str, ...]
    policy: str
    basis: JSON
    until: date
    spared: Collection[str] = ()


def held(store: Store, keystore: Keystore, site: str) -> Iterator[Item]:
    """Everything that a site's subjects still have a payload for, a bounded number in memory."""
    with store.read() as transaction:
        known = [(row.scope, row.pseudonym) for row in subjects.every(transaction) if row.site == site]
        yield from _items(transaction, keystore, sorted(known))


def standing(store: Store, pseudonyms: Sequence[str]) -> list[RefusalRow]:
    """Every refusal about these subjects, whether its end has come or not."""
    with store.read() as transaction:
        return erasures.refusals(transaction, pseudonyms)


def retire(
    store: Store, keystore: Keystore, what: Retirement, now: datetime, close_year: Callable[[], None]
) -> erasing.Erased:
    """Erases what is retired; its rows are gone when this returns, remnants are ``erasing.scrub``'s.

    Raises:
        UsageError: there is nothing of it.
        LedgerError: something of the session waits for the sealer.
        LedgerUnusable: another process uses the store.
    """
    erasing.require_words(erasing.Act(what.policy, REASON), (REASON,))
    with store.write() as transaction:
        rows = subjects.in_scope(transaction, what.scope, what.site)
        names = [row.pseudonym for row in rows if row.pseudonym not in what.spared]
        if erasures.waiting(transaction, names):
            raise LedgerError("something of the session is staged and not sealed", hint="Run: moodle-sync pull")
        gone: dict[str, list[tuple[int, int]]] = {}
        # Nobody never goes whole: there is no identity to erase, and what is left is still known to be about no person.
        nobody = keystore.master.lookup(what.site, NOBODY)
        kept = {row.pseudonym for row in rows if row.lookup == nobody}
        for item in _items(transaction, keystore, [(what.scope, name) for name in names]):
            if item.kind in what.kinds:
                gone.setdefault(item.subject, []).append(item.place)
            else:
                kept.add(item.subject)
        if not gone:
            raise UsageError(f"nothing of {', '.join(what.kinds)} is left in {what.scope}")
        places = tuple(sorted(place for name, found in gone.items() if name in kept for place in found))
        mine = erasures.begin(
            transaction,
            scope=what.scope,
            pseudonyms=[name for name in gone if name not in kept],
            policy=what.policy,
            reason=REASON,
            at=to_rfc3339(now),
            terms=Terms(what.site, what.kinds, places, _says(transaction, what)),
        )
    erasing.finish(store, keystore, now, close_year)
    with store.read() as transaction:
        counts, entry = erasures.outcome(transaction, mine)
    return erasing.Erased(*counts, entry, scrubbed=False)


def require_not_retired(store: Store, site: str, facts: Sequence[AttestedFact]) -> None:
    """Passes when nothing is attested whose retention is over.

    Raises:
        UsageError: something is.
    """
    with store.read() as transaction:
        scopes = {fact.course for fact in facts}
        retired = {scope: erasures.retired(transaction, site, scope) for scope in scopes}
    for fact in facts:
        if fact.kind in retired[fact.course]:
            raise UsageError(
                f"the retention of {fact.kind} is over in {fact.course}: nothing of it is entered any more"
            )


def _says(transaction: Transaction, what: Retirement) -> dict[str, Any]:
    basis = specs.put(transaction, "retention_policy", what.basis)
    return {"classes": list(what.classes), "until": what.until.isoformat(), "basis": basis}


def _items(transaction: Transaction, keystore: Keystore, known: Sequence[tuple[str, str]]) -> Iterator[Item]:
    for start in range(0, len(known), _BLOCK):
        scopes = {name: scope for scope, name in known[start : start + _BLOCK]}
        places = payloads.places_of(transaction, sorted(scopes))
        rows = entries.get(transaction, places)
        found = payloads.get(transaction, [row.payload for row in rows.values()])
        for place, row in ((place, found[row.payload or 0]) for place, row in sorted(rows.items())):
            key = keystore.key(row.subject)
            if key is not None:
                said = reveal(key, row.nonce, row.ciphertext, row.commitment)
                kind = str(said["was"] if said["kind"] == "vanished" else said["kind"])
                yield Item(scopes[row.subject], row.subject, kind, place)
