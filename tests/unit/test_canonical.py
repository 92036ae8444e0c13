import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel

from moodle_sync.canonical import _quick, canonical, decimal_text, digest, nfc
from moodle_sync.facts.attested import MODELS
from moodle_sync.facts.models import Fact
from moodle_sync.ledger.entries import KINDS, Leaf

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)

# Text at the edges of what two encoders may see differently: controls, quotes, NFD, both sides of U+FFFF.
EDGES = st.text(
    st.sampled_from(
        'aZ"\\/\b\x00\x1f\x7f\x80é\u0301\u0300\u1100\u1161\u212b\u2028\ud7ff\ue000\ufb01\uffff𐀀😀\U0010ffff'
    )
)
TEXT = st.text(st.characters(codec="ascii")) | EDGES | st.text(st.characters(exclude_categories=["Cs"]))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)
_HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
_LEAF: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(KINDS),
    "site": st.none() | TEXT,
    "session": st.none() | TEXT,
    "programme": st.none() | _HEX,
    "plan": st.none() | _HEX,
    "run": st.none() | _HEX,
    "observed_at": st.just("2026-02-03T08:00:00Z"),
    "subject": st.none() | _HEX,
    "previous": st.none() | st.tuples(st.integers(2020, 2100), st.integers(0, 2**53 - 1)),
    "commitment": st.none() | _HEX,
    "content": st.none() | ANY_JSON,
}
FACTS: tuple[Any, ...] = (*get_args(get_args(Fact)[0]), *MODELS.values())


def _fact(model: Any) -> st.SearchStrategy[Any]:
    """Facts of a kind, their fields drawn at random and not validated: more of them than Moodle could ever say."""
    fields = {name: _value(field.annotation) for name, field in model.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda values: model.model_construct(**values))


def _value(annotation: Any) -> st.SearchStrategy[Any]:
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return st.one_of(*map(_value, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return st.lists(_value(get_args(annotation)[0]), max_size=3).map(tuple)
    if issubclass(annotation, BaseModel):
        return _fact(annotation)
    return SIMPLE[annotation]


SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(2**53) + 1, 2**53 - 1),
    bool: st.booleans(),
    type(None): st.none(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-1000, max_value=1000),
    AwareDatetime: st.datetimes(timezones=st.just(UTC)),
    date: st.dates(),
}


@given(JSON)
def test_canonical_nfc_and_nfd_give_the_same_bytes(value: object) -> None:
    def decompose(part: object) -> object:
        if isinstance(part, str):
            return unicodedata.normalize("NFD", part)
        if isinstance(part, list):
            return [decompose(item) for item in part]
        return part

    assert canonical(decompose(value)) == canonical(value)


class Loud(str):
    """A text that is not quite one."""


class Word(StrEnum):
    YES = "yes"


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        1.0,
        float("nan"),
        Decimal(1),
        {1: "x"},
        {None: "x"},
        b"bytes",
        {"a": [0.1]},
        [{"a": (1, {"b": 2.0})}],
        UUID(int=1),
        date(2026, 2, 3),
        datetime(2026, 2, 3, tzinfo=UTC),
        {"a": {1, 2}},
        2**53,
        -(2**53),
        {"a": [2**53]},
        2**64,
        10**40,
        "\ud800",
        {"a": ["x\udfff"]},
        {"\ud83d": 1},
    ],
)
def test_canonical_what_has_no_one_form_is_refused(value: object) -> None:
    assert _quick(value) is None
    with pytest.raises((TypeError, ValueError)):
        canonical(value)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"\U0001f600": 1, "\ufb01": 2}, '{"\U0001f600":1,"\ufb01":2}'),  # by UTF-16 units, not by code points
        ({"e\u0301": 1}, '{"é":1}'),
        ([Loud("a"), Word.YES], '["a","yes"]'),
        ({Loud("b"): 1, "a": 2}, '{"a":2,"b":1}'),
        (2**53 - 1, "9007199254740991"),
        (-(2**53) + 1, "-9007199254740991"),
        ('\x00\x1f\b\t\n\f\r"\\/\x7f\u2028', r'"\u0000\u001f\b\t\n\f\r\"\\/' + '\x7f\u2028"'),
    ],
)
def test_canonical_bytes_are_these(value: object, data: str) -> None:
    assert canonical(value) == data.encode()


def _check(value: Any, tried: Counter[str]) -> None:
    quick, slow = _quick(value), rfc8785.dumps(nfc(value))
    tried["fast" if quick is not None else "fallback"] += 1
    assert quick is None or quick == slow
    assert canonical(value) == slow


def test_canonical_quick_path_gives_the_bytes_of_rfc8785(tell: Callable[[str], None]) -> None:
    tried: Counter[str] = Counter()

    @settings(max_examples=400, deadline=None)
    @given(ANY_JSON)
    def check(value: Any) -> None:
        _check(value, tried)

    check()
    tell(f"arbitrary JSON, orjson beside rfc8785: {dict(tried)}, all the same bytes")
    assert min(tried["fast"], tried["fallback"]) > 40


def test_canonical_quick_path_writes_leaves_and_payloads_as_rfc8785_does(tell: Callable[[str], None]) -> None:
    tried: Counter[str] = Counter()
    leaf = st.builds(Leaf, **_LEAF)

    @settings(max_examples=120, deadline=None)
    @given(leaf, st.data())
    def check(one: Leaf, data: st.DataObject) -> None:
        members = {"v": 1, **one._asdict()}
        _check(members, tried)
        assert one.to_bytes() == rfc8785.dumps(nfc(members))
        fact = data.draw(st.one_of(*map(_fact, FACTS)))
        _check(fact.payload(), tried)
        assert fact.data() == canonical(fact.payload())
        assert fact.compared(fact.data()) == canonical(fact.value())

    check()
    tell(f"leaves and payloads, orjson beside rfc8785: {dict(tried)}, all the same bytes")
    assert tried["fast"] > 40


def _types(annotation: Any) -> Iterator[Any]:
    """Every type that a field can hold, through unions, tuples, models and annotations."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            yield from _types(field.annotation)
    elif get_args(annotation) and get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _types(part)
    else:
        yield annotation


def test_facts_hold_no_type_that_would_be_written_without_asking() -> None:
    """orjson writes floats, UUIDs and enumerations by itself, and not as RFC 8785 or ``plain`` would."""
    found = {one for fact in FACTS for one in _types(fact) if isinstance(one, type)}
    assert {int, str, Decimal, AwareDatetime, date} <= found  # it does look into the fields
    assert not [one for one in found if issubclass(one, float | UUID | Enum)]


def test_digest_true_and_one_differ() -> None:
    assert digest({"a": True}) != digest({"a": 1})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12.50", "12.5"),
        ("20", "20"),
        ("0.0", "0"),
        ("-0", "0"),
        ("100", "100"),
        ("1E+2", "100"),
        (3, "3"),
        ("50.33333", "50.33333"),
    ],
)
def test_decimal_text_has_one_form(value: str | int, text: str) -> None:
    assert decimal_text(value) == text


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_decimal_text_not_finite_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        decimal_text(value)
