"""``core_group_*``: groups of a course, and people put into them by hand."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import MoodleError, invalid_parameter, missing_record
from moodle_sync.sandbox.rows_site import Group, GroupMember
from moodle_sync.sandbox.world import COURSE_LEVEL, World

WRITABLE = ("name", "idnumber", "description", "descriptionformat", "enrolmentkey", "visibility", "participation")


@function("core_group_get_course_groups")
def get_course_groups(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The groups of a course by name."""
    course = caller.require_course(params["courseid"], wrapped=True)
    caller.require("moodle/course:managegroups", world.context(COURSE_LEVEL, course.id))
    rows = sorted(world.groups.where(courseid=course.id), key=lambda row: row.name)
    return [_shown(caller, row) for row in rows]


@function("core_group_update_groups")
def update_groups(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """All of them or none; only the fields that are sent."""
    with world.transaction():
        for wanted in params["groups"]:
            group = _existing(world, caller, wanted["id"])
            same = [row for row in world.groups.where(courseid=group.courseid) if row.id != group.id]
            if any(row.name == wanted["name"] for row in same):
                raise invalid_parameter("groups: a different group of that name is there already")
            if wanted.get("idnumber") and any(row.idnumber == wanted["idnumber"] for row in same):
                raise MoodleError("idnumbertaken", "This ID number is already in use")
            for name in WRITABLE:
                if wanted.get(name) is not None:
                    # This function alone takes the visibility as text.
                    setattr(group, name, int(wanted[name]) if name == "visibility" else wanted[name])


@function("core_group_create_groups")
def create_groups(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """All of them or none. Names and idnumbers are unique in their course."""
    with world.transaction():
        return [_create_group(world, caller, wanted) for wanted in params["groups"]]


@function("core_group_add_group_members")
def add_group_members(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Twice is no error; somebody who is not enrolled is."""
    with world.transaction():
        for wanted in params["members"]:
            group = _existing(world, caller, wanted["groupid"])
            if not world.is_enrolled(wanted["userid"], group.courseid):
                raise invalid_parameter("members: only enrolled users may be members of groups")
            if not world.group_members.one(groupid=group.id, userid=wanted["userid"]):
                world.group_members.add(GroupMember(groupid=group.id, userid=wanted["userid"], timeadded=world.now()))


def _create_group(world: World, caller: Caller, wanted: dict[str, Any]) -> dict[str, Any]:
    course = caller.require_course(wanted["courseid"], wrapped=True)
    caller.require("moodle/course:managegroups", world.context(COURSE_LEVEL, course.id))
    if not wanted["name"].strip() or world.groups.one(courseid=course.id, name=wanted["name"]):
        raise invalid_parameter("groups: a group of that name is there already")
    idnumber = wanted.get("idnumber") or ""
    if idnumber and world.groups.one(courseid=course.id, idnumber=idnumber):
        raise MoodleError("idnumbertaken", "This ID number is already in use")
    group = Group(courseid=course.id, name=wanted["name"], idnumber=idnumber, description=wanted["description"])
    group.timecreated = world.now()
    for name in ("descriptionformat", "enrolmentkey", "visibility", "participation"):
        if wanted.get(name) is not None:
            setattr(group, name, wanted[name])
    world.groups.add(group)
    return _shown(caller, group, empty="")


def _existing(world: World, caller: Caller, number: int) -> Group:
    group = world.groups.get(number)
    if group is None:
        raise missing_record(world.version, "groups")
    caller.require_course(group.courseid, wrapped=True)
    caller.require("moodle/course:managegroups", world.context(COURSE_LEVEL, group.courseid))
    return group


def _shown(caller: Caller, group: Group, empty: str | None = None) -> dict[str, Any]:
    names = "id courseid description descriptionformat enrolmentkey idnumber visibility participation"
    shown = {name: getattr(group, name) for name in names.split(" ")}
    return shown | {"name": caller.text(group.name), "enrolmentkey": group.enrolmentkey or empty}
