"""A year in figures: what a yearly closing and the bilan pédagogique et financier can be told from facts. Pure.

Counts and sums over the whole organisation, never over a session or a person: what would be a figure over fewer people
than the threshold is withheld and named. Hours are those attested half-day by half-day; planned hours stand beside
them, never in their place. Nothing is rounded here: the form is rounded once, at the end, by whoever files it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from moodle_sync.canonical import decimal_text
from moodle_sync.compliance.evidence import Evidence, EvidenceIndex
from moodle_sync.compliance.satisfaction import Rating, rating, together
from moodle_sync.facts.attested import Appreciation, Attendance, AttestedFact, Complaint
from moodle_sync.facts.models import CourseCompletion, Enrolment, FeedbackAnalysis
from moodle_sync.spec.models import Session
from moodle_sync.spec.schedule import half_days

SCHEMA = 2
NOT_IN_FACTS = (
    "products_and_charges",  # frames C and D
    "trainers_hours",  # E: trainers, internal or not, and the hours that they gave
    "trainees_by_status",  # F-1: employee, jobseeker, private person, …
    "subcontracted",  # F-2 and G
    "objectives_and_specialities",  # F-3 and F-4
)
"""What the BPF (Cerfa 10443) asks for and no fact of the ledger says: named, so that nobody takes it for nought."""
WITHHELD = ("hours_attended", "enrolments_without_attendance", "completions", "complaints", "appreciations")
"""Figures that are over people, and null where these are too few."""


@dataclass(frozen=True)
class Attested:
    """One attested fact as it was sealed: None when it was erased."""

    subject: str
    fact: AttestedFact | None


@dataclass(frozen=True)
class Scope:
    """What the ledger says of one session (or of ``site``), in the order of the ledger.

    ``session`` is None for one that the specs do not have (any more): its days are not known. ``surveys`` are the local
    keys of its questionnaires of satisfaction.
    """

    key: str
    session: Session | None
    observed: Sequence[Evidence]
    attested: Sequence[Attested]
    surveys: frozenset[str] = frozenset()


@dataclass
class _Counts:
    sessions: int = 0
    without_dates: int = 0
    enrolments: int = 0
    without_attendance: int = 0
    completions: int = 0
    erased: int = 0
    planned: int = 0
    """In minutes: a third of an hour has no decimal."""
    attended: Decimal = Decimal(0)
    people: set[int] = field(default_factory=set)
    complaints: dict[str, int] = field(default_factory=lambda: {"complaint": 0, "difficulty": 0, "incident": 0})
    asked: int = 0
    answered: int = 0
    ratings: list[Rating | None] = field(default_factory=list)


def aggregates(
    year: int,
    scopes: Iterable[Scope],
    *,
    learner_roles: frozenset[str],
    threshold: int,
) -> dict[str, Any]:
    """The figures of a civil year, as JSON without floats: counts as numbers, hours as decimal text.

    A session counts in each year in which it has a training day, and with its learners; hours and completions count in
    the year of their own date, satisfaction in the one in which its questionnaire closed. Learners are distinct people;
    whoever was enrolled as a learner counts, also who left.
    With fewer learners than ``threshold`` all figures over them are null, and named under ``withheld``.
    """
    counts = _Counts()
    for scope in scopes:
        _add(counts, year, scope, learner_roles, threshold)
    small = len(counts.people) < threshold
    figures: dict[str, Any] = {
        "hours_attended": decimal_text(counts.attended),
        "enrolments_without_attendance": counts.without_attendance,
        "completions": counts.completions,
        "complaints": counts.complaints,
        "appreciations": {"asked": counts.asked, "answered": counts.answered},
    }
    return {
        "schema": SCHEMA,
        "year": year,
        "threshold": threshold,
        "sessions": counts.sessions,
        "sessions_without_dates": counts.without_dates,
        "enrolments": counts.enrolments,
        "learners": len(counts.people),
        "hours_planned": decimal_text(Decimal(counts.planned) / 60),
        **{name: None if small else figures[name] for name in WITHHELD},
        "erased": counts.erased,
        "satisfaction": together(counts.ratings),
        "withheld": list(WITHHELD) if small else [],
        "not_in_facts": list(NOT_IN_FACTS),
    }


def _add(counts: _Counts, year: int, scope: Scope, learner_roles: frozenset[str], threshold: int) -> None:
    counts.erased += sum(one.fact is None for one in scope.observed)
    counts.erased += sum(one.fact is None for one in scope.attested)
    zone: tzinfo = UTC if scope.session is None else ZoneInfo(scope.session.timezone)
    facts = _latest(scope.attested)
    present = [one for one in facts if isinstance(one, Attendance) and one.present and one.day.year == year]
    counts.attended += sum((one.hours for one in present), Decimal(0))
    for fact in facts:
        if isinstance(fact, Complaint) and fact.step == "received" and _year(fact.occurred_at, zone) == year:
            counts.complaints[fact.nature] += 1
        if isinstance(fact, Appreciation) and _year(fact.occurred_at, zone) == year:
            counts.asked += 1
            counts.answered += fact.answered
    index = EvidenceIndex(scope.observed)
    counts.ratings += _ratings(index, year, zone, scope.surveys, threshold)
    if scope.session is None:
        counts.without_dates += bool(scope.observed)
        return
    enrolled = [one for one in index.subjects if index.enrolled(one) and index.is_learner(one, learner_roles)]
    planned = sorted(half_days(scope.session))
    counts.completions += sum(_completed(index, one, planned[-1].ends, year, zone) for one in enrolled)
    minutes = sum(one.minutes for one in planned if _year(one.starts, zone) == year)
    if not minutes:
        return
    counts.sessions += 1
    attended = {one.userid for one in present}
    for subject in enrolled:
        who = index.of(subject, Enrolment)[-1].fact.userid
        counts.enrolments += 1
        counts.people.add(who)
        counts.planned += minutes
        counts.without_attendance += who not in attended


def _completed(index: EvidenceIndex, subject: str, ends: datetime, year: int, zone: tzinfo) -> bool:
    # one that Moodle gives no date counts in the year in which the session ends, and in no other
    done = [history.fact for history in index.current(subject, CourseCompletion) if history.fact.completed]
    return any(_year(fact.occurred_at or ends, zone) == year for fact in done)


def _ratings(
    index: EvidenceIndex, year: int, zone: tzinfo, surveys: frozenset[str], threshold: int
) -> Iterable[Rating | None]:
    """What each questionnaire of satisfaction gave that closed in the year; also of one that is gone since."""
    for history in index.about_nobody(FeedbackAnalysis):
        if history.fact.activity in surveys and _year(history.fact.closed_at, zone) == year:
            yield rating(history.fact, surveys, threshold)


def _latest(attested: Sequence[Attested]) -> list[AttestedFact]:
    """The last state of each attested thing: a correction stands in the place of what it corrects."""
    last: dict[str, AttestedFact] = {}
    for one in attested:
        if one.fact is not None:
            last[one.fact.object_id] = one.fact
    return list(last.values())


def _year(moment: datetime, zone: tzinfo) -> int:
    return moment.astimezone(zone).year
