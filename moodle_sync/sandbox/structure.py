"""What Moodle does when courses, sections and activities are made, moved, hidden and deleted.

Shared by core and companion. Works on rows alone; who may do it is asked by the functions that call it.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.rows_site import Course, CourseModule, EnrolInstance, Forum, Section
from moodle_sync.sandbox.rows_work import GradeItem
from moodle_sync.sandbox.world import COURSE_LEVEL, MODULE_LEVEL, Table, World

MODULE_NUMBERS = {
    "4.5": {"assign": 1, "feedback": 7, "forum": 9, "label": 13, "page": 16, "quiz": 17, "resource": 18, "url": 22},
    "5.1": {"assign": 1, "feedback": 6, "forum": 8, "label": 12, "page": 15, "qbank": 16, "quiz": 17}
    | {"resource": 18, "url": 21},
}
"""The id of each activity type, as each version installs them."""


def add_course(world: World, course: Course, sections: int = 0) -> Course:
    """A new course with its general section, others, manual enrolment, and the forum for announcements."""
    course.timecreated = course.timemodified = world.now()
    course.formatoptions = course.formatoptions or {"hiddensections": 1, "coursedisplay": 0, "indentation": "1"}
    category = world.categories[course.category]
    course.sortorder = category.sortorder + 1 + len(world.courses.where(category=course.category))
    world.courses.add(course)
    world.context(COURSE_LEVEL, course.id)
    for number in range(sections + 1):
        world.sections.add(Section(course=course.id, section=number, timemodified=world.now()))
    world.enrol_instances.add(EnrolInstance(courseid=course.id))
    if course.newsitems:
        forum = Forum(course=course.id, name="Announcements", type="news", timemodified=world.now())
        add_module(world, course, "forum", forum, section_at(world, course.id, 0))
    return course


def section_at(world: World, courseid: int, number: int) -> Section:
    """The section of that number."""
    found = world.sections.one(course=courseid, section=number)
    if found is None:
        raise KeyError(number)
    return found


def sections_of(world: World, courseid: int) -> list[Section]:
    """The sections of a course in order."""
    return sorted(world.sections.where(course=courseid), key=lambda section: section.section)


def add_section(world: World, courseid: int) -> Section:
    """A new section behind the others."""
    last = max(section.section for section in world.sections.where(course=courseid))
    return world.sections.add(Section(course=courseid, section=last + 1, timemodified=world.now()))


def move_section(world: World, courseid: int, start: int, to: int) -> None:
    """Give the section of number ``start`` the number ``to``; those between make room."""
    ordered = sections_of(world, courseid)
    moved = ordered.pop(start)
    ordered.insert(to, moved)
    for number, section in enumerate(ordered):
        section.section = number


def show_section(world: World, section: Section, visible: bool) -> None:
    """Show or hide a section: what is in it becomes hidden with it, and what it was before when it is shown again."""
    section.visible = visible
    for cmid in section.sequence:
        module = world.modules[cmid]
        if visible:
            module.visible = module.visibleold
        else:
            module.visibleold, module.visible = module.visible, False


def add_module(
    world: World, course: Course, modname: str, instance: Any, section: Section, idnumber: str = ""
) -> CourseModule:
    """A new activity: its own row, its course module, its line in the grade book."""
    instance.course = course.id
    instance.timemodified = world.now()
    world.instances(modname).add(instance)
    module = world.modules.add(
        CourseModule(
            course=course.id,
            modname=modname,
            instance=instance.id,
            section=section.id,
            idnumber=idnumber,
            added=world.now(),
            visible=section.visible,
            visibleold=section.visible,
        )
    )
    section.sequence.append(module.id)
    world.context(MODULE_LEVEL, module.id)
    if modname in ("assign", "quiz"):
        update_grade_item(world, module)
    return module


def course_total(world: World, courseid: int) -> GradeItem:
    """The course's own line of the grade book, made when it is first needed."""
    found = world.grade_items.one(courseid=courseid, itemtype="course")
    if found is None:
        now = world.now()
        found = world.grade_items.add(
            GradeItem(
                courseid=courseid, itemtype="course", itemnumber=None, sortorder=1, timecreated=now, timemodified=now
            )
        )
        found.iteminstance = found.id
    return found


