"""The sandbox over HTTP: what a client meets on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from moodle_sync.sandbox import Sandbox
from moodle_sync.sandbox.dispatch import REGISTRY

INFO = "core_webservice_get_site_info"


@pytest.fixture
def served() -> Iterator[Sandbox]:
    with Sandbox("5.1", folder="/campus/") as sandbox:
        yield sandbox


def post(sandbox: Sandbox, wsfunction: str = INFO, form: dict[str, str] | None = None) -> requests.Response:
    told = {"wstoken": sandbox.push_token, "wsfunction": wsfunction, "moodlewsrestformat": "json"} | (form or {})
    return requests.post(f"{sandbox.url}/webservice/rest/server.php", data=told, timeout=10)


def test_server_in_a_sub_folder_knows_its_address(served: Sandbox) -> None:
    assert served.url.endswith("/campus")
    assert post(served).json()["siteurl"] == served.url


@pytest.mark.parametrize("path", ["/", "/webservice/rest/server.php", "/campus/", "/campus/login/token.php"])
def test_server_has_one_path_only(served: Sandbox, path: str) -> None:
    root = served.url.removesuffix("/campus")
    assert requests.post(root + path, data={"wstoken": served.push_token}, timeout=10).status_code == 404
    answer = requests.get(f"{served.url}/webservice/rest/server.php", timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_server_answers_every_moodle_error_with_http_200(served: Sandbox) -> None:
    answer = post(served, form={"wstoken": "0" * 32})
    assert answer.status_code == 200
    assert answer.json()["errorcode"] == "invalidtoken"
    assert set(post(served, "no_such_function").json()) == {"exception", "errorcode", "message"}


def test_server_without_a_format_answers_xml(served: Sandbox) -> None:
    answer = post(served, form={"moodlewsrestformat": ""})
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert answer.text.startswith("<?xml")


def test_server_reads_no_json_body(served: Sandbox) -> None:
    told = json.dumps({"wstoken": served.push_token, "wsfunction": INFO, "moodlewsrestformat": "json"})
    headers = {"Content-Type": "application/json"}
    url = f"{served.url}/webservice/rest/server.php"
    assert "invalidtoken" in requests.post(url, data=told, headers=headers, timeout=10).text


def test_server_given_broken_utf8_stores_nothing(served: Sandbox) -> None:
    url = f"{served.url}/webservice/rest/server.php"
    told = f"wstoken={served.push_token}&wsfunction=core_course_create_categories&moodlewsrestformat=json"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(url, data=f"{told}&categories[0][name]=%FF", headers=headers, timeout=10)
    assert answer.json()["errorcode"] == "invalidparameter"
    assert len(served.world.categories) == 1


def test_lost_answer_was_done(served: Sandbox) -> None:
    served.faults.lose_answer("core_course_create_categories")
    with pytest.raises(requests.ConnectionError):
        post(served, "core_course_create_categories", {"categories[0][name]": "Perdue"})
    assert served.world.categories.one(name="Perdue")
    assert post(served).ok


def test_lost_answer_inside_a_batch_loses_the_batch(served: Sandbox) -> None:
    served.faults.lose_answer("core_course_get_categories")
    with pytest.raises(requests.ConnectionError):
        post(
            served,
            "tool_mobile_call_external_functions",
            {"requests[0][function]": "core_course_get_categories"},
        )


def test_failed_call_was_not_done(served: Sandbox) -> None:
    served.faults.fail("core_course_create_categories")
    form = {"categories[0][name]": "Jamais"}
    assert post(served, "core_course_create_categories", form).status_code == 503
    served.faults.fail("core_course_create_categories", "dmlwriteexception")
    assert post(served, "core_course_create_categories", form).json()["errorcode"] == "dmlwriteexception"
    assert served.world.categories.one(name="Jamais") is None


def test_own_broken_answer_is_an_internal_error_that_is_kept(served: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "core_course_get_categories", lambda *_: [{"id": "1"}])
    answer = post(served, "core_course_get_categories")
    assert answer.status_code == 500
    assert "the sandbox is wrong" in answer.text
    [problem] = served.problems
    assert problem.startswith("defect: core_course_get_categories[0].id: int is due")


def test_request_that_breaks_the_contract_is_kept_by_its_path(served: Sandbox) -> None:
    answer = post(served, "core_course_create_categories", {"categories[0][nom]": "x"})
    assert answer.json()["errorcode"] == "invalidparameter"
    assert "debuginfo" not in answer.json()
    assert served.problems == ["refused: core_course_create_categories => categories[0]: unexpected key nom"]


def test_debug_site_names_the_wrong_argument() -> None:
    with Sandbox("5.1", debug=True) as sandbox:
        body = post(sandbox, "core_course_create_categories").json()
    assert body["debuginfo"] == "core_course_create_categories: missing required key categories"
