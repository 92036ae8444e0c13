"""Evidence lines: each entry about an object as one line of a report, superseded ones included. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from moodle_sync.compliance.evidence import Evidence, History
from moodle_sync.compliance.french import number
from moodle_sync.compliance.view import EvidenceLine
from moodle_sync.facts.models import (
    ActivityCompletion,
    CourseCompletion,
    Enrolment,
    FeedbackAnalysis,
    Grade,
    QuizAttempt,
    RubricFilling,
    Vanished,
)

_COMPLETION = {
    "incomplete": "activité non achevée",
    "complete": "activité achevée",
    "complete_pass": "activité achevée, note suffisante",
    "complete_fail": "activité achevée, note insuffisante",
}
_ATTEMPT = {
    "notstarted": "non commencée",
    "inprogress": "en cours",
    "overdue": "hors délai",
    "submitted": "remise",
    "finished": "terminée",
    "abandoned": "abandonnée",
}


def lines(histories: Iterable[History[Any]]) -> tuple[EvidenceLine, ...]:
    """Every entry of these objects, in ledger order."""
    found = [
        (state.position, _line(state, superseded=state is not history.states[-1]))
        for history in histories
        for state in history.states
    ]
    return tuple(line for _, line in sorted(found, key=lambda pair: pair[0]))


def entries(*histories: History[Any]) -> tuple[str, ...]:
    """The entry of each object's current state, in ledger order; with the one before it when it is gone."""
    found: list[Evidence] = []
    for history in histories:
        found.append(history.known)
        if history.vanished is not None:
            found.append(history.vanished)
    return tuple(state.entry for state in sorted(found, key=lambda state: state.position))


def _line(state: Evidence, *, superseded: bool) -> EvidenceLine:
    fact = state.fact
    if fact is None:
        raise ValueError(f"entry {state.entry} was erased and is no state of an object")
    return EvidenceLine(
        entry=state.entry,
        text=_text(fact),
        occurred_at=fact.occurred_at,
        observed_at=state.observed_at,
        source=fact.wsfunction,
        superseded=superseded,
    )


def _text(fact: Any) -> str:
    match fact:
        case Enrolment():
            return f"inscription {'active' if fact.active else 'non active'}, rôle {', '.join(fact.roles) or 'aucun'}"
        case ActivityCompletion():
            by = f", par l'utilisateur Moodle n° {fact.overridden_by}" if fact.overridden_by else ""
            return _COMPLETION[fact.state] + by
        case CourseCompletion():
            return "cours achevé" if fact.completed else "cours non achevé"
        case QuizAttempt():
            state = _ATTEMPT.get(fact.state, fact.state)
            return f"tentative {fact.attempt} {state}" + _points(fact.grade, fact.grade_max)
        case Grade():
            note = f"note au carnet{_points(fact.grade, fact.grade_max) or ' : aucune'}"
            marks = [", modifiée à la main"] * fact.overridden + [", masquée au stagiaire"] * fact.hidden
            return note + "".join(marks)
        case RubricFilling():
            return f"grille remplie, tentative {fact.attempt + 1}"
        case FeedbackAnalysis():
            return f"questionnaire clos, {fact.answers} réponse{'s' if fact.answers > 1 else ''}"
        case Vanished():
            return "n'est plus dans Moodle"
    raise TypeError(f"no words for a {type(fact).__name__}")


def _points(points: Decimal | None, most: Decimal) -> str:
    return "" if points is None else f" : {number(points)} sur {number(most)}"
