"""The ``core_completion_*`` functions: completion of activities and of courses as Moodle shows it, ticks and overrides.

An activity that the caller may not see is left out without a word; a person whose enrolment is not active has activity
completion, and no course completion.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox import evidence_completion as engine
from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import (
    course_context,
    course_of,
    is_tracked,
    module_by_id,
    module_context,
    person,
    same_groups,
    sees,
    shown,
)
from moodle_sync.sandbox.evidence_course_completion import ACTIVITY, criteria_of, is_course_complete, met
from moodle_sync.sandbox.moodle_errors import REQUIRED_CAPABILITY, MoodleError
from moodle_sync.sandbox.rows_site import Course, CourseModule, User
from moodle_sync.sandbox.rows_work import CompletionCriterion
from moodle_sync.sandbox.world import World

_ORDER = ("completionview", "completionsubmit", "completionminattempts", "completionusegrade", "completionpassgrade")
_DESCRIPTIONS = {
    "completionview": "View",
    "completionsubmit": "Make a submission",
    "completionminattempts": "Make attempts: {}",
    "completionusegrade": "Receive a grade",
    "completionpassgrade": "Receive a passing grade",
}


@function("core_completion_get_activities_completion_status")
def get_activities_completion_status(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The state of every activity that tracks completion, for one person, also one who is no longer enrolled."""
    course, user = _course_and_person(world, params)
    caller.require_course(course.id)
    if user.id != caller.user.id:
        caller.require("report/progress:view", course_context(world, course.id))
    _require_group(world, caller, course, user)
    modules = [module for module in world.course_modules(course.id) if engine.is_tracking(world, module)]
    return {
        "statuses": [status_of(world, module, user.id) for module in modules if sees(world, caller, module)],
        "warnings": [],
    }


