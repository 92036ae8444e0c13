"""What is read of assignments: ``mod_assign_get_assignments``, ``_get_submissions`` and ``_get_grades``.

Only the latest attempt of each learner is told; what the caller may not see is a warning beside an answer.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_assign import latest_submission
from moodle_sync.sandbox.evidence_common import enrolled_ids, module_context, reachable, warning
from moodle_sync.sandbox.rows_site import Assign, Course, CourseModule
from moodle_sync.sandbox.rows_work import AssignSubmission
from moodle_sync.sandbox.world import World

_FLAGS = (
    "nosubmissions",
    "submissiondrafts",
    "sendnotifications",
    "sendlatenotifications",
    "sendstudentnotifications",
    "duedate",
    "allowsubmissionsfromdate",
    "grade",
    "timemodified",
    "completionsubmit",
    "cutoffdate",
    "gradingduedate",
    "teamsubmission",
    "requireallteammemberssubmit",
    "teamsubmissiongroupingid",
    "blindmarking",
    "hidegrader",
    "revealidentities",
    "maxattempts",
    "markingworkflow",
    "markingallocation",
    "markinganonymous",
    "requiresubmissionstatement",
    "preventsubmissionnotingroup",
    "timelimit",
    "submissionattachments",
)
_PLUGINS = {
    "onlinetext": ("Online text", "submissions_onlinetext"),
    "file": ("File submissions", "submission_files"),
}


@function("mod_assign_get_assignments")
def get_assignments(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Assignments by course. An account that is not enrolled gets a warning, unless it asks for such courses too."""
    warnings: list[dict[str, Any]] = []
    courses: list[dict[str, Any]] = []
    own = [course.id for course in world.courses if world.is_enrolled(caller.user.id, course.id, active=True)]
    for courseid in params["courseids"] or own:
        if courseid not in own and not (params["courseids"] and params["includenotenrolledcourses"]):
            why = "User is not enrolled or does not have requested capability"
            warnings.append(warning("course", courseid, "2", why))
            continue
        course = world.courses.get(courseid)
        if course is None or not caller.sees_course(course):
            warnings.append(warning("course", courseid, "1", "No access rights in course context"))
            continue
        courses.append(_shown_course(world, caller, course, warnings))
    return {"courses": courses, "warnings": warnings}


