"""What the functions about people's work share: numbers as PHP prints them, who and what is looked up, visibility.

Source: answers of Moodle 4.5 and 5.1. Nothing here changes the world.
"""

from __future__ import annotations

import html
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from moodle_sync.sandbox.dispatch import Caller
from moodle_sync.sandbox.moodle_errors import MoodleError, missing_record
from moodle_sync.sandbox.rows_site import Course, CourseModule, User
from moodle_sync.sandbox.world import COURSE_LEVEL, MODULE_LEVEL, World

_TAGS = re.compile(r"<[^>]*>")
_BARE_AMPERSAND = re.compile(r"&(?!#?\w+;)")
_PLACES = Decimal("0.00001")


def number(value: float | None) -> int | float | None:
    """A number as PHP encodes it in JSON: whole ones without a point, others with at most five decimals."""
    if value is None:
        return None
    rounded = five(value)
    return int(rounded) if rounded == int(rounded) else rounded


def five(value: float) -> float:
    """The value as a ``NUMERIC(10,5)`` column keeps it: half up, as the database rounds."""
    return float(Decimal(repr(value)).quantize(_PLACES, ROUND_HALF_UP))


def shown(text: str) -> str:
    """A name through ``format_string``: tags stripped, a bare ampersand escaped; Moodle does so whatever is asked."""
    return _BARE_AMPERSAND.sub("&amp;", _TAGS.sub("", text))


def plain(markup: str) -> str:
    """The text of a piece of HTML."""
    return html.unescape(_TAGS.sub("", markup)).strip()


def warning(item: str, itemid: int, code: str, message: str) -> dict[str, Any]:
    """One entry of ``warnings[]``."""
    return {"item": item, "itemid": itemid, "warningcode": code, "message": message}


def course_of(world: World, courseid: int) -> Course:
    """The course.

    Raises:
        MoodleError: there is none.
    """
    course = world.courses.get(courseid)
    if course is None:
        raise missing_record(world.version, "course")
    return course


def person(world: World, userid: int) -> User:
    """The user, who is not deleted.

    Raises:
        MoodleError: there is none, or ``userdeleted``.
    """
    user = world.users.get(userid)
    if user is None:
        raise missing_record(world.version, "user")
    if user.deleted:
        raise MoodleError("userdeleted", "error/userdeleted")
    return user


def activity(world: World, modname: str, instance: int) -> tuple[CourseModule, Any]:
    """The course module and the row of an activity, by its instance id.

    Raises:
        MoodleError: there is none.
    """
    row = world.instances(modname).get(instance)
    module = world.module_of(modname, instance)
    if row is None or module is None:
        raise missing_record(world.version, modname)
    return module, row


def module_by_id(world: World, cmid: int) -> CourseModule:
    """The course module.

    Raises:
        MoodleError: there is none.
    """
    module = world.modules.get(cmid)
    if module is None:
        raise missing_record(world.version, "course_modules")
    return module


def course_context(world: World, courseid: int) -> int:
    """The context of a course."""
    return world.context(COURSE_LEVEL, courseid)


def module_context(world: World, module: CourseModule) -> int:
    """The context of an activity."""
    return world.context(MODULE_LEVEL, module.id)


def sees(world: World, caller: Caller, module: CourseModule) -> bool:
    """Whether Moodle shows the caller this activity at all (``uservisible``). What it does not show, it leaves out."""
    if not caller.sees_module(module):
        return False
    context = module_context(world, module)
    return not module.availability or caller.can("moodle/course:ignoreavailabilityrestrictions", context)


def reachable(caller: Caller, module: CourseModule) -> bool:
    """Whether ``validate_context`` of the activity would pass for the caller."""
    try:
        caller.require_module(module.id)
    except MoodleError:
        return False
    return True


def same_groups(world: World, caller: Caller, course: Course, userid: int) -> bool:
    """Whether the caller may look at this person in a course with separate groups."""
    if course.groupmode != 1 or caller.user.id == userid:
        return True
    if caller.can("moodle/site:accessallgroups", course_context(world, course.id)):
        return True
    return bool(groups_of(world, course.id, userid) & groups_of(world, course.id, caller.user.id))


def groups_of(world: World, courseid: int, userid: int) -> set[int]:
    """The ids of the groups of a course that a person is in."""
    own = {group.id for group in world.groups.where(courseid=courseid)}
    return {row.groupid for row in world.group_members.where(userid=userid) if row.groupid in own}


def is_learner(world: World, userid: int, courseid: int) -> bool:
    """Whether the person has, in the course, a role that is graded and tracked (``student``, in a fresh Moodle)."""
    roles = world.roles_of(userid, course_context(world, courseid))
    return any(
        role.shortname == "student" or "moodle/course:isincompletionreports" in role.capabilities for role in roles
    )


def is_tracked(world: World, userid: int, courseid: int) -> bool:
    """Whether course completion is reported of this person: a learner whose enrolment is active."""
    return is_learner(world, userid, courseid) and world.is_enrolled(userid, courseid, active=True)


def enrolled_ids(world: World, courseid: int) -> list[int]:
    """Everybody enrolled in a course in any way and state, deleted accounts apart, by id."""
    methods = {method.id for method in world.enrol_instances.where(courseid=courseid)}
    found = {row.userid for row in world.enrolments if row.enrolid in methods}
    return sorted(userid for userid in found if userid in world.users.rows and not world.users[userid].deleted)
