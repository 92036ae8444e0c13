"""What is read of questionnaires: which there are, their items, the answers, and who has not answered.

Of an anonymous questionnaire the answers come without a person, a time or an order, and nobody is told who did not
answer.
"""

from __future__ import annotations

import random
from typing import Any

from moodle_sync.sandbox import evidence_feedback_engine as engine
from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import activity, enrolled_ids, groups_of, module_context, sees, warning
from moodle_sync.sandbox.evidence_feedback import shown_item
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.rows_site import CourseModule, Feedback
from moodle_sync.sandbox.rows_work import FeedbackCompleted
from moodle_sync.sandbox.world import World

_PAGE = 20
"""How many people come at once when nothing is asked for."""


@function("mod_feedback_get_feedbacks_by_courses")
def get_feedbacks_by_courses(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The questionnaires of courses."""
    own = [course.id for course in world.courses if world.is_enrolled(caller.user.id, course.id, active=True)]
    feedbacks: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    for courseid in params["courseids"] or own:
        course = world.courses.get(courseid)
        if course is None or not caller.sees_course(course):
            warnings.append(warning("course", courseid, "1", "No access rights in course context"))
            continue
        modules = [module for module in world.course_modules(courseid) if module.modname == "feedback"]
        feedbacks += [_shown(world, caller, module) for module in modules if sees(world, caller, module)]
    return {"feedbacks": feedbacks, "warnings": warnings}


@function("mod_feedback_get_items")
def get_items(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Every item of a questionnaire, page breaks too."""
    module, feedback = activity(world, "feedback", params["feedbackid"])
    caller.require_module(module.id)
    return {"items": [shown_item(world, item) for item in engine.items_of(world, feedback.id)], "warnings": []}


@function("mod_feedback_get_responses_analysis")
def get_responses_analysis(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Every answer, by person or, where the questionnaire is anonymous, without one."""
    _, feedback, rows = _answers(world, caller, params)
    names = {row.id: world.users[row.userid].fullname for row in rows}
    told = rows[params["page"] * params["perpage"] :][: params["perpage"]] if params["perpage"] else rows
    named: list[dict[str, Any]] = []
    nameless: list[dict[str, Any]] = []
    if feedback.anonymous == engine.ANONYMOUS:
        shuffled = list(told)
        # The order of the answers must not tell whose they are.
        random.Random(feedback.id).shuffle(shuffled)  # noqa: S311 - an order, not a secret
        nameless = [
            {"id": row.id, "courseid": row.courseid, "number": number, "responses": _responses(world, row)}
            for number, row in enumerate(shuffled, start=1)
        ]
    else:
        named = [
            {
                "id": row.id,
                "courseid": row.courseid,
                "userid": row.userid,
                "timemodified": row.timemodified,
                "fullname": names[row.id],
                "responses": _responses(world, row),
            }
            for row in told
        ]
    anonymous = feedback.anonymous == engine.ANONYMOUS
    return {
        "attempts": named,
        "totalattempts": 0 if anonymous else len(rows),
        "anonattempts": nameless,
        "totalanonattempts": len(rows) if anonymous else 0,
        "warnings": [],
    }


@function("mod_feedback_get_non_respondents")
def get_non_respondents(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Who has not answered, and who of them has begun; twenty at a time unless more are asked for."""
    module, feedback, rows = _answers(world, caller, params)
    if feedback.anonymous == engine.ANONYMOUS:
        raise MoodleError("anonymous", "Anonymous")
    done = {row.userid for row in rows}
    context = module_context(world, module)
    asked = [
        world.users[userid]
        for userid in enrolled_ids(world, module.course)
        if userid not in done
        and world.is_enrolled(userid, module.course, active=True)
        and caller.user_can(world.users[userid], "mod/feedback:complete", context)
        and (not params["groupid"] or params["groupid"] in groups_of(world, module.course, userid))
    ]
    size = params["perpage"] or _PAGE
    shown = [
        {
            "courseid": 0,
            "userid": user.id,
            "fullname": user.fullname,
            "started": engine.draft_of(world, feedback, user.id) is not None,
        }
        for user in asked[params["page"] * size :][:size]
    ]
    return {"users": shown, "total": len(asked), "warnings": []}


def _answers(
    world: World, caller: Caller, params: dict[str, Any]
) -> tuple[CourseModule, Feedback, list[FeedbackCompleted]]:
    module, feedback = activity(world, "feedback", params["feedbackid"])
    caller.require_module(module.id)
    caller.require("mod/feedback:viewreports", module_context(world, module))
    rows = world.feedback_completed.where(feedback=feedback.id)
    if params["groupid"]:
        rows = [row for row in rows if params["groupid"] in groups_of(world, module.course, row.userid)]
    return module, feedback, rows


def _responses(world: World, row: FeedbackCompleted) -> list[dict[str, Any]]:
    found = []
    for item in engine.items_of(world, row.feedback):
        if item.hasvalue:
            value = row.values.get(str(item.id), "")
            answer = {"printval": engine.read_as(item, value), "rawval": value}
            found.append({"id": item.id, "name": engine.titled(item), **answer})
    return found


def _shown(world: World, caller: Caller, module: CourseModule) -> dict[str, Any]:
    feedback: Feedback = world.instance(module)
    shown: dict[str, Any] = {
        "id": feedback.id,
        "course": feedback.course,
        "name": caller.text(feedback.name),
        "intro": caller.html(feedback.intro),
        "introformat": feedback.introformat,
        "lang": None,
        "anonymous": feedback.anonymous,
        "multiple_submit": feedback.multiple_submit,
        "autonumbering": feedback.autonumbering,
        "page_after_submitformat": feedback.page_after_submitformat,
        "publish_stats": feedback.publish_stats,
        "completionsubmit": feedback.completionsubmit,
        "coursemodule": module.id,
        "introfiles": [],
    }
    if caller.can("mod/feedback:edititems", module_context(world, module)):
        shown |= {
            "email_notification": feedback.email_notification,
            "site_after_submit": feedback.site_after_submit,
            "page_after_submit": feedback.page_after_submit,
            "timeopen": feedback.timeopen,
            "timeclose": feedback.timeclose,
            "timemodified": feedback.timemodified,
        }
    return shown
