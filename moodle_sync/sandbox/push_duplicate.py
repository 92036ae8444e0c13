"""``core_course_duplicate_course``: a copy, with the idnumbers of its activities and groups.

Rubrics, questions' places and the companion's keys (with the origin that they were made for) travel; people and work do
not.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeVar

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.push_grading import area_of, criteria_of
from moodle_sync.sandbox.rows_site import Course, CourseModule, EnrolInstance, Row
from moodle_sync.sandbox.structure import activity_line, course_total, sections_of
from moodle_sync.sandbox.world import COURSE_LEVEL, MODULE_LEVEL, World

TRAVELS = ("section", "criterion", "level", "item")
"""The kinds of the companion's keys that are in a backup."""
R = TypeVar("R", bound=Row)
Ids = dict[tuple[str, int], int]


@function("core_course_duplicate_course")
def duplicate_course(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """A copy under another short name; the course's own idnumber is not copied, those in it are."""
    source = caller.require_course(params["courseid"])
    contextid = world.context(COURSE_LEVEL, source.id)
    caller.require("moodle/backup:backupcourse", contextid)
    caller.require("moodle/restore:restorecourse", contextid)
    taken = world.courses.one(shortname=params["shortname"])
    if taken is not None:
        raise MoodleError("shortnametaken", f"Short name is already used for another course ({taken.shortname})")
    now = world.now()
    course = world.courses.add(
        _copied(
            source,
            fullname=params["fullname"],
            shortname=params["shortname"],
            category=params["categoryid"],
            idnumber="",
            visible=bool(params["visible"]),
            timecreated=now,
            timemodified=now,
        )
    )
    world.context(COURSE_LEVEL, course.id)
    world.enrol_instances.add(EnrolInstance(courseid=course.id))
    ids = _copy_contents(world, source, course)
    for group in world.groups.where(courseid=source.id):
        world.groups.add(_copied(group, courseid=course.id))
    _copy_keys(world, source, course, ids)
    return {"id": course.id, "shortname": course.shortname}


def _copy_contents(world: World, source: Course, course: Course) -> Ids:
    ids: Ids = {}
    for section in sections_of(world, source.id):
        made = world.sections.add(_copied(section, course=course.id, sequence=[]))
        ids["section", section.id] = made.id
        for cmid in section.sequence:
            module = _copy_module(world, world.modules[cmid], course, made.id, ids)
            made.sequence.append(module.id)
    return ids


def _copy_module(world: World, source: CourseModule, course: Course, sectionid: int, ids: Ids) -> CourseModule:
    instance = world.instances(source.modname).add(_copied(world.instance(source), course=course.id))
    told = _copied(source, course=course.id, section=sectionid, instance=instance.id, added=world.now())
    module = world.modules.add(told)
    world.context(MODULE_LEVEL, module.id)
    line = activity_line(world, source)
    if line is not None:
        total = course_total(world, course.id)
        own = {"courseid": course.id, "iteminstance": instance.id, "categoryid": total.iteminstance}
        world.grade_items.add(_copied(line, **own))
    for slot in world.slots.where(quizid=source.instance) if source.modname == "quiz" else ():
        world.slots.add(_copied(slot, quizid=instance.id))
    for item in world.feedback_items.where(feedback=source.instance) if source.modname == "feedback" else ():
        ids["item", item.id] = world.feedback_items.add(_copied(item, feedback=instance.id)).id
    _copy_rubric(world, source, module, ids)
    return module


def _copy_rubric(world: World, source: CourseModule, module: CourseModule, ids: Ids) -> None:
    for area in world.grading_areas.where(contextid=world.context(MODULE_LEVEL, source.id)):
        made = area_of(world, world.context(MODULE_LEVEL, module.id), area.component, area.areaname)
        made.activemethod = area.activemethod
        for definition in world.definitions.where(areaid=area.id):
            form = world.definitions.add(_copied(definition, areaid=made.id))
            for criterion, levels in criteria_of(world, definition.id):
                row = world.criteria.add(_copied(criterion, definitionid=form.id))
                ids["criterion", criterion.id] = row.id
                for level in levels:
                    ids["level", level.id] = world.levels.add(_copied(level, criterionid=row.id)).id


def _copy_keys(world: World, source: Course, course: Course, ids: Ids) -> None:
    for row in world.map.where(courseid=source.id):
        if row.kind in TRAVELS and (row.kind, row.objid) in ids:
            objid = ids[row.kind, row.objid]
            world.map.add(_copied(row, courseid=course.id, objid=objid, origin=row.origin or source.idnumber))


def _copied(row: R, **changed: Any) -> R:
    """A row like another one, not in a table yet, that shares nothing with it."""
    return replace(deepcopy(row), id=0, **changed)
