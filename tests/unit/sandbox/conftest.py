"""A sandbox of each version, and callers on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from moodle_sync.sandbox import VERSIONS, Sandbox
from moodle_sync.sandbox.moodle_errors import MoodleError

COURSE = "tt:cours@s1"


class Site:
    """One sandbox, called without HTTP. ``course`` is one of ours, made when it is first asked for."""

    def __init__(self, version: str, **options: Any) -> None:
        self.sandbox = Sandbox(version, **options)
        self.world = self.sandbox.world
        self.faults = self.sandbox.faults
        people = self.sandbox.actors()
        self.learners: list[dict[str, Any]] = people["learners"]
        self._tokens = {
            "push": self.sandbox.push_token,
            "pull": self.sandbox.pull_token,
            "editor": people["editor"]["token"],
            "learner": people["learners"][0]["token"],
            "trainer": people["trainers"][0]["token"],
        }
        self._course = 0

    def __call__(self, who: str, wsfunction: str, *, raw: bool = True, **arguments: Any) -> Any:
        return self.sandbox.call(self._tokens[who], wsfunction, raw=raw, **arguments)

    def refused(self, who: str, wsfunction: str, **arguments: Any) -> MoodleError:
        with pytest.raises(MoodleError) as caught:
            self(who, wsfunction, **arguments)
        return caught.value

    @property
    def course(self) -> int:
        if not self._course:
            wanted = {"fullname": "Cours", "shortname": "C1", "categoryid": 1, "idnumber": COURSE}
            [made] = self("push", "core_course_create_courses", courses=[wanted])
            self._course = made["id"]
        return self._course

    def write(self, function: str, *items: dict[str, Any], who: str = "push") -> list[dict[str, Any]]:
        """Items through the companion."""
        name = f"local_moodlesync_{function}"
        answer = self(who, name, courseid=self.course, namespace="tt", items=json.dumps(items))
        found: list[dict[str, Any]] = json.loads(answer["json"])["items"]
        return found

    def one(self, function: str, **item: Any) -> dict[str, Any]:
        """One item through the companion, which is done."""
        [done] = self.write(function, item)
        assert done["error"] is None, done["error"]
        return done

    def failed(self, function: str, **item: Any) -> tuple[str, str]:
        """Errorcode and path of one item that fails."""
        [done] = self.write(function, item)
        assert (done["action"], done["id"], done["state"]) == ("failed", None, {})
        return done["error"]["errorcode"], done["error"]["path"]

    def bad(self, function: str, *items: dict[str, Any]) -> str:
        """The path for which a whole call is refused."""
        name = f"local_moodlesync_{function}"
        error = self.refused("push", name, courseid=self.course, namespace="tt", items=json.dumps(items))
        assert error.errorcode == "badpayload"
        return error.where

    def state(self) -> dict[str, Any]:
        function = "local_moodlesync_get_course_state"
        answer: dict[str, Any] = json.loads(self("pull", function, courseid=self.course, namespace="tt")["json"])
        return answer

    def activity(self, key: str, modname: str = "page", **fields: Any) -> dict[str, Any]:
        """An activity in section ``S``, which is there from then on."""
        self.one("upsert_sections", key="S", fields={"name": "Section"})
        return self.one("upsert_activities", key=key, modname=modname, section="S", fields={"name": key} | fields)


@pytest.fixture(params=VERSIONS)
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(request.param)
    yield made
    assert [problem for problem in made.sandbox.problems if problem.startswith("defect")] == []


@pytest.fixture
def make_site() -> Callable[..., Site]:
    return Site