@function("core_completion_get_course_completion_status")
def get_course_completion_status(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The criteria of the course, for one learner whose enrolment is active."""
    course, user = _course_and_person(world, params)
    caller.require_course(course.id)
    own = user.id == caller.user.id
    if not course.enablecompletion or not (
        own or caller.can("report/completion:view", course_context(world, course.id))
    ):
        raise MoodleError("cannotviewreport", "You cannot view this report")
    _require_group(world, caller, course, user)
    if not is_tracked(world, user.id, course.id):
        code = "notenroled" if own else "usernotenroled"
        who = "You are" if own else "User is"
        raise MoodleError(code, f"{who} not enrolled in this course")
    criteria = criteria_of(world, course.id)
    if not criteria:
        raise MoodleError("nocriteriaset", "No completion criteria set for this course")
    status = {
        "completed": is_course_complete(world, course.id, user.id),
        "aggregation": course.criteria_aggregation,
        "completions": [_criterion(world, criterion, user.id) for criterion in criteria],
    }
    return {"completionstatus": status, "warnings": []}


@function("core_completion_update_activity_completion_status_manually")
def update_activity_completion_status_manually(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """A learner ticks an activity, or takes the tick back."""
    module = module_by_id(world, params["cmid"])
    caller.require_module(module.id)
    caller.require("moodle/course:togglecompletion", module_context(world, module))
    _require_enabled(world, module)
    if module.completion != engine.MANUAL:
        raise MoodleError("cannotmanualctrack", "Activity does not provide manual completion tracking")
    engine.update_state(world, module, caller.user.id, int(bool(params["completed"])))
    return {"status": True, "warnings": []}


@function("core_completion_override_activity_completion_status")
def override_activity_completion_status(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """A trainer sets somebody's completion of an activity."""
    module = module_by_id(world, params["cmid"])
    caller.require_module(module.id)
    _require_enabled(world, module)
    if not caller.can("moodle/course:overridecompletion", course_context(world, module.course)):
        raise MoodleError("nopermission", "error/nopermission", cls=REQUIRED_CAPABILITY)
    if params["newstate"] not in (engine.INCOMPLETE, engine.COMPLETE):
        raise MoodleError("err_system", "An internal error occurred in the completion system.")
    userid = params["userid"]
    engine.update_state(world, module, userid, params["newstate"], by=caller.user.id)
    row = engine.row_of(world, module, userid)
    return {
        "cmid": module.id,
        "userid": userid,
        "state": row.completionstate if row else engine.INCOMPLETE,
        "timecompleted": row.timemodified if row else 0,
        "overrideby": row.overrideby if row else None,
        "tracking": module.completion,
    }


def _course_and_person(world: World, params: dict[str, Any]) -> tuple[Course, User]:
    return course_of(world, params["courseid"]), person(world, params["userid"])


def _require_group(world: World, caller: Caller, course: Course, user: User) -> None:
    if not same_groups(world, caller, course, user.id):
        raise MoodleError("accessdenied", "Access denied")


def _require_enabled(world: World, module: CourseModule) -> None:
    if not world.courses[module.course].enablecompletion:
        raise MoodleError("completionnotenabled", "Completion is not enabled")


def status_of(world: World, module: CourseModule, userid: int) -> dict[str, Any]:
    """One activity's completion by one person, as ``core_completion_get_activities_completion_status`` shows it."""
    row = engine.row_of(world, module, userid)
    state = row.completionstate if row else engine.INCOMPLETE
    overrideby = row.overrideby if row else None
    automatic = module.completion == engine.AUTOMATIC
    return {
        "cmid": module.id,
        "modname": module.modname,
        "instance": module.instance,
        "state": state,
        "timecompleted": row.timemodified if row else 0,
        "tracking": module.completion,
        "overrideby": overrideby,
        "valueused": False,
        "hascompletion": True,
        "isautomatic": automatic,
        "istrackeduser": is_tracked(world, userid, module.course),
        "uservisible": True,
        "details": _details(world, module, userid, state if overrideby else None) if automatic else [],
        "isoverallcomplete": _is_overall_complete(world, module, userid, state),
    }


def _details(world: World, module: CourseModule, userid: int, overridden: int | None) -> list[dict[str, Any]]:
    core = engine.core_states(world, module, userid)
    custom = engine.custom_states(world, module, userid)
    states = {
        "completionview": core.get("viewed"),
        "completionusegrade": core.get("completiongrade"),
        "completionpassgrade": core.get("passgrade"),
        **custom,
    }
    wanted = getattr(world.instance(module), "completionminattempts", 0)
    found = []
    for rule in _ORDER:
        state = states.get(rule)
        if state is None:
            continue
        # What a trainer set shows on every condition, except on the passing grade.
        shown_state = overridden if overridden is not None and rule != "completionpassgrade" else state
        words = "Submit feedback" if module.modname == "feedback" else _DESCRIPTIONS[rule].format(wanted)
        value = {"status": shown_state, "description": words}
        found.append({"rulename": rule, "rulevalue": value})
    return found


def _is_overall_complete(world: World, module: CourseModule, userid: int, state: int) -> bool:
    if module.completion == engine.MANUAL:
        return state == engine.COMPLETE
    strict = module.completionpassgrade or engine.custom_states(world, module, userid)
    enough = (engine.COMPLETE, engine.PASSED) if strict else (engine.COMPLETE, engine.PASSED, engine.FAILED)
    return state in enough


def _criterion(world: World, criterion: CompletionCriterion, userid: int) -> dict[str, Any]:
    done = met(world, criterion, userid)
    row = {
        "type": criterion.criteriatype,
        "complete": done is not None,
        "timecompleted": done.timecompleted if done else None,
    }
    if criterion.criteriatype == ACTIVITY:
        return row | _activity_criterion(world, criterion, done is not None)
    return row | _grade_criterion(world, criterion, userid)


def _activity_criterion(world: World, criterion: CompletionCriterion, done: bool) -> dict[str, Any]:
    module = world.modules[criterion.moduleinstance or 0]
    # The cmid is in this link and nowhere else.
    link = (
        f'<a href="{world.url}/mod/{module.modname}/view.php?id={module.id}">{shown(world.instance(module).name)}</a>'
    )
    needs = []
    if module.completion == engine.MANUAL:
        needs.append("Marking yourself complete")
    if module.completion == engine.AUTOMATIC:
        names = {"assign": "assignment", "url": "url", "resource": "file"}
        needs += [f"Viewing the {names.get(module.modname, module.modname)}"] * module.completionview
        needs += ["Achieving grade"] * (module.completiongradeitemnumber is not None)
        needs += ["Achieving passing grade"] * module.completionpassgrade
    details = {"type": "Activity completion", "criteria": link, "requirement": ", ".join(needs), "status": ""}
    return {"title": "Activity completion", "status": "Yes" if done else "No", "details": details}


def _grade_criterion(world: World, criterion: CompletionCriterion, userid: int) -> dict[str, Any]:
    item = world.grade_items.one(courseid=criterion.course, itemtype="course")
    grade = world.grades.one(itemid=item.id, userid=userid) if item else None
    reached = f"{grade.finalgrade:.2f}" if grade is not None and grade.finalgrade is not None else ""
    wanted = f"{criterion.gradepass or 0:.2f}"
    details = {"type": "Course grade", "criteria": "Required course grade", "requirement": wanted, "status": reached}
    status = f"{reached or 'No grade'} ({wanted} required)"
    return {"title": "Course grade", "status": status, "details": details}
