"""Lines of a CSV file, or a form, into attested facts: every problem of it at once, with line and column, or all facts.

One file is of one kind; a form is one line. Messages name lines and columns, never people. Reads the file and those
that its lines name; stages nothing.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from moodle_sync.errors import InputError, Problem, SpecError, UsageError
from moodle_sync.facts.attested import (
    ABOUT_A_LEARNER,
    ABOUT_NOBODY,
    ATTESTED_KINDS,
    MODELS,
    AttestedFact,
    BaseAttested,
    choices,
    parse_attested,
)
from moodle_sync.facts.models import NOBODY
from moodle_sync.inputs.text import read_text
from moodle_sync.spec.schedule import HalfDay, in_utc

LIMIT = 20_000
SITE = "site"
_COMMON = ("session", "person", "when", "attested_by", "file")
_SAID = {
    "session": "a session, or site",
    "person": "external key, or userid:N",
    "when": "2026-02-03, or 2026-02-03 09:00",
    "attested_by": "who attests",
    "file": "path of the file that the organisation keeps",
}
_TYPES: dict[Any, str] = {bool: "yes or no", date: "2026-02-03", Decimal: "3.5"}
_BASE = frozenset(BaseAttested.model_fields) | {"kind"}
_YES = {"yes": True, "oui": True, "true": True, "1": True, "no": False, "non": False, "false": False, "0": False}


@dataclass(frozen=True)
class Scope:
    """What a line's session stands for. ``half_days`` by day and half; none for the organisation as a whole."""

    course: str
    zone: ZoneInfo
    half_days: Mapping[tuple[date, str], HalfDay]


@dataclass(frozen=True)
class Reader:
    """What is needed to understand a line. ``person(course, key)`` gives Moodle's number or raises UsageError.

    ``file`` is what the lines are read from, or for a form its name; files that lines name are looked for beside it.
    """

    file: Path
    kind: str
    scopes: Mapping[str, Scope]
    session: str | None
    attested_by: str | None
    person: Callable[[str, str], int]
    now: datetime
    hashes: dict[Path, dict[str, Any]] = field(default_factory=dict)


def columns(kind: str) -> tuple[str, ...]:
    """The columns of a file of this kind, the common ones first."""
    own = tuple(name for name in MODELS[kind].model_fields if name not in _BASE)
    return (*_COMMON, *own)


def read_lines(reader: Reader) -> list[AttestedFact]:
    """Every fact of the file.

    Raises:
        InputError: with every problem of the file; then nothing of it may be used.
    """
    _require_kind(reader.kind)
    text = read_text(reader.file)
    if isinstance(text, Problem):
        raise InputError("The file cannot be read. Nothing was attested.", [text])
    problems: list[Problem] = []
    found: dict[str, tuple[int, AttestedFact]] = {}
    for number, row in _rows(reader, text, problems):
        fact = _Line(reader, number, row, problems).fact()
        if fact is None:
            continue
        line, other = found.setdefault(fact.object_id, (number, fact))
        if other.value() != fact.value():
            problems.append(Problem(reader.file, number, 1, "", f"says otherwise than line {line} of the same thing"))
    if not found and not problems:
        problems.append(Problem(reader.file, 1, 1, "", "there is no line below the names of the columns"))
    if problems:
        raise InputError(f"{len(problems)} problems. Nothing of this file was attested.", problems)
    return [fact for _, fact in found.values()]


def read_form(reader: Reader, cells: Mapping[str, str]) -> list[AttestedFact]:
    """The one fact of a form, its answers by column.

    Raises:
        InputError: with every problem of it; then nothing of it may be used.
    """
    _require_kind(reader.kind)
    known = columns(reader.kind)
    wrong = sorted(set(cells) - set(known))
    if wrong:
        raise UsageError(f"the columns of {reader.kind} are {', '.join(known)}; wrong here: {', '.join(wrong)}")
    problems: list[Problem] = []
    fact = _Line(reader, 1, {name: cell.strip() for name, cell in cells.items()}, problems).fact()
    if fact is None:
        raise InputError(f"{len(problems)} problems. Nothing was attested.", problems)
    return [fact]


