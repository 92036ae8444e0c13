"""What the ledger already knows of each questionnaire as a whole: it is entered once, so whoever reads has to ask.

Staged counts as much as sealed: a pull that was killed before it sealed has read the answers all the same.
"""

from __future__ import annotations

from moodle_sync.facts.attested import parse_any
from moodle_sync.facts.models import NOBODY, FeedbackAnalysis, Vanished
from moodle_sync.ledger.entries import reveal
from moodle_sync.ledger.reading import facts
from moodle_sync.store import Store, payloads, pending, subjects
from moodle_sync.store.keystore import Keystore

_KIND = "feedback_analysis"


def feedback_analyses(store: Store, keystore: Keystore, site: str, course: str) -> dict[int, FeedbackAnalysis | None]:
    """The last state of each questionnaire of a course in which it was there, by cmid, staged or sealed.

    None for one that vanished before it was sealed: it was read, and what was read is not at hand.

    Raises:
        VerificationFailed: an entry or payload was altered.
    """
    found: dict[int, FeedbackAnalysis | None] = {}
    for fact in _last_states(store, keystore, site, course):
        if isinstance(fact, FeedbackAnalysis):
            found[fact.cmid] = fact
        elif fact.was == _KIND:
            found[int(fact.object.rpartition(":")[2])] = None
    if None in found.values():
        for sealed in facts(store, keystore, course):
            if isinstance(sealed.fact, FeedbackAnalysis) and found.get(sealed.fact.cmid, sealed.fact) is None:
                found[sealed.fact.cmid] = sealed.fact
    return found


def _last_states(store: Store, keystore: Keystore, site: str, course: str) -> list[FeedbackAnalysis | Vanished]:
    with store.read() as transaction:
        lookup = keystore.master.lookup(site, NOBODY)
        names = {row.pseudonym for row in subjects.in_scope(transaction, course, site) if row.lookup == lookup}
        states = pending.current_in_scope(transaction, course, site).values()
        mine = {state.payload: state.subject for state in states if state.subject in names}
        rows = payloads.get(transaction, list(mine))
    said = []
    for number, subject in mine.items():
        key, row = keystore.key(subject), rows.get(number)
        if key is not None and row is not None:
            said.append(parse_any(reveal(key, row.nonce, row.ciphertext, row.commitment)))
    return [fact for fact in said if isinstance(fact, FeedbackAnalysis | Vanished)]
