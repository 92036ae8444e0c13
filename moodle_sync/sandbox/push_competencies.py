"""``core_competency_*``: frameworks and competencies, and the competencies of a course."""

from __future__ import annotations

import json
from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import PERSISTENT, MoodleError, invalid_parameter, missing_record, write_error
from moodle_sync.sandbox.rows_site import Competency, CourseCompetency, Framework
from moodle_sync.sandbox.world import CATEGORY_LEVEL, COURSE_LEVEL, SYSTEM, World

LONGEST = 100
MANAGE = "moodle/competency:competencymanage"
VIEW = "moodle/competency:competencyview"
IN_COURSE = "moodle/competency:coursecompetencymanage"
SHOWN_FRAMEWORK = (
    "shortname",
    "idnumber",
    "description",
    "descriptionformat",
    "visible",
    "scaleid",
    "scaleconfiguration",
    "contextid",
    "taxonomies",
    "id",
    "timecreated",
    "timemodified",
    "usermodified",
)
SHOWN_COMPETENCY = (
    "shortname",
    "idnumber",
    "description",
    "descriptionformat",
    "sortorder",
    "parentid",
    "path",
    "ruleoutcome",
    "ruletype",
    "ruleconfig",
    "scaleid",
    "scaleconfiguration",
    "competencyframeworkid",
    "id",
    "timecreated",
    "timemodified",
    "usermodified",
)
SHOWN_LINK = (
    "courseid",
    "competencyid",
    "sortorder",
    "ruleoutcome",
    "id",
    "timecreated",
    "timemodified",
    "usermodified",
)
KEPT = ("id", "parentid", "competencyframeworkid", "sortorder", "path")
"""What an update of a competency takes and does not write, without a word."""


