"""cleaning: what each parameter type takes. Every case was tried on a real site."""

from __future__ import annotations

import pytest

from moodle_sync.sandbox.cleaning import is_clean_html, takes, typed


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "12"),
        ("int", -3),
        ("int", "0"),
        ("bool", "1"),
        ("bool", False),
        ("float", "2.5"),
        ("float", 2),
        ("text", "a < b"),
        ("text", "R&amp;D & cie"),
        ("text", '<span lang="fr" class="multilang">x</span>'),
        ("raw", "<script>"),
        ("alphanumext", "a_b-1"),
        ("cleanhtml", "<p>a &amp; b<br /></p>"),
        ("username", "a.b@c-1"),
    ],
)
def test_takes_what_moodle_takes(kind: str, value: object) -> None:
    assert takes(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "1.0"),
        ("int", "2026-01-01"),
        ("int", "01"),
        ("bool", "true"),
        ("float", "2,5"),
        ("float", ""),
        ("text", "<b>x</b>"),
        ("text", "I <3 U"),
        ("text", "a\0b"),
        ("notags", '<span lang="fr">x</span>'),
        ("alphanumext", "a b"),
        ("raw_trimmed", " a"),
        ("username", "ZP_U1"),
    ],
)
def test_takes_refuses_what_cleaning_would_change(kind: str, value: object) -> None:
    assert not takes(kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "a<br>b",
        "a & b",
        "&nbsp;",
        "&eacute;",
        '<a href="x" target="_blank">x</a>',
        '<p style="color:red">x</p>',
        '<img src="x" />',
        "<p>x",
        "a < b",
        "<script>x</script>",
    ],
)
def test_clean_html_is_a_fixed_point_of_the_purifier(text: str) -> None:
    assert not is_clean_html(text)


def test_clean_html_keeps_lists_tables_and_accents() -> None:
    assert is_clean_html('<ul><li>é œ</li></ul><table><tbody><tr><td style="color:red;">1</td></tr></tbody></table>')


@pytest.mark.parametrize(
    ("kind", "value", "expected"), [("int", "3", 3), ("bool", "0", False), ("float", "2", 2.0), ("raw", 5, "5")]
)
def test_typed_is_what_php_holds(kind: str, value: object, expected: object) -> None:
    found = typed(kind, value)
    assert (found, type(found)) == (expected, type(expected))
