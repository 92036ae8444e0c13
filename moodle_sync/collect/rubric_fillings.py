"""Rubrics as trainers filled them: which level, which remark, by whom, against which definition.

A filled form names no learner: it is joined with the grade rows of the assignment. Moodle gives only the grade of the
latest attempt, so a form without a grade row is either an orphan (the submissions were reset: ignored) or belongs to an
earlier attempt (still there, and not readable: the kind is then not complete). Submissions tell the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moodle_sync.canonical import decimal_text, digest
from moodle_sync.collect.reading import Reading
from moodle_sync.collect.survey import Survey
from moodle_sync.errors import AccessDenied, MoodleRefused
from moodle_sync.facts.models import CriterionFilling, RubricFilling
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.wire.evidence import (
    AssignGradeRow,
    AssignmentRow,
    DefinitionRow,
    InstanceRow,
    LevelRow,
    RubricCriterionRow,
)

WSFUNCTION = "core_grading_get_gradingform_instances"
_ACTIVE = 1
"""Status of the one filled form that counts; others wait for a re-grading or are archived."""


@dataclass(frozen=True)
class _Graded:
    """An assignment and the rubric that it is graded with."""

    assignment: AssignmentRow
    definition: DefinitionRow
    criteria: tuple[RubricCriterionRow, ...]
    texts: list[dict[str, Any]]
    digest: str


def read_rubric_fillings(client: PullClient, survey: Survey) -> Reading:
    """One fact a filled rubric of a learner. ``occurred_at`` is when it was last filled; ``attempt`` counts from 0."""
    reading = Reading("rubric_filling")
    cmids = survey.cmids("assign")
    if not cmids or not survey.learners:
        return reading
    try:
        assignments = reading.take(client.assignments(survey.course.id)) or []
        for _ in set(cmids) - {assignment.cmid for assignment in assignments}:
            reading.doubt("an assignment of the course page is not told of (mod/assign:view)")
        graded = _definitions(client, assignments, reading)
        results = client.grading_instances([one.definition.id for one in graded])
        for one, result in zip(graded, results, strict=True):
            instances = [row for row in reading.take(result) or () if row.status == _ACTIVE and row.rubric is not None]
            if instances:
                _fillings(client, survey, one, instances, reading)
    except (AccessDenied, MoodleRefused) as error:
        reading.refused(error)
    return reading


def definition_of(criteria: tuple[RubricCriterionRow, ...]) -> list[dict[str, Any]]:
    """A rubric's texts and scores in order, without Moodle's ids: what its digest is taken of."""
    return [
        {
            "description": criterion.description,
            "levels": [
                {"definition": level.definition, "score": decimal_text(level.score)} for level in _ordered(criterion)
            ],
        }
        for criterion in criteria
    ]


def _ordered(criterion: RubricCriterionRow) -> list[LevelRow]:
    return sorted(criterion.levels, key=lambda level: (level.score, level.id))


def _definitions(client: PullClient, assignments: list[AssignmentRow], reading: Reading) -> list[_Graded]:
    graded: list[_Graded] = []
    results = client.grading_areas([assignment.cmid for assignment in assignments])
    for assignment, result in zip(assignments, results, strict=True):
        for area in reading.take(result) or ():
            for definition in area.definitions:
                if definition.rubric is None:
                    continue
                rows = definition.rubric.rubric_criteria
                criteria = tuple(sorted(rows, key=lambda row: (row.sortorder, row.id)))
                texts = definition_of(criteria)
                graded.append(_Graded(assignment, definition, criteria, texts, digest(texts)))
    return graded


def _fillings(
    client: PullClient, survey: Survey, graded: _Graded, instances: list[InstanceRow], reading: Reading
) -> None:
    assignid = graded.assignment.id
    grades = {row.id: row for row in reading.take(client.assign_grades(assignid)) or ()}
    unmatched = 0
    latest: dict[int, InstanceRow] = {}
    for instance in sorted(instances, key=lambda row: row.id):
        if instance.itemid in grades:
            latest[instance.itemid] = instance
        else:
            unmatched += 1
    learners = set(survey.learners)
    for itemid, instance in latest.items():
        grade = grades[itemid]
        if grade.userid in learners:
            reading.facts.append(_fact(survey, graded, instance, grade, reading))
            reading.raters.add(instance.raterid)
            reading.definitions[graded.digest] = graded.texts
    if unmatched and any(row.attemptnumber for row in reading.take(client.submissions(assignid)) or ()):
        reading.doubt(f"fillings of earlier attempts at activity {graded.assignment.cmid} cannot be read")


def _fact(
    survey: Survey, graded: _Graded, instance: InstanceRow, grade: AssignGradeRow, reading: Reading
) -> RubricFilling:
    cmid = graded.assignment.cmid
    points = grade.grade
    return RubricFilling(
        course=survey.idnumber,
        userid=grade.userid,
        occurred_at=instance.timemodified,
        wsfunction=WSFUNCTION,
        instance_id=instance.id,
        cmid=cmid,
        activity=survey.keys.get(cmid),
        attempt=grade.attemptnumber,
        rater=instance.raterid,
        definition_id=graded.definition.id,
        definition_digest=graded.digest,
        grade=points if points is not None and points >= 0 else None,
        criteria=_lines(graded, instance, reading),
    )


def _lines(graded: _Graded, instance: InstanceRow, reading: Reading) -> tuple[CriterionFilling, ...]:
    filled = {row.criterionid: row for row in instance.rubric.criteria} if instance.rubric is not None else {}
    known: Mapping[int, RubricCriterionRow] = {criterion.id: criterion for criterion in graded.criteria}
    if set(filled) - set(known):
        # A rubric that was saved again without ids leaves fillings that point to criteria which no longer exist.
        reading.doubt(f"fillings at activity {graded.assignment.cmid} refer to criteria that were removed")
    lines: list[CriterionFilling] = []
    for criterionid in [*known, *sorted(set(filled) - set(known))]:
        row = filled.get(criterionid)
        if row is None:
            continue
        criterion = known.get(criterionid)
        level = next((level for level in criterion.levels if level.id == row.levelid), None) if criterion else None
        lines.append(
            CriterionFilling(
                criterion_id=criterionid,
                criterion=criterion.description if criterion else "",
                level_id=row.levelid,
                level=level.definition if level else "",
                score=level.score if level else None,
                remark=row.remark,
            )
        )
    return tuple(lines)
