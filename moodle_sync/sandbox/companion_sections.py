"""The companion's sections: by key. Those that no key maps to are never touched, except that they make room."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.companion_frame import CREATED, UNCHANGED, UPDATED, Item, Outcome, Scope
from moodle_sync.sandbox.companion_payload import Payload, bad
from moodle_sync.sandbox.structure import add_section, move_section, sections_of, show_section


class Sections:
    """Writes and reads the sections of a course."""

    name = "section"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def parse(self, payload: Payload) -> Item:
        """``{"key", "fields": {"name", "summary", "position", "visible"}, "desired"}``."""
        payload.only("key", "fields", "desired")
        longest = 255 if self._scope.world.version == "4.5" else 1333
        fields = payload.inner("fields").read(
            {
                "name": lambda p, f: p.text(f, longest),
                "summary": Payload.html,
                "position": lambda p, f: p.whole(f, 1, 1000),
                "visible": Payload.flag,
            }
        )
        return Item(payload.key("key"), fields, payload.digests("desired"), payload.path)

    def apply(self, item: Item) -> Outcome:
        """Create the section when its key stands for none; write what differs."""
        number = self.find(item.key)
        created = number is None
        if number is None:
            if "name" not in item.fields:
                raise bad(item.at("name"), "is missing, and a new section needs one")
            number = add_section(self._scope.world, self._scope.courseid).id
            self._scope.remember("section", item.key, number)
        changed = self._write(number, item.fields)
        action = CREATED if created else UPDATED if changed else UNCHANGED
        return Outcome(action, number, self.states()[item.key]["state"])

    def find(self, key: str) -> int | None:
        """The id of a section of ours that still exists in this course."""
        section = self._scope.world.sections.get(self._scope.ids("section").get(key))
        return section.id if section and section.course == self._scope.courseid else None

    def states(self) -> dict[str, dict[str, Any]]:
        """The sections that have a key, in order, by key."""
        keys = self._scope.keys("section")
        return {
            keys[row.id]: {
                "key": keys[row.id],
                "id": row.id,
                "state": {
                    "name": row.name or "",
                    "summary": row.summary,
                    "position": row.section,
                    "visible": row.visible,
                },
            }
            for row in sections_of(self._scope.world, self._scope.courseid)
            if row.id in keys
        }

    def _write(self, number: int, fields: dict[str, Any]) -> bool:
        scope = self._scope
        row = scope.world.sections[number]
        changed = False
        for name in ("name", "summary"):
            if name in fields and fields[name] != (getattr(row, name) or ""):
                setattr(row, name, fields[name])
                changed = True
        if "visible" in fields and fields["visible"] != row.visible:
            scope.caller.require("moodle/course:sectionvisibility", scope.contextid)
            show_section(scope.world, row, fields["visible"])
            changed = True
        if "position" in fields:
            changed |= self._move(row.section, fields["position"])
        if changed:
            row.timemodified = scope.world.now()
        return changed

    def _move(self, start: int, to: int) -> bool:
        scope = self._scope
        last = max(row.section for row in scope.world.sections.where(course=scope.courseid) if row.component is None)
        to = min(to, last)
        if to == start:
            return False
        scope.caller.require("moodle/course:movesections", scope.contextid)
        move_section(scope.world, scope.courseid, start, to)
        return True
