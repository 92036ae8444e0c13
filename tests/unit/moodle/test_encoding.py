"""encoding: what PHP would read, and what has no faithful form."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.moodle.encoding import VARIABLE_LIMIT, EncodingError, flatten, form_body, to_json


def test_flatten_nested_values_gives_php_keys_in_order() -> None:
    params = {"courses": [{"fullname": "é & b", "visible": True, "hidden": False, "n": 3}, {"grade": Decimal("12.50")}]}
    assert flatten(params) == [
        ("courses[0][fullname]", "é & b"),
        ("courses[0][visible]", "1"),
        ("courses[0][hidden]", "0"),
        ("courses[0][n]", "3"),
        ("courses[1][grade]", "12.50"),
    ]


@pytest.mark.parametrize(("number", "text"), [("1E+3", "1000"), ("-0.00001", "-0.00001"), ("7", "7")])
def test_flatten_a_decimal_gives_plain_text(number: str, text: str) -> None:
    assert flatten({"n": Decimal(number)}) == [("n", text)]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"a": [{"b": None}]}, r"a\[0\]\[b\] is None"),
        ({"a": []}, "a is empty"),
        ({"a": {"b": {}}}, r"a\[b\] is empty"),
        ({"a": 1.5}, "a is a float"),
        ({"a": b"x"}, "a is a bytes"),
        ({"a": Decimal("NaN")}, "a is not a finite number"),
        ({"a": "x\0y"}, "a holds a NUL"),
        ({"a": "\ud800"}, "a holds a lone surrogate"),
        ({"a[0]": "x"}, "is not a plain name"),
        ({"a": {"b]": 1}}, "under a is not a plain name"),
    ],
)
def test_flatten_what_has_no_form_is_refused_by_path(params: dict[str, Any], said: str) -> None:
    with pytest.raises(EncodingError, match=said):
        flatten(params)


def test_flatten_none_is_left_out_when_told() -> None:
    assert flatten({"a": None, "b": {"c": None, "d": 1}}, drop_none=True) == [("b[d]", "1")]


def test_flatten_refusal_does_not_show_the_value() -> None:
    with pytest.raises(EncodingError) as caught:
        flatten({"password": "secret\0"})
    assert "secret" not in str(caught.value)


def test_flatten_at_the_limit_is_sent_and_one_more_is_refused() -> None:
    assert len(flatten({"v": list(range(VARIABLE_LIMIT))})) == 900
    with pytest.raises(EncodingError, match="901 form variables"):
        flatten({"v": list(range(VARIABLE_LIMIT + 1))})


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(st.characters(codec="utf-8", exclude_characters="\0"))
        )
    )
)
def test_form_body_any_text_comes_back_whole(pairs: list[tuple[str, str]]) -> None:
    assert parse_qsl(form_body(pairs).decode("ascii"), keep_blank_values=True) == pairs


def test_to_json_keeps_types_and_sends_decimals_as_text() -> None:
    text = to_json({"a": [{"b": True, "c": Decimal("1.50"), "d": []}], "e": "é"})
    assert json.loads(text) == {"a": [{"b": True, "c": "1.50", "d": []}], "e": "é"}


@pytest.mark.parametrize("value", [None, 1.5, "x\0"])
def test_to_json_refuses_what_a_form_refuses(value: Any) -> None:
    with pytest.raises(EncodingError):
        to_json({"a": [value]})
