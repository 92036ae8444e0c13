"""The companion's calendar events (half-days of a session) and groups."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.cleaning import takes
from moodle_sync.sandbox.companion_frame import CREATED, UNCHANGED, UPDATED, Item, Outcome, Scope
from moodle_sync.sandbox.companion_payload import Payload, bad, failure
from moodle_sync.sandbox.rows_site import Event, Group, GroupMember

COLUMNS = {
    "name": "name",
    "description": "description",
    "start": "timestart",
    "location": "location",
    "visible": "visible",
}
LONGEST_EVENT, LONGEST_GROUP = 255, 254
MINUTE = 60


class Events:
    """Writes and reads events of a course."""

    name = "event"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def parse(self, payload: Payload) -> Item:
        """``{"key", "fields": {"name", "description", "start", "minutes", "location", "visible"}, "desired"}``."""
        payload.only("key", "fields", "desired")
        fields = payload.inner("fields").read(
            {
                "name": lambda p, f: p.text(f, LONGEST_EVENT),
                "description": Payload.html,
                "start": lambda p, f: p.whole(f, 1),
                "minutes": lambda p, f: p.whole(f, 0, 525600),
                "location": _location,
                "visible": Payload.flag,
            }
        )
        return Item(payload.key("key"), fields, payload.digests("desired"), payload.path)

    def apply(self, item: Item) -> Outcome:
        """Create the event when its key stands for none; write what differs."""
        row = self._rows().get(self._scope.ids("event").get(item.key, 0))
        created = row is None
        if row is None:
            for name in ("name", "start"):
                if name not in item.fields:
                    raise bad(item.at(name), "is missing, and a new event needs one")
            row = self._scope.world.events.add(Event(courseid=self._scope.courseid))
            self._scope.remember("event", item.key, row.id)
        state = _event(row)
        changes = {name: value for name, value in item.fields.items() if value != state[name]}
        for name, value in changes.items():
            if name == "minutes":
                row.timeduration = value * MINUTE
            else:
                setattr(row, COLUMNS[name], value)
        if changes:
            row.timemodified = self._scope.world.now()
        action = CREATED if created else UPDATED if changes else UNCHANGED
        return Outcome(action, row.id, _event(row))

    def states(self) -> list[dict[str, Any]]:
        """The events that have a key, by time."""
        keys = self._scope.keys("event")
        rows = sorted(self._rows().values(), key=lambda row: (row.timestart, row.id))
        return [{"key": keys[row.id], "id": row.id, "state": _event(row)} for row in rows if row.id in keys]

    def _rows(self) -> dict[int, Event]:
        return {row.id: row for row in self._scope.world.events.where(courseid=self._scope.courseid)}


class Groups:
    """Writes and reads groups of a course, with the members that they were given here."""

    name = "group"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def parse(self, payload: Payload) -> Item:
        """``{"key", "fields": {"name", "description", "members": [user ids]}, "desired"}``."""
        payload.only("key", "fields", "desired")
        fields = payload.inner("fields").read({"name": _name, "description": Payload.html, "members": _members})
        return Item(payload.key("key"), fields, payload.digests("desired"), payload.path)

    def apply(self, item: Item) -> Outcome:
        """Create the group when its key stands for none; write what differs."""
        scope, world = self._scope, self._scope.world
        path = f"{item.path}.key"
        idnumber = scope.idnumber(item.key, path)
        rows = world.groups.where(courseid=scope.courseid, idnumber=idnumber)
        if len(rows) > 1:
            message = f'More than one group of this course has the ID number "{idnumber}".'
            raise failure("duplicatekey", message, path)
        created = not rows
        if created and "name" not in item.fields:
            raise bad(item.at("name"), "is missing, and a new group needs one")
        row = rows[0] if rows else world.groups.add(Group(courseid=scope.courseid, idnumber=idnumber))
        if created:
            row.timecreated = world.now()
        changed = False
        for name in ("name", "description"):
            if name in item.fields and item.fields[name] != getattr(row, name):
                setattr(row, name, item.fields[name])
                changed = True
        if "members" in item.fields:
            changed |= self._write_members(row, item)
        entry = self._entry(row, item.key)
        action = CREATED if created else UPDATED if changed else UNCHANGED
        return Outcome(action, row.id, entry["state"], {"others": entry["others"]})

    def states(self) -> list[dict[str, Any]]:
        """The groups that have a key of this course, each key once."""
        rows = [row for row in self._scope.world.groups.where(courseid=self._scope.courseid) if row.idnumber]
        ours = [(self._scope.key(row.idnumber), row) for row in rows]
        times = [row.idnumber for row in rows]
        found = [self._entry(row, key) for key, row in ours if key and times.count(row.idnumber) == 1]
        return sorted(found, key=lambda one: one["key"])

    def _entry(self, row: Group, key: str) -> dict[str, Any]:
        ours, others = self._people(row, key)
        state = {"name": row.name, "description": row.description, "members": ours}
        return {"key": key, "id": row.id, "state": state, "others": others}

    def _people(self, row: Group, key: str) -> tuple[list[int], list[int]]:
        known = self._scope.ids("member")
        members = sorted(self._scope.world.group_members.where(groupid=row.id), key=lambda one: one.userid)
        ours = [one.userid for one in members if known.get(f"{key}/{one.userid}") == one.id]
        return ours, [one.userid for one in members if one.userid not in ours]

    def _write_members(self, row: Group, item: Item) -> bool:
        scope, world, wanted = self._scope, self._scope.world, item.fields["members"]
        ours, others = self._people(row, item.key)
        removed = [userid for userid in ours if userid not in wanted]
        added = [userid for userid in wanted if userid not in [*ours, *others]]
        for userid in removed:
            world.group_members.remove(*world.group_members.where(groupid=row.id, userid=userid))
            scope.forget("member", f"{item.key}/{userid}")
        for userid in added:
            if not world.is_enrolled(userid, scope.courseid):
                message = f"User {userid} is not enrolled in this course, and cannot be in its groups. "
                message += "Enrol that person first."
                raise failure("notenrolled", message, item.at("members"))
            member = world.group_members.add(GroupMember(groupid=row.id, userid=userid, timeadded=world.now()))
            scope.remember("member", f"{item.key}/{userid}", member.id)
        return bool(added or removed)


def _event(row: Event) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description,
        "start": row.timestart,
        "minutes": row.timeduration // MINUTE,
        "location": row.location,
        "visible": row.visible,
    }


def _location(payload: Payload, name: str) -> str:
    value = payload.html(name)
    if not takes("text", value):
        raise bad(payload.at(name), "must be plain text, without tags")
    if len(value) > LONGEST_EVENT:
        raise bad(payload.at(name), f"is longer than {LONGEST_EVENT} characters")
    return value


def _name(payload: Payload, name: str) -> str:
    value = payload.text(name, LONGEST_GROUP)
    if value.strip() != value:
        raise bad(payload.at(name), "has spaces at its ends")
    return value


def _members(payload: Payload, name: str) -> list[int]:
    found = payload.raw(name)
    if not isinstance(found, list):
        raise bad(payload.at(name), "must be an array")
    for place, userid in enumerate(found):
        if not isinstance(userid, int) or isinstance(userid, bool) or userid < 1:
            raise bad(f"{payload.at(name)}[{place}]", "must be the id of a user")
    if len(set(found)) != len(found):
        raise bad(payload.at(name), "names somebody twice")
    return sorted(found)
