"""YAML 1.2 into plain data with the place of every field. A mistake in the file is a Problem, never a traceback.

The tree is built here from ruamel.yaml's events and not by its constructor, for three reasons: every duplicate key is
reported (not only the first), deep nesting and alias bombs end in a sentence (not in a recursion error or no memory),
and a date such as 2026-02-02 stays the text that was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from moodle_sync.errors import Problem
from moodle_sync.inputs.document import Document, Field, Place
from moodle_sync.inputs.text import read_text
from moodle_sync.inputs.yaml_words import in_plain_words

DEPTH_LIMIT = 40
VALUE_LIMIT = 100_000

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_CONSTANTS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def read_yaml(file: Path, named_by: Sequence[str] = ("key",)) -> tuple[Document | None, list[Problem]]:
    """The document in a file, or None and every problem that keeps it from being one.

    Data are None, bool, int, float, str (NFC), list and dict with text keys. Numbers follow YAML 1.2's core schema:
    ``9:30``, ``no`` and ``2026-02-02`` are texts.
    """
    text = read_text(file)
    if isinstance(text, Problem):
        return None, [text]
    builder = _Builder(file)
    try:
        # pure=True: the C parser reads YAML 1.1
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
            if builder.stopped:
                break
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        builder.problems.append(Problem(file, line, column, "", in_plain_words(error.problem or "", error, text)))
    except YAMLError as error:
        builder.problems.append(Problem(file, 1, 1, "", f"this is not YAML: {error}"))
    if not builder.documents and not builder.problems:
        builder.problems.append(Problem(file, 1, 1, "", "the file holds nothing but comments"))
    if builder.problems:
        return None, builder.problems
    return Document(file=file, data=builder.root, places=builder.places, named_by=named_by), []


@dataclass
class _Open:
    """A mapping or list that is being read."""

    value: dict[str, Any] | list[Any]
    path: Field
    anchor: str | None
    key: str | None = None


@dataclass
class _Builder:
    file: Path
    problems: list[Problem] = field(default_factory=list)
    places: dict[Field, Place] = field(default_factory=dict)
    root: Any = None
    documents: int = 0
    stopped: bool = False
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, Any] = field(default_factory=dict)
    _values: int = 0

    def take(self, event: Any) -> None:
        """One step of the parser."""
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._stop(place, 'a second document begins here: write one document a file, without "---"')
            return
        if getattr(event, "tag", None):
            self._stop(place, f'the tag "{event.tag}" is not used in these files: delete it')
        elif isinstance(event, ScalarEvent):
            self._scalar(event, place)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._begin(event, place)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            closed = self._open.pop()
            if closed.anchor:
                self._anchors[closed.anchor] = closed.value
        elif isinstance(event, AliasEvent):
            self._alias(event.anchor, place)

    def _scalar(self, event: Any, place: Place) -> None:
        text = unicodedata.normalize("NFC", event.value)
        if self._expects_key():
            self._key(text, place)
            return
        value = _resolve(text) if event.style is None else text
        if event.anchor:
            self._anchors[event.anchor] = value
        self._put(value, place)

    def _key(self, key: str, place: Place) -> None:
        current = self._open[-1]
        path = (*current.path, key)
        if path in self.places:
            first = self.places[path][0]
            # inside a list, a whole item may have lost the dash that begins it
            hint = ', or begin a new item with "- "' if current.path and isinstance(current.path[-1], int) else ""
            message = f'"{key}" is already there on line {first}: keep one of the two{hint}'
            self.problems.append(self._problem(path, place, message))
            key = f"{key} (line {place[0]})"
            path = (*current.path, key)
        current.key = key
        self.places[path] = place

    def _begin(self, event: Any, place: Place) -> None:
        if self._expects_key():
            self._stop(place, "a name is expected here, and this is a list or a group")
            return
        if len(self._open) >= DEPTH_LIMIT:
            self._stop(place, f"more than {DEPTH_LIMIT} levels inside one another: no spec needs that")
            return
        value: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        path = self._put(value, place)
        self._open.append(_Open(value, path, event.anchor))

    def _alias(self, anchor: str, place: Place) -> None:
        if anchor not in self._anchors:
            self._stop(place, f'"*{anchor}" refers to "&{anchor}", which is not written above')
        elif self._expects_key():
            self._stop(place, "an alias cannot be a name here: write the name")
        else:
            self._copy(self._anchors[anchor], place)

    def _copy(self, value: Any, place: Place) -> None:
        """Copies an anchored value here, item by item, so that the limits hold for what it unfolds to."""
        path = self._put(value if not isinstance(value, dict | list) else type(value)(), place)
        if not isinstance(value, dict | list) or self.stopped:
            return
        if len(self._open) >= DEPTH_LIMIT:
            self._stop(place, f"more than {DEPTH_LIMIT} levels inside one another: no spec needs that")
            return
        self._open.append(_Open(type(value)(), path, None))
        target = _at(self.root, path)
        self._open[-1].value = target
        for key in value if isinstance(value, dict) else range(len(value)):
            if self.stopped:
                return
            if isinstance(key, str):
                self._key(key, place)
            self._copy(value[key], place)
        self._open.pop()

    def _expects_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _put(self, value: Any, place: Place) -> Field:
        """Hangs a value where it belongs and answers its path."""
        self._values += 1
        if self._values > VALUE_LIMIT:
            self._stop(place, f"more than {VALUE_LIMIT} values, aliases unfolded: no spec needs that")
        if not self._open:
            self.root = value
            self.places[()] = place
            return ()
        current = self._open[-1]
        if isinstance(current.value, list):
            path: Field = (*current.path, len(current.value))
            current.value.append(value)
            self.places[path] = place
            return path
        key, current.key = current.key or "", None
        current.value[key] = value
        return (*current.path, key)

    def _problem(self, path: Field, place: Place, message: str) -> Problem:
        where = Document(self.file, self.root).dotted(path)
        return Problem(self.file, place[0], place[1], where, message)

    def _stop(self, place: Place, message: str) -> None:
        if not self.stopped:
            self.problems.append(Problem(self.file, place[0], place[1], "", message))
        self.stopped = True


def _resolve(text: str) -> Any:
    """A plain scalar by YAML 1.2's core schema (without its octal, hexadecimal and infinite numbers)."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) <= 18 else text
    if _FLOAT.fullmatch(text) and len(text) <= 18:
        return float(text)
    return text


def _at(root: Any, path: Field) -> Any:
    for step in path:
        root = root[step]
    return root