def asked(kind: str) -> Iterator[tuple[str, str, bool]]:
    """What a form of this kind asks: column, what may be answered in a few words, and whether it has to be."""
    for name in columns(kind):
        if (name == "person" and kind in ABOUT_NOBODY) or (name == "when" and kind == "attendance"):
            continue
        if name in _COMMON:
            yield name, _SAID[name], name != "person" or kind in ABOUT_A_LEARNER
            continue
        model = MODELS[kind].model_fields[name]
        words = choices(kind, name)
        said = ", ".join(words) if words else _TYPES.get(model.annotation, "")
        yield name, said, model.is_required()


def _require_kind(kind: str) -> None:
    if kind not in ATTESTED_KINDS:
        raise UsageError(f"{kind!r} is no kind that can be attested; there are: {', '.join(ATTESTED_KINDS)}")


def _rows(reader: Reader, text: str, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """``(line on which the row begins, its cells by column)``; blank lines are passed over."""
    header = text.split("\n", 1)[0]
    rows = csv.reader(text.splitlines(keepends=True), delimiter=";" if ";" in header else ",", strict=True)
    names = [name.strip() for name in next(rows)]
    known = columns(reader.kind)
    wrong = sorted({name for name in names if name not in known or names.count(name) > 1})
    if wrong or "file" not in names:
        message = f"the columns of {reader.kind} are {', '.join(known)}; wrong here: {', '.join(wrong) or 'no file'}"
        problems.append(Problem(reader.file, 1, 1, "", message))
        return
    start = 2
    try:
        for count, cells in enumerate(rows):
            if count >= LIMIT:
                problems.append(Problem(reader.file, start, 1, "", f"more than {LIMIT} lines: is it the right file?"))
                return
            if any(cell.strip() for cell in cells):
                if len(cells) == len(names):
                    yield start, {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
                else:
                    message = f"{len(cells)} values where there are {len(names)} columns"
                    problems.append(Problem(reader.file, start, 1, "", message))
            start = rows.line_num + 1
    except csv.Error as error:
        problems.append(Problem(reader.file, start, 1, "", f"not a line of CSV: {error}"))


class _Line:
    """One line on its way to a fact; what is wrong with it goes to ``problems``."""

    def __init__(self, reader: Reader, number: int, cells: dict[str, str], problems: list[Problem]) -> None:
        self._reader = reader
        self._number = number
        self._cells = {name: cell for name, cell in cells.items() if cell}
        self._problems = problems
        self._before = len(problems)

    def fact(self) -> AttestedFact | None:
        """The fact, or None when something is wrong."""
        reader = self._reader
        scope = self._scope()
        values: dict[str, Any] = {
            name: self._value(name) for name in columns(reader.kind)[len(_COMMON) :] if name in self._cells
        }
        values |= {"kind": reader.kind, "file": self._file()}
        by = self._cells.get("attested_by") or reader.attested_by
        if by is None:
            self._wrong("attested_by", "nobody attests this: fill the column, or say it with --by")
        if scope is not None:
            values |= {"course": scope.course, "userid": self._person(scope), "attested_by": by}
            values["occurred_at"] = self._when(scope, values)
        if len(self._problems) > self._before:
            return None
        return self._parsed(values)

    def _parsed(self, values: dict[str, Any]) -> AttestedFact | None:
        try:
            return parse_attested(values)
        except ValidationError as error:
            for one in error.errors():
                # the first step is the kind, the next one is the column
                name = str(one["loc"][1]) if len(one["loc"]) > 1 else ""
                self._wrong("when" if name == "occurred_at" else name, self._sentence(name, one["type"], one["msg"]))
            return None

    def _sentence(self, name: str, kind: str, message: str) -> str:
        if kind == "missing":
            return "this is missing"
        if kind == "literal_error":
            return f"one of {', '.join(choices(self._reader.kind, name))} is expected"
        if kind.startswith("bool"):
            return "yes or no (oui, non) is expected"
        if kind.startswith("date"):
            return "a date such as 2026-02-03 is expected"
        return message[:1].lower() + message[1:]

    def _wrong(self, column: str, message: str) -> None:
        self._problems.append(Problem(self._reader.file, self._number, 1, column, message))

    def _scope(self) -> Scope | None:
        name = self._cells.get("session") or self._reader.session
        if name is None:
            self._wrong("session", "no session is named: fill the column, or say it with --session")
        elif name not in self._reader.scopes:
            self._wrong("session", f"there is no session {name}; there are {', '.join(sorted(self._reader.scopes))}")
        else:
            return self._reader.scopes[name]
        return None

    def _person(self, scope: Scope) -> int:
        key, kind = self._cells.get("person"), self._reader.kind
        if key is None:
            if kind in ABOUT_A_LEARNER:
                self._wrong("person", f"{kind} is about one person: name them")
            return NOBODY
        if kind in ABOUT_NOBODY:
            self._wrong("person", f"{kind} is about nobody in particular: leave it empty")
            return NOBODY
        try:
            return self._reader.person(scope.course, key)
        except UsageError as error:
            self._wrong("person", error.hint)  # the message holds the key, and so maybe a name
            return NOBODY

    def _file(self) -> dict[str, Any] | None:
        name = self._cells.get("file")
        if name is None:
            self._wrong("file", "no file is named: what is attested rests on one that the organisation keeps")
            return None
        path = (self._reader.file.parent / name).resolve()
        if path not in self._reader.hashes:
            try:
                with path.open("rb") as opened:
                    digest = hashlib.file_digest(opened, "sha256").hexdigest()
                self._reader.hashes[path] = {"name": path.name, "sha256": digest, "size": path.stat().st_size}
            except OSError as error:
                self._wrong("file", f"it cannot be read, looked for beside this file: {error.strerror}")
                return None
        return self._reader.hashes[path]

    def _value(self, name: str) -> Any:
        text, annotation = self._cells[name], MODELS[self._reader.kind].model_fields[name].annotation
        if annotation is bool:
            return _YES.get(text.casefold(), text)
        return text.replace(",", ".") if annotation is Decimal else text

    def _when(self, scope: Scope, values: dict[str, Any]) -> datetime | None:
        if self._reader.kind == "attendance":
            return self._half_day(scope, values)
        text = self._cells.get("when")
        if text is None:
            self._wrong("when", "this is missing")
            return None
        try:
            moment = datetime.fromisoformat(text)
            moment = in_utc(moment, scope.zone) if moment.tzinfo is None else moment
        except SpecError as error:
            self._wrong("when", error.message)
            return None
        except ValueError:
            self._wrong("when", "a date such as 2026-02-03, or a moment such as 2026-02-03 09:00, is expected")
            return None
        return self._past(moment, "when")

    def _half_day(self, scope: Scope, values: dict[str, Any]) -> datetime | None:
        if "when" in self._cells:
            self._wrong("when", "leave it out: the half-day says when it was")
        try:
            place = (date.fromisoformat(values.get("day", "")), values.get("half", ""))
            hours = Decimal(values.get("hours", ""))
        except (ValueError, ArithmeticError):
            self._wrong("day", "a day such as 2026-02-03, am or pm as half, and hours such as 3.5 are expected")
            return None
        half = scope.half_days.get(place)
        if half is None:
            self._wrong("day", "the session has no such half-day")
            return None
        if hours > half.hours:
            self._wrong("hours", f"the half-day has {half.minutes} minutes: nobody attended more")
        if values.get("present") is False and hours:
            self._wrong("hours", "nobody attends without being present")
        return self._past(half.starts, "day")

    def _past(self, moment: datetime, column: str) -> datetime:
        if moment > self._reader.now:
            self._wrong(column, "this is in the future: what has not happened cannot be attested")
        return moment