@function("mod_assign_get_submissions")
def get_submissions(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The latest submission of each learner who is (still) enrolled, changed at ``since`` or later."""
    found: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    for module in _gradable(world, caller, params["assignmentids"], warnings):
        assign: Assign = world.instance(module)
        people = _visible_people(world, caller, module)
        rows = [latest_submission(world, assign, userid) for userid in sorted(people)]
        shown = [
            _shown_submission(world, caller, assign, row)
            for row in sorted((row for row in rows if row is not None), key=lambda row: row.id)
            if row.timemodified >= params["since"]
            and (not params["before"] or row.timemodified <= params["before"])
            and (not params["status"] or row.status == params["status"])
        ]
        if not shown:
            warnings.append(warning("module", assign.id, "3", "No submissions found"))
        found.append({"assignmentid": assign.id, "submissions": shown})
    return {"assignments": found, "warnings": warnings}


@function("mod_assign_get_grades")
def get_grades(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The grade of each person's latest attempt, of people who are gone too; the grade is text with five decimals."""
    found: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    modules = _gradable(world, caller, params["assignmentids"], warnings)
    for module in modules:
        grades = _grade_rows(world, world.instance(module), params["since"])
        if grades:
            found.append({"assignmentid": module.instance, "grades": grades})
    told = {one["assignmentid"] for one in found} | {one["itemid"] for one in warnings}
    for assignid in params["assignmentids"]:
        if assignid not in told:
            warnings.append(warning("assignment", assignid, "3", "No grades found"))
    return {"assignments": found, "warnings": warnings}


def _gradable(world: World, caller: Caller, assignids: list[int], warnings: list[dict[str, Any]]) -> list[CourseModule]:
    found = []
    for assignid in assignids:
        module = world.module_of("assign", assignid)
        if module is None:
            continue
        context = module_context(world, module)
        allowed = caller.can("mod/assign:viewgrades", context) or caller.can("mod/assign:grade", context)
        if reachable(caller, module) and allowed:
            found.append(module)
        else:
            warnings.append(warning("assignment", assignid, "1", "No access rights in module context"))
    return found


def _grade_rows(world: World, assign: Assign, since: int) -> list[dict[str, Any]]:
    rows = []
    for row in world.assign_grades.where(assignment=assign.id):
        submission = latest_submission(world, assign, row.userid)
        # After another attempt was given, the grade of the one before is not told any more.
        if row.timemodified >= since and (submission is None or submission.attemptnumber == row.attemptnumber):
            rows.append(
                {
                    "id": row.id,
                    "userid": row.userid,
                    "attemptnumber": row.attemptnumber,
                    "timecreated": row.timecreated,
                    "timemodified": row.timemodified,
                    "grader": row.grader,
                    "grade": f"{row.grade:.5f}",
                }
            )
    return rows


def _visible_people(world: World, caller: Caller, module: CourseModule) -> set[int]:
    people = enrolled_ids(world, module.course)
    if not caller.can("moodle/course:viewsuspendedusers", module_context(world, module)):
        people = [userid for userid in people if world.is_enrolled(userid, module.course, active=True)]
    return set(people)


def _shown_submission(world: World, caller: Caller, assign: Assign, row: AssignSubmission) -> dict[str, Any]:
    grade = world.assign_grades.one(assignment=assign.id, userid=row.userid, attemptnumber=row.attemptnumber)
    graded = grade is not None and grade.grade >= 0
    return {
        "id": row.id,
        "userid": row.userid,
        "attemptnumber": row.attemptnumber,
        "timecreated": row.timecreated,
        "timemodified": row.timemodified,
        "timestarted": row.timestarted,
        "status": row.status,
        "groupid": row.groupid,
        "plugins": _plugins(caller, assign, row),
        "gradingstatus": "graded" if graded else "notgraded",
    }


def _plugins(caller: Caller, assign: Assign, row: AssignSubmission) -> list[dict[str, Any]]:
    enabled = [
        config["plugin"]
        for config in assign.configs
        if config["subtype"] == "assignsubmission" and config["name"] == "enabled" and config["value"] == "1"
    ]
    shown: list[dict[str, Any]] = []
    for plugin, (name, area) in _PLUGINS.items():
        if plugin not in enabled:
            continue
        one: dict[str, Any] = {"type": plugin, "name": name, "fileareas": [{"area": area, "files": []}]}
        if plugin == "onlinetext":
            text, form = (caller.html(row.onlinetext), 1) if row.onlinetext else ("", 0)
            field = {"name": plugin, "description": "Online text submissions", "text": text, "format": form}
            one["editorfields"] = [field]
        shown.append(one)
    return [*shown, {"type": "comments", "name": "Submission comments"}]


def _shown_course(world: World, caller: Caller, course: Course, warnings: list[dict[str, Any]]) -> dict[str, Any]:
    assignments = []
    for module in world.course_modules(course.id):
        if module.modname != "assign":
            continue
        allowed = caller.can("mod/assign:view", module_context(world, module))
        if reachable(caller, module) and allowed:
            assignments.append(_shown_assignment(world, caller, module))
        else:
            warnings.append(warning("module", module.id, "1", "No access rights in module context"))
    return {
        "id": course.id,
        "fullname": caller.text(course.fullname),
        "shortname": caller.text(course.shortname),
        "timemodified": course.timemodified,
        "assignments": assignments,
    }


def _shown_assignment(world: World, caller: Caller, module: CourseModule) -> dict[str, Any]:
    assign: Assign = world.instance(module)
    shown = {
        "id": assign.id,
        "cmid": module.id,
        "course": assign.course,
        "name": caller.text(assign.name),
        "attemptreopenmethod": assign.attemptreopenmethod,
        "configs": [dict(config) for config in assign.configs],
        "intro": caller.html(assign.intro),
        "introformat": assign.introformat,
        "introfiles": [],
        "introattachments": [],
    }
    if caller.version != "4.5":
        shown["gradepenalty"] = assign.gradepenalty
    return shown | {name: int(getattr(assign, name)) for name in _FLAGS}
