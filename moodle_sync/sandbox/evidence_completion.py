"""Completion of activities: what Moodle's ``completion_info`` does when somebody views, hands in, is graded or ticks.

State 0 incomplete, 1 complete, 2 passed, 3 failed; a row is written only when the state changes, and dated then. Works
on rows; the functions that show it are in ``evidence_completion_ws``.
"""

from __future__ import annotations

from collections.abc import Iterable

from moodle_sync.sandbox.evidence_common import enrolled_ids, is_tracked
from moodle_sync.sandbox.evidence_course_completion import forget_criterion, meet_criteria
from moodle_sync.sandbox.rows_site import CourseModule
from moodle_sync.sandbox.rows_work import GradeItem, ModuleCompletion, ModuleViewed
from moodle_sync.sandbox.world import World

INCOMPLETE, COMPLETE, PASSED, FAILED = 0, 1, 2, 3
MANUAL, AUTOMATIC = 1, 2


def is_tracking(world: World, module: CourseModule) -> bool:
    """Whether completion of this activity is tracked at all."""
    return bool(module.completion) and world.courses[module.course].enablecompletion


def row_of(world: World, module: CourseModule, userid: int) -> ModuleCompletion | None:
    """What is stored of a person's completion of an activity."""
    return world.module_completions.one(coursemoduleid=module.id, userid=userid)


def core_states(world: World, module: CourseModule, userid: int) -> dict[str, int]:
    """The conditions that all activities have, each with its state: ``completiongrade``, ``passgrade``, ``viewed``."""
    states: dict[str, int] = {}
    if module.completiongradeitemnumber is not None:
        state = _grade_state(world, module, userid)
        states["completiongrade"] = state
        if module.completionpassgrade:
            # Moodle shows the failing only on the condition that is about passing.
            states["completiongrade"] = COMPLETE if state == FAILED else state
            states["passgrade"] = PASSED if state == COMPLETE else state
    if module.completionview:
        viewed = world.module_views.one(coursemoduleid=module.id, userid=userid)
        states["viewed"] = COMPLETE if viewed else INCOMPLETE
    return states


def custom_states(world: World, module: CourseModule, userid: int) -> dict[str, int]:
    """The conditions of the activity's own type, each with its state."""
    row = world.instance(module)
    if module.modname == "assign" and row.completionsubmit:
        submission = world.submissions.one(assignment=row.id, userid=userid, latest=True)
        done = submission is not None and submission.status == "submitted"
        return {"completionsubmit": COMPLETE if done else INCOMPLETE}
    if module.modname == "feedback" and row.completionsubmit:
        answered = world.feedback_completed.one(feedback=row.id, userid=userid)
        return {"completionsubmit": COMPLETE if answered else INCOMPLETE}
    if module.modname == "quiz" and row.completionminattempts:
        finished = world.attempts.where(quiz=row.id, userid=userid, state="finished", preview=0)
        enough = len(finished) >= row.completionminattempts
        return {"completionminattempts": COMPLETE if enough else INCOMPLETE}
    return {}


def grade_item_of(world: World, module: CourseModule) -> GradeItem | None:
    """The line of the grade book that an activity fills."""
    return world.grade_items.one(itemtype="mod", itemmodule=module.modname, iteminstance=module.instance, itemnumber=0)


def update_state(
    world: World, module: CourseModule, userid: int, possible: int | None = None, *, by: int | None = None
) -> None:
    """Compute somebody's completion of an activity again, and store it where it changed.

    Args:
        world: the site.
        module: the activity.
        userid: whose completion.
        possible: the only state that this could lead to, where known: nothing is done when it stands already.
        by: the trainer who sets it by hand, to ``possible``.
    """
    if not is_tracking(world, module):
        return
    row = row_of(world, module, userid)
    current = row.completionstate if row else INCOMPLETE
    if possible is not None and (possible == current or (possible == COMPLETE and current in (PASSED, FAILED))):
        return
    held = row is not None and row.overrideby is not None and current == COMPLETE
    if module.completion == AUTOMATIC and held and by is None:
        return
    if module.completion == MANUAL or by is not None:
        if possible is None:
            return
        state = possible
    else:
        state = _state(world, module, userid)
    if state == current:
        return
    if row is None:
        row = world.module_completions.add(ModuleCompletion(coursemoduleid=module.id, userid=userid))
    row.completionstate, row.overrideby, row.timemodified = state, by, world.now()
    meet_criteria(world, module.course, userid)


def view(world: World, module: CourseModule, userid: int) -> None:
    """Somebody opened the activity."""
    if not module.completionview or not is_tracking(world, module):
        return
    seen = world.module_views.one(coursemoduleid=module.id, userid=userid)
    row = row_of(world, module, userid)
    if seen and not (row and row.overrideby):
        return
    if not seen:
        world.module_views.add(ModuleViewed(coursemoduleid=module.id, userid=userid, timecreated=world.now()))
    if row is None:
        # Moodle stores the row before it knows the state: it stays, without a time, where viewing is not enough.
        world.module_completions.add(ModuleCompletion(coursemoduleid=module.id, userid=userid))
    update_state(world, module, userid, COMPLETE)


def grade_changed(world: World, module: CourseModule, userid: int, *, deleted: bool = False) -> None:
    """The grade of somebody in the activity's line of the grade book is new, another, or gone."""
    if module.completion != AUTOMATIC or module.completiongradeitemnumber is None:
        return
    update_state(world, module, userid, INCOMPLETE if deleted else _grade_state(world, module, userid))


def recompute_module(world: World, module: CourseModule) -> None:
    """The conditions of an activity changed: everybody's state is dropped and, if automatic, computed again."""
    rows = world.module_completions.where(coursemoduleid=module.id)
    kept = {row.userid for row in rows}
    world.module_completions.remove(*rows)
    forget_criterion(world, module)
    if module.completion != AUTOMATIC:
        return
    tracked = {userid for userid in enrolled_ids(world, module.course) if is_tracked(world, userid, module.course)}
    for userid in sorted(kept | tracked):
        update_state(world, module, userid)


def _state(world: World, module: CourseModule, userid: int) -> int:
    return _combined([*core_states(world, module, userid).values(), *custom_states(world, module, userid).values()])


def _combined(states: Iterable[int]) -> int:
    found = list(states)
    if INCOMPLETE in found:
        return INCOMPLETE
    if FAILED in found:
        return FAILED
    return PASSED if PASSED in found else COMPLETE


def _grade_state(world: World, module: CourseModule, userid: int) -> int:
    item = grade_item_of(world, module)
    grade = world.grades.one(itemid=item.id, userid=userid) if item else None
    if item is None or grade is None or grade.finalgrade is None:
        return INCOMPLETE
    if item.gradepass > 0.000009 and (module.completionpassgrade or not item.hidden):
        return PASSED if grade.finalgrade >= item.gradepass else FAILED
    return COMPLETE
