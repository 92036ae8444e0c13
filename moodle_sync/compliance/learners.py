"""Who the learners of a session are, how they are called, and whether they were enrolled in time. Rule ``enrolled``."""

from __future__ import annotations

import unicodedata
from itertools import takewhile

from moodle_sync.compliance import sentences
from moodle_sync.compliance.basis import Basis
from moodle_sync.compliance.evidence import History, in_order
from moodle_sync.compliance.lines import entries
from moodle_sync.compliance.verdict import Finding, Verdict
from moodle_sync.facts.models import Enrolment, Fact
from moodle_sync.spec.schedule import resolve

RULE = "enrolled"
RULE_CAPACITY = "capacity"


def learners(basis: Basis) -> tuple[str, ...]:
    """The subjects who count as learners, by name as a French reader sorts them, then by pseudonym."""
    found = [subject for subject in basis.index.subjects if basis.index.is_learner(subject, basis.learner_roles)]
    return tuple(sorted(found, key=lambda subject: (_folded(name(basis, subject)), subject)))


def name(basis: Basis, subject: str) -> str:
    """The learner's name; a stand-in when it is not known or was erased."""
    if basis.index.erased(subject):
        return f"{sentences.ERASED_NAME} {subject[:8]}"
    person = basis.index.person(subject)
    return person.fullname if person and person.fullname else sentences.unnamed(subject)


def enrolment(basis: Basis, subject: str) -> Finding:
    """Whether the learner is enrolled, and was by the programme's limit."""
    erased = basis.index.erased(subject)
    if erased:
        return Finding(RULE, Verdict.ERASED, sentences.ERASED, erased, learner=subject)
    found = basis.index.of(subject, Enrolment)
    if not found:
        return Finding(RULE, Verdict.UNKNOWN, sentences.ENROLMENT_NOT_OBSERVED, learner=subject)
    history = found[-1]
    if history.vanished is not None:
        verdict, sentence = Verdict.GAP, sentences.unenrolled(history.known.entry, history.vanished.entry)
    elif not _is_learner(basis, history.fact):
        verdict, sentence = Verdict.GAP, sentences.NO_LONGER_LEARNER
    elif not history.fact.active:
        verdict, sentence = Verdict.GAP, sentences.ENROLMENT_INACTIVE
    else:
        return _in_time(basis, subject, history)
    return Finding(RULE, verdict, sentence, entries(history), learner=subject)


def capacity(basis: Basis) -> Finding | None:
    """Whether as many learners are enrolled as the programme takes; None when it says nothing."""
    allowed = basis.session.capacity or basis.programme.capacity
    if allowed is None:
        return None
    subjects = learners(basis)
    active = [
        history
        for subject in subjects
        for history in basis.index.current(subject, Enrolment)
        if history.fact.active and _is_learner(basis, history.fact)
    ]
    rests_on = entries(*active)
    if len(active) > allowed.max:
        return Finding(RULE_CAPACITY, Verdict.BREACH, sentences.over_capacity(len(active), allowed.max), rests_on)
    if any(basis.index.erased(subject) or not basis.index.enrolled(subject) for subject in subjects):
        return Finding(RULE_CAPACITY, Verdict.UNKNOWN, sentences.capacity_unknown(len(active)), rests_on)
    if len(active) < allowed.min:
        verdict = Verdict.GAP if basis.past(basis.starts) else Verdict.PENDING
        sentence = sentences.under_capacity(len(active), allowed.min)
        return Finding(RULE_CAPACITY, verdict, sentence, rests_on, due=basis.starts)
    sentence = sentences.within_capacity(len(active), allowed.min, allowed.max)
    return Finding(RULE_CAPACITY, Verdict.OK, sentence, rests_on)


def _in_time(basis: Basis, subject: str, history: History[Enrolment]) -> Finding:
    limit = resolve(basis.programme.access.enrol_by, basis.session, closing=True)
    rests_on, said = entries(history), basis.when(limit)
    # Moodle's core functions give no date of enrolment; having been seen before the limit is as good as one, as long as
    # neither the enrolment nor the learner's role has been gone in between
    seen = list(takewhile(lambda state: _is_learner(basis, state.fact), reversed(history.states)))[-1]
    occurred = history.fact.occurred_at
    earliest = min(occurred, seen.observed_at) if occurred else seen.observed_at
    if earliest <= limit:
        # the first sighting decides; when a later state is shown, both are named
        rests_on = in_order((seen.entry, *rests_on))
        return Finding(RULE, Verdict.OK, sentences.enrolled_by(basis.when(earliest), said), rests_on, limit, subject)
    if occurred is not None:
        sentence = sentences.enrolled_late(basis.when(occurred), said)
        return Finding(RULE, Verdict.BREACH, sentence, rests_on, limit, subject)
    sentence = sentences.enrolled_unknown(basis.when(seen.observed_at), said)
    return Finding(RULE, Verdict.UNKNOWN, sentence, rests_on, limit, subject)


def _is_learner(basis: Basis, fact: Fact | None) -> bool:
    return isinstance(fact, Enrolment) and bool(basis.learner_roles & set(fact.roles))


def _folded(text: str) -> str:
    # "Élodie" stands beside "Elodie", as in a French list of names, whatever the machine's locale
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)).casefold()
