"""Learners × activities: done in time, late, missing, to come or not followed.

Rules ``activity_done``, ``placement_done``, ``course_completed``. Followed are activities with a completion condition
or a due date. The positioning at entry is one of them, with its own rule; it says nothing on any objective. Work whose
completion needs a grade is completed by the trainer: after the due date that moment says nothing on when the learner
handed it in, and the verdict is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from moodle_sync.compliance import french, sentences
from moodle_sync.compliance.assessment import FINISHED
from moodle_sync.compliance.basis import SATISFACTION, Basis, is_placement, role
from moodle_sync.compliance.evidence import History
from moodle_sync.compliance.lines import entries, lines
from moodle_sync.compliance.verdict import Finding, Verdict
from moodle_sync.compliance.view import ActivityCell, ActivityHead, ActivityState
from moodle_sync.facts.models import ActivityCompletion, CourseCompletion, QuizAttempt
from moodle_sync.spec.models import AnyActivity, Assignment, Quiz

RULE = "activity_done"
RULE_PLACEMENT = "placement_done"
RULE_COURSE = "course_completed"
_State = ActivityState
_COMPLETE = frozenset({"complete", "complete_pass", "complete_fail"})


@dataclass(frozen=True)
class Outcome:
    """A state with its verdict, why (French), and the objects on which it rests."""

    state: ActivityState
    verdict: Verdict
    reason: str
    rests_on: tuple[History[Any], ...] = ()


def followed(basis: Basis) -> list[tuple[str, AnyActivity]]:
    """The activities with a completion condition or a due date, in course order."""
    return [(key, item) for key, item in basis.activities if item.complete_when or basis.due(item) is not None]


def heads(basis: Basis) -> tuple[ActivityHead, ...]:
    """The columns of the activity table."""
    return tuple(
        ActivityHead(key, item.title, _own_due(basis, item), is_placement(item), role(item) == SATISFACTION)
        for key, item in followed(basis)
    )


def cells(basis: Basis, subject: str) -> tuple[ActivityCell, ...]:
    """One cell for each followed activity, in course order."""
    return tuple(_cell(basis, subject, key, activity) for key, activity in followed(basis))


def course_completion(basis: Basis, subject: str) -> Finding:
    """Whether Moodle says that the learner completed the course."""
    found = basis.index.of(subject, CourseCompletion)
    past = basis.past(basis.ends)
    erased = basis.index.erased(subject)
    if erased:
        verdict, sentence = Verdict.ERASED, sentences.ERASED
    elif not found:
        verdict, sentence = (Verdict.UNKNOWN if past else Verdict.PENDING), sentences.COURSE_NOT_OBSERVED
    elif found[-1].vanished is not None:
        verdict, sentence = Verdict.GAP, sentences.vanished(found[-1].known.entry, found[-1].vanished.entry)
    elif found[-1].fact.completed and not basis.index.enrolled(subject):
        verdict, sentence = Verdict.UNKNOWN, sentences.ENROLMENT_NOT_OBSERVED
    elif found[-1].fact.completed:
        verdict, sentence = Verdict.OK, sentences.COURSE_COMPLETED
    else:
        verdict, sentence = (Verdict.GAP if past else Verdict.PENDING), sentences.COURSE_NOT_COMPLETED
    return Finding(RULE_COURSE, verdict, sentence, erased or entries(*found[-1:]), basis.ends, subject)


def _cell(basis: Basis, subject: str, key: str, activity: AnyActivity) -> ActivityCell:
    completions = basis.index.of(subject, ActivityCompletion, key)
    attempts = basis.index.of(subject, QuizAttempt, key)
    erased = basis.index.erased(subject)
    if erased:
        outcome = Outcome(_State.ERASED, Verdict.ERASED, sentences.ERASED)
    elif isinstance(activity, Quiz) and _wants_attempt(basis, activity):
        outcome = _quiz(basis, activity, completions, attempts)
    elif not activity.complete_when or (is_placement(activity) and "submitted" not in activity.complete_when):
        outcome = Outcome(_State.NOT_TRACKED, Verdict.UNKNOWN, sentences.NOT_FOLLOWED)
    else:
        outcome = _by_completion(basis, activity, completions)
    if outcome.verdict in (Verdict.OK, Verdict.LATE) and not basis.index.enrolled(subject):
        outcome = replace(
            outcome, state=_State.UNKNOWN, verdict=Verdict.UNKNOWN, reason=sentences.ENROLMENT_NOT_OBSERVED
        )
    return ActivityCell(
        state=outcome.state,
        finding=Finding(
            rule=RULE_PLACEMENT if is_placement(activity) else RULE,
            verdict=outcome.verdict,
            sentence=outcome.reason,
            entries=erased or entries(*outcome.rests_on),
            due=_own_due(basis, activity) or basis.last_moment(activity),
            learner=subject,
            activity=key,
        ),
        result=_result(activity, attempts) if isinstance(activity, Quiz) else "",
        lines=lines([*completions, *attempts]),
    )


def _wants_attempt(basis: Basis, quiz: Quiz) -> bool:
    # having looked at a positioning, or at a quiz that is due, is not having done it
    return is_placement(quiz) or basis.due(quiz) is not None or bool(set(quiz.complete_when) - {"viewed", "marked"})


def _by_completion(
    basis: Basis, activity: AnyActivity, completions: tuple[History[ActivityCompletion], ...]
) -> Outcome:
    live = tuple(history for history in completions if history.vanished is None)
    if len(live) > 1:
        return Outcome(_State.UNKNOWN, Verdict.UNKNOWN, sentences.TWO_OBJECTS, live)
    if completions and not live:
        return _vanished(completions[-1])
    if not live or live[0].fact.state not in _COMPLETE:
        return _not_done(basis, activity, started=False, rests_on=live)
    history = live[0]
    if history.fact.state == "complete_fail" and "passed" in activity.complete_when:
        return _failed(basis, activity, live)
    graded = isinstance(activity, Assignment) and {"graded", "passed"} & set(activity.complete_when)
    outcome = _timed(basis, _own_due(basis, activity), history, history.fact.occurred_at, with_grading=bool(graded))
    if history.fact.overridden_by is not None:
        by_hand = sentences.done_by_hand(history.fact.overridden_by)
        outcome = replace(outcome, reason=f"{outcome.reason} ; {by_hand}")
    return outcome


def _quiz(
    basis: Basis,
    quiz: Quiz,
    completions: tuple[History[ActivityCompletion], ...],
    attempts: tuple[History[QuizAttempt], ...],
) -> Outcome:
    live = [item for item in attempts if item.vanished is None]
    finished = [item for item in live if item.fact.state in FINISHED]
    completed = [item for item in completions if item.vanished is None and item.fact.state in _COMPLETE]
    if not finished:
        gone = [item for item in attempts if item.vanished is not None and item.fact.state in FINISHED]
        if gone:
            return _vanished(gone[-1])
        if completed:
            return Outcome(_State.UNKNOWN, Verdict.UNKNOWN, sentences.NO_ATTEMPT, tuple(completed))
        return _not_done(basis, quiz, started=bool(live), rests_on=tuple(live))
    first = min(finished, key=lambda item: (item.fact.finished_at or item.known_since, item.known.position))
    if not quiz.complete_when:
        return _timed(basis, _own_due(basis, quiz), first, first.fact.finished_at)
    if len(completed) > 1:
        return Outcome(_State.UNKNOWN, Verdict.UNKNOWN, sentences.TWO_OBJECTS, tuple(completed))
    if not completed:
        seen = [item for item in completions if item.vanished is None]
        if seen and "passed" in quiz.complete_when:
            return _failed(basis, quiz, (first, *seen))
        return Outcome(_State.UNKNOWN, Verdict.UNKNOWN, sentences.NO_COMPLETION, (first, *seen))
    if "passed" in quiz.complete_when:
        if completed[0].fact.state != "complete_pass":
            return _failed(basis, quiz, (first, *completed))
        return _timed(basis, _own_due(basis, quiz), completed[0], completed[0].fact.occurred_at, beside=first)
    return _timed(basis, _own_due(basis, quiz), first, first.fact.finished_at, beside=completed[0])


def _failed(basis: Basis, activity: AnyActivity, rests_on: tuple[History[Any], ...]) -> Outcome:
    last = basis.last_moment(activity)
    verdict = Verdict.GAP if last is not None and basis.past(last) else Verdict.PENDING
    return Outcome(_State.FAILED, verdict, sentences.NOT_PASSED, rests_on)


def _timed(
    basis: Basis,
    due: datetime | None,
    history: History[Any],
    occurred_at: datetime | None,
    *,
    with_grading: bool = False,
    beside: History[Any] | None = None,
) -> Outcome:
    rests_on = (history, beside) if beside else (history,)
    # what was observed had happened by then, even where Moodle gives no time for it
    moment = occurred_at or history.known_since
    shown = basis.when(moment)
    if due is None or moment <= due:
        return Outcome(_State.DONE, Verdict.OK, sentences.done(shown, basis.when(due) if due else ""), rests_on)
    if occurred_at is None:
        return Outcome(_State.DONE_UNDATED, Verdict.UNKNOWN, sentences.DONE_UNDATED, rests_on)
    if with_grading:
        return Outcome(_State.DONE_UNDATED, Verdict.UNKNOWN, sentences.DONE_WITH_GRADING, rests_on)
    return Outcome(_State.DONE_LATE, Verdict.LATE, sentences.done_late(shown, basis.when(due)), rests_on)


def _not_done(basis: Basis, activity: AnyActivity, *, started: bool, rests_on: tuple[History[Any], ...]) -> Outcome:
    due = _own_due(basis, activity) or basis.last_moment(activity)
    if due is None:
        state = _State.UNFINISHED if started else _State.PENDING
        return Outcome(state, Verdict.PENDING, sentences.NOT_DONE_YET, rests_on)
    if basis.past(due):
        state = _State.UNFINISHED if started else _State.MISSING
        return Outcome(state, Verdict.GAP, sentences.not_done(basis.when(due), started), rests_on)
    state = _State.UNFINISHED if started else _State.PENDING
    return Outcome(state, Verdict.PENDING, sentences.not_done_yet(basis.when(due), started), rests_on)


def _vanished(history: History[Any]) -> Outcome:
    last = history.vanished
    sentence = sentences.vanished(history.known.entry, last.entry if last else "")
    return Outcome(_State.VANISHED, Verdict.GAP, sentence, (history,))


def _own_due(basis: Basis, activity: AnyActivity) -> datetime | None:
    # a due date of the programme; a positioning without a date of its own has to come before the training begins
    return basis.due(activity) or (basis.starts if is_placement(activity) else None)


def _result(quiz: Quiz, attempts: tuple[History[QuizAttempt], ...]) -> str:
    """What the finished attempts gave, latest last: passed or failed where the programme sets a grade to pass."""
    said = []
    for history in sorted(attempts, key=lambda item: item.fact.attempt):
        fact = history.fact
        if history.vanished is not None or fact.state not in FINISHED or fact.grade is None:
            continue
        same_scale = fact.grade_max == quiz.grade_max
        passed = None if quiz.grade_pass is None or not same_scale else fact.grade >= quiz.grade_pass
        grades = french.number(fact.grade), french.number(fact.grade_max)
        said.append(sentences.attempt_result(fact.attempt, *grades, passed))
    return " ; ".join(said)
