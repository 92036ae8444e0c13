"""``enrol_manual_*``: people put into courses by hand."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_gradebook import unenrolled
from moodle_sync.sandbox.moodle_errors import MoodleError, missing_record
from moodle_sync.sandbox.rows_site import EnrolInstance, RoleAssignment, User, UserEnrolment
from moodle_sync.sandbox.structure import forget
from moodle_sync.sandbox.world import COURSE_LEVEL, World


@function("enrol_manual_enrol_users")
def enrol_users(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """All of them or none. Called again, what is not sent (dates, suspension) is back to nothing."""
    with world.transaction():
        for wanted in params["enrolments"]:
            course = caller.require_course(wanted["courseid"])
            contextid = world.context(COURSE_LEVEL, course.id)
            caller.require("enrol/manual:enrol", contextid)
            if wanted["roleid"] not in assignable(world, caller, contextid):
                who = f"role ({wanted['roleid']}) to this user ({wanted['userid']}) in this course ({course.id})"
                raise MoodleError("wsusercannotassign", f"You don't have the permission to assign this {who}.")
            user = world.users.get(wanted["userid"])
            if user is None:
                raise missing_record(world.version, "user")
            times = (wanted.get("timestart") or 0, wanted.get("timeend") or 0)
            status = int(bool(wanted.get("suspend")))
            enrol(world, caller, manual(world, course.id), user, wanted["roleid"], status=status, times=times)


@function("enrol_manual_unenrol_users")
def unenrol_users(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Somebody who is not enrolled is no error. Their grades are deleted, and what rests on them is computed again."""
    for wanted in params["enrolments"]:
        course = caller.require_course(wanted["courseid"])
        caller.require("enrol/manual:unenrol", world.context(COURSE_LEVEL, course.id))
        if wanted["userid"] not in world.users.rows:
            raise MoodleError("wsnoinstance", "User not found")
        method = world.enrol_instances.one(courseid=course.id, enrol="manual")
        row = world.enrolments.one(enrolid=method.id, userid=wanted["userid"]) if method else None
        if row is not None:
            unenrol(world, course.id, row)


def assignable(world: World, caller: Caller, contextid: int) -> set[int]:
    """The roles that the caller may give in a context."""
    if not caller.can("moodle/role:assign", contextid):
        return set()
    held = [world.roles[row.roleid] for row in world.role_assignments.where(userid=caller.user.id)]
    return {number for role in held for number in role.assigns}


def manual(world: World, courseid: int) -> EnrolInstance:
    """The course's manual enrolment. Raises ``wsnoinstance`` when there is none."""
    found = world.enrol_instances.one(courseid=courseid, enrol="manual")
    if found is None:
        raise MoodleError("wsnoinstance", f"Manual enrolment plugin instance doesn't exist or is disabled: {courseid}")
    return found


def enrol(
    world: World,
    caller: Caller,
    method: EnrolInstance,
    user: User,
    roleid: int,
    *,
    status: int = 0,
    times: tuple[int, int] = (0, 0),
) -> UserEnrolment:
    """Enrol somebody, or change how; give the role in the course."""
    now = world.now()
    row = world.enrolments.one(enrolid=method.id, userid=user.id)
    if row is None:
        row = world.enrolments.add(UserEnrolment(enrolid=method.id, userid=user.id, timecreated=now))
        row.timemodified = now
    if (row.status, row.timestart, row.timeend) != (status, *times):
        row.timemodified = now
    row.status, (row.timestart, row.timeend), row.modifierid = status, times, caller.user.id
    give_role(world, method.courseid, user.id, roleid)
    return row


def give_role(world: World, courseid: int, userid: int, roleid: int) -> None:
    """Give a role in a course, once."""
    contextid = world.context(COURSE_LEVEL, courseid)
    if not world.role_assignments.one(roleid=roleid, userid=userid, contextid=contextid):
        world.role_assignments.add(
            RoleAssignment(roleid=roleid, userid=userid, contextid=contextid, timemodified=world.now())
        )


def unenrol(world: World, courseid: int, row: UserEnrolment) -> None:
    """End an enrolment: with the last one go roles, groups and grades. Attempts and submissions stay."""
    world.enrolments.remove(row)
    forget(world, courseid, "enrolment", row.id)
    if world.is_enrolled(row.userid, courseid):
        return
    contextid = world.context(COURSE_LEVEL, courseid)
    for group in world.groups.where(courseid=courseid):
        world.group_members.remove(*world.group_members.where(groupid=group.id, userid=row.userid))
    unenrolled(world, courseid, row.userid)
    world.role_assignments.remove(*world.role_assignments.where(userid=row.userid, contextid=contextid))
