"""What a year is closed with: the ledger's facts of every session, counted by ``compliance.closing``."""

from __future__ import annotations

from typing import Any

from moodle_sync.clock import from_rfc3339
from moodle_sync.compliance.closing import Attested, Scope, aggregates
from moodle_sync.compliance.evidence import Evidence
from moodle_sync.compliance.satisfaction import surveys
from moodle_sync.config import Settings
from moodle_sync.facts.attested import BaseAttested, parse_any
from moodle_sync.ids import CourseKey
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.exporting import exported
from moodle_sync.spec.loader import load_specs

COUNTED = frozenset({"enrolment", "course_completion", "attendance", "complaint", "appreciation", "feedback_analysis"})
"""Kinds that the figures are made of: of the others only whether they were erased is kept in memory."""


def count_year(settings: Settings, ledger: Ledger, year: int) -> dict[str, Any]:
    """The aggregates of a civil year from everything that is sealed by now.

    Raises:
        SpecError: the specs cannot be read. VerificationFailed: an entry was altered.
    """
    specs = load_specs(settings.paths.specs)
    sessions = {
        CourseKey(settings.site.namespace, one.programme, one.session).idnumber: one for one in specs.sessions.values()
    }
    programmes = {key: specs.programmes.get((one.programme, one.version)) for key, one in sessions.items()}
    asked = {key: surveys(programme) for key, programme in programmes.items() if programme is not None}
    observed: dict[str, list[Evidence]] = {}
    attested: dict[str, list[Attested]] = {}
    for row in exported(ledger.store, ledger.keystore):
        scope, subject = row.leaf.session, row.leaf.subject
        if scope is None or subject is None or row.leaf.site != settings.site.name:
            continue
        if row.fact is not None and row.fact.get("was", row.fact["kind"]) not in COUNTED:
            continue
        fact = None if row.fact is None else parse_any(row.fact)
        if row.leaf.kind == "attested":
            known = fact if isinstance(fact, BaseAttested) else None
            attested.setdefault(scope, []).append(Attested(subject, known))
        elif not isinstance(fact, BaseAttested):
            seen = from_rfc3339(row.leaf.observed_at)
            observed.setdefault(scope, []).append(Evidence(row.number, fact, seen, row.person, subject))
    scopes = [
        Scope(key, sessions.get(key), observed.get(key, ()), attested.get(key, ()), asked.get(key, frozenset()))
        for key in sorted({*observed, *attested})
    ]
    return aggregates(year, scopes, learner_roles=settings.site.learner_roles, threshold=settings.ledger.small_group)
