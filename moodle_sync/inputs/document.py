"""A file as it was read: plain data, and where each field of it stands. Pure: reading is done in ``inputs.text``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moodle_sync.errors import Problem

Field = tuple[str | int, ...]
"""The way to a field: keys of mappings and 0-based indexes of lists. ``()`` is the whole document."""

Place = tuple[int, int]
"""Line and column, both counted from 1."""


@dataclass(frozen=True)
class Document:
    """The content of one file with the place of every key and list item.

    ``named_by`` says which fields give a list item its name, so that a person reads ``modules.M1.hours`` and not
    ``modules[0].hours``.
    """

    file: Path
    data: Any
    places: Mapping[Field, Place] = field(default_factory=dict)
    named_by: Sequence[str] = ("key",)

    def place(self, path: Field) -> Place:
        """Where the field stands, or the nearest thing around it that is written; (0, 0) when nothing is known."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return (0, 0)

    def dotted(self, path: Field) -> str:
        """The field as a person writes it: ``modules.M1.activities.synergies.rubric``."""
        parts: list[str] = []
        value: Any = self.data
        for step in path:
            value = _child(value, step)
            parts.append(self._name(value, step) if isinstance(step, int) else step)
        return ".".join(parts)

    def find(self, dotted: str) -> Field | None:
        """The written field of that dotted name, or None. The reverse of :meth:`dotted`."""
        return next((path for path in self.places if path and self.dotted(path) == dotted), None)

    def dotted_names(self) -> Iterator[str]:
        """The dotted name of every written field."""
        return (self.dotted(path) for path in self.places if path)

    def problem(self, path: Field, message: str) -> Problem:
        """A problem with that field."""
        line, column = self.place(path)
        return Problem(file=self.file, line=line, column=column, where=self.dotted(path), message=message)

    def _name(self, item: Any, index: int) -> str:
        if isinstance(item, Mapping):
            for key in self.named_by:
                if isinstance(item.get(key), str | int) and item.get(key) not in ("", True, False):
                    return str(item[key])
        return str(index + 1)


def _child(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    return value.get(step) if isinstance(value, Mapping) else None
