"""The companion's activities, of every type that can be written, known by the idnumber of their course module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodle_sync.sandbox.companion_completion import parse_rule, rule_of, write_rule
from moodle_sync.sandbox.companion_feedback import FeedbackType
from moodle_sync.sandbox.companion_frame import CREATED, UNCHANGED, UPDATED, Item, Outcome, Scope
from moodle_sync.sandbox.companion_modules import AssignType, QuizType
from moodle_sync.sandbox.companion_payload import Payload, Reader, bad, failure
from moodle_sync.sandbox.companion_resources import ForumType, LabelType, PageType, Plain, ResourceType, UrlType
from moodle_sync.sandbox.companion_sections import Sections
from moodle_sync.sandbox.companion_writable import Writable
from moodle_sync.sandbox.rows_site import CourseModule, Section
from moodle_sync.sandbox.structure import add_module, move_module
from moodle_sync.sandbox.world import MODULE_LEVEL

TYPES: dict[str, type[Writable]] = {
    "page": PageType,
    "assign": AssignType,
    "quiz": QuizType,
    "feedback": FeedbackType,
    "url": UrlType,
    "forum": ForumType,
    "resource": ResourceType,
    "label": LabelType,
}


class Index:
    """Finds activities of ours: by key, within the course."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def all(self) -> tuple[dict[str, CourseModule], list[CourseModule], dict[str, list[int]]]:
        """Ours by key, copies of other courses' activities, and idnumbers that more than one has."""
        mine: dict[str, list[CourseModule]] = {}
        copies = []
        for module in self._ordered():
            if self._scope.key(module.idnumber) is None:
                copies.append(module)
            else:
                mine.setdefault(module.idnumber, []).append(module)
        conflicts = {idnumber: [one.id for one in same] for idnumber, same in mine.items() if len(same) > 1}
        ours = {self._scope.key(idnumber) or "": same[0] for idnumber, same in mine.items() if len(same) == 1}
        return ours, copies, conflicts

    def find(self, key: str, path: str) -> CourseModule | None:
        """The activity of a key. Raises ``duplicatekey``."""
        idnumber = self._scope.idnumber(key, path)
        rows = self._scope.world.modules.where(course=self._scope.courseid, idnumber=idnumber)
        if len(rows) > 1:
            ids = ", ".join(str(row.id) for row in rows)
            message = f'More than one activity of this course has the ID number "{idnumber}" (course modules {ids}).'
            raise failure("duplicatekey", message, path)
        return rows[0] if rows else None

    def get(self, key: str, path: str) -> CourseModule:
        """The same; raises ``nosuchkey`` when there is none."""
        found = self.find(key, path)
        if found is None:
            raise failure("nosuchkey", f'There is no activity "{key}" here. Create it first, or correct the key.', path)
        return found

    def _ordered(self) -> list[CourseModule]:
        world = self._scope.world
        prefix = f"{self._scope.namespace}:"
        rows = [row for row in world.modules.where(course=self._scope.courseid) if row.idnumber.startswith(prefix)]
        return sorted(rows, key=lambda row: (world.sections[row.section].section, row.id))


