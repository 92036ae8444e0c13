"""Who is in a course: ``core_enrol_get_enrolled_users``.

Method, dates and status of an enrolment are told by no function: active is the difference of two lists.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import course_context, course_of, enrolled_ids, groups_of
from moodle_sync.sandbox.moodle_errors import MoodleError, invalid_parameter
from moodle_sync.sandbox.rows_site import Course, User
from moodle_sync.sandbox.world import World

_FLAGS = ("onlyactive", "onlysuspended")
_NUMBERS = ("limitfrom", "limitnumber", "groupid")
_NEEDS_ALL_DETAILS = ("username", "idnumber", "department", "institution", "auth")
_SORTS = {
    "id": lambda user: user.id,
    "firstname": lambda user: (user.firstname, user.id),
    "lastname": lambda user: (user.lastname, user.id),
    "siteorder": lambda user: (user.lastname, user.firstname, user.id),
}


@function("core_enrol_get_enrolled_users")
def get_enrolled_users(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Everybody enrolled, in any role; with ``onlyactive`` (or ``onlysuspended``) those who count (or not)."""
    course = course_of(world, params["courseid"])
    options = _options(params["options"])
    caller.require_course(course.id, wrapped=True)
    context = course_context(world, course.id)
    if not caller.can("moodle/course:enrolreview", context):
        caller.require("moodle/course:viewparticipants", context)
    if options["onlyactive"] or options["onlysuspended"]:
        caller.require("moodle/course:enrolreview", context)
    if options["withcapability"]:
        caller.require("moodle/role:review", context)
    if options["groupid"] and options["groupid"] not in groups_of(world, course.id, caller.user.id):
        caller.require("moodle/site:accessallgroups", context)
    users = [world.users[userid] for userid in _wanted(world, caller, course, options)]
    users = [user for user in users if user.id == caller.user.id or caller.can("moodle/user:viewdetails", context)]
    users.sort(key=_SORTS[options["sortby"]], reverse=options["sortdirection"] == "DESC")
    start = options["limitfrom"]
    stop = start + options["limitnumber"] if options["limitnumber"] else None
    return [_shown(world, caller, course, user, options["userfields"]) for user in users[start:stop]]


def _options(given: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        **dict.fromkeys(_FLAGS, False),
        **dict.fromkeys(_NUMBERS, 0),
        "withcapability": "",
        "userfields": [],
        "sortby": "id",
        "sortdirection": "ASC",
    }
    for option in given:
        name, value = option["name"], str(option["value"])
        if name in _FLAGS:
            found[name] = value not in ("", "0")
        elif name in _NUMBERS:
            if not value.isdigit():
                raise invalid_parameter(f"options => {name}")
            found[name] = int(value)
        elif name == "userfields":
            found[name] = [field.strip() for field in value.split(",") if field.strip()]
        elif name in found:
            found[name] = value
    if found["sortby"] not in _SORTS or found["sortdirection"].upper() not in ("ASC", "DESC"):
        raise invalid_parameter("options => sortby")
    if found["onlyactive"] and found["onlysuspended"]:
        raise MoodleError("invalidparameter", "Invalid parameter value detected")
    found["sortdirection"] = found["sortdirection"].upper()
    return found


def _wanted(world: World, caller: Caller, course: Course, options: dict[str, Any]) -> list[int]:
    context = course_context(world, course.id)
    found = enrolled_ids(world, course.id)
    if options["onlyactive"] or options["onlysuspended"]:
        found = [
            userid for userid in found if world.is_enrolled(userid, course.id, active=True) == options["onlyactive"]
        ]
    if options["groupid"]:
        found = [userid for userid in found if options["groupid"] in groups_of(world, course.id, userid)]
    if options["withcapability"]:
        asked = options["withcapability"]
        found = [userid for userid in found if caller.user_can(world.users[userid], asked, context)]
    if course.groupmode == 1 and not caller.can("moodle/site:accessallgroups", context):
        # Without a word: an account in no group is told of nobody.
        own = groups_of(world, course.id, caller.user.id)
        found = [userid for userid in found if own & groups_of(world, course.id, userid)]
    return found


def _shown(world: World, caller: Caller, course: Course, user: User, fields: list[str]) -> dict[str, Any]:
    context = course_context(world, course.id)
    own = user.id == caller.user.id
    everything: dict[str, Any] = {
        "username": user.username,
        "firstname": user.firstname,
        "lastname": user.lastname,
        "email": user.email,
        "department": user.department,
        "firstaccess": user.firstaccess,
        "lastaccess": user.lastaccess,
        "lastcourseaccess": 0,
        "profileimageurlsmall": f"{world.url}/theme/image.php/boost/core/1/u/f2",
        "profileimageurl": f"{world.url}/theme/image.php/boost/core/1/u/f1",
        "roles": _roles(world, context, user),
        "enrolledcourses": _courses(world, caller, user),
    }
    if user.idnumber:
        everything["idnumber"] = user.idnumber
    groups = _groups(world, caller, course, user)
    if groups:
        everything["groups"] = groups
    if not own and not caller.can("moodle/user:viewalldetails", context):
        everything = {name: value for name, value in everything.items() if name not in _NEEDS_ALL_DETAILS}
    if not own and not caller.can("moodle/site:viewuseridentity", context):
        everything.pop("email", None)
    chosen = {name: value for name, value in everything.items() if not fields or name in fields}
    # These two come whatever is asked for.
    return {"id": user.id, "fullname": user.fullname, **chosen}


def _roles(world: World, context: int, user: User) -> list[dict[str, Any]]:
    return [
        {"roleid": role.id, "name": "", "shortname": role.shortname, "sortorder": 0}
        for role in world.roles_of(user.id, context)
    ]


def _groups(world: World, caller: Caller, course: Course, user: User) -> list[dict[str, Any]]:
    rows = [world.groups[groupid] for groupid in sorted(groups_of(world, course.id, user.id))]
    return [
        {
            "id": group.id,
            "name": caller.text(group.name),
            "description": caller.html(group.description),
            "descriptionformat": group.descriptionformat,
        }
        for group in rows
    ]


def _courses(world: World, caller: Caller, user: User) -> list[dict[str, Any]]:
    return [
        {"id": course.id, "fullname": caller.text(course.fullname), "shortname": caller.text(course.shortname)}
        for course in world.courses
        if world.is_enrolled(user.id, course.id, active=True) and caller.sees_course(course)
    ]