def activity_line(world: World, module: CourseModule) -> GradeItem | None:
    """The activity's line of the grade book."""
    return world.grade_items.one(itemtype="mod", itemmodule=module.modname, iteminstance=module.instance, itemnumber=0)


def update_grade_item(world: World, module: CourseModule) -> GradeItem:
    """The activity's line of the grade book, as its settings have it."""
    instance = world.instance(module)
    total = course_total(world, module.course)
    item = activity_line(world, module)
    if item is None:
        item = world.grade_items.add(GradeItem(courseid=module.course, itemmodule=module.modname))
        item.iteminstance = module.instance
        item.timecreated = world.now()
        item.sortorder = 1 + len(world.grade_items.where(courseid=module.course)) - 1
        item.categoryid = total.iteminstance
    item.itemname = instance.name
    item.idnumber = module.idnumber
    item.timemodified = world.now()
    if instance.grade < 0:
        item.gradetype, item.scaleid = 2, -int(instance.grade)
        item.grademax = len(world.scales[item.scaleid].scale.split(","))
    else:
        item.gradetype = 1 if instance.grade else 0
        item.grademax = float(instance.grade)
    return item


def rename_module(world: World, module: CourseModule, name: str) -> None:
    """Give an activity another name, in the grade book as well."""
    instance = world.instance(module)
    instance.name = name
    instance.timemodified = world.now()
    item = activity_line(world, module)
    if item is not None:
        item.itemname = name


def move_module(world: World, module: CourseModule, section: Section) -> None:
    """Move an activity behind the others of a section."""
    world.sections[module.section].sequence.remove(module.id)
    section.sequence.append(module.id)
    module.section = section.id
    if not section.visible and module.visible:
        module.visibleold, module.visible = True, False
    elif section.visible and not module.visible:
        module.visible = module.visibleold


def delete_module(world: World, module: CourseModule) -> None:
    """Delete an activity and everything that hangs on it."""
    instance = world.instance(module)
    _forget_module(world, module)
    if module.modname == "assign":
        _delete_assign_work(world, instance.id)
    if module.modname == "feedback":
        world.feedback_items.remove(*world.feedback_items.where(feedback=instance.id))
        world.feedback_completed.remove(*world.feedback_completed.where(feedback=instance.id))
    if module.modname == "forum":
        world.forum_posts.remove(*world.forum_posts.where(forum=instance.id))
    if module.modname == "quiz":
        world.attempts.remove(*world.attempts.where(quiz=instance.id))
        world.quiz_grades.remove(*world.quiz_grades.where(quiz=instance.id))
        world.slots.remove(*world.slots.where(quizid=instance.id))
    _delete_grading(world, world.context(MODULE_LEVEL, module.id))
    for item in world.grade_items.where(itemtype="mod", itemmodule=module.modname, iteminstance=module.instance):
        world.grades.remove(*world.grades.where(itemid=item.id))
        world.grade_items.remove(item)
    world.module_completions.remove(*world.module_completions.where(coursemoduleid=module.id))
    world.module_views.remove(*world.module_views.where(coursemoduleid=module.id))
    world.module_competencies.remove(*world.module_competencies.where(cmid=module.id))
    world.completion_criteria.remove(*world.completion_criteria.where(course=module.course, moduleinstance=module.id))
    section = world.sections.get(module.section)
    if section is not None and module.id in section.sequence:
        section.sequence.remove(module.id)
    world.instances(module.modname).remove(instance)
    world.modules.remove(module)


def _delete_assign_work(world: World, assignment: int) -> None:
    world.submissions.remove(*world.submissions.where(assignment=assignment))
    world.assign_grades.remove(*world.assign_grades.where(assignment=assignment))


