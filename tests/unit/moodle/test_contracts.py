"""Every request that a client builds is one that Moodle would accept, in both versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from moodle_sync.moodle.companion import CompanionClient
from moodle_sync.moodle.functions import BATCH, COMPANION_STATUS, FUNCTIONS, QUIZ_ATTEMPTS, QUIZ_ATTEMPTS_BEFORE_5_1
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.push import PushClient
from moodle_sync.moodle.transport import Transport

ENVELOPE_FIELDS = {
    "wstoken",
    "wsfunction",
    "moodlewsrestformat",
    "moodlewssettingraw",
    "moodlewssettingfilter",
    "moodlewssettingfileurl",
}
SCALE = '[{"scaleid":"2"},{"id":1,"scaledefault":1,"proficient":0},{"id":2,"scaledefault":0,"proficient":1}]'
DAY = datetime(2026, 2, 2, 8, tzinfo=UTC)
STATUS = {
    "release": "0.1.0", "version": 1, "moodle_release": "5.1", "moodle_version": "1", "site_id": "a", "wwwroot": "w",
    "servertime": 1, "userid": 3, "capabilities": {},
}  # fmt: skip


def pack(value: Any) -> dict[str, Any]:
    return {"schema": 1, "json": json.dumps(value)}


class Answering:
    """The least that each function may answer."""

    def __init__(self, quiz_function: str) -> None:
        self.functions = [{"name": name} for name in FUNCTIONS if not name.startswith("mod_quiz_get_user_")]
        self.functions.append({"name": quiz_function})

    def __call__(self, wsfunction: str, form: dict[str, Any]) -> Any:
        if wsfunction == BATCH:
            inner = [self(request["function"], {}) for request in form["requests"]]
            return {"responses": [{"error": False, "data": json.dumps(answer)} for answer in inner]}
        if wsfunction.startswith("local_"):
            return pack(self.ours(wsfunction, form))
        return self.core(wsfunction)

    def ours(self, wsfunction: str, form: dict[str, Any]) -> Any:
        if wsfunction == COMPANION_STATUS:
            return STATUS
        if "items" in form and wsfunction != "local_moodlesync_set_baseline":
            keys = [item["key"] for item in json.loads(form["items"])]
            return {"items": [{"key": key, "action": "unchanged", "id": 1, "state": {}, "error": None} for key in keys]}
        return {}

    def core(self, wsfunction: str) -> Any:
        created = {"id": 5, "shortname": "x"}
        framework = {
            "id": 5, "idnumber": "a", "shortname": "a", "description": "", "visible": True, "scaleid": 2,
            "scaleconfiguration": SCALE, "contextid": 1,
        }  # fmt: skip
        answers: dict[str, Any] = {
            "core_webservice_get_site_info": {
                "release": "5.1", "version": "1", "sitename": "s", "siteurl": "u", "userid": 1, "username": "w",
                "functions": self.functions,
            },
            "core_course_get_courses_by_field": {"courses": [], "warnings": []},
            "core_course_get_course_module": {
                "cm": {"id": 1, "course": 1, "modname": "page", "instance": 1}, "warnings": []
            },
            "core_course_create_categories": [created],
            "core_course_create_courses": [created],
            "core_course_update_categories": None,
            "core_course_update_courses": {"warnings": []},
            "core_competency_create_competency_framework": framework,
            "core_competency_create_competency": created,
            "core_competency_update_competency_framework": True,
            "core_competency_update_competency": True,
            "core_competency_add_competency_to_course": True,
            "core_competency_set_course_competency_ruleoutcome": True,
            "core_completion_get_activities_completion_status": {"statuses": [], "warnings": []},
            "core_completion_get_course_completion_status": {
                "completionstatus": {"completed": False, "aggregation": 1, "completions": []}, "warnings": []
            },
            "gradereport_user_get_grade_items": {"usergrades": [], "warnings": []},
            "mod_quiz_get_quizzes_by_courses": {"quizzes": [], "warnings": []},
            QUIZ_ATTEMPTS: {"attempts": [], "warnings": []},
            QUIZ_ATTEMPTS_BEFORE_5_1: {"attempts": [], "warnings": []},
            "mod_assign_get_assignments": {"courses": [], "warnings": []},
            "mod_assign_get_grades": {"assignments": [], "warnings": []},
            "mod_assign_get_submissions": {"assignments": [], "warnings": []},
            "core_grading_get_definitions": {"areas": [], "warnings": []},
            "core_grading_get_gradingform_instances": {"instances": [], "warnings": []},
            "mod_feedback_get_feedbacks_by_courses": {"feedbacks": [], "warnings": []},
            "mod_feedback_get_feedback_access_information": {"isopen": False, "canviewreports": True, "warnings": []},
            "mod_feedback_get_analysis": {"completedcount": 0, "itemsdata": [], "warnings": []},
        }  # fmt: skip
        return answers.get(wsfunction, [])


def use_push(client: PushClient) -> None:
    """Calls everything that a push may call."""
    client.site_info()
    client.categories_by_idnumber("sag:c")
    client.update_category(client.create_category("C & é", "sag:c", "<p>d</p>", 3), name="x", description="")
    client.courses_by_idnumber("sag:p@1")
    course = client.create_course(
        fullname="R&D", shortname="p1", categoryid=4, idnumber="sag:p@1", summary="<p>é</p>", format="topics",
        startdate=DAY, enddate=None, visible=False, enablecompletion=True, numsections=0,
    )  # fmt: skip
    client.update_course(course, fullname="x", startdate=DAY, enddate=DAY, visible=True)
    client.course_modules(course)
    client.module_details([1, 2])
    client.frameworks("sag:f@1")
    client.scale_size(2)
    framework = client.create_framework(
        shortname="F", idnumber="sag:f@1", scaleid=2, scaleconfiguration=SCALE, description="<p>a</p>"
    )
    client.update_framework(framework, shortname="G", visible=True)
    client.competencies(framework)
    competency = client.create_competency(framework, shortname="O1", idnumber="sag:f@1:O1", description="<p>s</p>")
    client.update_competency(competency, shortname="O2")
    client.course_competencies(course)
    client.add_competency_to_course(course, competency)
    client.set_course_competency_ruleoutcome(9, 3)
    client.users_by_field("idnumber", ["AP-1", "AP-2"])
    client.enrolled_users(course)


def use_pull(client: PullClient) -> None:
    """Calls everything that a pull may call."""
    client.enrolled_users(7, only_active=True)
    client.activity_completions(7, [1, 2])
    client.course_completions(7, [1, 2])
    client.grade_items(7, [1, 2])
    client.quizzes(7)
    client.quiz_attempts([(1, 2), (1, 3)])
    client.assignments(7)
    client.assign_grades(3)
    client.submissions(3)
    client.grading_areas([1, 2])
    client.grading_instances([1, 2])
    client.sees_all_groups(7)
    client.feedbacks(7)
    client.feedback_access([1, 2])
    client.feedback_analyses([1, 2])


WRITES = [
    f"local_moodlesync_{name}"
    for name in (
        "upsert_sections",
        "upsert_activities",
        "upsert_rubrics",
        "link_competencies",
        "set_course_completion",
        "upsert_events",
        "upsert_enrolments",
        "upsert_groups",
    )
]


def use_companion(client: CompanionClient) -> None:
    """Calls everything of the companion."""
    items = [{"key": "M1", "fields": {"name": "é"}, "desired": {"name": "0" * 64}}]
    for function in WRITES:
        assert [answer.key for answer in client.write(function, 7, "sag", items)] == ["M1"]
    client.status()
    client.course_state(7, "sag")
    client.get_baseline("sag", "course", ["p@1"])
    client.set_baseline("sag", [{"kind": "course", "key": "p@1", "fields": None}])


@pytest.mark.parametrize("quiz_function", [QUIZ_ATTEMPTS, QUIZ_ATTEMPTS_BEFORE_5_1])
def test_requests_of_every_client_fit_the_contracts(site: Any, contracts: Any, quiz_function: str) -> None:
    if quiz_function not in contracts.functions:
        quiz_function = QUIZ_ATTEMPTS_BEFORE_5_1
    site.responder = Answering(quiz_function)
    transport = Transport("https://moodle.example.org", "0" * 32, site)
    use_push(PushClient(transport))
    use_pull(PullClient(transport))
    use_companion(CompanionClient(transport))
    called: set[str] = set()
    for form in site.forms:
        calls = [(form["wsfunction"], {key: value for key, value in form.items() if key not in ENVELOPE_FIELDS})]
        for request in form.get("requests", []):
            calls.append((request["function"], json.loads(request["arguments"])))
        for wsfunction, arguments in calls:
            assert contracts.problems(wsfunction, arguments) == []
            called.add(wsfunction)
    unused = {QUIZ_ATTEMPTS, QUIZ_ATTEMPTS_BEFORE_5_1} - {quiz_function}
    assert called == set(FUNCTIONS) - unused


def test_contracts_refuse_what_moodle_refuses(contracts: Any) -> None:
    wrong = contracts.problems(
        "core_course_create_courses", {"courses": [{"fullname": "<b>", "visible": "yes", "x": "1"}]}
    )
    assert [problem.split(":")[0].split(".")[-1] for problem in wrong] == [
        "x", "fullname", "shortname", "categoryid", "visible",
    ]  # fmt: skip
    assert contracts.problems("no_such", {}) == ["no_such is not in this version"]
