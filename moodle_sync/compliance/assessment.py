"""What one activity says on an objective of one learner: the step between the evidence and a cell of the matrix.

"Acquired" comes from the programme's ``acquired_when`` alone, applied to the current filling or grade. Whatever cannot
be read against the programme is unknown, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moodle_sync.compliance import rule as rules
from moodle_sync.compliance import sentences
from moodle_sync.compliance.basis import Basis
from moodle_sync.compliance.confirm import is_to_confirm
from moodle_sync.compliance.evidence import History
from moodle_sync.compliance.filling import criterion_of, read
from moodle_sync.compliance.lines import entries, lines
from moodle_sync.compliance.view import Assessment, CriterionLine, ObjectiveState
from moodle_sync.facts.models import Grade, QuizAttempt, RubricFilling
from moodle_sync.spec.models import AcquiredWhen, Assignment, Quiz, Rubric

FINISHED = frozenset({"finished", "submitted"})
"""Quiz attempt states in which the learner's part is done. "submitted" (Moodle 5) waits to be graded."""

_State = ObjectiveState
_JUDGED = frozenset({_State.ACQUIRED, _State.NOT_ACQUIRED, _State.IN_PROGRESS})
"""States in which the rule was applied to the filling, or will be."""
Fillings = Sequence[History[RubricFilling]]
Grades = Sequence[History[Grade]]
Attempts = Sequence[History[QuizAttempt]]


@dataclass(frozen=True)
class Outcome:
    """A state, why (French), and the objects on which it rests."""

    state: ObjectiveState
    reason: str
    rests_on: tuple[History[Any], ...] = ()


def assess(basis: Basis, subject: str, key: str, activity: Assignment | Quiz) -> Assessment:
    """What the evidence of one activity says; ``key`` is the activity's key within the course."""
    fillings = basis.index.of(subject, RubricFilling, key)
    grades = _own_grades(basis.index.of(subject, Grade, key))
    attempts = basis.index.of(subject, QuizAttempt, key)
    rubric = basis.rubrics.get(activity.rubric) if isinstance(activity, Assignment) and activity.rubric else None
    if isinstance(activity, Assignment) and activity.rubric is not None:
        outcome = _by_rubric(fillings, grades, rubric, activity)
    else:
        outcome = _by_grade(grades, attempts, activity)
    filling = current_filling(fillings)
    fact = filling.fact if filling else None
    return Assessment(
        activity=key,
        title=activity.title,
        state=outcome.state,
        reason=outcome.reason,
        entries=entries(*outcome.rests_on),
        due=basis.due(activity),
        rule=rules.in_words(activity.acquired_when, rubric, activity.grade_max),
        provisional=activity.acquired_when is not None and is_to_confirm(basis.programme, key, "acquired_when"),
        grader=_grader(basis, fact) if fact else "",
        definition_digest=fact.definition_digest if fact else "",
        criteria=_criteria(fact, rubric, activity.acquired_when if outcome.state in _JUDGED else None) if fact else (),
        lines=lines([*fillings, *grades, *attempts]),
    )


def current_filling(fillings: Fillings) -> History[RubricFilling] | None:
    """The filling that counts: of the latest attempt, in the activity that is still there. It may itself be gone."""
    if not fillings:
        return None
    live = {history.fact.cmid for history in fillings if history.vanished is None}
    there = [history for history in fillings if history.fact.cmid in live] or list(fillings)
    return max(there, key=lambda history: (history.fact.attempt, history.states[-1].position))


def _by_rubric(fillings: Fillings, grades: Grades, rubric: Rubric | None, activity: Assignment) -> Outcome:
    filling = current_filling(fillings)
    if filling is None:
        graded = tuple(history for history in _live(grades) if history.fact.grade is not None)
        if graded:
            return Outcome(_State.UNKNOWN, sentences.GRADE_WITHOUT_FILLING, graded)
        return Outcome(_State.NOT_ASSESSED, sentences.NOT_ASSESSED)
    if len({history.fact.cmid for history in _live(fillings)}) > 1:
        return Outcome(_State.UNKNOWN, sentences.TWO_OBJECTS, tuple(fillings))
    if filling.vanished is not None:
        return Outcome(_State.VANISHED, _gone(filling), (filling,))
    if filling.fact.rater == filling.fact.userid:
        return Outcome(_State.UNKNOWN, sentences.SELF_GRADED, (filling,))
    if rubric is None:
        return Outcome(_State.UNKNOWN, sentences.NO_RUBRIC, (filling,))
    reading = read(filling.fact, rubric)
    if reading.problem:
        return Outcome(_State.UNKNOWN, reading.problem, (filling,))
    if not reading.complete:
        reason = sentences.incomplete_filling(len(reading.points), reading.total)
        return Outcome(_State.IN_PROGRESS, reason, (filling,))
    rule = activity.acquired_when
    if rule is None:
        return Outcome(_State.RULE_MISSING, sentences.RULE_MISSING, (filling,))
    grade = None
    if rules.wants_grade(rule):
        found = _usable_grade(grades, activity)
        if isinstance(found, Outcome):
            missing = found.state == _State.NOT_ASSESSED
            return Outcome(_State.UNKNOWN, sentences.FILLING_WITHOUT_GRADE, (filling,)) if missing else found
        grade = found
        if _disagree(filling.fact, grade.fact, rule):
            return Outcome(_State.UNKNOWN, sentences.GRADES_DISAGREE, (filling, grade))
    answer = rules.apply(rule, rubric, reading, grade.fact if grade else None)
    return _outcome(answer, (filling, grade) if grade else (filling,))


