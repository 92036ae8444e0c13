"""The companion's rubrics: criteria and levels keep their ids by key, and what was graded with them stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moodle_sync.sandbox.companion_activities import Index
from moodle_sync.sandbox.companion_frame import CREATED, UNCHANGED, UPDATED, Item, Outcome, Scope, decimal
from moodle_sync.sandbox.companion_payload import Payload, Reader, bad, failure
from moodle_sync.sandbox.push_grading import area_of, criteria_of
from moodle_sync.sandbox.rows_site import CourseModule, Criterion, GradingDefinition, Level
from moodle_sync.sandbox.structure import delete_criterion, delete_level
from moodle_sync.sandbox.world import MODULE_LEVEL

REGRADE = 3
"""Moodle's change level from which everybody would have to be graded again."""


class Rubrics:
    """Writes and reads the rubrics of a course."""

    name = "rubric"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._index = Index(scope)

    def parse(self, payload: Payload) -> Item:
        """``{"key", "fields": {"name", "description", "criteria"}, "desired"}``."""
        payload.only("key", "fields", "desired")
        fields = payload.inner("fields").read(
            {"name": lambda p, f: p.text(f, 255), "description": Payload.html, "criteria": _criteria}
        )
        return Item(payload.key("key"), fields, payload.digests("desired"), payload.path)

    def apply(self, item: Item) -> Outcome:
        """Write the rubric. Raises ``rubricused`` for a change after which people would have to be graded again."""
        scope = self._scope
        module = self._index.get(item.key, f"{item.path}.key")
        if module.modname != "assign":
            message = f'The activity "{item.key}" is of type "{module.modname}": only assignments have rubrics here.'
            raise failure("norubric", message, f"{item.path}.key")
        contextid = scope.world.context(MODULE_LEVEL, module.id)
        scope.caller.require("moodle/grade:managegradingforms", contextid)
        draft = Draft(scope, module, item)
        created = draft.definition is None
        level = draft.change_level()
        used = 0 if draft.definition is None else self._learners(draft.definition.id)
        if level >= REGRADE and used:
            message = (
                f'{used} learner(s) were graded with the rubric of "{item.key}", and would have to be graded again.'
            )
            raise failure("rubricused", message, f"{item.path}.fields")
        changed = draft.save(level)
        entry = self.states({item.key: module})[0]
        action = CREATED if created else UPDATED if changed else UNCHANGED
        return Outcome(action, entry["id"], entry["state"], {"changed_level": None if created else level})

    def states(self, modules: dict[str, CourseModule]) -> list[dict[str, Any]]:
        """The rubrics of these activities."""
        world = self._scope.world
        keys = {kind: self._scope.keys(kind) for kind in ("criterion", "level")}
        found = []
        for key, module in modules.items():
            area = world.grading_areas.one(
                contextid=world.context(MODULE_LEVEL, module.id), component="mod_assign", areaname="submissions"
            )
            row = world.definitions.one(areaid=area.id, method="rubric") if area else None
            if area is None or row is None:
                continue
            state = {
                "name": row.name,
                "description": row.description,
                "criteria": [_criterion(key, keys, *one) for one in criteria_of(world, row.id)],
                "active": area.activemethod == "rubric" and row.status == 20,
            }
            learners = self._learners(row.id)
            found.append({"key": key, "id": row.id, "state": state, "learners": learners, "changed_level": None})
        return sorted(found, key=lambda one: one["id"])

    def _learners(self, definitionid: int) -> int:
        world = self._scope.world
        rows = [row for row in world.grading_instances.where(definitionid=definitionid) if row.status in (1, 2)]
        grades = [world.assign_grades.get(row.itemid) for row in rows]
        return len({grade.userid for grade in grades if grade})


