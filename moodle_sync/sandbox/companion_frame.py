"""The frame around every write of the companion: whose course, which keys, one transaction an item, and the baseline.

An item that fails rolls back alone and is answered as failed; the others go on. Kinds (sections, activities …) fill
the frame.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from moodle_sync.sandbox.companion_payload import Payload, bad, check_namespace, decode_items, failure
from moodle_sync.sandbox.dispatch import Caller
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.rows_site import BaselineRow, Course, MapRow
from moodle_sync.sandbox.world import COURSE_LEVEL, SYSTEM, World

SCHEMA = 1
LONGEST_IDNUMBER = 100
CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"


@dataclass(frozen=True)
class Item:
    """What is wanted of one object: its key, and only the fields to be written."""

    key: str
    fields: dict[str, Any]
    desired: dict[str, str]
    path: str
    more: dict[str, Any] = field(default_factory=dict)

    def at(self, name: str) -> str:
        """The path of a field in the request."""
        return f"{self.path}.fields.{name}"


@dataclass(frozen=True)
class Outcome:
    """What became of an item, and its state as read back. What is not ours gets no baseline."""

    action: str
    id: int | None
    state: dict[str, Any]
    more: dict[str, Any] = field(default_factory=dict)
    ours: bool = True


class Kind(Protocol):
    """Something that can be written."""

    name: str

    def parse(self, payload: Payload) -> Item:
        """The item. Raises ``badpayload``, which refuses the whole call."""

    def apply(self, item: Item) -> Outcome:
        """Write the item. What it raises fails this item alone."""


class Scope:
    """A course of ours: everything of ours in it has an idnumber that starts with the course's own."""

    def __init__(self, caller: Caller, courseid: int, namespace: str) -> None:
        check_namespace(namespace)
        self.world = caller.world
        self.caller = caller
        self.courseid = courseid
        self.namespace = namespace
        idnumber = self.course.idnumber
        if not idnumber.startswith(f"{namespace}:") or len(idnumber) <= len(namespace) + 1:
            message = f'Course {courseid} is not of the namespace "{namespace}": '
            message += f'its ID number must start with "{namespace}:". '
            message += "Give it such an ID number, or use the namespace that it has."
            raise failure("wrongcourse", message, "courseid")

    @property
    def course(self) -> Course:
        """The course, as it is now."""
        return self.world.courses[self.courseid]

    @property
    def contextid(self) -> int:
        """The course's context."""
        return self.world.context(COURSE_LEVEL, self.courseid)

    def idnumber(self, key: str, path: str) -> str:
        """The idnumber of a child. Raises ``keytoolong``."""
        idnumber = f"{self.course.idnumber}:{key}"
        if len(idnumber) > LONGEST_IDNUMBER:
            raise failure("keytoolong", f'The ID number "{idnumber}" would be longer than 100 characters.', path)
        return idnumber

    def key(self, idnumber: str) -> str | None:
        """The local key of an idnumber, None when it is not one of this course's."""
        prefix = f"{self.course.idnumber}:"
        return idnumber[len(prefix) :] if idnumber.startswith(prefix) else None

    # ---- keys of what has no idnumber ------------------------------------------------------------------------------

    def ids(self, kind: str) -> dict[str, int]:
        """The ids of a kind by key, those that count in this course."""
        rows = self.world.map.where(namespace=self.namespace, courseid=self.courseid, kind=kind)
        return {row.objkey: row.objid for row in rows if row.origin in ("", self.course.idnumber)}

    def keys(self, kind: str) -> dict[int, str]:
        """The same the other way round."""
        return {number: key for key, number in self.ids(kind).items()}

    def remember(self, kind: str, key: str, number: int) -> None:
        """Let a key stand for an object."""
        row = self.world.map.one(namespace=self.namespace, courseid=self.courseid, kind=kind, objkey=key)
        if row is None:
            row = self.world.map.add(MapRow(namespace=self.namespace, courseid=self.courseid, kind=kind, objkey=key))
        row.objid, row.origin, row.timecreated = number, "", self.world.now()

    def forget(self, kind: str, key: str) -> None:
        """Let a key stand for nothing."""
        rows = self.world.map.where(namespace=self.namespace, courseid=self.courseid, kind=kind, objkey=key)
        self.world.map.remove(*rows)


