"""Rubrics and frameworks: keys that are unique, levels that can be told apart, lengths that Moodle takes."""

from __future__ import annotations

from moodle_sync import ids
from moodle_sync.canonical import decimal_text
from moodle_sync.inputs.document import Field
from moodle_sync.spec.grid import expand
from moodle_sync.spec.models import Assignment, Criterion, Framework, Rubric, Survey
from moodle_sync.spec.rules.findings import Notes, repeated, say_repeated
from moodle_sync.spec.specs import activities


def check_rubric(notes: Notes, rubric: Rubric) -> None:
    """Criteria and levels have keys of their own, and each criterion has a level that gives nothing."""
    for index, first in repeated(criterion.key for criterion in rubric.criteria):
        notes.problem(rubric, ("criteria", index, "key"), say_repeated(rubric.criteria[index].key, first))
    for index, criterion in enumerate(rubric.criteria):
        _check_levels(notes, rubric, ("criteria", index), criterion)
    programmes = notes.specs.programmes.values()
    used = {item.rubric for one in programmes for _, item in activities(one) if isinstance(item, Assignment)}
    if rubric.rubric not in used:
        notes.warning(rubric, ("rubric",), "no activity uses this rubric")


def _check_levels(notes: Notes, rubric: Rubric, path: Field, criterion: Criterion) -> None:
    if criterion.count is not None:
        if criterion.count.start != 0:
            notes.problem(rubric, (*path, "count", "from"), f"counting begins at {criterion.count.start}: begin at 0")
        return
    levels = expand(criterion)
    same_points = set()
    for index, _ in repeated(decimal_text(level.points) for level in levels):
        same_points.add(index)
        points = decimal_text(levels[index].points)
        notes.problem(rubric, (*path, "levels", index, "points"), f"{points} points are already given by another level")
    for index, first in repeated(level.key for level in levels):
        # two levels with the same points have the same key too, unless one is given: one mistake, told once
        if index not in same_points:
            notes.problem(rubric, (*path, "levels", index), say_repeated(levels[index].key, first))
    if all(level.points != 0 for level in levels):
        message = "no level gives 0 points: Moodle cannot say that nothing is there; add one"
        notes.problem(rubric, (*path, "levels"), message)


def check_framework(notes: Notes, framework: Framework, namespace: str) -> None:
    """Objectives have keys of their own, and their idnumbers fit into Moodle's column."""
    for index, first in repeated(objective.key for objective in framework.objectives):
        notes.problem(framework, ("objectives", index, "key"), say_repeated(framework.objectives[index].key, first))
    own = ids.framework_idnumber(namespace, framework.framework, framework.version)
    for index, objective in enumerate(framework.objectives):
        if (message := ids.too_long(ids.competency_idnumber(own, objective.key))) is not None:
            notes.problem(framework, ("objectives", index, "key"), message)


def check_survey(notes: Notes, survey: Survey) -> None:
    """Keys of a survey's items: each only once."""
    for index, first in repeated(item.key for item in survey.items):
        notes.problem(survey, ("items", index, "key"), say_repeated(survey.items[index].key, first))
