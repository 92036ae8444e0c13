"""errorcodes: every code that we know is mapped, the others stay themselves, and no message carries a person."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import moodle_sync
from moodle_sync.errors import AccessDenied, AnswerLost, MoodleRefused, NotFound, SiteError, Unreachable
from moodle_sync.moodle.errorcodes import MEANINGS, is_error, refusal, to_error

COMPANION = Path(moodle_sync.__file__).parent / "companion" / "local_moodlesync"


def companion_strings() -> set[str]:
    """The companion's messages by errorcode: they carry the way out themselves."""
    text = (COMPANION / "lang" / "en" / "local_moodlesync.php").read_text(encoding="utf-8")
    return set(re.findall(r"^\$string\['([a-z]+)'\]", text, re.MULTILINE))


def test_meanings_hold_every_errorcode_of_the_companion() -> None:
    thrown: set[str] = set()
    for file in COMPANION.rglob("*.php"):
        thrown |= set(re.findall(r"new failure\(\s*'([a-z]+)'", file.read_text(encoding="utf-8")))
    assert "badquestions" in thrown
    assert thrown - set(MEANINGS) == set()


@pytest.mark.parametrize("errorcode", sorted(MEANINGS))
def test_refusal_of_a_known_errorcode_has_its_class_and_hint(errorcode: str) -> None:
    error = refusal("f", errorcode, "said")
    assert type(error) is MEANINGS[errorcode].error
    assert error.hint == MEANINGS[errorcode].hint
    assert error.hint or errorcode in companion_strings()
    if isinstance(error, AccessDenied | MoodleRefused):
        assert error.errorcode == errorcode


@pytest.mark.parametrize(
    ("errorcode", "expected"),
    [
        ("invalidtoken", AccessDenied),
        ("accessexception", AccessDenied),
        ("nopermissions", AccessDenied),
        ("requireloginerror", AccessDenied),
        ("invalidrecord", NotFound),
        ("invalidrecordunknown", NotFound),
        ("invalidcoursemodule", NotFound),
        ("invaliduser", NotFound),
        ("userdeleted", NotFound),
        ("shortnametaken", MoodleRefused),
        ("dmlwriteexception", MoodleRefused),
        ("rubricused", MoodleRefused),
        ("sitemaintenance", Unreachable),
        ("upgraderunning", Unreachable),
    ],
)
def test_refusal_maps_what_both_versions_say(errorcode: str, expected: type[SiteError]) -> None:
    assert type(refusal("f", errorcode, "")) is expected


def test_refusal_of_an_unknown_errorcode_stays_itself() -> None:
    error = refusal("f", "Module assign does not support quick creation", "m")
    assert type(error) is MoodleRefused
    assert error.errorcode == "Module assign does not support quick creation"


def test_to_error_drops_markup_and_addresses_and_cuts() -> None:
    body = {"exception": "x", "errorcode": "e", "message": "<div>Taken by zoe.oneil@example.org</div> " + "x" * 500}
    text = to_error("f", body, write=True).message
    assert "zoe" not in text
    assert "<div>" not in text
    assert len(text) < 400


def test_to_error_tells_the_path_of_an_argument_but_not_its_value() -> None:
    debug = (
        "courses => Invalid parameter value detected: visible => Invalid parameter value detected: "
        'Invalid external api parameter: the value is "secret => word", the server was expecting "int" type'
    )
    body = {"exception": "x", "errorcode": "invalidparameter", "message": "Invalid", "debuginfo": debug}
    text = to_error("f", body, write=True).message
    assert "courses.visible" in text
    assert "secret" not in text
    assert "word" not in text


def test_to_error_tells_which_key_is_missing() -> None:
    debug = (
        "courses => Invalid parameter value detected: Missing required key in single structure: shortname\nError code"
    )
    body = {"exception": "x", "errorcode": "invalidparameter", "message": "Invalid", "debuginfo": debug}
    assert "courses.shortname" in to_error("f", body, write=True).message


def test_to_error_of_a_php_error_is_unknown_for_a_write_only() -> None:
    body = {"exception": "Error", "message": 'Class "x" not found'}
    read = to_error("f", body, write=False)
    assert type(read) is MoodleRefused
    assert read.errorcode == "Error"
    assert type(to_error("f", body, write=True)) is AnswerLost


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"exception": "x", "errorcode": "y", "message": "z"}, True),
        ({"exception": "Error", "message": "z"}, True),
        ({"error": "No file", "errorcode": "nofile"}, True),
        ({"responses": []}, False),
        ([{"exception": "x"}], False),
        (None, False),
        (True, False),
    ],
)
def test_is_error_knows_the_forms_of_failure(body: Any, expected: bool) -> None:
    assert is_error(body) is expected
