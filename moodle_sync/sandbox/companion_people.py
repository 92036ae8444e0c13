"""The companion's enrolments: a key stands for one person, a person has one key, and what was done by hand stays."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.companion_frame import CREATED, UNCHANGED, UPDATED, Item, Outcome, Scope
from moodle_sync.sandbox.companion_payload import Payload, bad, failure
from moodle_sync.sandbox.push_enrol import assignable, enrol, give_role
from moodle_sync.sandbox.rows_site import EnrolInstance, UserEnrolment

STATUS = ("active", "suspended")


class Enrolments:
    """Writes and reads enrolments of a course."""

    name = "enrolment"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def parse(self, payload: Payload) -> Item:
        """``{"key", "userid", "fields": {"role", "status", "start", "end"}, "desired"}``."""
        payload.only("key", "userid", "fields", "desired")
        fields = payload.inner("fields").read(
            {
                "role": lambda p, f: p.text(f, 100),
                "status": lambda p, f: p.choice(f, STATUS),
                "start": Payload.moment,
                "end": Payload.moment,
            }
        )
        more = {"userid": payload.whole("userid", 1)}
        return Item(payload.key("key"), fields, payload.digests("desired"), payload.path, more)

    def apply(self, item: Item) -> Outcome:
        """Enrol, or change what differs. Somebody enrolled by hand is answered as foreign."""
        userid = item.more["userid"]
        rows = self._rows()
        ours = rows.get(self._scope.ids("enrolment").get(item.key, 0))
        if ours and ours.userid != userid:
            raise self._foreign(item, item.key, ours.userid)
        there = ours or next((row for row in rows.values() if row.userid == userid), None)
        if there and not ours:
            key = self._scope.keys("enrolment").get(there.id)
            if key is not None:
                raise self._foreign(item, key, userid)
            return Outcome(UNCHANGED, there.id, self._state(there, None), {"foreign": True}, ours=False)
        changed = self._update(there, item) if there else self._create(item)
        row = next(row for row in self._rows().values() if row.userid == userid)
        self._scope.remember("enrolment", item.key, row.id)
        action = CREATED if not there else UPDATED if changed else UNCHANGED
        return Outcome(action, row.id, self._state(row, item.key), {"foreign": False})

    def states(self) -> list[dict[str, Any]]:
        """The enrolments that have a key."""
        rows = self._rows()
        return [
            {"key": key, "id": number, "userid": rows[number].userid, "state": self._state(rows[number], key)}
            for key, number in sorted(self._scope.ids("enrolment").items())
            if number in rows
        ]

    def _rows(self) -> dict[int, UserEnrolment]:
        world = self._scope.world
        methods = world.enrol_instances.where(courseid=self._scope.courseid, enrol="manual")
        return {row.id: row for method in methods for row in world.enrolments.where(enrolid=method.id)}

    def _foreign(self, item: Item, key: str, userid: int) -> Exception:
        message = (
            f'The enrolment "{key}" is the one of user {userid}. Use one key per person, or unenrol that person first.'
        )
        return failure("foreignkey", message, f"{item.path}.userid")

    def _create(self, item: Item) -> bool:
        scope = self._scope
        user = scope.world.users.get(item.more["userid"])
        if user is None or user.deleted or user.username == "guest":
            message = f"There is no user {item.more['userid']} to enrol. Create the account first."
            raise failure("nosuchuser", message, f"{item.path}.userid")
        if "role" not in item.fields:
            raise bad(item.at("role"), "is missing, and a new enrolment needs one")
        roleid = self._role(item.fields["role"], item.at("role"))
        times = (item.fields.get("start") or 0, item.fields.get("end") or 0)
        status = STATUS.index(item.fields.get("status", "active"))
        enrol(scope.world, scope.caller, self._method(item.path), user, roleid, status=status, times=times)
        scope.remember("role", item.key, roleid)
        return True

    def _update(self, row: UserEnrolment, item: Item) -> bool:
        scope = self._scope
        state = self._state(row, item.key)
        changes = {name: value for name, value in item.fields.items() if value != state[name]}
        if set(changes) - {"role"}:
            after = state | changes
            row.status, row.timestart, row.timeend = (
                STATUS.index(after["status"]),
                after["start"] or 0,
                after["end"] or 0,
            )
            row.timemodified, row.modifierid = scope.world.now(), scope.caller.user.id
        if "role" in changes:
            roleid = self._role(changes["role"], item.at("role"))
            old = scope.ids("role").get(item.key)
            give_role(scope.world, scope.courseid, row.userid, roleid)
            if old and old != roleid:  # another role that somebody gave by hand stays
                where = {"roleid": old, "userid": row.userid, "contextid": scope.contextid}
                scope.world.role_assignments.remove(*scope.world.role_assignments.where(**where))
            scope.remember("role", item.key, roleid)
        return bool(changes)

    def _state(self, row: UserEnrolment, key: str | None) -> dict[str, Any]:
        world = self._scope.world
        roles = world.roles_of(row.userid, self._scope.contextid)
        given = self._scope.ids("role").get(key) if key is not None else None
        role = next((one for one in roles if one.id == given), roles[0] if roles else None)
        return {
            "role": role.shortname if role else None,
            "status": STATUS[row.status],
            "start": row.timestart or None,
            "end": row.timeend or None,
        }

    def _role(self, shortname: str, path: str) -> int:
        role = self._scope.world.roles.one(shortname=shortname)
        if role is None:
            raise failure(
                "nosuchkey", f'There is no role "{shortname}" here. Create it first, or correct the key.', path
            )
        if role.id not in assignable(self._scope.world, self._scope.caller, self._scope.contextid):
            hint = "Have an administrator allow it (Define roles, Allow role assignments)."
            raise failure("rolenotassignable", f'The caller may not assign the role "{shortname}" here. {hint}', path)
        return role.id

    def _method(self, path: str) -> EnrolInstance:
        table = self._scope.world.enrol_instances
        found = table.one(courseid=self._scope.courseid, enrol="manual")
        if found is None:
            found = table.add(EnrolInstance(courseid=self._scope.courseid))
        if found.status:
            raise failure("manualdisabled", "Manual enrolment is switched off in this site or course.", path)
        return found
