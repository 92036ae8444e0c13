"""Competency frameworks, competencies, and their links to courses."""

from __future__ import annotations

from pydantic import StrictBool, TypeAdapter

from moodle_sync.moodle.wire.base import Flag, Int, Text, Wire


class FrameworkRow(Wire):
    """A competency framework. ``scaleconfiguration`` is JSON text, as Moodle stores it."""

    id: Int
    idnumber: Text
    shortname: Text
    description: Text
    visible: Flag
    scaleid: Int
    scaleconfiguration: Text
    contextid: Int
    taxonomies: Text = ""
    competenciescount: Int = 0


class CompetencyRow(Wire):
    """A competency. ``parentid`` is 0 at the top; rules are None when there is none."""

    id: Int
    idnumber: Text
    shortname: Text
    description: Text
    parentid: Int
    competencyframeworkid: Int
    sortorder: Int
    ruletype: str | None = None
    ruleoutcome: Int = 0
    ruleconfig: str | None = None
    scaleid: Int | None = None
    scaleconfiguration: str | None = None


class CourseCompetency(Wire):
    """The link itself. ``ruleoutcome``: 0 none, 1 evidence, 2 recommend, 3 complete (unlike a competency's rule)."""

    id: Int
    courseid: Int
    competencyid: Int
    ruleoutcome: Int


class CourseCompetencyRow(Wire):
    """A competency linked to a course."""

    competency: CompetencyRow
    coursecompetency: CourseCompetency


FRAMEWORKS: TypeAdapter[list[FrameworkRow]] = TypeAdapter(list[FrameworkRow])
COMPETENCIES: TypeAdapter[list[CompetencyRow]] = TypeAdapter(list[CompetencyRow])
COURSE_COMPETENCIES: TypeAdapter[list[CourseCompetencyRow]] = TypeAdapter(list[CourseCompetencyRow])
BOOLEAN: TypeAdapter[bool] = TypeAdapter(StrictBool)
