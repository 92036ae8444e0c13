"""What all answers to a questionnaire give together, and whether it is open: for whoever may see its reports.

Of ratings and choices Moodle counts each option; of everything else it gives every answer as it was written, in an
order that tells nothing where the questionnaire is anonymous.
"""

from __future__ import annotations

import json
import random
from typing import Any

from moodle_sync.sandbox import evidence_feedback_engine as engine
from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import activity, groups_of, module_context, warning
from moodle_sync.sandbox.evidence_feedback import shown_item
from moodle_sync.sandbox.moodle_errors import REQUIRED_CAPABILITY, MoodleError
from moodle_sync.sandbox.rows_site import CourseModule, Feedback, FeedbackItem
from moodle_sync.sandbox.world import World

_COUNTED = ("multichoice", "multichoicerated")
_IGNORES_EMPTY = "i"
_SEPARATE = 1
_FEW = 2
"""So many answers of a group have to be there before those of an anonymous questionnaire are told."""


@function("mod_feedback_get_feedback_access_information")
def get_feedback_access_information(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """What the caller may do with a questionnaire, and whether it takes answers now."""
    module, feedback = _entered(world, caller, params["feedbackid"])
    context, now = module_context(world, module), world.now()
    answered = world.feedback_completed.one(feedback=feedback.id, userid=caller.user.id) is not None
    reports = caller.can("mod/feedback:viewreports", context)
    closed = (feedback.timeopen and now < feedback.timeopen) or (feedback.timeclose and now > feedback.timeclose)
    return {
        "canviewanalysis": reports,
        "cancomplete": caller.can("mod/feedback:complete", context),
        "cansubmit": feedback.multiple_submit or not answered,
        "candeletesubmissions": caller.can("mod/feedback:deletesubmissions", context),
        "canviewreports": reports,
        "canedititems": caller.can("mod/feedback:edititems", context),
        "isempty": all(item.typ == "pagebreak" for item in engine.items_of(world, feedback.id)),
        "isopen": not closed,
        "isalreadysubmitted": answered,
        "isanonymous": feedback.anonymous == engine.ANONYMOUS,
        "warnings": [],
    }


@function("mod_feedback_get_analysis")
def get_analysis(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """How often it was sent, and each question with its answers."""
    module, feedback = _entered(world, caller, params["feedbackid"])
    if not caller.can("mod/feedback:viewreports", module_context(world, module)):
        raise MoodleError("nopermission", "error/nopermission", cls=REQUIRED_CAPABILITY)
    group = params["groupid"] or _group(world, caller, module)
    rows = world.feedback_completed.where(feedback=feedback.id)
    if group:
        rows = [row for row in rows if group in groups_of(world, module.course, row.userid)]
    if feedback.anonymous == engine.ANONYMOUS:
        if group and len(rows) < _FEW:
            return _too_few(world, feedback, len(rows))
        rows = list(rows)
        random.Random(feedback.id).shuffle(rows)  # noqa: S311 - an order, not a secret
    asked = [item for item in engine.items_of(world, feedback.id) if item.hasvalue]
    values = {item.id: [row.values[str(item.id)] for row in rows if str(item.id) in row.values] for item in asked}
    return {
        "completedcount": len(rows),
        "itemscount": len(asked),
        "itemsdata": [{"item": shown_item(world, item), "data": _data(item, values[item.id])} for item in asked],
        "warnings": [],
    }


def _group(world: World, caller: Caller, module: CourseModule) -> int:
    """The group whose answers are told when none is asked for: 0 for all, of those who may see all groups."""
    if not module.groupmode or caller.can("moodle/site:accessallgroups", module_context(world, module)):
        return 0
    own = groups_of(world, module.course, caller.user.id)
    if module.groupmode == _SEPARATE and not own:
        raise MoodleError("notingroup", "error/notingroup")
    every = {group.id for group in world.groups.where(courseid=module.course)}
    return min(own or every, default=0)


def _too_few(world: World, feedback: Feedback, count: int) -> dict[str, Any]:
    said = "There are insufficient responses for this group"
    return {
        "completedcount": count,
        "itemscount": sum(item.hasvalue for item in engine.items_of(world, feedback.id)),
        "itemsdata": [],
        "warnings": [warning("feedback", feedback.id, "insufficientresponsesforthisgroup", said)],
    }


def _entered(world: World, caller: Caller, feedbackid: int) -> tuple[CourseModule, Feedback]:
    module, feedback = activity(world, "feedback", feedbackid)
    caller.require_module(module.id)
    return module, feedback


def _data(item: FeedbackItem, values: list[str]) -> list[str]:
    if item.typ == "numeric":
        return [value for value in values if _is_numeric(value)]
    if item.typ not in _COUNTED:
        return [value.replace("\n", "<br />") for value in values]
    if _IGNORES_EMPTY in item.options:
        values = [value for value in values if value not in ("", "0")]
    return [json.dumps(one) for one in _options(item, values)] if values else []


def _options(item: FeedbackItem, values: list[str]) -> list[dict[str, Any]]:
    """Each option: how many chose it, and its share of all who were shown the question, also of those who passed."""
    found = []
    for number, (points, text) in enumerate(engine.options_with_points(item), start=1):
        chosen = sum(str(number) in value.split("|") for value in values)
        option: dict[str, Any] = {"answertext": text, "answercount": chosen}
        if item.typ == "multichoicerated":
            option |= {"avg": chosen * float(points) / len(values), "value": points}
        found.append(option | {"quotient": chosen / len(values)})
    return found


def _is_numeric(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
