"""functions: what counts as a read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moodle_sync.moodle.functions import BATCH, FUNCTIONS, is_read

CONTRACTS = Path(__file__).resolve().parents[2] / "fixtures" / "contracts"


@pytest.mark.parametrize("version", ["4.5", "5.1", "companion"])
def test_functions_are_exactly_those_with_a_contract(version: str) -> None:
    contracts = json.loads((CONTRACTS / f"{version}.json").read_text(encoding="utf-8"))["functions"]
    assert {name for name, function in FUNCTIONS.items() if version in function.contracts} == set(contracts)
    for name, contract in contracts.items():
        if name != BATCH:
            assert FUNCTIONS[name].read == (contract["type"] == "read"), name


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
