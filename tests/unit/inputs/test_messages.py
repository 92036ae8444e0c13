"""pydantic's complaints told in sentences: one mistake, one problem, at the field that is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from moodle_sync.inputs.messages import parse
from moodle_sync.inputs.yaml import read_yaml


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Cat(Strict):
    cat: str
    lives: int = 9


class Dog(Strict):
    dog: str
    tricks: tuple[str, ...] = ()


def _kind(value: Any) -> str | None:
    named = [kind for kind in ("cat", "dog") if kind in value] if isinstance(value, dict) else []
    return named[0] if len(named) == 1 else None


Animal = Annotated[Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")], Discriminator(_kind)]


class Home(Strict):
    title: str
    size: int = Field(default=1, ge=1, le=9)
    open: bool = False
    since: date | None = None
    form: Literal["house", "flat"] = "house"
    code: Annotated[str, StringConstraints(pattern="^[a-z]+$", max_length=5, min_length=1)] = "a"
    rooms: Annotated[tuple[str, ...], Field(min_length=1)] = ("x",)
    animals: tuple[Animal, ...] = ()
    guest: Cat | None = None
    start: int | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _sense(self) -> Home:
        if self.title == "nonsense":
            raise ValueError("a home is called otherwise")
        return self


CASES = [
    ("unknown", "title: a\nsiez: 2\n", (2, 1), "siez", 'there is no field "siez" here; did you mean "size"?'),
    ("unknown-alone", "title: a\nzzzzz: 2\n", (2, 1), "zzzzz", 'there is no field "zzzzz" here'),
    ("slip-in-required", "titel: a\n", (1, 1), "titel", 'there is no field "titel" here; did you mean "title"?'),
    ("python-name", "title: a\nstart: 2\n", (2, 1), "start", 'there is no field "start" here'),
    ("missing", "size: 1\n", (1, 1), "title", '"title" is missing: add the line "title: …"'),
    ("null", "title:\n", (1, 1), "title", "a text is expected, not nothing"),
    ("number-for-text", "title: 1.5\n", (1, 1), "title", 'write it in quotes, as "1.5"'),
    ("true-for-text", "title: true\n", (1, 1), "title", 'write "true" in quotes'),
    ("list-for-text", "title: [a]\n", (1, 1), "title", "a text is expected, not a list"),
    ("group-for-text", "title: {a: b}\n", (1, 1), "title", "not a group of fields"),
    ("text-for-number", "title: a\nsize: gros\n", (2, 1), "size", 'a whole number is expected, not "gros"'),
    ("fraction", "title: a\nsize: 1.5\n", (2, 1), "size", 'a whole number is expected, not "1.5"'),
    ("yes", "title: a\nopen: oui\n", (2, 1), "open", 'true or false is expected, not "oui"'),
    ("too-small", "title: a\nsize: 0\n", (2, 1), "size", '"0" is too small: at least 1 is expected'),
    ("too-big", "title: a\nsize: 10\n", (2, 1), "size", '"10" is too big: at most 9 is expected'),
    ("no-date", "title: a\nsince: 2026-02-30\n", (2, 1), "since", "in the calendar"),
    ("literal", "title: a\nform: hose\n", (2, 1), "form", 'write "house" or "flat"; did you mean "house"?'),
    ("pattern", "title: a\ncode: A1\n", (2, 1), "code", '"A1" is not small letters only'),
    ("too-long", "title: a\ncode: abcdefgh\n", (2, 1), "code", "this has 8 characters, at most 5 fit"),
    ("empty-text", "title: a\ncode: ''\n", (2, 1), "code", "this is empty"),
    ("empty-list", "title: a\nrooms: []\n", (2, 1), "rooms", "the list is empty"),
    ("bad-item", "title: a\nrooms: [1]\n", (2, 9), "rooms.1", "write it in quotes"),
    ("no-list", "title: a\nrooms: un\n", (2, 1), "rooms", 'a list (lines that begin with "- ") is expected'),
    ("own-words", "title: nonsense\n", (1, 1), "", "a home is called otherwise"),
    ("nested", "title: a\nguest:\n  cat: b\n  live: 3\n", (4, 3), "guest.live", 'did you mean "lives"?'),
    ("not-a-group", "title: a\nguest: b\n", (2, 1), "guest", 'a group of fields is expected, not "b"'),
    ("union-slip", "title: a\nanimals:\n  - cta: b\n", (3, 5), "animals.1", 'did you mean "cat" for "cta"?'),
    ("union-none", "title: a\nanimals:\n  - x: b\n", (3, 5), "animals.1", 'write "cat" or "dog" with its key'),
    (
        "union-both",
        "title: a\nanimals:\n  - {cat: b, dog: c}\n",
        (3, 5),
        "animals.b",
        'this is "cat" and "dog" at once',
    ),
    ("union-text", "title: a\nanimals:\n  - b\n", (3, 5), "animals.1", "a group is expected here"),
    ("union-field", "title: a\nanimals:\n  - cat: b\n    trick: c\n", (4, 5), "animals.b.trick", "no field"),
    ("union-type", "title: a\nanimals:\n  - dog: b\n    tricks: 1\n", (4, 5), "animals.b.tricks", "a list"),
    ("list-document", "- a\n", (1, 1), "", 'should begin with a line such as "title: …"'),
    ("text-document", "a\n", (1, 1), "", "should begin with a line"),
]


@pytest.mark.parametrize(
    ("text", "place", "where", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_parse_one_mistake_gives_one_problem(
    tmp_path: Path, text: str, place: tuple[int, int], where: str, words: str
) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    document, _ = read_yaml(tmp_path / "x.yaml", ("cat", "dog"))
    assert document is not None
    item, problems = parse(document, Home, {"^[a-z]+$": "small letters only"})
    assert item is None
    assert [((one.line, one.column), one.where) for one in problems] == [(place, where)], problems
    assert words in problems[0].message


def test_parse_good_file_gives_the_model(tmp_path: Path) -> None:
    text = "title: a\nsince: 2026-02-02\nfrom: 3\nanimals:\n  - cat: b\n  - dog: c\n    tricks: [d]\n"
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    document, _ = read_yaml(tmp_path / "x.yaml")
    assert document is not None
    item, problems = parse(document, Home)
    assert problems == []
    assert item is not None
    assert item.since == date(2026, 2, 2)
    assert item.start == 3
    assert item.animals == (Cat(cat="b"), Dog(dog="c", tricks=("d",)))


def test_parse_five_mistakes_gives_five_problems(tmp_path: Path) -> None:
    text = "size: x\nopen: 1\nform: tent\nanimals:\n  - cat: 1\n"
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    document, _ = read_yaml(tmp_path / "x.yaml")
    assert document is not None
    _, problems = parse(document, Home)
    assert {one.where for one in problems} == {"title", "size", "open", "form", "animals.1.cat"}
