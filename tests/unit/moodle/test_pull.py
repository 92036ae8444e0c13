"""PullClient: one result a question, the first asked alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moodle_sync.errors import AccessDenied, MoodleRefused, NotFound, NotMoodle, Unreachable
from moodle_sync.moodle.functions import BATCH, QUIZ_ATTEMPTS, QUIZ_ATTEMPTS_BEFORE_5_1
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.transport import Transport
from moodle_sync.moodle.wire.base import Answer

WHOLE = {"statuses": [], "warnings": []}


@pytest.fixture
def client(site: Any) -> PullClient:
    return PullClient(Transport("https://moodle.example.org", "0" * 32, site))


def batch(*answers: Any) -> dict[str, Any]:
    packed = []
    for answer in answers:
        key = "exception" if "errorcode" in answer else "data"
        packed.append({"error": key == "exception", key: json.dumps(answer)})
    return {"responses": packed}


def refused(errorcode: str) -> dict[str, Any]:
    return {"errorcode": errorcode, "message": "no"}


def site_info(*functions: str) -> dict[str, Any]:
    names = [{"name": name} for name in (*functions, BATCH)]
    return {
        "release": "5.1", "version": "1", "sitename": "s", "siteurl": "u", "userid": 1, "username": "w",
        "functions": names,
    }  # fmt: skip


def test_each_asks_the_first_alone_then_the_rest_together(client: PullClient, site: Any) -> None:
    site.answers = [batch(WHOLE), batch(WHOLE, WHOLE)]
    assert client.activity_completions(7, [1, 2, 3]) == [Answer([]), Answer([]), Answer([])]
    assert [len(form["requests"]) for form in site.forms] == [1, 2]


def test_each_denied_to_the_first_is_denied_to_all_at_once(client: PullClient, site: Any) -> None:
    site.answers = [batch(refused("nopermissions"))]
    with pytest.raises(AccessDenied):
        client.activity_completions(7, [1, 2, 3])
    assert len(site.forms) == 1


def test_each_refused_for_one_person_goes_on_with_the_others(client: PullClient, site: Any) -> None:
    site.answers = [batch(refused("userdeleted")), batch(WHOLE, refused("nopermissions")), batch(WHOLE)]
    results = client.activity_completions(7, [1, 2, 3, 4])
    assert [type(result) for result in results] == [NotFound, Answer, AccessDenied, Answer]


def test_each_of_nobody_sends_nothing(client: PullClient, site: Any) -> None:
    assert client.grade_items(7, []) == []
    assert site.forms == []


def test_each_keeps_the_warnings_of_each(client: PullClient, site: Any) -> None:
    warned = {"statuses": [], "warnings": [{"item": "cm", "itemid": 4, "warningcode": "1", "message": "m"}]}
    site.answers = [batch(warned)]
    (result,) = client.activity_completions(7, [1])
    assert isinstance(result, Answer)
    assert [str(warning) for warning in result.warnings] == ["cm 4: 1"]


def test_course_completions_without_criteria_is_raised_once(client: PullClient, site: Any) -> None:
    site.answers = [batch(refused("nocriteriaset"))]
    with pytest.raises(MoodleRefused) as caught:
        client.course_completions(7, [1, 2, 3])
    assert caught.value.errorcode == "nocriteriaset"
    assert len(site.forms) == 1


def test_course_completions_of_somebody_inactive_is_an_error_of_theirs(client: PullClient, site: Any) -> None:
    site.answers = [batch(refused("usernotenroled"))]
    (result,) = client.course_completions(7, [1])
    assert isinstance(result, MoodleRefused)


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        ((QUIZ_ATTEMPTS, QUIZ_ATTEMPTS_BEFORE_5_1), QUIZ_ATTEMPTS),
        ((QUIZ_ATTEMPTS_BEFORE_5_1,), QUIZ_ATTEMPTS_BEFORE_5_1),
    ],
)
def test_quiz_attempts_uses_the_function_that_the_site_has(
    client: PullClient, site: Any, functions: tuple[str, ...], expected: str
) -> None:
    site.answers = [site_info(*functions), batch({"attempts": [], "warnings": []})]
    client.quiz_attempts([(3, 4)])
    request = site.forms[1]["requests"][0]
    assert request["function"] == expected
    assert json.loads(request["arguments"]) == {"quizid": 3, "userid": 4, "status": "all", "includepreviews": False}


def test_quiz_attempts_without_either_function_says_which_to_add(client: PullClient, site: Any) -> None:
    site.answers = [site_info()]
    with pytest.raises(AccessDenied, match=QUIZ_ATTEMPTS_BEFORE_5_1) as caught:
        client.quiz_attempts([(3, 4)])
    assert "service" in caught.value.hint


def test_assignments_are_asked_for_an_account_that_is_not_enrolled(client: PullClient, site: Any) -> None:
    site.answers = [{"courses": [{"assignments": [{"id": 1, "cmid": 2}]}], "warnings": []}]
    assert [row.cmid for row in client.assignments(7).value] == [2]
    assert site.forms[0]["includenotenrolledcourses"] == "1"


@pytest.mark.parametrize("body", [{}, {"assignments": None}, {"assignments": [{}]}, [], None])
def test_one_of_another_shape_is_not_moodle(client: PullClient, site: Any, body: Any) -> None:
    site.answers = [body]
    with pytest.raises(NotMoodle):
        client.assign_grades(3)


def test_grading_areas_with_a_warning_is_an_error_of_that_activity(client: PullClient, site: Any) -> None:
    warned = {"areas": [], "warnings": [{"warningcode": "1", "message": "No access rights in module context"}]}
    whole = {"areas": [{"cmid": 2, "definitions": []}], "warnings": []}
    site.answers = [batch(whole), batch(warned)]
    first, second = client.grading_areas([2, 3])
    assert isinstance(first, Answer)
    assert isinstance(second, MoodleRefused)


def test_each_on_a_site_that_fails_raises(client: PullClient, site: Any) -> None:
    site.answers = [Unreachable("maintenance")]
    with pytest.raises(Unreachable):
        client.grade_items(7, [1])
