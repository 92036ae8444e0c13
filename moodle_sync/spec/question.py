"""What both question formats yield: questions, and complaints with their place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One question: its id (empty when the file gives none), Moodle's type of it, and the line where it begins."""

    id: str
    qtype: str
    line: int


class FormatError(ValueError):
    """A mistake in a question file, at a line and column from 1. Becomes a Problem before it leaves ``spec``."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.message = message