class Baseline:
    """What was last written, per object and field, as read back. ``courseid`` 0 is for what belongs to no course."""

    def __init__(self, world: World, namespace: str, courseid: int = 0) -> None:
        self._world = world
        self._where = {"namespace": namespace, "courseid": courseid}

    def keep(self, kind: str, item: Item, state: dict[str, Any]) -> None:
        """Keep the fields that came with a digest."""
        fields = {}
        for name, digest in item.desired.items():
            fields[name] = {"desired": digest, "observed": _look_up(state, name, f"{item.path}.desired.{name}")}
        self.merge(kind, item.key, fields)

    def merge(self, kind: str, key: str, fields: dict[str, Any]) -> bool:
        """Write these fields beside those that are kept; whether anything changed."""
        row = self._world.baseline.one(**self._where, kind=kind, objkey=key)
        if not fields:
            return False
        before = dict(row.value) if row else {}
        after = json.loads(json.dumps(before | fields))
        if row is None:
            told: dict[str, Any] = {**self._where, "kind": kind, "objkey": key}
            row = self._world.baseline.add(BaselineRow(**told))
        row.value = after
        return bool(before != after)

    def of(self, kind: str, keys: list[str]) -> dict[str, Any]:
        """What is kept of these objects, by key."""
        rows = sorted(self._world.baseline.where(**self._where, kind=kind), key=lambda row: row.objkey)
        return {row.objkey: row.value for row in rows if row.objkey in keys}

    def all(self) -> dict[str, dict[str, Any]]:
        """Everything that is kept, by kind and key."""
        found: dict[str, dict[str, Any]] = {}
        for row in sorted(self._world.baseline.where(**self._where), key=lambda row: (row.kind, row.objkey)):
            found.setdefault(row.kind, {})[row.objkey] = row.value
        return found

    def drop(self, kind: str, key: str) -> bool:
        """Forget an object; whether it was known."""
        rows = self._world.baseline.where(**self._where, kind=kind, objkey=key)
        self._world.baseline.remove(*rows)
        return bool(rows)


def run(world: World, kind: Kind, baseline: Baseline, text: str) -> dict[str, Any]:
    """Parse all items, refusing the whole call when one is not as agreed; then apply them in the order sent."""
    items = [kind.parse(payload) for payload in decode_items(text)]
    seen: dict[tuple[str, str], str] = {}
    for item in items:
        identity = (item.more.get("kind", ""), item.key)
        if identity in seen:
            raise bad(f"{item.path}.key", f"is also the key of {seen[identity]}")
        seen[identity] = item.path
    return {"items": [_one(world, kind, baseline, item) for item in items]}


def write(caller: Caller, params: dict[str, Any], kind: type[Any], *capabilities: str) -> dict[str, Any]:
    """One write into a course: context, capabilities, then the items; the answer packed."""
    caller.require_course(params["courseid"])
    contextid = caller.world.context(COURSE_LEVEL, params["courseid"])
    for capability in ("local/moodlesync:write", *capabilities):
        caller.require(capability, contextid)
    scope = Scope(caller, params["courseid"], params["namespace"])
    baseline = Baseline(caller.world, params["namespace"], params["courseid"])
    return pack(run(caller.world, kind(scope), baseline, params["items"]))


def require_system(caller: Caller, capability: str) -> None:
    """A capability at system level."""
    caller.require(capability, caller.world.context(SYSTEM))


def pack(value: Any) -> dict[str, Any]:
    """An answer as the companion packs it."""
    return {"schema": SCHEMA, "json": json.dumps(value, ensure_ascii=False, separators=(",", ":"))}


def decimal(number: float) -> str:
    """A number as a decimal string in its shortest writing, at most 5 places."""
    text = f"{number:.5f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _one(world: World, kind: Kind, baseline: Baseline, item: Item) -> dict[str, Any]:
    try:
        with world.transaction():
            outcome = kind.apply(item)
            if outcome.ours:
                baseline.keep(kind.name, item, outcome.state)
    except MoodleError as error:
        path = error.where or item.path
        told = {"errorcode": error.errorcode, "message": error.message, "path": path}
        return {"key": item.key, "action": "failed", "id": None, "state": {}, "error": told}
    answer = {"key": item.key, "action": outcome.action, "id": outcome.id, "state": outcome.state, "error": None}
    return answer | outcome.more


def _look_up(state: Any, name: str, path: str) -> Any:
    if name in state:
        return state[name]
    value = state
    for step in name.split("/"):
        if isinstance(value, list):
            value = {one["key"]: one for one in value if isinstance(one, dict)}
        if not isinstance(value, dict) or step not in value:
            raise bad(path, "names no field of the state")
        value = value[step]
    return value
