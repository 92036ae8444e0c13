"""Observed state from core web services: categories, frameworks, competencies, courses and their links. Pure.

The baseline is joined later (``with_baseline``): it is kept apart from these objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from moodle_sync.clock import to_epoch
from moodle_sync.moodle.wire.competency import CompetencyRow, CourseCompetencyRow, FrameworkRow
from moodle_sync.moodle.wire.site import CategoryRow, CourseRow
from moodle_sync.state.resources import Kind, Live

JSON = Any
RULE_OUTCOMES = ("none", "evidence", "recommend", "complete")
"""Moodle's ``ruleoutcome`` of a competency linked to a course or an activity, by number."""


def category(row: CategoryRow) -> Live:
    """A course category under its idnumber."""
    return Live(Kind.CATEGORY, row.idnumber, row.id, {"name": row.name})


def framework(row: FrameworkRow) -> Live:
    """A competency framework under its idnumber."""
    return Live(Kind.FRAMEWORK, row.idnumber, row.id, {"name": row.shortname, "description": row.description})


def competency(row: CompetencyRow) -> Live:
    """A competency under its idnumber."""
    return Live(Kind.COMPETENCY, row.idnumber, row.id, {"name": row.shortname, "description": row.description})


def course(row: CourseRow, category_idnumber: str) -> Live:
    """A course under its idnumber; its category is named by idnumber, empty when that has none."""
    fields = {
        "fullname": row.fullname,
        "shortname": row.shortname,
        "category": category_idnumber,
        "summary": row.summary,
        "startdate": to_epoch(row.startdate),
        "enddate": to_epoch(row.enddate),
        "visible": row.visible,
    }
    return Live(Kind.COURSE, row.idnumber, row.id, fields, course=row.idnumber)


def course_competency(course_idnumber: str, row: CourseCompetencyRow) -> Live:
    """A competency linked to a course; its id is that of the link."""
    idnumber = row.competency.idnumber
    return Live(
        Kind.COURSE_COMPETENCY,
        f"{course_idnumber}~{idnumber}",
        row.coursecompetency.id,
        {"outcome": RULE_OUTCOMES[row.coursecompetency.ruleoutcome]},
        course=course_idnumber,
        local=idnumber,
    )


def with_baseline(live: Live, stored: Mapping[str, Mapping[str, JSON]]) -> Live:
    """The same object with its baseline, from the stored rows by key."""
    return replace(live, baseline=stored.get(live.key, {}))
