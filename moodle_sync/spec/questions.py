"""Question files: GIFT and Moodle XML, read as far as is needed to know that Moodle will take them.

The text goes to Moodle as it stands. What is checked here is what would otherwise fail half-way through a push, or
lose a question's identity: every question has an id, no id is there twice, braces and answers are whole.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from moodle_sync import ids
from moodle_sync.errors import Problem
from moodle_sync.inputs.text import read_text
from moodle_sync.spec import gift, moodle_xml
from moodle_sync.spec.question import FormatError, Question

FORMATS: dict[str, Literal["gift", "xml"]] = {".gift": "gift", ".xml": "xml"}


@dataclass(frozen=True)
class QuestionFile:
    """A file of questions: ``path`` as a quiz names it, ``text`` in NFC with ``\\n`` line ends, ``ids`` in order."""

    path: str
    format: Literal["gift", "xml"]
    text: str
    ids: tuple[str, ...]


def read_questions(file: Path, path: str) -> tuple[QuestionFile | None, list[Problem]]:
    """The questions of a file, or None and every problem of it."""
    text = read_text(file)
    if isinstance(text, Problem):
        return None, [text]
    text = unicodedata.normalize("NFC", text)
    kind = FORMATS[file.suffix]
    problems: list[Problem] = []
    questions: list[Question] = []
    try:
        for item in gift.questions(text) if kind == "gift" else moodle_xml.questions(text):
            if isinstance(item, Question):
                questions.append(item)
            else:
                problems.append(_problem(file, item))
    except FormatError as error:
        problems.append(_problem(file, error))
    problems.extend(_problem(file, error) for error in _identities(questions, kind))
    if not questions and not problems:
        problems.append(Problem(file, 1, 1, "", "there is no question in this file"))
    if problems:
        return None, problems
    return QuestionFile(path, kind, text, tuple(question.id for question in questions)), []


def _identities(questions: list[Question], kind: str) -> Iterator[FormatError]:
    how = 'the line "// [id:Q1]" directly above it' if kind == "gift" else "<idnumber>Q1</idnumber> in it"
    seen: dict[str, int] = {}
    for number, question in enumerate(questions, start=1):
        if not question.id:
            yield FormatError(question.line, 1, f"question {number} has no id: write {how}, with a key of its own")
        elif not ids.LOCAL_KEY.fullmatch(question.id):
            wanted = "letters without accents, digits and hyphens"
            yield FormatError(question.line, 1, f'"{question.id}" is no id: use {wanted}, such as "Q1"')
        elif question.id in seen:
            first = seen[question.id]
            yield FormatError(question.line, 1, f'the id "{question.id}" is already used on line {first}: give another')
        seen.setdefault(question.id, question.line)


def _problem(file: Path, error: FormatError) -> Problem:
    return Problem(file, error.line, error.column, "", error.message)
