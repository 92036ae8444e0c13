"""Answering a questionnaire: ``mod_feedback_launch_feedback``, ``_get_page_items``, ``_process_page``; opening it."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox import evidence_feedback_engine as engine
from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import activity, module_context
from moodle_sync.sandbox.evidence_completion import view
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.rows_site import CourseModule, Feedback, FeedbackItem
from moodle_sync.sandbox.world import World


@function("mod_feedback_view_feedback")
def view_feedback(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Open a questionnaire's page; ``moduleviewed`` says that the module was seen, and counts for completion."""
    module, _ = _entered(world, caller, params["feedbackid"])
    if params["moduleviewed"]:
        view(world, module, caller.user.id)
    return {"status": True, "warnings": []}


@function("mod_feedback_launch_feedback")
def launch_feedback(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Begin, or go on; the page to go to, -1 when all pages are done."""
    _, feedback = _answering(world, caller, params["feedbackid"])
    page = engine.resume_page(world, feedback, caller.user.id)
    return {"gopage": -1 if page is None else page, "warnings": []}


@function("mod_feedback_get_page_items")
def get_page_items(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The questions of one page."""
    _, feedback = _answering(world, caller, params["feedbackid"])
    pages = engine.pages_of(world, feedback.id)
    page = params["page"]
    return {
        "items": [shown_item(world, item) for item in (pages[page] if 0 <= page < len(pages) else [])],
        "hasprevpage": any(pages[:page]),
        "hasnextpage": any(pages[page + 1 :]),
        "warnings": [],
    }


@function("mod_feedback_process_page")
def process_page(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Give the answers of one page; after the last one the questionnaire is sent. ``jumpto`` null: not accepted."""
    module, feedback = _answering(world, caller, params["feedbackid"])
    userid, page = caller.user.id, params["page"]
    if not 0 <= page < len(engine.pages_of(world, feedback.id)):
        raise MoodleError("invalidparameter", "Invalid parameter value detected")
    jumpto: int | None = None
    completed = False
    if params["goprevious"]:
        jumpto = max(page - 1, 0)
    elif engine.give(world, feedback, userid, page, params["responses"]):
        jumpto = engine.page_after(world, feedback, userid, page)
        if jumpto is None:
            engine.send(world, module, feedback, userid)
            jumpto, completed = 0, True
    return {
        "jumpto": jumpto,
        "completed": completed,
        "completionpagecontents": feedback.page_after_submit if completed else "",
        "siteaftersubmit": feedback.site_after_submit if completed else "",
        "warnings": [],
    }


def shown_item(world: World, item: FeedbackItem) -> dict[str, Any]:
    """An item as every function shows it; only questions are numbered."""
    asked = [one.id for one in engine.items_of(world, item.feedback) if one.hasvalue]
    return {
        "id": item.id,
        "feedback": item.feedback,
        "template": 0,
        "name": item.name,
        "nameformat": 1,
        "label": item.label,
        "presentation": item.presentation,
        "presentationformat": 1,
        "typ": item.typ,
        "hasvalue": int(item.hasvalue),
        "position": item.position,
        "required": item.required,
        "dependitem": item.dependitem,
        "dependvalue": item.dependvalue,
        "options": item.options,
        "itemfiles": [],
        "itemnumber": asked.index(item.id) + 1 if item.hasvalue else None,
        "otherdata": None,
    }


def _entered(world: World, caller: Caller, feedbackid: int) -> tuple[CourseModule, Feedback]:
    module, feedback = activity(world, "feedback", feedbackid)
    caller.require_module(module.id)
    return module, feedback


def _answering(world: World, caller: Caller, feedbackid: int) -> tuple[CourseModule, Feedback]:
    module, feedback = _entered(world, caller, feedbackid)
    caller.require("mod/feedback:complete", module_context(world, module))
    now = world.now()
    if (feedback.timeopen and now < feedback.timeopen) or (feedback.timeclose and now > feedback.timeclose):
        raise MoodleError("feedback_is_not_open", "The feedback is not open")
    if not any(item.hasvalue for item in engine.items_of(world, feedback.id)):
        raise MoodleError("no_items_available_yet", "No questions have been set up yet")
    answered = world.feedback_completed.one(feedback=feedback.id, userid=caller.user.id)
    if answered is not None and not feedback.multiple_submit:
        raise MoodleError("this_feedback_is_already_submitted", "You have already submitted this feedback.")
    return module, feedback
