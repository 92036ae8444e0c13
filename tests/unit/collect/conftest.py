"""A course of three learners, one suspended learner and a trainer, answered from what real sites answered.

The course's idnumber and those of its activities are put into the recordings, which were made of a course that had
none of ours. What was not recorded (attempts and gradebook of some learners) is answered as empty.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.transport import Transport

RECORDINGS = Path(__file__).resolve().parents[2] / "fixtures" / "recordings"
QUESTIONNAIRES = RECORDINGS.with_name("questionnaires")
COURSE = "sag:pull1@2026-02"
KEYS = ("M1.A1", "M1.A2", "M1.Q1", "M1.Q2", "M1.F1", None, "M1.P1")
"""Of the seven activities in page order; None is one of another course, copied here."""


class RecordedSite:
    """Answers like the site of one version. ``change`` rewrites an answer: tests use it to break one thing."""

    def __init__(self, version: str) -> None:
        self.recorded: dict[str, Any] = {}
        for path in (RECORDINGS / version).glob("*.json"):
            self.recorded[path.stem] = json.loads(path.read_text(encoding="utf-8"))
        self.version = version
        self.questionnaires: Any = None
        self.changes: dict[str, Callable[[Any, dict[str, Any]], Any]] = {}
        self.without: set[str] = set()
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.tells_idnumbers = True

    # ---- who is in it -----------------------------------------------------------------------------------------

    def body(self, name: str) -> Any:
        return copy.deepcopy(self.recorded[name]["body"])

    @property
    def users(self) -> dict[str, int]:
        return {user["username"]: user["id"] for user in self.body("enrolled_users")}

    @property
    def cmids(self) -> list[int]:
        return [module["id"] for section in self.body("course_contents") for module in section["modules"]]

    # ---- the wire ---------------------------------------------------------------------------------------------

    def post_form(self, url: str, body: bytes, *, write: bool) -> bytes:
        assert not write, "a pull writes nothing"
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if form["wsfunction"] != "tool_mobile_call_external_functions":
            return json.dumps(self.answer(form["wsfunction"], _nested(form))).encode()
        responses = []
        for index in range(len(form)):
            name = form.get(f"requests[{index}][function]")
            if name is None:
                break
            answer = self.answer(name, json.loads(form[f"requests[{index}][arguments]"]))
            failed = isinstance(answer, dict) and "errorcode" in answer
            responses.append({"error": failed, ("exception" if failed else "data"): json.dumps(answer)})
            if failed:
                break
        return json.dumps({"responses": responses}).encode()

    def answer(self, wsfunction: str, arguments: dict[str, Any]) -> Any:
        self.called.append((wsfunction, arguments))
        if wsfunction in self.without:
            return {"exception": "x", "errorcode": "nopermissions", "message": "no"}
        answer = getattr(self, f"_{wsfunction}")(arguments)
        change = self.changes.get(wsfunction)
        return change(answer, arguments) if change else answer

    def count(self, wsfunction: str) -> int:
        return sum(name == wsfunction for name, _ in self.called)

    # ---- the functions ----------------------------------------------------------------------------------------

    def _core_webservice_get_site_info(self, arguments: dict[str, Any]) -> Any:
        return self.body("site_info")

    def _core_course_get_courses_by_field(self, arguments: dict[str, Any]) -> Any:
        if arguments["value"] != COURSE:
            return self.body("course_by_idnumber_absent")
        return self.body("course_by_shortname")  # without an idnumber: this account may not see settings

    def _core_course_get_contents(self, arguments: dict[str, Any]) -> Any:
        return self.body("course_contents")

    def _core_course_get_course_module(self, arguments: dict[str, Any]) -> Any:
        answer = self.body("course_module")
        key = dict(zip(self.cmids, KEYS, strict=True))[int(arguments["cmid"])]
        answer["cm"] |= {"id": int(arguments["cmid"]), "idnumber": f"{COURSE}:{key}" if key else "sag:other@1:M1.F2"}
        if not self.tells_idnumbers:
            del answer["cm"]["idnumber"]
        return answer

    def _core_enrol_get_enrolled_users(self, arguments: dict[str, Any]) -> Any:
        everybody = self.body("enrolled_users")
        active = {user["id"] for user in self.body("enrolled_users_onlyactive")}
        only = any(option["name"] == "onlyactive" for option in arguments["options"])
        return [user for user in everybody if not only or user["id"] in active]

    def _core_user_get_users_by_field(self, arguments: dict[str, Any]) -> Any:
        return [{"id": int(value), "fullname": "Somebody"} for value in arguments["values"]]

    def _core_completion_get_activities_completion_status(self, arguments: dict[str, Any]) -> Any:
        return self._of("activities_completion", arguments)

    def _core_completion_get_course_completion_status(self, arguments: dict[str, Any]) -> Any:
        return self._of("course_completion", arguments)

    def _of(self, stem: str, arguments: dict[str, Any]) -> Any:
        for name, recording in self.recorded.items():
            if name.startswith(stem) and recording["params"] == arguments:
                return copy.deepcopy(recording["body"])
        raise AssertionError(f"{stem} of {arguments} was not recorded")

    def _gradereport_user_get_grade_items(self, arguments: dict[str, Any]) -> Any:
        found = [one for one in self.body("grade_items_all")["usergrades"] if one["userid"] == arguments["userid"]]
        for item in (item for one in found for item in one["gradeitems"] if item.get("cmid")):
            item["idnumber"] = f"{COURSE}:M1.{item['idnumber']}"
        empty = {"userid": arguments["userid"], "gradeitems": []}
        return {"usergrades": found or [empty], "warnings": []}

    def _mod_quiz_get_quizzes_by_courses(self, arguments: dict[str, Any]) -> Any:
        return self.body("quizzes")

    def _mod_quiz_get_user_quiz_attempts(self, arguments: dict[str, Any]) -> Any:
        assert (arguments["status"], arguments["includepreviews"]) == ("all", False)
        for name, recording in self.recorded.items():
            params = recording["params"]
            if name.startswith("quiz_attempts_q") and (params["quizid"], params["userid"]) == (
                arguments["quizid"],
                arguments["userid"],
            ):
                return copy.deepcopy(recording["body"])
        return {"attempts": [], "warnings": []}

    _mod_quiz_get_user_attempts = _mod_quiz_get_user_quiz_attempts

    def _mod_assign_get_assignments(self, arguments: dict[str, Any]) -> Any:
        return self.body("assignments")

    def _mod_assign_get_grades(self, arguments: dict[str, Any]) -> Any:
        wanted = {int(number) for number in arguments["assignmentids"]}
        rows = [one for one in self.body("assign_grades")["assignments"] if one["assignmentid"] in wanted]
        return {"assignments": rows, "warnings": []}

    def _mod_assign_get_submissions(self, arguments: dict[str, Any]) -> Any:
        wanted = {int(number) for number in arguments["assignmentids"]}
        rows = [one for one in self.body("submissions")["assignments"] if one["assignmentid"] in wanted]
        return {"assignments": rows, "warnings": []}

    def _core_grading_get_definitions(self, arguments: dict[str, Any]) -> Any:
        if arguments["cmids"] == self.recorded["grading_definitions"]["params"]["cmids"]:
            return self.body("grading_definitions")
        return {"areas": [], "warnings": []}

    def questionnaire(self, name: str) -> Any:
        """What a site of this version answered about another course, which has questionnaires of every sort."""
        return json.loads((QUESTIONNAIRES / self.version / f"{name}.json").read_text(encoding="utf-8"))["body"]

    def _mod_feedback_get_feedbacks_by_courses(self, arguments: dict[str, Any]) -> Any:
        return self.questionnaires.told(arguments)

    def _mod_feedback_get_feedback_access_information(self, arguments: dict[str, Any]) -> Any:
        return self.questionnaire(self.questionnaires.access)

    def _mod_feedback_get_analysis(self, arguments: dict[str, Any]) -> Any:
        return self.questionnaire(self.questionnaires.analysis)

    def _core_grading_get_gradingform_instances(self, arguments: dict[str, Any]) -> Any:
        assert arguments["definitionid"] == self.recorded["rubric_instances"]["params"]["definitionid"]
        return self.body("rubric_instances")


def _nested(form: dict[str, str]) -> dict[str, Any]:
    """Only the shapes that the calls outside batches have: plain values, lists, and lists of structures."""
    nested: dict[str, Any] = {}
    for key, value in form.items():
        name, *path = re.findall(r"[^\[\]]+", key)
        if not path:
            nested[name] = value
        elif len(path) == 1:
            nested.setdefault(name, []).append(value)
        else:
            rows = nested.setdefault(name, [])
            if len(rows) == int(path[0]):
                rows.append({})
            rows[int(path[0])][path[1]] = value
    return nested


@pytest.fixture(params=["4.5", "5.1"])
def moodle(request: pytest.FixtureRequest) -> RecordedSite:
    """The recorded site, of each version in turn."""
    return RecordedSite(request.param)


@pytest.fixture
def client(moodle: RecordedSite) -> PullClient:
    """A pull client of the recorded site."""
    return PullClient(Transport("https://moodle.example.org", "0" * 32, moodle, sleep=lambda _: None))  # type: ignore[arg-type]
