"""Places and names of fields, as a person counts and writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodle_sync.inputs.document import Document, Field
from moodle_sync.inputs.yaml import read_yaml

TEXT = """\
title: x
modules:
  - key: M1
    activities:
      - quiz: test
        due: day 1
      - {title: sans clé}
words: [un, deux]
"""


@pytest.fixture
def document(tmp_path: Path) -> Document:
    (tmp_path / "x.yaml").write_text(TEXT, encoding="utf-8")
    found, problems = read_yaml(tmp_path / "x.yaml", ("key", "quiz"))
    assert found is not None, problems
    return found


@pytest.mark.parametrize(
    ("path", "dotted", "place"),
    [
        (("title",), "title", (1, 1)),
        (("modules", 0), "modules.M1", (3, 5)),
        (("modules", 0, "activities", 0), "modules.M1.activities.test", (5, 9)),
        (("modules", 0, "activities", 0, "due"), "modules.M1.activities.test.due", (6, 9)),
        (("modules", 0, "activities", 1, "title"), "modules.M1.activities.2.title", (7, 10)),
        (("words", 1), "words.2", (8, 13)),
    ],
)
def test_document_written_field_has_name_and_place(
    document: Document, path: Field, dotted: str, place: tuple[int, int]
) -> None:
    assert document.dotted(path) == dotted
    assert document.place(path) == place
    assert document.find(dotted) == path


def test_document_field_that_is_not_written_has_place_of_what_is_around_it(document: Document) -> None:
    path = ("modules", 0, "activities", 0, "opens")
    assert document.place(path) == (5, 9)
    assert document.find("modules.M1.activities.test.opens") is None


def test_document_without_places_has_line_zero() -> None:
    assert Document(Path("x"), {}).place(("a",)) == (0, 0)