@function("core_competency_create_competency_framework")
def create_framework(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """A new framework. Its idnumber is unique on the whole site."""
    wanted = params["competencyframework"]
    caller.require(MANAGE)
    row = Framework(**_fields(wanted, ("contextid", "contextlevel", "instanceid")))
    row.contextid = wanted.get("contextid") or world.context(SYSTEM)
    _check_framework(world, row)
    _stamp(world, caller, row, new=True)
    return _framework(world, caller, world.frameworks.add(row))


@function("core_competency_update_competency_framework")
def update_framework(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Only the fields that are sent."""
    wanted = params["competencyframework"]
    row = _existing_framework(world, wanted["id"])
    caller.require(MANAGE)
    with world.transaction():
        for name, value in _fields(wanted, ("id", "contextid", "contextlevel", "instanceid")).items():
            setattr(row, name, value)
        _check_framework(world, row)
        _stamp(world, caller, row)
    return True


@function("core_competency_delete_competency_framework")
def delete_framework(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """With its competencies; False while one of them is linked to a course."""
    row = _existing_framework(world, params["id"])
    caller.require(MANAGE)
    competencies = world.competencies.where(competencyframeworkid=row.id)
    linked = {link.competencyid for link in world.course_competencies}
    if any(one.id in linked for one in competencies):
        return False
    world.competencies.remove(*competencies)
    world.frameworks.remove(row)
    return True


@function("core_competency_list_competency_frameworks")
def list_frameworks(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Those of a context and, by ``includes``, of those below or above; ``query`` is looked for in both names."""
    contexts = _contexts(world, params["context"], params["includes"])
    if not caller.can(VIEW) and not caller.can(MANAGE):
        return []
    query = params["query"].lower()
    found = [
        row
        for row in world.frameworks
        if row.contextid in contexts
        and (row.visible or not params["onlyvisible"])
        and (query in row.shortname.lower() or query in row.idnumber.lower())
    ]
    return [_framework(world, caller, row) for row in _page(found, params)]


@function("core_competency_get_scale_values")
def get_scale_values(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The items of a scale, counted from 1. An unknown scale is a PHP error, without an errorcode."""
    scale = world.scales.get(params["scaleid"])
    if scale is None:
        raise MoodleError("", "Call to a member function load_items() on bool", cls="Error")
    return [{"id": number, "name": name.strip()} for number, name in enumerate(scale.scale.split(","), 1)]


@function("core_competency_create_competency")
def create_competency(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """A new competency, behind the others. Its idnumber is unique in its framework."""
    wanted = params["competency"]
    _existing_framework(world, wanted["competencyframeworkid"])
    caller.require(MANAGE)
    row = Competency(**_fields(wanted, ("id", "sortorder", "path", "timecreated", "timemodified", "usermodified")))
    if row.parentid:
        parent = _existing_competency(world, row.parentid)
        row.path = f"{parent.path}{parent.id}/"
        # A new child takes its parent's rule away, without a word.
        parent.ruletype, parent.ruleconfig, parent.ruleoutcome = None, None, 0
    row.sortorder = len(
        world.competencies.where(competencyframeworkid=row.competencyframeworkid, parentid=row.parentid)
    )
    _check_competency(world, row)
    _stamp(world, caller, row, new=True)
    return _competency(caller, world.competencies.add(row))


@function("core_competency_update_competency")
def update_competency(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Only the fields that are sent; another parent, framework or place is not taken, and not refused."""
    wanted = params["competency"]
    row = _existing_competency(world, wanted["id"])
    caller.require(MANAGE)
    with world.transaction():
        for name, value in _fields(wanted, (*KEPT, "timecreated", "timemodified", "usermodified")).items():
            setattr(row, name, value)
        _check_competency(world, row)
        _stamp(world, caller, row)
    return True


@function("core_competency_list_competencies")
def list_competencies(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Those whose columns equal every filter."""
    if not caller.can(VIEW) and not caller.can(MANAGE):
        return []
    found = list(world.competencies)
    for wanted in params["filters"]:
        if wanted["column"] not in SHOWN_COMPETENCY:
            raise invalid_parameter(f"filters: {wanted['column']}")
        found = [row for row in found if str(getattr(row, wanted["column"])) == str(wanted["value"])]
    return [_competency(caller, row) for row in _page(found, params)]


@function("core_competency_add_competency_to_course")
def add_to_course(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """False when it is there already: no error."""
    course = caller.require_course(params["courseid"])
    caller.require(IN_COURSE, world.context(COURSE_LEVEL, course.id))
    competency = _existing_competency(world, params["competencyid"])
    return link_to_course(world, caller, course.id, competency.id)


def link_to_course(world: World, caller: Caller, courseid: int, competencyid: int) -> bool:
    """Add a competency to a course; False when it is there already."""
    if world.course_competencies.one(courseid=courseid, competencyid=competencyid):
        return False
    row = CourseCompetency(courseid=courseid, competencyid=competencyid)
    row.sortorder = len(world.course_competencies.where(courseid=courseid))
    _stamp(world, caller, row, new=True)
    world.course_competencies.add(row)
    return True


@function("core_competency_list_course_competencies")
def list_course_competencies(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The competencies of a course in order, each with its link."""
    course = caller.require_course(params["id"])
    contextid = world.context(COURSE_LEVEL, course.id)
    if not caller.can("moodle/competency:coursecompetencyview", contextid):
        caller.require(IN_COURSE, contextid)
    rows = sorted(world.course_competencies.where(courseid=course.id), key=lambda row: (row.sortorder, row.id))
    return [
        {
            "competency": _competency(caller, world.competencies[row.competencyid]),
            "coursecompetency": {name: getattr(row, name) for name in SHOWN_LINK},
        }
        for row in rows
    ]


@function("core_competency_set_course_competency_ruleoutcome")
def set_ruleoutcome(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """What completing the course does: 0 nothing, 1 evidence, 2 recommend, 3 complete."""
    row = world.course_competencies.get(params["coursecompetencyid"])
    if row is None:
        raise missing_record(world.version, "competency_coursecomp")
    caller.require_course(row.courseid)
    caller.require(IN_COURSE, world.context(COURSE_LEVEL, row.courseid))
    if params["ruleoutcome"] not in range(4):
        raise MoodleError("invalidpersistenterror", "Error: Data submitted is invalid", cls=PERSISTENT)
    row.ruleoutcome = params["ruleoutcome"]
    _stamp(world, caller, row)
    return True


def _fields(wanted: dict[str, Any], without: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if name not in without and value is not None}


def _stamp(world: World, caller: Caller, row: Framework | Competency | CourseCompetency, *, new: bool = False) -> None:
    row.timemodified, row.usermodified = world.now(), caller.user.id
    if new:
        row.timecreated = row.timemodified


def _existing_framework(world: World, number: int) -> Framework:
    row = world.frameworks.get(number)
    if row is None:
        raise missing_record(world.version, "competency_framework")
    return row


def _existing_competency(world: World, number: int) -> Competency:
    row = world.competencies.get(number)
    if row is None:
        raise missing_record(world.version, "competency")
    return row


def _check_framework(world: World, row: Framework) -> None:
    if any(other.id != row.id for other in world.frameworks.where(idnumber=row.idnumber)):
        raise MoodleError("invalidpersistenterror", "Error: This ID number is already in use", cls=PERSISTENT)
    try:
        parts = [part for part in json.loads(row.scaleconfiguration) if "id" in part]
        configured = any(part.get("scaledefault") for part in parts) and any(part.get("proficient") for part in parts)
    except (ValueError, TypeError, AttributeError):
        configured = False
    if not configured:
        what = "The scale needs to be configured by selecting default and proficient items."
        raise MoodleError("invalidpersistenterror", f"Error: {what}", cls=PERSISTENT)
    if row.scaleid not in world.scales.rows:
        raise MoodleError("invalidpersistenterror", "Error: The scale is not valid.", cls=PERSISTENT)
    if len(row.shortname) > LONGEST or len(row.idnumber) > LONGEST:
        raise write_error()


def _check_competency(world: World, row: Competency) -> None:
    same = world.competencies.where(idnumber=row.idnumber, competencyframeworkid=row.competencyframeworkid)
    if any(other.id != row.id for other in same):
        raise MoodleError("invalidpersistenterror", "Error: This ID number is already in use", cls=PERSISTENT)
    if row.ruleconfig == "" or row.ruleoutcome not in range(4):
        raise MoodleError("invalidpersistenterror", "Error: Data submitted is invalid", cls=PERSISTENT)
    if len(row.shortname) > LONGEST or len(row.idnumber) > LONGEST:
        raise write_error()


def _contexts(world: World, asked: dict[str, Any], includes: str) -> set[int]:
    levels = {"system": SYSTEM, "coursecat": CATEGORY_LEVEL, "course": COURSE_LEVEL}
    if asked["contextid"]:
        place = asked["contextid"]
    elif asked["contextlevel"] in levels:
        number = 0 if asked["contextlevel"] == "system" else asked["instanceid"]
        place = world.context(levels[asked["contextlevel"]], number)
    else:
        raise invalid_parameter("context")
    below = {row.id for row in world.contexts} if place == world.context(SYSTEM) else {place}
    return {"children": below, "parents": {place, world.context(SYSTEM)}}.get(includes, {place})


def _page(found: list[Any], params: dict[str, Any]) -> list[Any]:
    order = params.get("sort") or "id"
    found.sort(key=lambda row: (getattr(row, order, row.id), row.id), reverse=params["order"].upper() == "DESC")
    return found[params["skip"] :][: params["limit"] or None]


def _framework(world: World, caller: Caller, row: Framework) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in SHOWN_FRAMEWORK}
    shown |= {"shortname": caller.text(row.shortname), "description": caller.html(row.description)}
    count = len(world.competencies.where(competencyframeworkid=row.id))
    named = {"contextname": "System", "contextnamenoprefix": "System"}
    return shown | {"canmanage": caller.can(MANAGE), "competenciescount": count} | named


def _competency(caller: Caller, row: Competency) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in SHOWN_COMPETENCY}
    return shown | {"shortname": caller.text(row.shortname), "description": caller.html(row.description)}
