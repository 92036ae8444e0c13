"""A Moodle in memory, as small as apply needs: it answers by the clients' own methods, and can lose answers or die."""

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from moodle_sync.apply.companion import FUNCTIONS
from moodle_sync.clock import from_epoch
from moodle_sync.errors import AnswerLost, MoodleRefused
from moodle_sync.moodle.wire.companion import ItemAnswer


class Killed(BaseException):
    """The process died here."""


class FakeMoodle:
    """State, and a fault to play at the nth write: "before" or "after" the write, or a lost answer."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.baselines: dict[tuple[int, str, str], dict[str, Any]] = {}
        self.next_id = 100
        self.writes = 0
        self.fault: tuple[int, str] | None = None

    def change(self, act: Any) -> Any:
        self.writes += 1
        number, how = self.fault or (0, "")
        if self.writes == number and how == "before":
            raise Killed
        result = act()
        if self.writes == number and how == "after":
            raise Killed
        if self.writes == number and how == "lost":
            raise AnswerLost("no answer")
        return result

    def put(self, kind: str, key: str, fields: dict[str, Any], *, new: bool = False) -> int:
        there = self.rows.get((kind, key))
        if there is not None and new:
            raise MoodleRefused("it is taken", errorcode="taken")
        if there is None:
            self.next_id += 1
            there = self.rows[(kind, key)] = {"id": self.next_id, "fields": {}}
        there["fields"].update(copy.deepcopy(fields))
        return int(there["id"])

    def by_id(self, number: int) -> dict[str, Any]:
        return next(row for row in self.rows.values() if row["id"] == number)

    def snapshot(self) -> dict[Any, Any]:
        return {ref: row["fields"] for ref, row in sorted(self.rows.items())}

    # ---- the push client ---------------------------------------------------------------------------------------

    def _found(self, kind: str, key: str, **more: Any) -> list[Any]:
        row = self.rows.get((kind, key))
        return [SimpleNamespace(id=row["id"], idnumber=key, **row["fields"], **more)] if row else []

    def categories_by_idnumber(self, idnumber: str) -> list[Any]:
        return self._found("category", idnumber)

    def category(self, number: int) -> Any:
        for (kind, key), row in self.rows.items():
            if kind == "category" and row["id"] == number:
                return SimpleNamespace(id=number, idnumber=key)
        return None

    def create_category(self, idnumber: str, **fields: Any) -> int:
        return int(self.change(lambda: self.put("category", idnumber, fields, new=True)))

    def update_category(self, number: int, **fields: Any) -> None:
        self.change(lambda: self.by_id(number)["fields"].update(fields))

    update_framework = update_competency = update_course = update_category

    def courses_by_idnumber(self, idnumber: str) -> list[Any]:
        rows = self._found("course", idnumber)
        for row in rows:
            row.startdate, row.enddate = from_epoch(row.startdate), from_epoch(row.enddate)
        return rows

    def create_course(self, idnumber: str, **fields: Any) -> int:
        kept = {
            name: fields[name]
            for name in fields
            if name not in ("format", "numsections", "newsitems", "enablecompletion")
        }
        return int(self.change(lambda: self.put("course", idnumber, kept, new=True)))

    def frameworks(self, idnumber: str) -> list[Any]:
        return self._found("framework", idnumber)

    def create_framework(self, idnumber: str, scaleid: int, scaleconfiguration: str, **fields: Any) -> int:
        return int(self.change(lambda: self.put("framework", idnumber, fields, new=True)))

    def scale_size(self, scale: int) -> int:
        return 2

    def competencies(self, framework_id: int) -> list[Any]:
        return [found for (kind, key) in list(self.rows) if kind == "competency" for found in self._found(kind, key)]

    def create_competency(self, competencyframeworkid: int, idnumber: str, **fields: Any) -> int:
        return int(self.change(lambda: self.put("competency", idnumber, fields, new=True)))

    def course_competencies(self, courseid: int) -> list[Any]:
        return [
            SimpleNamespace(
                competency=SimpleNamespace(idnumber=key),
                coursecompetency=SimpleNamespace(id=row["id"], ruleoutcome=row["fields"]["ruleoutcome"]),
            )
            for (kind, key), row in self.rows.items()
            if kind == "course_competency"
        ]

    def add_competency_to_course(self, courseid: int, competencyid: int) -> bool:
        key = next(key for (kind, key), row in self.rows.items() if kind == "competency" and row["id"] == competencyid)
        if ("course_competency", key) in self.rows:
            return False
        self.change(lambda: self.put("course_competency", key, {"ruleoutcome": 1}))
        return True

    def set_course_competency_ruleoutcome(self, number: int, outcome: int) -> None:
        self.change(lambda: self.by_id(number)["fields"].update(ruleoutcome=outcome))

    def users_by_field(self, field: str, values: Any) -> list[Any]:
        return [SimpleNamespace(id=7000 + int(value[-3:]), **{field: value}) for value in values]

    def enrolled_users(self, courseid: int) -> list[Any]:
        return []

    # ---- the companion client ----------------------------------------------------------------------------------

    def _upsert(self, kind: str, items: list[dict[str, Any]]) -> list[ItemAnswer]:
        def act() -> list[ItemAnswer]:
            answers = []
            for item in items:
                number = self.put(kind, item["key"], item["fields"])
                self.rows[(kind, item["key"])]["modname"] = item.get("modname", "")
                state = self.rows[(kind, item["key"])]["fields"]
                if "questions" in item["fields"]:
                    state["questions"] = [{"key": "Q1", "digest": item["fields"]["questions"]["text"]}]
                for path, digest in item.get("desired", {}).items():
                    base = self.baselines.setdefault((1, kind, item["key"]), {})
                    base[path] = {"desired": digest, "observed": copy.deepcopy(look_up(state, path))}
                answers.append(ItemAnswer(key=item["key"], action="updated", id=number, state=copy.deepcopy(state)))
            return answers

        return self.change(act)  # type: ignore[no-any-return]

    def write(self, wsfunction: str, courseid: int, namespace: str, items: list[dict[str, Any]]) -> list[ItemAnswer]:
        kind = next(kind for kind, function in FUNCTIONS.items() if function == wsfunction)
        return self._upsert(kind.value, items)

    def course_state(self, courseid: int, namespace: str) -> dict[str, Any]:
        names = {
            "sections": "section",
            "activities": "activity",
            "rubrics": "rubric",
            "competencies": "activity_competency",
            "events": "event",
            "enrolments": "enrolment",
            "groups": "group",
        }
        state: dict[str, Any] = {
            name: [
                {"key": key, "id": row["id"], "modname": row["modname"], "state": copy.deepcopy(row["fields"])}
                for (kind, key), row in self.rows.items()
                if kind == wanted
            ]
            for name, wanted in names.items()
        }
        completion = self.rows.get(("course_completion", "completion"))
        state["completion"] = {"state": completion["fields"], "locked": False} if completion else None
        state["baseline"] = {}
        for (course, kind, key), fields in self.baselines.items():
            if course:
                named = "completion" if kind == "course_completion" else kind
                state["baseline"].setdefault(named, {})[key] = copy.deepcopy(fields)
        return state

    def get_baseline(self, namespace: str, kind: str, keys: Any) -> dict[str, Any]:
        return {key: copy.deepcopy(self.baselines.get((0, kind, key), {})) for key in keys}

    def set_baseline(self, namespace: str, items: list[dict[str, Any]]) -> None:
        def act() -> None:
            for item in items:
                self.baselines.setdefault((0, item["kind"], item["key"]), {}).update(copy.deepcopy(item["fields"]))

        self.change(act)


def look_up(state: Any, path: str) -> Any:
    for part in path.split("/"):
        state = {item["key"]: item for item in state}[part] if isinstance(state, list) else state[part]
    return state


@pytest.fixture
def moodle() -> FakeMoodle:
    return FakeMoodle()


@pytest.fixture
def killed() -> type[BaseException]:
    return Killed
