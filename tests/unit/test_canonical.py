import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.canonical import canonical, decimal_text, digest, keyed_digest

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(JSON)
def test_canonical_nfc_and_nfd_give_the_same_bytes(value: object) -> None:
    def decompose(part: object) -> object:
        if isinstance(part, str):
            return unicodedata.normalize("NFD", part)
        if isinstance(part, list):
            return [decompose(item) for item in part]
        return part

    assert canonical(decompose(value)) == canonical(value)


@pytest.mark.parametrize("value", [1.5, float("nan"), Decimal(1), {1: "x"}, b"bytes", {"a": [0.1]}])
def test_canonical_what_has_no_one_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical(value)


def test_digest_true_and_one_differ() -> None:
    assert digest({"a": True}) != digest({"a": 1})


def test_keyed_digest_depends_on_the_key() -> None:
    assert keyed_digest(b"one", "AP-001") != keyed_digest(b"two", "AP-001")


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
