"""``core_course_delete_modules`` and ``core_group_delete_groups``: what a person takes away by hand."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import missing_record
from moodle_sync.sandbox.structure import delete_module
from moodle_sync.sandbox.world import COURSE_LEVEL, World


@function("core_course_delete_modules")
def delete_modules(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Activities with everything that hangs on them; nothing is deleted when one is missing."""
    modules = [caller.require_module(cmid) for cmid in params["cmids"]]
    for module in modules:
        caller.require("moodle/course:manageactivities", world.context(COURSE_LEVEL, module.course))
    for module in modules:
        delete_module(world, module)


@function("core_group_delete_groups")
def delete_groups(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Groups with their memberships, and the companion's keys of those; all or none."""
    with world.transaction():
        for number in params["groupids"]:
            group = world.groups.get(number)
            if group is None:
                raise missing_record(world.version, "groups")
            caller.require_course(group.courseid, wrapped=True)
            caller.require("moodle/course:managegroups", world.context(COURSE_LEVEL, group.courseid))
            for member in world.group_members.where(groupid=number):
                world.map.remove(*world.map.where(courseid=group.courseid, kind="member", objid=member.id))
                world.group_members.remove(member)
            prefix = f"{world.courses[group.courseid].idnumber}:"
            key = group.idnumber.removeprefix(prefix)
            world.baseline.remove(*world.baseline.where(courseid=group.courseid, kind="group", objkey=key))
            world.groups.remove(group)
