"""Everything that the core route reads and writes when a plan is made and applied.

One method a function. Writes are sent once; whoever calls has journalled them, and looks up what got lost. Two writers
with the same key make two objects (Moodle has no unique index): one writer per key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from moodle_sync import clock
from moodle_sync.errors import AnswerLost, MoodleRefused
from moodle_sync.moodle.reader import SiteReader
from moodle_sync.moodle.wire.base import T, parse
from moodle_sync.moodle.wire.competency import (
    BOOLEAN,
    COMPETENCIES,
    COURSE_COMPETENCIES,
    FRAMEWORKS,
    CompetencyRow,
    CourseCompetencyRow,
    FrameworkRow,
)
from moodle_sync.moodle.wire.site import CATEGORIES, CREATED, CREATED_LIST, CategoryRow

PAGE = 500
"""Competencies read at once."""


class PushClient(SiteReader):
    """Typed calls for the course wing. Times go in as aware datetimes, or None for no time."""

    # ---- categories -------------------------------------------------------------------------------------------

    def categories_by_idnumber(self, idnumber: str) -> list[CategoryRow]:
        """The categories with exactly this idnumber. wsfunction: ``core_course_get_categories``."""
        name = "core_course_get_categories"
        criteria = [{"key": "idnumber", "value": idnumber}]
        rows = parse(name, CATEGORIES, self._call(name, {"criteria": criteria, "addsubcategories": False}))
        return [row for row in rows if row.idnumber == idnumber]

    def category(self, id: int) -> CategoryRow | None:
        """The category with this id, or None. wsfunction: ``core_course_get_categories``."""
        name = "core_course_get_categories"
        criteria = [{"key": "id", "value": id}]
        rows = parse(name, CATEGORIES, self._call(name, {"criteria": criteria, "addsubcategories": False}))
        return next((row for row in rows if row.id == id), None)

    def create_category(self, name: str, idnumber: str, description: str = "", parent: int = 0) -> int:
        """Makes a category and returns its id; ``categoryidnumbertaken`` when it exists.

        wsfunction: ``core_course_create_categories``.
        """
        fields = {"name": name, "idnumber": idnumber, "description": description, "parent": parent}
        return self._create("core_course_create_categories", "categories", {**fields, "descriptionformat": 1})

    def update_category(self, id: int, **fields: Any) -> None:
        """Changes ``name``, ``idnumber``, ``description`` or ``parent``.

        wsfunction: ``core_course_update_categories``.
        """
        self._call("core_course_update_categories", {"categories": [{"id": id, **outgoing(fields)}]})

    # ---- courses ----------------------------------------------------------------------------------------------

    def create_course(self, **fields: Any) -> int:
        """Makes a course and returns its id.

        Args:
            fields: ``fullname``, ``shortname``, ``categoryid`` at least; also ``idnumber``, ``summary``, ``format``,
                ``startdate``, ``enddate``, ``visible``, ``enablecompletion``, ``numsections``, …

        Raises:
            MoodleRefused: ``shortnametaken``, ``courseidnumbertaken``, ``enddatebeforestartdate``, …

        wsfunction: ``core_course_create_courses``.
        """
        return self._create("core_course_create_courses", "courses", {"summaryformat": 1, **outgoing(fields)})

    def update_course(self, id: int, **fields: Any) -> None:
        """Changes fields of a course; a warning of Moodle's is raised as :class:`MoodleRefused`, nothing was changed.

        An ``enddate`` needs a ``startdate`` beside it. wsfunction: ``core_course_update_courses``.
        """
        self._call("core_course_update_courses", {"courses": [{"id": id, **outgoing(fields)}]})

    # ---- competency frameworks --------------------------------------------------------------------------------

    def frameworks(self, idnumber: str) -> list[FrameworkRow]:
        """The frameworks with exactly this idnumber, in the system context or any below it.

        wsfunction: ``core_competency_list_competency_frameworks``.
        """
        name = "core_competency_list_competency_frameworks"
        params = {
            "sort": "id",
            "order": "ASC",
            "context": {"contextlevel": "system", "instanceid": 0},
            "includes": "children",
            "query": idnumber,
        }
        return [row for row in parse(name, FRAMEWORKS, self._call(name, params)) if row.idnumber == idnumber]

    def scale_size(self, scaleid: int) -> int:
        """How many values a scale has. wsfunction: ``core_competency_get_scale_values``."""
        name = "core_competency_get_scale_values"
        return len(self._parsed(name, CREATED_LIST, {"scaleid": scaleid}))

    def create_framework(self, **fields: Any) -> int:
        """Makes a framework in the system context and returns its id.

        Args:
            fields: ``shortname``, ``idnumber``, ``scaleid``, ``scaleconfiguration`` (JSON text with at least one
                default and one proficient value); ``description`` as HTML that Moodle's purifier would not change.

        wsfunction: ``core_competency_create_competency_framework``.
        """
        place = {"contextlevel": "system", "instanceid": 0}
        framework = {**place, "descriptionformat": 1, **outgoing(fields)}
        name = "core_competency_create_competency_framework"
        return parse(name, CREATED, self._call(name, {"competencyframework": framework})).id

    def update_framework(self, id: int, **fields: Any) -> None:
        """Changes fields of a framework. wsfunction: ``core_competency_update_competency_framework``."""
        name = "core_competency_update_competency_framework"
        self._agreed(name, {"competencyframework": {"id": id, **outgoing(fields)}})

    def competencies(self, framework_id: int) -> list[CompetencyRow]:
        """All the competencies of a framework, by id. wsfunction: ``core_competency_list_competencies``, in pages."""
        name = "core_competency_list_competencies"
        filters = [{"column": "competencyframeworkid", "value": str(framework_id)}]
        rows: list[CompetencyRow] = []
        while True:
            page = {"filters": filters, "sort": "id", "order": "ASC", "skip": len(rows), "limit": PAGE}
            found = parse(name, COMPETENCIES, self._call(name, page))
            rows += found
            if len(found) < PAGE:
                return rows

    def create_competency(self, competencyframeworkid: int, **fields: Any) -> int:
        """Makes a competency and returns its id. A child resets its parent's rule: set rules last.

        wsfunction: ``core_competency_create_competency``.
        """
        competency = {"competencyframeworkid": competencyframeworkid, "descriptionformat": 1, **outgoing(fields)}
        name = "core_competency_create_competency"
        return parse(name, CREATED, self._call(name, {"competency": competency})).id

    def update_competency(self, id: int, **fields: Any) -> None:
        """Changes fields of a competency. Moodle silently ignores ``parentid``, ``sortorder`` and the framework here.

        wsfunction: ``core_competency_update_competency``.
        """
        ignored = {"parentid", "sortorder", "competencyframeworkid"} & set(fields)
        if ignored:
            raise ValueError(f"Moodle would silently ignore {', '.join(sorted(ignored))} in an update")
        self._agreed("core_competency_update_competency", {"competency": {"id": id, **outgoing(fields)}})

    # ---- competencies in a course -----------------------------------------------------------------------------

    def course_competencies(self, courseid: int) -> list[CourseCompetencyRow]:
        """The competencies linked to a course. wsfunction: ``core_competency_list_course_competencies``."""
        name = "core_competency_list_course_competencies"
        return parse(name, COURSE_COMPETENCIES, self._call(name, {"id": courseid}))

    def add_competency_to_course(self, courseid: int, competencyid: int) -> bool:
        """Links a competency to a course; False when it was linked already.

        wsfunction: ``core_competency_add_competency_to_course``.
        """
        name = "core_competency_add_competency_to_course"
        return self._parsed(name, BOOLEAN, {"courseid": courseid, "competencyid": competencyid})

    def set_course_competency_ruleoutcome(self, coursecompetencyid: int, ruleoutcome: int) -> None:
        """What completing the course does to the competency: 0 none, 1 evidence, 2 recommend, 3 complete.

        wsfunction: ``core_competency_set_course_competency_ruleoutcome``.
        """
        params = {"coursecompetencyid": coursecompetencyid, "ruleoutcome": ruleoutcome}
        self._agreed("core_competency_set_course_competency_ruleoutcome", params)

    # ---- how they are made ------------------------------------------------------------------------------------

    def _parsed(self, wsfunction: str, adapter: TypeAdapter[T], params: Mapping[str, Any]) -> T:
        return parse(wsfunction, adapter, self._call(wsfunction, params))

    def _create(self, wsfunction: str, plural: str, fields: Mapping[str, Any]) -> int:
        created = self._parsed(wsfunction, CREATED_LIST, {plural: [fields]})
        if len(created) != 1:
            raise AnswerLost(f"{wsfunction}: {len(created)} objects answered for one", hint="Look it up by its key.")
        return created[0].id

    def _agreed(self, wsfunction: str, params: Mapping[str, Any]) -> None:
        if not self._parsed(wsfunction, BOOLEAN, params):
            raise MoodleRefused(f"{wsfunction}: Moodle answered no", errorcode="false")


def outgoing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as Moodle takes them: aware datetimes as epoch seconds, and no date (None) as 0.

    Raises:
        ValueError: a naive datetime.
    """
    dates = {"startdate", "enddate"}
    return {
        name: clock.to_epoch(value) if isinstance(value, datetime) or (value is None and name in dates) else value
        for name, value in fields.items()
    }