class Draft:
    """A rubric as it is to be, beside the one that is there."""

    def __init__(self, scope: Scope, module: CourseModule, item: Item) -> None:
        self._scope, self._world, self._item = scope, scope.world, item
        self._area = area_of(scope.world, scope.world.context(MODULE_LEVEL, module.id))
        self.definition: GradingDefinition | None = scope.world.definitions.one(areaid=self._area.id, method="rubric")
        if self.definition is None:
            for name in ("name", "criteria"):
                if name not in item.fields:
                    raise bad(item.at(name), "is missing, and a new rubric needs it")
        rows = criteria_of(scope.world, self.definition.id) if self.definition else []
        self._known = {criterion.id: (criterion, {level.id: level for level in levels}) for criterion, levels in rows}
        self._wanted = self._resolve() if "criteria" in item.fields else None

    def change_level(self) -> int:
        """Moodle's own count of how much changes.

        0 nothing, 1 texts and order, 2 a level added below the highest, 3 a score changed, a level added above or a
        criterion taken away, 4 a level taken away, 5 a criterion added.
        """
        row, fields = self.definition, self._item.fields
        found = 0
        if row is None or any(
            name in fields and fields[name] != getattr(row, name) for name in ("name", "description")
        ):
            found = 1
        if row is not None and row.status != 20:
            found = 1
        if self._wanted is None:
            return found
        kept = {number for number, _, _ in self._wanted if number}
        if set(self._known) - kept:
            found = 3
        for place, (number, criterion, levels) in enumerate(self._wanted, 1):
            found = max(found, self._criterion_change(place, number, criterion, levels))
        return found

    def save(self, level: int) -> bool:
        """Write it, make it the active method, remember its keys; whether anything changed."""
        world, fields = self._world, self._item.fields
        now, caller = world.now(), self._scope.caller.user.id
        if self.definition is None:
            told = GradingDefinition(areaid=self._area.id, timecreated=now, usercreated=caller)
            self.definition = world.definitions.add(told)
        if level > 0:
            row = self.definition
            row.name = fields.get("name", row.name)
            row.description = fields.get("description", row.description)
            row.status, row.timemodified, row.usermodified = 20, now, caller
            self._save_criteria()
        activated = self._area.activemethod != "rubric"
        self._area.activemethod = "rubric"
        if self._wanted is not None:
            self._remember()
        return level > 0 or activated

    def _criterion_change(self, place: int, number: int, wanted: dict[str, Any], levels: list[tuple[int, Any]]) -> int:
        if not number:
            return 5
        criterion, known = self._known[number]
        found = 1 if (criterion.description, criterion.sortorder) != (wanted["description"], place) else 0
        if set(known) - {one for one, _ in levels}:
            found = 4
        highest = max((level.score for level in known.values()), default=0.0)
        for one, cell in levels:
            if not one:
                found = max(found, 3 if float(cell["score"]) > highest else 2)
            elif known[one].score != float(cell["score"]):
                found = max(found, 3)
            elif known[one].definition != cell["definition"]:
                found = max(found, 1)
        return found

    def _resolve(self) -> list[tuple[int, dict[str, Any], list[tuple[int, Any]]]]:
        """The criteria wanted, each with the id that its key stands for (0 for a new one), and its levels likewise."""
        found = []
        for number, criterion in enumerate(self._item.fields["criteria"]):
            path = self._item.at(f"criteria[{number}]")
            key = f"{self._item.key}/{criterion['key']}"
            own = self._id_of("criterion", criterion["key"], key, set(self._known), f"{path}.key")
            known = set(self._known[own][1]) if own else set()
            levels = [
                (self._id_of("level", cell["key"], f"{key}/{cell['key']}", known, f"{path}.levels[{place}].key"), cell)
                for place, cell in enumerate(criterion["levels"])
            ]
            found.append((own, criterion, levels))
        return found

    def _id_of(self, kind: str, name: str, key: str, known: set[int], path: str) -> int:
        if name.startswith("?"):
            if int(name[1:]) not in known:
                raise failure("nosuchkey", f'There is no {kind} "{name}" here.', path)
            return int(name[1:])
        # An id of another rubric would be overwritten without a word: it must be one of this rubric's.
        number = self._scope.ids(kind).get(key, 0)
        return number if number in known else 0

    def _save_criteria(self) -> None:
        if self._wanted is None or self.definition is None:
            return
        world = self._world
        saved = []
        for place, (number, wanted, levels) in enumerate(self._wanted, 1):
            row = world.criteria.get(number) or world.criteria.add(Criterion(definitionid=self.definition.id))
            row.description, row.sortorder = wanted["description"], place
            cells = []
            for one, cell in levels:
                level = world.levels.get(one) or world.levels.add(Level(criterionid=row.id))
                level.score, level.definition = float(cell["score"]), cell["definition"]
                cells.append((level.id, cell))
            for old in world.levels.where(criterionid=row.id):
                if old.id not in [one for one, _ in cells]:
                    delete_level(world, old.id)
            saved.append((row.id, wanted, cells))
        for known in self._known:
            if known not in [number for number, _, _ in saved]:
                delete_criterion(world, known)
        self._wanted = saved

    def _remember(self) -> None:
        kept: dict[str, dict[str, int]] = {"criterion": {}, "level": {}}
        for number, criterion, levels in self._wanted or []:
            key = f"{self._item.key}/{criterion['key']}"
            kept["criterion"][key] = number
            kept["level"] |= {f"{key}/{cell['key']}": one for one, cell in levels}
        for kind, ids in kept.items():
            for key in self._scope.ids(kind):
                if key.startswith(f"{self._item.key}/") and key not in ids:
                    self._scope.forget(kind, key)
            for key, number in ids.items():
                if not key.rpartition("/")[2].startswith("?"):  # what has no key stays without
                    self._scope.remember(kind, key, number)


def _criterion(key: str, keys: dict[str, dict[int, str]], row: Criterion, levels: list[Level]) -> dict[str, Any]:
    own = _own_key(keys["criterion"], row.id, f"{key}/")
    return {
        "key": own,
        "description": row.description,
        "levels": [
            {
                "key": _own_key(keys["level"], level.id, f"{key}/{own}/"),
                "score": decimal(level.score),
                "definition": level.definition,
            }
            for level in levels
        ],
    }


def _own_key(keys: dict[int, str], number: int, prefix: str) -> str:
    key = keys.get(number, "")
    return key.removeprefix(prefix) if key.startswith(prefix) else f"?{number}"


def _criteria(payload: Payload, name: str) -> list[dict[str, Any]]:
    levels: dict[str, Reader] = {
        "key": _key,
        "score": lambda p, f: p.decimal(f, negative=True),
        "definition": Payload.html,
    }
    readers: dict[str, Reader] = {
        "key": _key,
        "description": Payload.html,
        "levels": lambda p, f: _list(p, f, 2, lambda one: _whole(one, levels)),
    }
    return _list(payload, name, 1, lambda one: _whole(one, readers))


def _whole(payload: Payload, readers: dict[str, Reader]) -> dict[str, Any]:
    for name in readers:
        payload.raw(name)
    return payload.read(readers)


def _list(payload: Payload, name: str, least: int, reader: Callable[[Payload], dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in payload.inners(name):
        thing = reader(one)
        if thing["key"] in found:
            raise bad(one.at("key"), "is there twice")
        found[thing["key"]] = thing
    if len(found) < least:
        raise bad(payload.at(name), f"needs at least {least}")
    return list(found.values())


def _key(payload: Payload, name: str) -> str:
    value = payload.html(name)
    return value if value[:1] == "?" and value[1:].isdecimal() and value[1] != "0" else payload.key(name)
