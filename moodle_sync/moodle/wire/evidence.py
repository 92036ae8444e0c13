"""What Moodle tells of a learner's work: completions, attempts, grades, filled rubrics."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, TypeAdapter, field_validator

from moodle_sync.moodle.wire.base import Epoch, Flag, Int, Number, OptionalNumber, Text, Wire

_MODULE_LINK = re.compile(r"/mod/\w+/view\.php\?id=(\d+)")


class CompletionRow(Wire):
    """The completion of one activity. ``state``: 0 incomplete, 1 complete, 2 passed, 3 failed.

    ``timecompleted`` is the time of the last change of state, also back to incomplete.
    """

    cmid: Int
    modname: Text
    state: Int
    timecompleted: Epoch
    isautomatic: Flag
    overrideby: Int | None = None


class CriterionRow(Wire):
    """One criterion of course completion. ``type`` 4 is an activity, whose cmid is in a link and nowhere else."""

    type: Int
    complete: Flag
    timecompleted: Epoch
    cmid: Int | None = Field(default=None, alias="details")

    @field_validator("cmid", mode="before")
    @classmethod
    def _linked(cls, value: Any) -> Any:
        found = _MODULE_LINK.search(value["criteria"]) if isinstance(value, dict) else None
        return int(found.group(1)) if found else None


class CourseCompletionRow(Wire):
    """Course completion of one person. ``aggregation``: 1 all criteria, 2 any."""

    completed: Flag
    aggregation: Int
    completions: tuple[CriterionRow, ...]


class QuizRow(Wire):
    """A quiz: ``sumgrades`` is the most that an attempt can score, ``grade`` what that is worth.

    Both are None when the account may not see them.
    """

    id: Int
    coursemodule: Int
    sumgrades: OptionalNumber = None
    grade: OptionalNumber = None


class AttemptRow(Wire):
    """An attempt at a quiz; ``sumgrades`` is None while a question waits for a grade."""

    id: Int
    quiz: Int
    userid: Int
    attempt: Int
    preview: Flag = False
    state: Text
    timestart: Epoch
    timefinish: Epoch
    sumgrades: OptionalNumber = None


class GradeItemRow(Wire):
    """One line of the gradebook for one person; both ``graderaw`` and ``gradedategraded`` are None without a grade."""

    id: Int
    itemtype: Text
    itemmodule: str | None = None
    itemnumber: Int | None = None
    idnumber: Text = ""
    cmid: Int | None = None
    graderaw: OptionalNumber = None
    gradedategraded: Epoch = None
    grademin: OptionalNumber = None
    grademax: OptionalNumber = None
    gradeisoverridden: Flag = False
    gradeishidden: Flag = False
    gradehiddenbydate: Flag = False
    gradeislocked: Flag = False

    @field_validator("gradeisoverridden", "gradeishidden", "gradehiddenbydate", "gradeislocked", mode="before")
    @classmethod
    def _unset(cls, value: Any) -> Any:
        return False if value is None else value


class UserGrades(Wire):
    """The gradebook of one person in one course."""

    userid: Int
    gradeitems: tuple[GradeItemRow, ...]


class AssignmentRow(Wire):
    """An assignment. ``id`` is the instance."""

    id: Int
    cmid: Int


class AssignGradeRow(Wire):
    """The grade of one person's latest attempt; ``attemptnumber`` counts from 0, ``grade`` is negative for none."""

    id: Int
    userid: Int
    attemptnumber: Int
    grade: OptionalNumber


class SubmissionRow(Wire):
    """The latest submission of one person; ``attemptnumber`` counts from 0."""

    userid: Int
    attemptnumber: Int


class LevelRow(Wire):
    """A level of a rubric criterion."""

    id: Int
    score: Number
    definition: Text


class RubricCriterionRow(Wire):
    """A line of a rubric."""

    id: Int
    sortorder: Int
    description: Text
    levels: tuple[LevelRow, ...] = ()


class RubricRow(Wire):
    """The rubric inside a definition."""

    rubric_criteria: tuple[RubricCriterionRow, ...] = ()


class DefinitionRow(Wire):
    """A grading form; ``rubric`` is None for other methods."""

    id: Int
    method: Text
    rubric: RubricRow | None = None


class AreaRow(Wire):
    """What an activity is graded with."""

    cmid: Int
    definitions: tuple[DefinitionRow, ...] = ()


class FillingRow(Wire):
    """A line of a rubric as filled; ``levelid`` is None when only a remark was written."""

    criterionid: Int
    levelid: Int | None = None
    remark: Text = ""

    @field_validator("levelid", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return value or None


class FillingRows(Wire):
    """The lines of one filled rubric."""

    criteria: tuple[FillingRow, ...] = ()


class InstanceRow(Wire):
    """A filled grading form. ``itemid`` is the id of an assignment's grade row; ``status`` 1 is the one that counts."""

    id: Int
    raterid: Int
    itemid: Int
    status: Int
    timemodified: Epoch
    rubric: FillingRows | None = None


COMPLETIONS: TypeAdapter[list[CompletionRow]] = TypeAdapter(list[CompletionRow])
COURSE_COMPLETION: TypeAdapter[CourseCompletionRow] = TypeAdapter(CourseCompletionRow)
QUIZZES: TypeAdapter[list[QuizRow]] = TypeAdapter(list[QuizRow])
ATTEMPTS: TypeAdapter[list[AttemptRow]] = TypeAdapter(list[AttemptRow])
USER_GRADES: TypeAdapter[list[UserGrades]] = TypeAdapter(list[UserGrades])
ASSIGNMENTS: TypeAdapter[list[AssignmentRow]] = TypeAdapter(list[AssignmentRow])
ASSIGN_GRADES: TypeAdapter[list[AssignGradeRow]] = TypeAdapter(list[AssignGradeRow])
SUBMISSIONS: TypeAdapter[list[SubmissionRow]] = TypeAdapter(list[SubmissionRow])
AREAS: TypeAdapter[list[AreaRow]] = TypeAdapter(list[AreaRow])
INSTANCES: TypeAdapter[list[InstanceRow]] = TypeAdapter(list[InstanceRow])
