"""functions: what counts as a read."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from moodle_sync.moodle.functions import BATCH, FUNCTIONS, is_read

CONTRACTS = resources.files("moodle_sync.sandbox") / "contracts"


@pytest.mark.parametrize("version", ["4.5", "5.1", "companion"])
def test_functions_all_have_a_contract(version: str) -> None:
    contracts = json.loads((CONTRACTS / f"{version}.json").read_text(encoding="utf-8"))["functions"]
    declared = {name for name, function in FUNCTIONS.items() if version in function.contracts}
    # What people call through their own tokens has a contract there as well.
    assert declared <= set(contracts)
    assert version != "companion" or declared == set(contracts)
    for name in declared - {BATCH}:
        assert FUNCTIONS[name].read == (contracts[name]["type"] == "read"), name


def test_is_read_of_an_unknown_function_is_no() -> None:
    assert not is_read("mod_quiz_start_attempt")


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (["core_course_get_contents", "mod_assign_get_grades"], True),
        (["core_course_get_contents", "core_course_update_courses"], False),
        (["no_such_function"], False),
        ([], False),
    ],
)
def test_is_read_of_a_batch_is_that_of_everything_in_it(inner: list[str], expected: bool) -> None:
    assert is_read(BATCH, {"requests": [{"function": name} for name in inner]}) is expected


def test_is_read_of_a_batch_without_requests_is_no() -> None:
    assert not is_read(BATCH)
