"""Rubrics as trainers fill them: filled forms, their score, and ``core_grading_get_gradingform_instances``.

Each grading writes a new form and puts the one before it away (status 3); only active ones (1) are told.
"""

from __future__ import annotations

import json
from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import missing_record
from moodle_sync.sandbox.rows_site import CourseModule, GradingDefinition
from moodle_sync.sandbox.rows_work import Filling, GradingInstance
from moodle_sync.sandbox.world import MODULE_LEVEL, World

ACTIVE, ARCHIVED = 1, 3
READY = 20
HTML_FORMAT = 1


@function("core_grading_get_gradingform_instances")
def get_gradingform_instances(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Every active form filled with a definition, orphans included: they name a grade row (``itemid``), no learner."""
    definition = world.definitions.get(params["definitionid"])
    if definition is None:
        raise missing_record(world.version, "grading_definitions")
    context = world.contexts[world.grading_areas[definition.areaid].contextid]
    module = caller.require_module(context.instanceid)
    caller.require("moodle/grade:managegradingforms", world.context(MODULE_LEVEL, module.id))
    rows = [
        row
        for row in world.grading_instances.where(definitionid=definition.id, status=ACTIVE)
        if row.timemodified >= params["since"]
    ]
    return {"instances": [_shown(world, row) for row in rows], "warnings": []}


def active_rubric(world: World, module: CourseModule) -> GradingDefinition | None:
    """The rubric that an assignment is graded with, if it is ready for use."""
    area = world.grading_areas.one(contextid=world.context(MODULE_LEVEL, module.id), areaname="submissions")
    if area is None or area.activemethod != "rubric":
        return None
    return world.definitions.one(areaid=area.id, method="rubric", status=READY)


def fill(
    world: World,
    definition: GradingDefinition,
    itemid: int,
    raterid: int,
    lines: list[dict[str, Any]],
    grademax: int,
) -> float:
    """Store a filled form for a grade row and return the grade; -1 for an empty form.

    Args:
        world: the site.
        definition: the rubric.
        itemid: id of the assignment's grade row.
        raterid: who fills it.
        lines: ``{"criterionid", "fillings": [{"criterionid", "levelid", "remark", …}]}`` each.
        grademax: the assignment's maximum, in points.
    """
    for earlier in world.grading_instances.where(itemid=itemid, status=ACTIVE):
        earlier.status = ARCHIVED
    instance = world.grading_instances.add(
        GradingInstance(
            definitionid=definition.id,
            raterid=raterid,
            itemid=itemid,
            status=ACTIVE,
            feedback="",
            feedbackformat=0,
            timemodified=world.now(),
        )
    )
    chosen: list[int] = []
    for line in lines:
        for filling in line["fillings"]:
            levelid = filling.get("levelid") or 0
            row = Filling(instanceid=instance.id, criterionid=line["criterionid"], levelid=levelid)
            row.remark, row.remarkformat = filling.get("remark") or "", HTML_FORMAT
            world.fillings.add(row)
            chosen.append(levelid)
    return _grade(world, definition, chosen, grademax) if chosen else -1.0


def _grade(world: World, definition: GradingDefinition, chosen: list[int], grademax: int) -> float:
    scores = [
        [level.score for level in world.levels.where(criterionid=criterion.id)]
        for criterion in world.criteria.where(definitionid=definition.id)
    ]
    least = sum(min(levels, default=0) for levels in scores)
    most = sum(max(levels, default=0) for levels in scores)
    if most <= least or grademax <= 0:
        return -1.0
    # A level of another rubric, or one that is gone, scores nothing.
    reached = sum(world.levels[levelid].score for levelid in chosen if levelid in world.levels.rows)
    options = json.loads(definition.options) if definition.options else {}
    if int(options.get("lockzeropoints", 1)):
        return max(0.0, reached / most * grademax)
    return (reached - least) / (most - least) * grademax


def _shown(world: World, row: GradingInstance) -> dict[str, Any]:
    return {
        "id": row.id,
        "raterid": row.raterid,
        "itemid": row.itemid,
        "rawgrade": None,
        "status": row.status,
        "feedback": row.feedback,
        "feedbackformat": row.feedbackformat,
        "timemodified": row.timemodified,
        "rubric": {
            "criteria": [
                {
                    "id": filling.id,
                    "criterionid": filling.criterionid,
                    "levelid": filling.levelid,
                    "remark": filling.remark,
                    "remarkformat": filling.remarkformat,
                }
                for filling in world.fillings.where(instanceid=row.id)
            ]
        },
    }
