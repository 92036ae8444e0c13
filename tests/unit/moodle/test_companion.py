"""CompanionClient: the contract of docs/reference/companion.md, and what does not keep to it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from moodle_sync.errors import AnswerLost, MoodleRefused, NotMoodle
from moodle_sync.moodle.companion import CompanionClient
from moodle_sync.moodle.encoding import EncodingError
from moodle_sync.moodle.functions import COMPANION_STATUS
from moodle_sync.moodle.transport import Transport

ITEMS = [{"key": "M1", "fields": {"name": "é"}}, {"key": "M2", "fields": {"name": "b"}}]


@pytest.fixture
def client(site: Any) -> CompanionClient:
    return CompanionClient(Transport("https://moodle.example.org", "0" * 32, site))


def pack(value: Any, schema: int = 1) -> dict[str, Any]:
    return {"schema": schema, "json": json.dumps(value)}


def answer(key: str, action: str = "created", **more: Any) -> dict[str, Any]:
    return {"key": key, "action": action, "id": 7, "state": {"name": key}, "error": None, **more}


def test_status_without_the_companion_is_none_and_asks_nothing(client: CompanionClient, site: Any) -> None:
    assert client.status(frozenset({"core_webservice_get_site_info"})) is None
    assert site.forms == []


def test_status_is_typed(client: CompanionClient, site: Any) -> None:
    status = {
        "release": "0.1.0", "version": 2025112200, "moodle_release": "5.1", "moodle_version": "2025100600.02",
        "site_id": "ab", "wwwroot": "https://m", "servertime": 1795317843, "userid": 3,
        "capabilities": {"local/moodlesync:write": False},
    }  # fmt: skip
    site.answers = [pack(status)]
    found = client.status(frozenset({COMPANION_STATUS}))
    assert found is not None
    assert found.servertime is not None
    assert found.servertime.year == 2026
    assert found.capabilities == {"local/moodlesync:write": False}


@pytest.mark.parametrize("schema", [0, 2])
def test_course_state_of_another_schema_is_refused(client: CompanionClient, site: Any, schema: int) -> None:
    site.answers = [pack({}, schema)]
    with pytest.raises(MoodleRefused) as caught:
        client.course_state(7, "sag")
    assert caught.value.errorcode == "unknownschema"


@pytest.mark.parametrize(
    "body", [{"json": "{}"}, {"schema": 1}, {"schema": 1, "json": "{"}, {"schema": 1, "json": "[]"}, []]
)
def test_course_state_without_its_envelope_is_not_moodle(client: CompanionClient, site: Any, body: Any) -> None:
    site.answers = [body]
    with pytest.raises(NotMoodle):
        client.course_state(7, "sag")


def test_upsert_sends_one_json_text_and_answers_item_by_item(client: CompanionClient, site: Any) -> None:
    failed = {"errorcode": "badpayload", "message": "no such field", "path": "fields.bogus"}
    site.answers = [pack({"items": [answer("M1"), answer("M2", "failed", id=None, state=None, error=failed)]})]
    first, second = client.write("local_moodlesync_upsert_sections", 7, "sag", ITEMS)
    assert json.loads(site.forms[0]["items"]) == ITEMS
    assert (first.action, first.id, first.state) == ("created", 7, {"name": "M1"})
    assert second.error is not None
    assert (second.error.errorcode, second.error.path) == ("badpayload", "fields.bogus")
    assert site.writes == [True]


def test_upsert_enrolments_tells_what_is_not_ours(client: CompanionClient, site: Any) -> None:
    site.answers = [pack({"items": [answer("AP-1", "unchanged", foreign=True)]})]
    assert client.write("local_moodlesync_upsert_enrolments", 7, "sag", [{"key": "AP-1"}])[0].foreign


@pytest.mark.parametrize("keys", [["M2", "M1"], ["M1"], ["M1", "M2", "M3"]])
def test_upsert_with_answers_to_other_items_is_unknown(client: CompanionClient, site: Any, keys: list[str]) -> None:
    site.answers = [pack({"items": [answer(key) for key in keys]})]
    with pytest.raises(AnswerLost):
        client.write("local_moodlesync_upsert_activities", 7, "sag", ITEMS)


def test_upsert_with_an_unknown_action_is_unknown(client: CompanionClient, site: Any) -> None:
    site.answers = [pack({"items": [answer("M1", "renamed"), answer("M2")]})]
    with pytest.raises(AnswerLost, match=r"items\.0\.action"):
        client.write("local_moodlesync_upsert_rubrics", 7, "sag", ITEMS)


def test_upsert_of_nothing_sends_nothing(client: CompanionClient, site: Any) -> None:
    assert client.write("local_moodlesync_link_competencies", 7, "sag", []) == []
    client.set_baseline("sag", [])
    assert client.get_baseline("sag", "course", []) == {}
    assert site.forms == []


@pytest.mark.parametrize("value", [1.5, Decimal("1.5"), b"x", {"deep": [1.5]}])
def test_upsert_with_an_inexact_number_sends_nothing(client: CompanionClient, site: Any, value: Any) -> None:
    with pytest.raises(EncodingError, match="grade"):
        client.write("local_moodlesync_upsert_activities", 7, "sag", [{"key": "M1", "fields": {"grade": value}}])
    assert site.forms == []


def test_get_baseline_asks_with_one_json_text(client: CompanionClient, site: Any) -> None:
    rows = {"p@1": {"fullname": {"desired": "0" * 64, "observed": "x"}}}
    site.answers = [pack(rows)]
    assert client.get_baseline("sag", "course", ["p@1", "q"]) == rows
    assert json.loads(site.forms[0]["keys"]) == ["p@1", "q"]


def test_course_activities_gives_key_and_cmid(client: CompanionClient, site: Any) -> None:
    site.answers = [pack({"activities": [{"key": "M1.a", "id": 9, "instance": 2, "state": {}}], "sections": []})]
    assert [(one.key, one.id) for one in client.course_activities(7, "sag")] == [("M1.a", 9)]
