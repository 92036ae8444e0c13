"""``core_update_inplace_editable``: the names of sections and activities, as somebody edits them on the course page."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import MoodleError, missing_record
from moodle_sync.sandbox.structure import rename_module
from moodle_sync.sandbox.world import COURSE_LEVEL, MODULE_LEVEL, World


@function("core_update_inplace_editable")
def update_inplace_editable(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The name of a section or an activity, edited in place; tags are taken out silently."""
    target = (params["component"], params["itemtype"])
    number = int(params["itemid"]) if params["itemid"].isdecimal() else 0
    if target == ("core_course", "activityname"):
        return _rename_module(world, caller, params, number)
    if params["component"].startswith("format_") and params["itemtype"] == "sectionname":
        return _rename_section(world, caller, params, number)
    raise MoodleError("inplaceeditableerror", "Error calling update processor")


def _rename_module(world: World, caller: Caller, params: dict[str, Any], number: int) -> dict[str, Any]:
    module = caller.require_module(number)
    caller.require("moodle/course:manageactivities", world.context(MODULE_LEVEL, number))
    name = _cut(world, caller, params["value"])
    if name:
        rename_module(world, module, name)
    link = f'{world.url}/mod/{module.modname}/view.php?id={number}" class=" aalink stretched-link" onclick="'
    kind = f'<span class="accesshide " > {module.modname.capitalize()}</span>'
    name = world.instance(module).name
    shown = f'        <span class="instancename">{caller.shown(name)} {kind}</span>    '
    return _edited(params, caller, name, f'<a href="{link}">{shown}</a>', "title", "activity")


def _rename_section(world: World, caller: Caller, params: dict[str, Any], number: int) -> dict[str, Any]:
    section = world.sections.get(number)
    if section is None or f"format_{world.courses[section.course].format}" != params["component"]:
        raise missing_record(world.version)
    caller.require_course(section.course)
    caller.require("moodle/course:update", world.context(COURSE_LEVEL, section.course))
    section.name = _cut(world, caller, params["value"]) or None
    section.timemodified = world.now()
    name = section.name or "New section"
    shown = f'<a href="{world.url}/course/section.php?id={number}">{caller.shown(name)}</a>'
    return _edited(params, caller, name, shown, "section name", "section")


def _cut(world: World, caller: Caller, value: str) -> str:
    name = caller.stripped(value)
    if len(name) > (255 if world.version == "4.5" else 1333):
        raise MoodleError("maximumchars", "Maximum of 255 characters")
    return name


def _edited(params: dict[str, Any], caller: Caller, value: str, displayed: str, what: str, kind: str) -> dict[str, Any]:
    return {
        "displayvalue": displayed,
        "component": params["component"],
        "itemtype": params["itemtype"],
        "value": value,
        "itemid": params["itemid"],
        "edithint": f"Edit {what}",
        "editlabel": f"New name for {kind} {caller.shown(value)}",
        "editicon": {"key": "t/editstring", "component": "moodle", "title": f"Edit {what}"},
        "type": "text",
        "options": "",
        "linkeverything": 0,
    }
