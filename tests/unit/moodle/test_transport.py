"""Transport: what is sent, what is repeated, what is counted, and where the token may not be."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest
import requests
import responses

from moodle_sync.errors import AccessDenied, AnswerLost, ConfigError, MoodleRefused, NotMoodle, SiteError, Unreachable
from moodle_sync.moodle.encoding import EncodingError
from moodle_sync.moodle.transport import Transport, site_address
from moodle_sync.net import HttpClient, TransientFault

TOKEN = "5f3c0de5f3c0de5f3c0de5f3c0de5f3c"
READ = "core_course_get_contents"
WRITE = "core_course_create_courses"
URL = "https://moodle.example.org/campus"


def transport(site: Any, **settings: Any) -> tuple[Transport, list[float]]:
    slept: list[float] = []
    return Transport(URL + "/", TOKEN, site, sleep=slept.append, **settings), slept


def test_call_sends_the_token_in_the_body_and_asks_for_stored_text(site: Any) -> None:
    site.answers = [[]]
    made, _ = transport(site)
    assert made.call(READ, {"courseid": 7}) == []
    assert site.urls == [f"{URL}/webservice/rest/server.php"]
    assert site.forms == [
        {
            "wstoken": TOKEN,
            "wsfunction": READ,
            "moodlewsrestformat": "json",
            "moodlewssettingraw": "1",
            "moodlewssettingfilter": "0",
            "moodlewssettingfileurl": "0",
            "courseid": "7",
        }
    ]
    assert site.writes == [False]
    assert TOKEN not in repr(made)


def test_call_for_shown_text_leaves_it_to_moodle(site: Any) -> None:
    site.answers = [[]]
    transport(site)[0].call(READ, raw=False)
    assert site.forms[0]["moodlewssettingraw"] == "0"
    assert site.forms[0]["moodlewssettingfileurl"] == "1"


def test_call_decodes_fractions_exactly(site: Any) -> None:
    site.answers = [b'{"grade": 50.33333, "max": 100}']
    assert transport(site)[0].call(READ) == {"grade": Decimal("50.33333"), "max": 100}


def test_call_of_a_void_function_gives_none(site: Any) -> None:
    site.answers = [b"null"]
    assert transport(site)[0].call(WRITE) is None


def test_call_of_a_read_is_repeated_after_transient_faults(site: Any) -> None:
    site.answers = [TransientFault("a"), TransientFault("b"), [1]]
    made, slept = transport(site)
    assert made.call(READ) == [1]
    assert (made.calls, made.requests) == (1, 3)
    assert slept == [0.5, 1.0]


def test_call_of_a_read_gives_up_after_its_attempts(site: Any) -> None:
    site.answers = [TransientFault(str(number)) for number in range(9)]
    made, slept = transport(site, attempts=3)
    with pytest.raises(TransientFault, match="2"):
        made.call(READ)
    assert made.requests == 3
    assert slept == [0.5, 1.0]


def test_call_waits_longer_each_time_up_to_a_cap(site: Any) -> None:
    site.answers = [TransientFault("x") for _ in range(9)]
    made, slept = transport(site, attempts=9)
    with pytest.raises(TransientFault):
        made.call(READ)
    assert slept == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]


@pytest.mark.parametrize("error", [Unreachable("maintenance"), NotMoodle("html"), AccessDenied("403")])
def test_call_of_a_read_is_not_repeated_after_what_will_not_pass(site: Any, error: SiteError) -> None:
    site.answers = [error]
    made, slept = transport(site)
    with pytest.raises(type(error)):
        made.call(READ)
    assert slept == []


@pytest.mark.parametrize("wsfunction", [WRITE, "a_function_nobody_declared"])
@pytest.mark.parametrize("error", [TransientFault("refused"), AnswerLost("gone")])
def test_call_of_a_write_is_sent_once(site: Any, wsfunction: str, error: SiteError) -> None:
    site.answers = [error, []]
    made, slept = transport(site)
    with pytest.raises(type(error)):
        made.call(wsfunction)
    assert (made.requests, slept) == (1, [])
    assert site.writes == [True]


def test_call_of_a_read_that_moodle_refuses_is_not_repeated(site: Any) -> None:
    site.answers = [{"exception": "x", "errorcode": "dmlreadexception", "message": "Error reading"}]
    made, _ = transport(site)
    with pytest.raises(MoodleRefused):
        made.call(READ)
    assert made.requests == 1


def test_call_whose_warnings_mean_refusal_raises_the_first(site: Any) -> None:
    warnings = [
        {"item": "course", "itemid": 3, "warningcode": "nostartdatenoenddate", "message": "no start"},
        {"item": "course", "itemid": 4, "warningcode": "other", "message": "x"},
    ]
    site.answers = [{"warnings": warnings}]
    with pytest.raises(MoodleRefused, match="1 more") as caught:
        transport(site)[0].call("core_course_update_courses", {"courses": [{"id": 3}]})
    assert caught.value.errorcode == "nostartdatenoenddate"


def test_call_keeps_warnings_that_do_not_refuse(site: Any) -> None:
    body = {"courses": [], "warnings": [{"warningcode": "2", "message": "x"}]}
    site.answers = [body]
    assert transport(site)[0].call("mod_assign_get_assignments") == body


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html>", "page"),
        (b"<br />\n<b>Notice</b>: x {}", "markup"),
        (b"", "empty"),
        (b'{"a": ', "broken JSON"),
        (b'{"a": NaN}', "broken JSON"),
        (b"\xff\xfe", "broken JSON"),
    ],
)
def test_call_with_no_json_is_not_moodle_for_a_read_and_unknown_for_a_write(
    site: Any, content: bytes, said: str
) -> None:
    site.answers = [content, content]
    made, _ = transport(site)
    with pytest.raises(NotMoodle, match=said):
        made.call(READ)
    with pytest.raises(AnswerLost, match=said):
        made.call(WRITE)


def test_call_with_too_many_variables_sends_nothing(site: Any) -> None:
    made, _ = transport(site)
    # Six more go with each call.
    with pytest.raises(EncodingError, match="901"):
        made.call(WRITE, {"courses": [{"id": number} for number in range(895)]})
    assert made.requests == 0


@responses.activate
def test_call_of_a_write_whose_connection_breaks_is_unknown_and_sent_once() -> None:
    responses.add(
        responses.POST, f"{URL}/webservice/rest/server.php", body=requests.ConnectionError("Connection aborted.")
    )
    made = Transport(URL, TOKEN, HttpClient())
    with pytest.raises(AnswerLost):
        made.call(WRITE, {"courses": [{"fullname": "x"}]})
    assert len(responses.calls) == 1
    assert made.requests == 1


@responses.activate
def test_call_never_shows_token_or_arguments(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"{URL}/webservice/rest/server.php"
    faults: list[Any] = [
        {"body": requests.ConnectionError(f"token {TOKEN}")},
        {"body": requests.ReadTimeout("late")},
        {"status": 302, "headers": {"Location": f"https://x.example.org/?wstoken={TOKEN}"}},
        {"status": 500, "body": f"trace {TOKEN}"},
        {"body": f"<html>{TOKEN}"},
        {"json": {"exception": "x", "errorcode": "e", "message": "m", "debuginfo": f"f({TOKEN}, O'Neil)"}},
    ]
    for fault in faults:
        responses.add(responses.POST, url, **fault)
    made = Transport(URL, TOKEN, HttpClient())
    for _ in faults:
        with pytest.raises(SiteError) as caught:
            made.call(WRITE, {"courses": [{"fullname": "O'Neil"}]})
        shown = f"{caught.value} {caught.value!r} {caught.value.__cause__} {caught.value.__context__}"
        assert TOKEN not in shown
        assert "Neil" not in shown
    assert TOKEN not in caplog.text
    assert "Neil" not in caplog.text
    assert len(responses.calls) == len(faults)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://moodle.example.org", "https://moodle.example.org"),
        ("https://moodle.example.org/", "https://moodle.example.org"),
        ("http://127.0.0.1:8080/campus/", "http://127.0.0.1:8080/campus"),
        ("https://m.example.org/x/webservice/rest/server.php", "https://m.example.org/x"),
        ("https://m.example.org/?redirect=0#top", "https://m.example.org"),
    ],
)
def test_site_address_is_without_slash_and_query(given: str, address: str) -> None:
    assert site_address(given) == address


@pytest.mark.parametrize(
    "given", ["moodle.example.org", "ftp://m.example.org", "https://", "https://u:pw@m.example.org", ""]
)
def test_site_address_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(ConfigError) as caught:
        site_address(given)
    assert "pw" not in str(caught.value)
