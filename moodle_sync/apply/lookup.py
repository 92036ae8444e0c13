"""Finds single objects in Moodle by our key, through core web services, as live objects.

Used before a plan (everything that the specs name) and after each write (read back). A key that two objects hold is a
conflict that a person has to resolve: it is never guessed which one is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from moodle_sync.errors import PlanConflict
from moodle_sync.moodle.push import PushClient
from moodle_sync.state import observed_core
from moodle_sync.state.resources import Live


class Lookup:
    """Lookups by key on one site. Category idnumbers are remembered for the length of a run."""

    def __init__(self, push: PushClient) -> None:
        self._push = push

    def category(self, idnumber: str) -> Live | None:
        """The course category with this idnumber."""
        row = _one(idnumber, self._push.categories_by_idnumber(idnumber))
        return None if row is None else observed_core.category(row)

    def framework(self, idnumber: str) -> Live | None:
        """The competency framework (of the system) with this idnumber."""
        row = _one(idnumber, self._push.frameworks(idnumber))
        return None if row is None else observed_core.framework(row)

    def competencies(self, framework_id: int) -> list[Live]:
        """Every competency of a framework."""
        return [observed_core.competency(row) for row in self._push.competencies(framework_id)]

    def competency(self, framework_id: int, idnumber: str) -> Live | None:
        """One competency of a framework."""
        return next((live for live in self.competencies(framework_id) if live.key == idnumber), None)

    def course(self, idnumber: str) -> Live | None:
        """The course with this idnumber, its category named by idnumber."""
        row = _one(idnumber, self._push.courses_by_idnumber(idnumber))
        if row is None:
            return None
        category = self._push.category(row.categoryid)
        return observed_core.course(row, category.idnumber if category else "")

    def course_competencies(self, course: str, courseid: int) -> list[Live]:
        """The competencies linked to a course."""
        return [observed_core.course_competency(course, row) for row in self._push.course_competencies(courseid)]

    def course_competency(self, course: str, courseid: int, competency: str) -> Live | None:
        """One link of a competency to a course."""
        return next((live for live in self.course_competencies(course, courseid) if live.local == competency), None)

    def people(self, field: str, values: Sequence[str]) -> dict[str, int]:
        """Moodle's user ids by external key; who has no visible account, or more than one, is left out."""
        found: dict[str, list[int]] = {}
        for row in self._push.users_by_field(field, values) if values else ():
            found.setdefault(str(getattr(row, field)), []).append(row.id)
        return {key: numbers[0] for key, numbers in found.items() if len(numbers) == 1}

    def scale_size(self, scale: int) -> int:
        """How many values a scale has."""
        return self._push.scale_size(scale)


def _one(idnumber: str, rows: Iterable[Any]) -> Any | None:
    found = list(rows)
    if len(found) > 1:
        numbers = ", ".join(str(row.id) for row in found)
        raise PlanConflict(
            f"{len(found)} objects in Moodle carry the ID number {idnumber} (ids {numbers}).",
            hint="Empty the ID number of those that are not ours in Moodle, then plan again.",
        )
    return found[0] if found else None
