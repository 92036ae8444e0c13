"""When an objective counts as acquired: whether the condition can be met at all, and by what."""

from __future__ import annotations

from decimal import Decimal

from moodle_sync.canonical import decimal_text
from moodle_sync.inputs.document import Field
from moodle_sync.inputs.suggest import did_you_mean
from moodle_sync.spec.grid import maximum
from moodle_sync.spec.models import AcquiredWhen, Assignment, Programme, Quiz, Rubric
from moodle_sync.spec.rules.findings import Notes


def check_acquired(notes: Notes, programme: Programme, path: Field, activity: Assignment | Quiz) -> None:
    """The condition refers to what is there, asks for what can be reached, and is there when objectives are."""
    where = (*path, "acquired_when")
    if activity.acquired_when is None:
        if activity.assesses:
            message = f'nothing says when {", ".join(activity.assesses)} counts as acquired: write "acquired_when"'
            notes.warning(programme, (*path, "assesses"), message)
        return
    if not activity.assesses:
        notes.problem(programme, where, 'this activity assesses no objective: write "assesses", or take this out')
    conditions = activity.acquired_when.all_of or (activity.acquired_when,)
    for index, condition in enumerate(conditions):
        inner: Field = (*where, "all_of", index) if activity.acquired_when.all_of else where
        _check_condition(notes, programme, inner, condition, activity)


def _check_condition(
    notes: Notes, programme: Programme, path: Field, condition: AcquiredWhen, activity: Assignment | Quiz
) -> None:
    if condition.grade_at_least is not None:
        _check_reach(notes, programme, (*path, "grade_at_least"), condition.grade_at_least, activity.grade_max, "grade")
        return
    if isinstance(activity, Quiz) or activity.rubric is None:
        what = "a quiz" if isinstance(activity, Quiz) else "an assignment without a rubric"
        notes.problem(programme, path, f'{what} has no criteria: write "grade_at_least"')
        return
    rubric = notes.specs.rubrics.get(activity.rubric)
    if rubric is None or condition.at_least is None:
        return  # the missing rubric is told where it is named
    if condition.criterion is None:
        lowest = min(maximum(criterion) for criterion in rubric.criteria)
        _check_reach(notes, programme, (*path, "at_least"), condition.at_least, lowest, "level of one criterion")
        return
    _check_criterion(notes, programme, path, condition, rubric)


def _check_criterion(notes: Notes, programme: Programme, path: Field, condition: AcquiredWhen, rubric: Rubric) -> None:
    known = {criterion.key: criterion for criterion in rubric.criteria}
    key = condition.criterion or ""
    if key not in known:
        message = f'rubric "{rubric.rubric}" has no criterion "{key}"{did_you_mean(key, known)}'
        notes.problem(programme, (*path, "criterion"), message)
    elif condition.at_least is not None:
        highest = maximum(known[key])
        _check_reach(notes, programme, (*path, "at_least"), condition.at_least, highest, f'level of "{key}"')


def _check_reach(notes: Notes, programme: Programme, path: Field, wanted: Decimal, highest: Decimal, what: str) -> None:
    if wanted > highest:
        message = f"nobody can reach {decimal_text(wanted)}: the highest {what} is {decimal_text(highest)}"
        notes.problem(programme, path, message)
