"""``core_grading_get_definitions`` and ``core_grading_save_definitions``: rubrics as core writes them.

Saving matches by ids alone: a criterion or level that comes without its id is a new one, and what is not sent by its
id is deleted, graded or not. The companion does better.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import MoodleError, invalid_parameter, missing_record
from moodle_sync.sandbox.rows_site import Criterion, GradingArea, GradingDefinition, Level
from moodle_sync.sandbox.structure import delete_criterion, delete_level
from moodle_sync.sandbox.world import World

METHODS = ("rubric", "guide")
SHOWN = (
    "id",
    "method",
    "name",
    "description",
    "descriptionformat",
    "status",
    "copiedfromid",
    "timecreated",
    "usercreated",
    "timemodified",
    "usermodified",
    "timecopied",
)


@function("core_grading_get_definitions")
def get_definitions(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """An activity that the caller may not see is a warning."""
    areas: list[dict[str, Any]] = []
    warnings = []
    for cmid in params["cmids"]:
        module = world.modules.get(cmid)
        if module is None:
            raise missing_record(world.version, "context")
        try:
            caller.require_module(cmid)
        except MoodleError:
            told = {"warningcode": "1", "message": "No access rights in module context"}
            warnings.append({"item": "module", "itemid": cmid, **told})
            continue
        contextid = world.context(70, cmid)
        component = f"mod_{module.modname}"
        area = world.grading_areas.one(contextid=contextid, component=component, areaname=params["areaname"])
        active = area.activemethod if area else None
        rows = world.definitions.where(areaid=area.id) if area else []
        shown = [row for row in rows if row.method == active or not params["activeonly"]]
        areas.append(
            {
                "cmid": cmid,
                "contextid": contextid,
                "component": component,
                "areaname": params["areaname"],
                "activemethod": active,
                "definitions": [_shown(world, caller, row) for row in shown],
            }
        )
    return {"areas": areas, "warnings": warnings}


@function("core_grading_save_definitions")
def save_definitions(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Area after area: those before one that fails stay saved."""
    for wanted in params["areas"]:
        if wanted["contextid"] not in world.contexts.rows:
            raise missing_record(world.version, "context")
        caller.require("moodle/grade:managegradingforms", wanted["contextid"])
        area = area_of(world, wanted["contextid"], wanted["component"], wanted["areaname"])
        area.activemethod = wanted["activemethod"]
        for definition in wanted["definitions"]:
            if definition["method"] != "rubric":
                raise invalid_parameter(f"definitions: {definition['method']} is not served here")
            _save(world, caller, area, definition)


def area_of(world: World, contextid: int, component: str = "mod_assign", areaname: str = "submissions") -> GradingArea:
    """The grading area of an activity, made when it is first needed."""
    told = {"contextid": contextid, "component": component, "areaname": areaname}
    return world.grading_areas.one(**told) or world.grading_areas.add(GradingArea(**told))  # type: ignore[arg-type]


def criteria_of(world: World, definitionid: int) -> list[tuple[Criterion, list[Level]]]:
    """The criteria of a rubric in order, each with its levels by score."""
    rows = sorted(world.criteria.where(definitionid=definitionid), key=lambda row: (row.sortorder, row.id))
    return [
        (row, sorted(world.levels.where(criterionid=row.id), key=lambda level: (level.score, level.id))) for row in rows
    ]


def _save(world: World, caller: Caller, area: GradingArea, wanted: dict[str, Any]) -> None:
    row = world.definitions.one(areaid=area.id, method="rubric")
    if row is None:
        row = world.definitions.add(GradingDefinition(areaid=area.id, timecreated=world.now()))
    for name in ("name", "description", "descriptionformat", "status"):
        if wanted.get(name) is not None:
            setattr(row, name, wanted[name])
    row.timemodified, row.usermodified = world.now(), caller.user.id
    row.options = ""
    kept = []
    for number, criterion in enumerate((wanted.get("rubric") or {}).get("rubric_criteria") or [], 1):
        kept.append(_save_criterion(world, row.id, number, criterion))
    for old in world.criteria.where(definitionid=row.id):
        if old.id not in kept:
            delete_criterion(world, old.id)


def _save_criterion(world: World, definitionid: int, number: int, wanted: dict[str, Any]) -> int:
    # An id of another rubric is taken as well: that one is overwritten, and this one loses its criterion.
    row = world.criteria.get(wanted.get("id"))
    if row is None:
        row = world.criteria.add(Criterion(definitionid=definitionid, descriptionformat=1))
    row.sortorder = number
    for name in ("description", "descriptionformat"):
        if wanted.get(name) is not None:
            setattr(row, name, wanted[name])
    kept = []
    for cell in wanted.get("levels") or []:
        level = world.levels.get(cell.get("id"))
        if level is None:
            level = world.levels.add(Level(criterionid=row.id, definitionformat=1))
        for name in ("score", "definition", "definitionformat"):
            if cell.get(name) is not None:
                setattr(level, name, cell[name])
        kept.append(level.id)
    for old in world.levels.where(criterionid=row.id):
        if old.id not in kept:
            delete_level(world, old.id)
    return row.id


def _shown(world: World, caller: Caller, row: GradingDefinition) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in SHOWN}
    shown["description"] = caller.html(row.description)
    criteria = [
        {
            "id": criterion.id,
            "sortorder": criterion.sortorder,
            "description": caller.html(criterion.description),
            "descriptionformat": criterion.descriptionformat,
            "levels": [
                {
                    "id": level.id,
                    "score": level.score,
                    "definition": caller.html(level.definition),
                    "definitionformat": level.definitionformat,
                }
                for level in levels
            ],
        }
        for criterion, levels in criteria_of(world, row.id)
    ]
    return shown | {"rubric": {"rubric_criteria": criteria}}
