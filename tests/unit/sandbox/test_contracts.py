"""contracts: every request and every answer is held against the function's signature."""

from __future__ import annotations

from typing import Any

import pytest

from moodle_sync.sandbox import VERSIONS, catalogue
from moodle_sync.sandbox.contracts import Contracts
from moodle_sync.sandbox.dispatch import BATCH, REGISTRY
from moodle_sync.sandbox.moodle_errors import MoodleError, SandboxDefect

KEPT = Contracts(
    {
        "f": {
            "params": {
                "id": {"type": "int", "null": True},
                "names": {"list": {"type": "text"}, "default": []},
                "how": {"object": {"deep": {"type": "bool", "default": 1}}, "default": {}},
                "maybe": {"type": "raw", "optional": True, "null": True},
            },
            "returns": {
                "object": {
                    "id": {"type": "int"},
                    "at": {"type": "int", "null": True, "optional": True},
                    "mark": {"type": "float", "optional": True},
                    "rest": {"list": {"type": "text"}, "default": []},
                    "note": {"type": "text", "default": "none"},
                    "flags": {"object": {"a": {"type": "bool", "optional": True}}, "optional": True},
                }
            },
        },
        "void": {"params": {}, "returns": None},
    }
)


def test_accept_fills_defaults_and_types() -> None:
    told = {"id": "3", "names": {"0": "a", "1": "b"}}
    assert KEPT.accept("f", told) == {"id": 3, "names": ["a", "b"], "how": {"deep": True}}
    assert KEPT.accept("f", {"id": None, "maybe": None})["maybe"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"id": "x"},
        {"id": "1", "other": "1"},
        {"id": "1", "names": "a"},
        {"id": "1", "names": [None]},
        {"id": ["1"]},
    ],
)
def test_accept_of_what_breaks_the_contract_is_refused_and_names_no_field(arguments: dict[str, Any]) -> None:
    with pytest.raises(MoodleError) as caught:
        KEPT.accept("f", arguments)
    assert (caught.value.errorcode, caught.value.message) == ("invalidparameter", "Invalid parameter value detected")
    assert caught.value.where.startswith("f")


def test_answer_fills_the_defaults_of_values_alone() -> None:
    assert KEPT.answer("f", {"id": 1, "at": None, "mark": 2}) == {"id": 1, "at": None, "mark": 2, "note": "none"}
    assert KEPT.answer("f", {"id": 1, "flags": []})["flags"] == [], "PHP's empty structure"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"id": "1"},
        {"id": True},
        {"id": None},
        {"id": 1, "more": 1},
        {"id": 1, "rest": [1]},
        {"id": 1, "mark": "2"},
    ],
)
def test_answer_that_breaks_the_contract_is_a_defect(answer: Any) -> None:
    with pytest.raises(SandboxDefect):
        KEPT.answer("f", answer)


def test_answer_of_a_function_that_answers_nothing_is_nothing() -> None:
    assert KEPT.answer("void", None) is None
    with pytest.raises(SandboxDefect):
        KEPT.answer("void", {})


@pytest.mark.parametrize("version", VERSIONS)
def test_every_function_in_the_contracts_is_served(version: str) -> None:
    catalogue.load()
    kept = set(Contracts.of(version, companion=True).functions)
    assert kept - set(REGISTRY) == {BATCH}
    ours = {name for name in kept if name.startswith("local_moodlesync_")}
    assert set(Contracts.of(version, companion=False).functions) == kept - ours


def test_every_function_served_has_a_contract() -> None:
    catalogue.load()
    kept = {name for version in VERSIONS for name in Contracts.of(version, companion=True).functions}
    assert set(REGISTRY) <= kept
