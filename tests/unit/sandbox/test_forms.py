"""forms: what PHP makes of a form, and how Moodle writes an answer."""

from __future__ import annotations

import json

import pytest

from moodle_sync.sandbox.cleaning import takes
from moodle_sync.sandbox.forms import read_form, write_json, write_xml


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"a[0][b]=1&a[1][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        (b"a%5B0%5D%5Bb%5D=%C3%A9+%26", {"a": [{"b": "é &"}]}),
        (b"a[]=x&a[]=y", {"a": ["x", "y"]}),
        (b"a[k]=x", {"a": {"k": "x"}}),
        (b"a[1]=x", {"a": {"1": "x"}}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a=1&a[b]=2", {"a": {"b": "2"}}),
        (b"", {}),
    ],
)
def test_read_form_nests_as_php_does(body: bytes, expected: object) -> None:
    assert read_form(body) == expected


def test_read_form_past_the_limit_drops_the_rest_without_a_word() -> None:
    body = "&".join(f"a[{number}]={number}" for number in range(1200)).encode()
    assert len(read_form(body)["a"]) == 1000


def test_read_form_of_broken_utf8_gives_what_no_parameter_takes() -> None:
    broken = read_form(b"a=%FF")["a"]
    assert not takes("raw", broken)


def test_write_json_escapes_as_php_does() -> None:
    text = write_json({"a": 20.0, "b": 50.33333, "c": "é/<", "d": None, "e": True, "f": []})
    assert text == r'{"a":20,"b":50.33333,"c":"\u00e9\/<","d":null,"e":true,"f":[]}'
    assert json.loads(text)["c"] == "é/<"


def test_write_xml_tells_lists_structures_and_errors_apart() -> None:
    text = write_xml([{"id": 1, "name": "a & b", "no": None}], error=False)
    assert '<MULTIPLE>\n<SINGLE>\n<KEY name="id"><VALUE>1</VALUE>' in text
    assert "a &amp; b" in text
    assert '<VALUE null="null"/>' in text
    assert '<EXCEPTION class="c">' in write_xml({"exception": "c", "errorcode": "x"}, error=True)
    assert write_xml(None, error=False).count("<") == 1
