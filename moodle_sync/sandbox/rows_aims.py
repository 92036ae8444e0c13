"""What courses aim at and how it is judged: rubrics, scales, competency frameworks and their links.

As :mod:`moodle_sync.sandbox.rows_site`: JSON values only, times in epoch seconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from moodle_sync.sandbox.rows_base import Row


@dataclass
class GradingArea(Row):
    """Where an activity is graded by an advanced method (``submissions`` of an assignment)."""

    contextid: int = 0
    component: str = "mod_assign"
    areaname: str = "submissions"
    activemethod: str | None = None


@dataclass
class GradingDefinition(Row):
    """A grading form: a rubric. Status 20 is ready, 10 a draft."""

    areaid: int = 0
    method: str = "rubric"
    name: str = ""
    description: str = ""
    descriptionformat: int = 1
    status: int = 20
    copiedfromid: int | None = None
    timecreated: int = 0
    usercreated: int = 0
    timemodified: int = 0
    usermodified: int = 0
    timecopied: int = 0
    options: str = ""


@dataclass
class Criterion(Row):
    """A row of a rubric."""

    definitionid: int = 0
    sortorder: int = 1
    description: str = ""
    descriptionformat: int = 0


@dataclass
class Level(Row):
    """A cell of a rubric."""

    criterionid: int = 0
    score: float = 0
    definition: str = ""
    definitionformat: int = 0


@dataclass
class Scale(Row):
    """A scale; ``scale`` is its items in order, separated by commas."""

    courseid: int = 0
    name: str = ""
    scale: str = ""


@dataclass
class Framework(Row):
    """A competency framework."""

    shortname: str = ""
    idnumber: str = ""
    description: str = ""
    descriptionformat: int = 1
    visible: bool = True
    scaleid: int = 0
    scaleconfiguration: str = ""
    contextid: int = 1
    taxonomies: str = ""
    timecreated: int = 0
    timemodified: int = 0
    usermodified: int = 0


@dataclass
class Competency(Row):
    """A competency of a framework. ``path`` is Moodle's, ``/0/`` for one without a parent."""

    shortname: str = ""
    idnumber: str = ""
    description: str = ""
    descriptionformat: int = 1
    sortorder: int = 0
    parentid: int = 0
    path: str = "/0/"
    ruleoutcome: int = 0
    ruletype: str | None = None
    ruleconfig: str | None = None
    scaleid: int | None = None
    scaleconfiguration: str | None = None
    competencyframeworkid: int = 0
    timecreated: int = 0
    timemodified: int = 0
    usermodified: int = 0


@dataclass
class CourseCompetency(Row):
    """A competency of a course. ``ruleoutcome``: 0 none, 1 evidence, 2 recommend, 3 complete."""

    courseid: int = 0
    competencyid: int = 0
    sortorder: int = 0
    ruleoutcome: int = 1
    timecreated: int = 0
    timemodified: int = 0
    usermodified: int = 0


@dataclass
class ModuleCompetency(Row):
    """A competency of an activity, with the outcome of completing that activity."""

    cmid: int = 0
    competencyid: int = 0
    sortorder: int = 0
    ruleoutcome: int = 1
    overridegrade: int = 0
    timecreated: int = 0
    timemodified: int = 0
    usermodified: int = 0
