"""Moodle XML: well-formed, without entity declarations, each question with its idnumber.

Read with the standard library's expat, told to refuse a document type: no entity can be declared, so none can unfold
into memory or reach for a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from moodle_sync.spec.question import FormatError, Question

# Moodle's question types that core ships; "category" is a place, not a question
_TYPES = {
    "calculated", "calculatedmulti", "calculatedsimple", "cloze", "ddimageortext", "ddmarker", "ddwtos", "description",
    "essay", "gapselect", "match", "matching", "multichoice", "numerical", "ordering", "randomsamatch", "shortanswer",
    "truefalse",
}  # fmt: skip


def questions(text: str) -> Iterator[Question | FormatError]:
    """Every question of a Moodle XML text in order, and every complaint.

    Raises:
        FormatError: when the text is not well-formed, or declares a document type.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        words = expat.ErrorString(error.code)
        raise FormatError(error.lineno, error.offset + 1, f"the XML is not well-formed: {words}") from None
    yield from reader.found


class _Reader:
    """Collects questions while expat reads; ``path`` is the way of element names from the root."""

    def __init__(self) -> None:
        # the text was decoded already: whatever encoding its first line names, these bytes are UTF-8
        self.parser = expat.ParserCreate(encoding="UTF-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.found: list[Question | FormatError] = []
        self._path: list[str] = []
        self._type = ""
        self._line = 0
        self._id = ""

    def _doctype(self, *_: object) -> NoReturn:
        raise FormatError(*self._place(), "a document type is declared here: delete the <!DOCTYPE …> part")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path and name != "quiz":
            raise FormatError(*self._place(), f"<{name}> is not Moodle XML: the file should begin with <quiz>")
        if self._path == ["quiz"] and name == "question":
            self._type, self._id, (self._line, column) = attributes.get("type", ""), "", self._place()
            if self._type == "category":
                message = "take this category out: questions go to the course's own category"
                self.found.append(FormatError(self._line, column, message))
            elif self._type not in _TYPES:
                self.found.append(FormatError(self._line, column, f'"{self._type}" is no question type of Moodle'))
        self._path.append(name)

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._path == ["quiz"] and name == "question" and self._type != "category":
            self.found.append(Question(self._id.strip(), self._type, self._line))

    def _text(self, text: str) -> None:
        if self._path == ["quiz", "question", "idnumber"]:
            self._id += text

    def _place(self) -> tuple[int, int]:
        return self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
