"""What is read of quizzes (``mod_quiz_get_quizzes_by_courses``, attempts of a user) and ``mod_quiz_update_slots``.

The function for attempts has another name since 5.1; the old one is still there, and hides what is new.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import activity, five, module_context, number, person, sees, warning
from moodle_sync.sandbox.evidence_gradebook import quiz_rescaled
from moodle_sync.sandbox.evidence_quiz import shown_attempt
from moodle_sync.sandbox.evidence_quiz_engine import NOT_AVAILABLE, OPEN, reasons_against, run_out, slots_of
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.rows_site import CourseModule, Quiz
from moodle_sync.sandbox.rows_work import QuizAttempt
from moodle_sync.sandbox.world import World

_SHOWN_TO_VIEWERS = (
    "timeopen",
    "timeclose",
    "attempts",
    "timelimit",
    "grademethod",
    "decimalpoints",
    "questiondecimalpoints",
    "preferredbehaviour",
)
_SHOWN_WHILE_OPEN = (
    "attemptonlast",
    "reviewattempt",
    "reviewcorrectness",
    "reviewmaxmarks",
    "reviewmarks",
    "reviewspecificfeedback",
    "reviewgeneralfeedback",
    "reviewrightanswer",
    "reviewoverallfeedback",
    "questionsperpage",
    "navmethod",
    "browsersecurity",
    "delay1",
    "delay2",
    "showuserpicture",
    "showblocks",
    "overduehandling",
    "graceperiod",
    "canredoquestions",
    "allowofflineattempts",
)
_SHOWN_TO_EDITORS = ("shuffleanswers", "timecreated", "timemodified", "password", "subnet")


@function("mod_quiz_get_quizzes_by_courses")
def get_quizzes_by_courses(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The quizzes of courses; a course or quiz that the caller may not see is left out, the course with a warning."""
    wanted = params["courseids"] or [
        course.id for course in world.courses if world.is_enrolled(caller.user.id, course.id, active=True)
    ]
    quizzes: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    for courseid in wanted:
        course = world.courses.get(courseid)
        if course is None or not caller.sees_course(course):
            warnings.append(warning("course", courseid, "1", "No access rights in course context"))
            continue
        modules = [module for module in world.course_modules(courseid) if module.modname == "quiz"]
        quizzes += [_shown(world, caller, module) for module in modules if sees(world, caller, module)]
    return {"quizzes": quizzes, "warnings": warnings}


@function("mod_quiz_get_user_quiz_attempts")
def get_user_quiz_attempts(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """A person's attempts at a quiz (5.1)."""
    return {"attempts": [_reported(one) for one in _attempts(world, caller, params)], "warnings": []}


@function("mod_quiz_get_user_attempts")
def get_user_attempts(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The same by its name before 5.1: states that came later are not told."""
    rows = [_reported(one) for one in _attempts(world, caller, params) if one.state != "notstarted"]
    for row in rows:
        if row["state"] == "submitted":
            row |= {"state": "finished", "sumgrades": None}
    return {"attempts": rows, "warnings": []}


@function("mod_quiz_update_slots")
def update_slots(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Change the marks of slots; attempts that were made are worth what the new marks say."""
    module, quiz = activity(world, "quiz", params["quizid"])
    caller.require_module(module.id)
    caller.require("mod/quiz:manage", module_context(world, module))
    slots = {slot.id: slot for slot in slots_of(world, quiz.id)}
    for change in params["slots"]:
        if change["id"] not in slots:
            raise MoodleError(
                "codingerror",
                "Coding error detected, it must be fixed by a programmer: The slot with id "
                f"{change['id']} could not be found in the quiz with id {quiz.id}.",
                cls="core\\exception\\coding_exception",
            )
    for change in params["slots"]:
        if change.get("maxmark") is not None:
            slots[change["id"]].maxmark = float(change["maxmark"])
    quiz.sumgrades = five(sum(slot.maxmark for slot in slots.values()))
    quiz_rescaled(world, quiz)


def _attempts(world: World, caller: Caller, params: dict[str, Any]) -> list[QuizAttempt]:
    module, quiz = activity(world, "quiz", params["quizid"])
    caller.require_module(module.id)
    if params["status"] not in ("all", "finished", "unfinished"):
        raise MoodleError("invalidparameter", "Invalid parameter value detected")
    user = person(world, params["userid"] or caller.user.id)
    if user.id != caller.user.id:
        caller.require("mod/quiz:viewreports", module_context(world, module))
    run_out(world, quiz)
    rows = world.attempts.where(quiz=quiz.id, userid=user.id)
    if not params["includepreviews"]:
        rows = [row for row in rows if not row.preview]
    if params["status"] != "all":
        rows = [row for row in rows if (row.state in OPEN) == (params["status"] == "unfinished")]
    return sorted(rows, key=lambda row: row.attempt)


def _reported(attempt: QuizAttempt) -> dict[str, Any]:
    return {**shown_attempt(attempt), "gradeitemmarks": []}


def _shown(world: World, caller: Caller, module: CourseModule) -> dict[str, Any]:
    quiz: Quiz = world.instance(module)
    context = module_context(world, module)
    shown: dict[str, Any] = {
        "id": quiz.id,
        "coursemodule": module.id,
        "course": quiz.course,
        "name": caller.text(quiz.name),
        "intro": caller.html(quiz.intro),
        "introformat": quiz.introformat,
        "introfiles": [],
        "section": world.sections[module.section].section,
        "visible": module.visible,
        "groupmode": module.groupmode,
        "groupingid": module.groupingid,
        "lang": module.lang,
        "hasfeedback": 0,
        "sumgrades": number(quiz.sumgrades),
        "grade": number(quiz.grade),
    }
    if caller.version != "4.5":
        shown |= {"enableaitools": None, "enabledaiactions": None}
    names = [*_SHOWN_TO_VIEWERS]
    kept_out = reasons_against(world, quiz, caller.user.id)
    if NOT_AVAILABLE not in kept_out or caller.can("mod/quiz:preview", context):
        names += _SHOWN_WHILE_OPEN
        shown |= {
            "hasquestions": int(bool(slots_of(world, quiz.id))),
            "autosaveperiod": 60,
            "completionpass": int(module.completionpassgrade),
            "completionattemptsexhausted": int(quiz.completionattemptsexhausted),
        }
    if caller.can("moodle/course:manageactivities", context):
        names += _SHOWN_TO_EDITORS
    return shown | {name: getattr(quiz, name) for name in names}