def _delete_grading(world: World, contextid: int) -> None:
    for area in world.grading_areas.where(contextid=contextid):
        for definition in world.definitions.where(areaid=area.id):
            for instance in world.grading_instances.where(definitionid=definition.id):
                world.fillings.remove(*world.fillings.where(instanceid=instance.id))
                world.grading_instances.remove(instance)
            for criterion in world.criteria.where(definitionid=definition.id):
                delete_criterion(world, criterion.id)
            world.definitions.remove(definition)
        world.grading_areas.remove(area)


def delete_criterion(world: World, number: int) -> None:
    """Delete a criterion with its levels, and the keys that stood for them. Fillings stay, pointing at nothing."""
    for level in world.levels.where(criterionid=number):
        delete_level(world, level.id)
    world.criteria.remove(world.criteria[number])
    world.map.remove(*world.map.where(kind="criterion", objid=number))


def delete_level(world: World, number: int) -> None:
    """Delete a level, and the key that stood for it."""
    world.levels.remove(world.levels[number])
    world.map.remove(*world.map.where(kind="level", objid=number))


def forget(world: World, courseid: int, kind: str, number: int) -> None:
    """What the companion does when an object is deleted: the key that stood for it goes, with its baseline."""
    for row in world.map.where(courseid=courseid, kind=kind, objid=number):
        where = {"namespace": row.namespace, "courseid": courseid, "objkey": row.objkey}
        world.baseline.remove(*world.baseline.where(kind=kind, **where))
        world.map.remove(row)


def _forget_module(world: World, module: CourseModule) -> None:
    prefix = f"{world.courses[module.course].idnumber}:"
    if (
        not module.idnumber.startswith(prefix)
        or len(world.modules.where(course=module.course, idnumber=module.idnumber)) > 1
    ):
        return
    key = module.idnumber.removeprefix(prefix)
    for row in world.baseline.where(courseid=module.course):
        of_it = row.kind in ("activity", "rubric") and row.objkey == key
        if of_it or (row.kind == "activity_competency" and row.objkey.startswith(f"{key}~")):
            world.baseline.remove(row)
    for mapped in world.map.where(courseid=module.course):
        if mapped.kind in ("criterion", "level", "item") and mapped.objkey.startswith(f"{key}/"):
            world.map.remove(mapped)


def delete_section(world: World, section: Section) -> None:
    """Delete a section with its activities, and the key that stood for it."""
    for cmid in list(section.sequence):
        delete_module(world, world.modules[cmid])
    world.sections.remove(section)
    forget(world, section.course, "section", section.id)
    for number, left in enumerate(sections_of(world, section.course)):
        left.section = number


def delete_course(world: World, course: Course) -> None:
    """Delete a course and everything in it; what is site-wide (competencies, people) stays."""
    for module in world.modules.where(course=course.id):
        delete_module(world, module)
    contextid = world.context(COURSE_LEVEL, course.id)
    for method in world.enrol_instances.where(courseid=course.id):
        world.enrolments.remove(*world.enrolments.where(enrolid=method.id))
        world.enrol_instances.remove(method)
    for group in world.groups.where(courseid=course.id):
        world.group_members.remove(*world.group_members.where(groupid=group.id))
        world.groups.remove(group)
    for item in world.grade_items.where(courseid=course.id):
        world.grades.remove(*world.grades.where(itemid=item.id))
        world.grade_items.remove(item)
    by_courseid: list[Table[Any]] = [world.course_competencies, world.map, world.baseline, world.events]
    by_course: list[Table[Any]] = [world.criterion_completions, world.course_completions, world.completion_criteria]
    for table in by_courseid:
        table.remove(*table.where(courseid=course.id))
    for table in [*by_course, world.sections]:
        table.remove(*table.where(course=course.id))
    world.role_assignments.remove(*world.role_assignments.where(contextid=contextid))
    world.question_categories.remove(*world.question_categories.where(contextid=contextid))
    world.courses.remove(course)
