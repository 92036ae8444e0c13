"""Completion of courses: criteria met by learners, and the course once enough of them are.

A criterion once met stays met, also when the activity's state goes back: Moodle takes it back only when the conditions
of the activity are changed. Works on rows.
"""

from __future__ import annotations

from moodle_sync.sandbox.evidence_common import course_context
from moodle_sync.sandbox.rows_site import CourseModule
from moodle_sync.sandbox.rows_work import CompletionCriterion, CourseCompletion, CriterionCompletion
from moodle_sync.sandbox.world import World

ACTIVITY, GRADE = 4, 6
"""Types of criteria, as Moodle numbers them."""


def criteria_of(world: World, courseid: int) -> list[CompletionCriterion]:
    """The criteria of a course: activities in the order of the course page, then the others."""
    order = {module.id: place for place, module in enumerate(world.course_modules(courseid))}
    rows = world.completion_criteria.where(course=courseid)
    return sorted(rows, key=lambda row: (row.criteriatype, order.get(row.moduleinstance or 0, len(order)), row.id))


def met(world: World, criterion: CompletionCriterion, userid: int) -> CriterionCompletion | None:
    """When the learner met the criterion, if they did."""
    return world.criterion_completions.one(criteriaid=criterion.id, userid=userid)


def is_course_complete(world: World, courseid: int, userid: int) -> bool:
    """Whether the course is marked complete for the learner."""
    row = world.course_completions.one(course=courseid, userid=userid)
    return row is not None and row.timecompleted is not None


def meet_criteria(world: World, courseid: int, userid: int) -> None:
    """Mark what the learner meets now and did not before; a person without a role in the course meets nothing."""
    if not world.courses[courseid].enablecompletion or not world.roles_of(userid, course_context(world, courseid)):
        return
    for criterion in criteria_of(world, courseid):
        when = None if met(world, criterion, userid) else _met_at(world, criterion, userid)
        if when is not None:
            world.criterion_completions.add(
                CriterionCompletion(course=courseid, userid=userid, criteriaid=criterion.id, timecompleted=when)
            )
            _in_progress(world, courseid, userid, when)
    _aggregate(world, courseid, userid)


def forget_criterion(world: World, module: CourseModule) -> None:
    """The activity starts again: who met its criterion no longer does, and nobody has completed the course."""
    criterion = world.completion_criteria.one(course=module.course, criteriatype=ACTIVITY, moduleinstance=module.id)
    if criterion is not None:
        world.criterion_completions.remove(*world.criterion_completions.where(criteriaid=criterion.id))
        world.course_completions.remove(*world.course_completions.where(course=module.course))


def _met_at(world: World, criterion: CompletionCriterion, userid: int) -> int | None:
    if criterion.criteriatype == ACTIVITY:
        module = world.modules.get(criterion.moduleinstance)
        row = world.module_completions.one(coursemoduleid=criterion.moduleinstance, userid=userid)
        if module is None or row is None:
            return None
        enough = (1, 2) if module.completionpassgrade else (1, 2, 3)
        return row.timemodified if row.completionstate in enough else None
    if criterion.criteriatype == GRADE:
        item = world.grade_items.one(courseid=criterion.course, itemtype="course")
        grade = world.grades.one(itemid=item.id, userid=userid) if item else None
        passed = grade is not None and grade.finalgrade is not None and grade.finalgrade >= (criterion.gradepass or 0)
        return world.now() if passed else None
    return None


def _in_progress(world: World, courseid: int, userid: int, when: int) -> None:
    if world.course_completions.one(course=courseid, userid=userid) is None:
        world.course_completions.add(CourseCompletion(course=courseid, userid=userid, timestarted=when))


def _aggregate(world: World, courseid: int, userid: int) -> None:
    row = world.course_completions.one(course=courseid, userid=userid)
    if row is None or row.timecompleted is not None:
        return
    course = world.courses[courseid]
    when: dict[bool, list[int | None]] = {True: [], False: []}
    for criterion in criteria_of(world, courseid):
        done = met(world, criterion, userid)
        when[criterion.criteriatype == ACTIVITY].append(done.timecompleted if done else None)
    parts = [time is not None for time in when[False]]
    if when[True]:
        parts.append(_together(course.activity_aggregation, [time is not None for time in when[True]]))
    if parts and _together(course.criteria_aggregation, parts):
        row.timecompleted = max(time for time in [*when[True], *when[False]] if time is not None)


def _together(method: int, parts: list[bool]) -> bool:
    return any(parts) if method == 2 else all(parts)
