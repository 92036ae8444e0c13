"""Hours, kept apart: what the session plans, and what attests that somebody was there. Rule ``hours_planned``.

No kind of fact attests attendance yet: connection times, completions and grades are no measure of it, and planned hours
are never shown as hours attended.
"""

from __future__ import annotations

from decimal import Decimal

from moodle_sync.compliance import sentences
from moodle_sync.compliance.basis import Basis
from moodle_sync.compliance.verdict import Finding, Verdict
from moodle_sync.compliance.view import Hours

RULE = "hours_planned"


def hours(basis: Basis) -> Hours:
    """The programme's hours, those of the session's half-days, and the entries that attest attendance: none."""
    return Hours(
        planned=basis.programme.hours,
        scheduled=Decimal(sum(half_day.minutes for half_day in basis.half_days)) / 60,
        half_days=len(basis.half_days),
        days=len(basis.session.days),
        attendance_entries=(),
    )


def schedule_finding(basis: Basis) -> Finding | None:
    """A gap when the half-days of an in-person session do not add up to the programme's hours; otherwise None."""
    found = hours(basis)
    if basis.programme.modality != "in_person" or found.scheduled == found.planned:
        return None
    sentence = sentences.hours_differ(found.scheduled, found.planned, found.half_days)
    return Finding(RULE, Verdict.GAP, sentence, due=basis.ends)
