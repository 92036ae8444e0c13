"""Learners × objectives: each cell of the matrix, from what each assessed activity says. Rule ``objective_acquired``.

An objective that several activities assess is acquired when all of them say so, and unknown as soon as one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from moodle_sync.compliance import sentences
from moodle_sync.compliance.assessment import assess
from moodle_sync.compliance.basis import Basis
from moodle_sync.compliance.evidence import in_order
from moodle_sync.compliance.verdict import Finding, Verdict
from moodle_sync.compliance.view import Assessment, ObjectiveCell, ObjectiveHead, ObjectiveState
from moodle_sync.spec.models import Assignment, Objective, Quiz

RULE = "objective_acquired"
RULE_OF_PROGRAMME = "objective_assessed"
_State = ObjectiveState
_OPEN = frozenset({_State.IN_PROGRESS, _State.NOT_ASSESSED, _State.NOT_ACQUIRED})
"""States that are a gap once their date has passed, and only then."""


def heads(basis: Basis) -> tuple[ObjectiveHead, ...]:
    """The objectives of the framework, in its order, with the activities that may evidence each."""
    return tuple(
        ObjectiveHead(
            key=objective.key,
            title=objective.title,
            statement=objective.statement,
            success=objective.success,
            activities=tuple(activity.title for _, activity in basis.assessing(objective)),
        )
        for objective in basis.framework.objectives
    )


def programme_findings(basis: Basis) -> tuple[Finding, ...]:
    """A gap for each objective that no activity may evidence: the programme's, said once and not per learner."""
    return tuple(
        Finding(RULE_OF_PROGRAMME, Verdict.GAP, sentences.no_activity(objective.key), objective=objective.key)
        for objective in basis.framework.objectives
        if not basis.assessing(objective)
    )


def cells(basis: Basis, subject: str) -> tuple[ObjectiveCell, ...]:
    """One cell for each objective of the framework, in its order."""
    return tuple(_cell(basis, subject, objective) for objective in basis.framework.objectives)


def _cell(basis: Basis, subject: str, objective: Objective) -> ObjectiveCell:
    found = tuple(
        assess(basis, subject, key, activity)
        for key, activity in basis.assessing(objective)
        if isinstance(activity, Assignment | Quiz)
    )
    state = combined([item.state for item in found])
    reasons = tuple(item.reason for item in found)
    deciding = [item for item in found if item.state == state] or found  # a mixture on the way rests on all of them
    entries = in_order(entry for item in deciding for entry in item.entries)
    verdict, due = _verdict(basis, state, found)
    if not basis.index.enrolled(subject) and verdict == Verdict.OK:
        verdict, state, reasons = Verdict.UNKNOWN, _State.UNKNOWN, (sentences.ENROLMENT_NOT_OBSERVED, *reasons)
    erased = basis.index.erased(subject)
    if erased:
        verdict, state, entries, reasons, due = Verdict.ERASED, _State.ERASED, erased, (sentences.ERASED,), None
    sentence = sentences.of_objective(objective.key, state, reasons)
    return ObjectiveCell(
        state=state,
        finding=Finding(RULE, verdict, sentence, entries, due, subject, objective.key),
        assessments=found,
        provisional=any(item.provisional for item in found),
    )


def combined(states: Sequence[ObjectiveState]) -> ObjectiveState:
    """The state of an objective from those of its activities: the one that most needs somebody to look."""
    if not states:
        return _State.NO_ACTIVITY
    for state in (_State.UNKNOWN, _State.VANISHED, _State.RULE_MISSING, _State.NOT_ACQUIRED):
        if state in states:
            return state
    # what remains is acquired, in progress and not assessed: pure, or a mixture on the way
    return states[0] if len(set(states)) == 1 else _State.IN_PROGRESS


def _verdict(basis: Basis, state: ObjectiveState, found: Sequence[Assessment]) -> tuple[Verdict, datetime | None]:
    match state:
        case _State.ACQUIRED:
            return Verdict.OK, None
        case _State.NO_ACTIVITY:
            return Verdict.NOT_APPLICABLE, None
        case _State.VANISHED:
            return Verdict.GAP, None
        case _ if state in _OPEN:
            due = min(item.due or basis.ends for item in found if item.state != _State.ACQUIRED)
            return (Verdict.GAP if basis.past(due) else Verdict.PENDING), due
    return Verdict.UNKNOWN, None