class Activities:
    """Writes and reads the activities of a course."""

    name = "activity"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._index = Index(scope)
        self._sections = Sections(scope)

    def parse(self, payload: Payload) -> Item:
        """``{"key", "modname", "section", "fields", "desired"}``."""
        payload.only("key", "modname", "section", "fields", "desired")
        modname = payload.choice("modname", list(TYPES))
        writable = TYPES[modname](self._scope)
        longest = 255 if self._scope.world.version == "4.5" else 1333
        common: Mapping[str, Reader] = {
            "name": lambda p, f: p.text(f, longest),
            "intro": Payload.html,
            "visible": Payload.flag,
            "section": Payload.key,
            "completion": lambda p, f: parse_rule(p, f, writable.rules),
        }
        readers = {name: read for name, read in common.items() if name not in writable.lacks} | dict(writable.readers())
        fields = payload.inner("fields").read(readers)
        section = payload.key("section") if payload.has("section") else None
        more = {"modname": modname, "section": section}
        return Item(payload.key("key"), fields, payload.digests("desired"), payload.path, more)

    def apply(self, item: Item) -> Outcome:
        """Create the activity when its key stands for none; write what differs."""
        writable = TYPES[item.more["modname"]](self._scope)
        module = self._index.find(item.key, f"{item.path}.key")
        created = module is None
        if module is None:
            module = self._create(writable, item)
        elif module.modname != item.more["modname"]:
            message = f'The activity "{item.key}" is of type "{module.modname}", and types cannot be changed. '
            message += "Use another key, or delete the activity in Moodle."
            raise failure("wrongmodname", message, f"{item.path}.modname")
        changed = self._write(writable, module, item)
        action = CREATED if created else UPDATED if changed else UNCHANGED
        return Outcome(action, module.id, self.state(module))

    def state(self, module: CourseModule) -> dict[str, Any]:
        """All fields of one activity."""
        world = self._scope.world
        writable = TYPES.get(module.modname, Plain)(self._scope)
        instance = world.instance(module)
        keys = self._scope.keys("section")
        common = {
            "name": instance.name,
            "intro": instance.intro,
            "visible": module.visible if world.sections[module.section].visible else module.visibleold,
            "section": keys.get(module.section, f"?{module.section}"),
            "completion": rule_of(module, instance, writable.rules),
        }
        shown = {name: value for name, value in common.items() if name not in writable.lacks}
        return shown | writable.state(module, instance)

    def _create(self, writable: Writable, item: Item) -> CourseModule:
        scope = self._scope
        scope.caller.require(f"mod/{item.more['modname']}:addinstance", scope.contextid)
        for name in writable.needs:
            if name not in item.fields:
                raise bad(item.at(name), "is missing, and a new activity needs one")
        inside = "section" in item.fields
        key = item.fields["section"] if inside else item.more["section"]
        path = item.at("section") if inside else f"{item.path}.section"
        if key is None:
            raise bad(path, "is missing, and a new activity needs one")
        section = self._section(key, path)
        idnumber = scope.idnumber(item.key, f"{item.path}.key")
        instance = writable.new(item.fields.get("name", ""))
        module = add_module(scope.world, scope.course, item.more["modname"], instance, section, idnumber)
        module.groupmode, module.groupingid = scope.course.groupmode, scope.course.defaultgroupingid
        module.visibleold = True
        return module

    def _write(self, writable: Writable, module: CourseModule, item: Item) -> bool:
        before = self.state(module)
        changes = {
            name: value
            for name, value in item.fields.items()
            if writable.differs(name, value, before[name], module, item)
        }
        if not changes:
            return False
        writable.check(before | changes, changes, item)
        self._place(module, changes, item)
        instance = self._scope.world.instance(module)
        writable.write_texts(module, instance, changes)
        instance.timemodified = self._scope.world.now()
        writable.write(module, instance, changes, item)
        if "completion" in changes:
            write_rule(self._scope, module, changes["completion"], item.at("completion"))
        return True

    def _place(self, module: CourseModule, changes: dict[str, Any], item: Item) -> None:
        scope = self._scope
        if "section" in changes:
            move_module(scope.world, module, self._section(changes["section"], item.at("section")))
        if "visible" in changes:
            scope.caller.require("moodle/course:activityvisibility", scope.world.context(MODULE_LEVEL, module.id))
            module.visible = changes["visible"] and scope.world.sections[module.section].visible
            module.visibleold = changes["visible"]

    def _section(self, key: str, path: str) -> Section:
        number = self._sections.find(key)
        if number is None:
            raise failure("nosuchkey", f'There is no section "{key}" here. Create it first, or correct the key.', path)
        return self._scope.world.sections[number]
