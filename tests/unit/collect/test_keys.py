"""read_keys: where the key of an activity is learnt, in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moodle_sync.collect.keys import Known
from moodle_sync.collect.survey import Survey, survey
from moodle_sync.errors import MoodleRefused
from moodle_sync.moodle.functions import COMPANION_COURSE_STATE
from moodle_sync.moodle.pull import PullClient

COURSE = "sag:pull1@2026-02"
KEYS = ["M1.A1", "M1.A2", "M1.Q1", "M1.Q2", "M1.F1", None, "M1.P1"]
LEARNERS = frozenset({"student"})


def look(client: PullClient, known: Known | None = None) -> Survey:
    return survey(client, COURSE, LEARNERS, known or dict)


def with_companion(moodle: Any, answer: Any) -> None:
    def info(body: Any, arguments: Any) -> Any:
        body["functions"].append({"name": COMPANION_COURSE_STATE})
        return body

    moodle.changes["core_webservice_get_site_info"] = info
    setattr(moodle, f"_{COMPANION_COURSE_STATE}", lambda arguments: answer)


def keys_of(found: Survey, moodle: Any) -> list[str | None]:
    return [found.keys[cmid] for cmid in moodle.cmids]


def test_read_keys_from_the_modules_when_they_are_told(client: PullClient, moodle: Any) -> None:
    found = look(client)
    assert keys_of(found, moodle) == KEYS
    assert found.warnings == ()
    assert moodle.count("gradereport_user_get_grade_items") == 0


def test_read_keys_from_the_companion_first(client: PullClient, moodle: Any) -> None:
    ours = [{"key": key, "id": cmid} for key, cmid in zip(KEYS, moodle.cmids, strict=True) if key]
    with_companion(moodle, {"schema": 1, "json": json.dumps({"activities": ours})})
    assert keys_of(look(client, lambda: pytest.fail("what Moodle tells now is not asked for")), moodle) == KEYS
    assert moodle.called[-1][0] == COMPANION_COURSE_STATE
    assert moodle.called[-1][1]["namespace"] == "sag"
    assert moodle.count("core_course_get_course_module") == 0


def test_read_keys_without_leave_for_the_companion_goes_on_without(client: PullClient, moodle: Any) -> None:
    with_companion(moodle, {"exception": "x", "errorcode": "nopermissions", "message": "x"})
    assert keys_of(look(client), moodle) == KEYS


def test_read_keys_not_told_come_from_the_gradebook_and_the_rest_is_said(client: PullClient, moodle: Any) -> None:
    moodle.tells_idnumbers = False
    found = look(client)
    assert keys_of(found, moodle) == ["M1.A1", "M1.A2", "M1.Q1", "M1.Q2", None, None, None]
    assert found.warnings == ("the idnumber of 3 activities is not told to this account: install the companion",)
    assert moodle.count("core_course_get_course_module") == 1


def test_read_keys_not_told_may_come_from_the_caller(client: PullClient, moodle: Any) -> None:
    moodle.tells_idnumbers = False
    before = {cmid: key or "M1.ours-once" for cmid, key in zip(moodle.cmids, KEYS, strict=True)}
    before[moodle.cmids[0]] = "M1.older"
    found = look(client, lambda: before)
    assert keys_of(found, moodle) == [*KEYS[:5], "M1.ours-once", "M1.P1"], "what the gradebook tells now goes first"
    assert found.warnings == ()


def test_read_keys_of_the_same_key_twice_warns(client: PullClient, moodle: Any) -> None:
    def same(answer: Any, arguments: Any) -> Any:
        answer["cm"]["idnumber"] = f"{COURSE}:M1.A1"
        return answer

    moodle.changes["core_course_get_course_module"] = same
    assert look(client).warnings == ("7 activities have the key M1.A1",)


def test_read_keys_of_a_module_deleted_meanwhile_has_none(client: PullClient, moodle: Any) -> None:
    gone = moodle.cmids[2]

    def deleted(answer: Any, arguments: Any) -> Any:
        missing = {"errorcode": "invalidcoursemodule", "message": "x"}
        return missing if int(arguments["cmid"]) == gone else answer

    moodle.changes["core_course_get_course_module"] = deleted
    moodle.without = {"gradereport_user_get_grade_items"}
    found = look(client)
    assert found.keys[gone] is None
    assert found.keys[moodle.cmids[3]] == "M1.Q2"


def test_read_keys_that_moodle_refuses_are_not_guessed(client: PullClient, moodle: Any) -> None:
    moodle.changes["core_course_get_course_module"] = lambda answer, arguments: {
        "errorcode": "dmlreadexception",
        "message": "x",
    }
    with pytest.raises(MoodleRefused):
        look(client)