def _by_grade(grades: Grades, attempts: Attempts, activity: Assignment | Quiz) -> Outcome:
    found = _usable_grade(grades, activity)
    if isinstance(found, Outcome):
        return _ungraded(attempts) if found.state == _State.NOT_ASSESSED else found
    finished = tuple(item for item in _live(attempts) if item.fact.state in FINISHED)
    if isinstance(activity, Quiz) and not finished and not found.fact.overridden:
        gone = [item for item in attempts if item.vanished is not None and item.fact.state in FINISHED]
        if gone:
            return Outcome(_State.VANISHED, _gone(gone[-1]), (gone[-1],))
        return Outcome(_State.UNKNOWN, sentences.GRADE_WITHOUT_ATTEMPT, (found,))
    rests = (found, *finished)
    if activity.acquired_when is None:
        return Outcome(_State.RULE_MISSING, sentences.RULE_MISSING, rests)
    return _outcome(rules.apply(activity.acquired_when, None, None, found.fact), rests)


def _usable_grade(grades: Grades, activity: Assignment | Quiz) -> History[Grade] | Outcome:
    """The one grade, on the programme's scale; or the outcome that says why there is none (not assessed: no grade)."""
    live = _live(grades)
    if len(live) > 1:
        return Outcome(_State.UNKNOWN, sentences.TWO_GRADES, live)
    if not live or live[0].fact.grade is None:
        gone = [item for item in grades if item.vanished is not None and item.fact.grade is not None]
        if gone and not live:
            return Outcome(_State.VANISHED, _gone(gone[-1]), (gone[-1],))
        return Outcome(_State.NOT_ASSESSED, sentences.NOT_ASSESSED)
    grade = live[0]
    if grade.fact.grade_max != activity.grade_max:
        reason = sentences.other_scale(grade.fact.grade_max, activity.grade_max)
        return Outcome(_State.UNKNOWN, reason, (grade,))
    return grade


def _ungraded(attempts: Attempts) -> Outcome:
    here = _live(attempts)
    if any(item.fact.state in FINISHED for item in here):
        return Outcome(_State.IN_PROGRESS, sentences.ATTEMPT_UNGRADED, here)
    if here:
        return Outcome(_State.IN_PROGRESS, sentences.ATTEMPT_UNFINISHED, here)
    return Outcome(_State.NOT_ASSESSED, sentences.NOT_ASSESSED)


def _outcome(answer: rules.Answer, rests_on: tuple[History[Any], ...]) -> Outcome:
    states = {True: _State.ACQUIRED, False: _State.NOT_ACQUIRED, None: _State.UNKNOWN}
    return Outcome(states[answer.holds], answer.text, rests_on)


def _disagree(filling: RubricFilling, grade: Grade, rule: AcquiredWhen) -> bool:
    # a trainer may change the gradebook's grade by hand, which Moodle says; otherwise both come from the same filling
    if filling.grade is None or grade.grade is None or grade.overridden:
        return False
    wanted = [item.grade_at_least for item in rules.conditions(rule) if item.grade_at_least is not None]
    return any((filling.grade >= least) != (grade.grade >= least) for least in wanted)


def _criteria(filling: RubricFilling, rubric: Rubric | None, rule: AcquiredWhen | None) -> tuple[CriterionLine, ...]:
    found = []
    for line in filling.criteria:
        criterion = criterion_of(line, rubric)
        level = line.level
        if criterion is not None and criterion.count is not None and line.score is not None:
            level = sentences.counted(line.score, criterion.count)
        wanted = rules.wanted_points(rule, criterion.key) if criterion else None
        met = None if wanted is None or line.score is None else line.score >= wanted
        found.append(CriterionLine(title=line.criterion, level=level, points=line.score, met=met))
    return tuple(found)


def _grader(basis: Basis, filling: RubricFilling) -> str:
    person = basis.index.person_of_userid(filling.rater)
    return sentences.grader(filling.rater, person.fullname if person else "")


def _own_grades(grades: Grades) -> tuple[History[Grade], ...]:
    # outcomes and categories have grade items too; the activity's own grade is the one of type "mod"
    return tuple(history for history in grades if history.fact.item_type == "mod")


def _live(histories: Sequence[History[Any]]) -> tuple[History[Any], ...]:
    return tuple(history for history in histories if history.vanished is None)


def _gone(history: History[Any]) -> str:
    last = history.vanished
    return sentences.vanished(history.known.entry, last.entry if last else "")
