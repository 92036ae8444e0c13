"""Enrolment files: who is enrolled in a session, in which role. Personal data: these files stay out of git."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from moodle_sync.errors import Problem, SpecError

COLUMNS = ("person", "role", "start", "end", "group")
ROLES = ("student", "teacher", "editingteacher")
_LIMIT = 5000


@dataclass(frozen=True)
class EnrolmentLine:
    """One person in one session. ``person`` is the value of the account field that the configuration names."""

    person: str
    role: str
    start: date | None
    end: date | None
    group: str = ""
    """Key of a group of the session, empty for none."""


def load_enrolments(path: Path, groups: Collection[str] = ()) -> tuple[EnrolmentLine, ...]:
    """The lines of one CSV file: UTF-8, comma or semicolon, a header of ``person,role``, maybe ``start,end,group``.

    A missing file means that nobody is enrolled by us. ``groups`` are the keys of the session's groups. Messages name
    lines, never people.

    Raises:
        SpecError: with every problem of the file.
    """
    if not path.exists():
        return ()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError("An enrolment file cannot be read.", [Problem(path, 0, 0, "", "save it as UTF-8")]) from None
    header = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if ";" in header else ",", strict=True)
    problems: list[Problem] = []
    lines: list[EnrolmentLine] = []
    names = [name.strip() for name in reader.fieldnames or []]
    if set(names) - set(COLUMNS) or not {"person", "role"} <= set(names):
        message = f"the first line should name the columns {', '.join(COLUMNS)} (the last three are optional)"
        raise SpecError("An enrolment file cannot be used.", [Problem(path, 1, 1, "", message)])
    reader.fieldnames = names
    try:
        for row in reader:
            _read(path, reader.line_num, row, lines, problems, groups)
    except csv.Error as error:
        problems.append(Problem(path, reader.line_num, 1, "", f"not a line of CSV: {error}"))
    if len(lines) > _LIMIT:
        problems.append(Problem(path, 0, 0, "", f"more than {_LIMIT} lines: is this the right file?"))
    if problems:
        raise SpecError(f"{len(problems)} problems in an enrolment file. Nothing was sent to Moodle.", problems)
    return tuple(lines)


def _read(
    path: Path,
    number: int,
    row: dict[str, str | None],
    lines: list[EnrolmentLine],
    problems: list[Problem],
    groups: Collection[str],
) -> None:
    def wrong(column: str, message: str) -> None:
        problems.append(Problem(path, number, 1, column, message))

    if None in row:
        wrong("", "more values than columns")
        return
    person = unicodedata.normalize("NFC", (row.get("person") or "").strip())
    role = (row.get("role") or "").strip()
    if not person:
        wrong("person", "nobody is named on this line")
    elif any(line.person == person for line in lines):
        wrong("person", "this person is already on an earlier line")
    if role not in ROLES:
        wrong("role", f"one of {', '.join(ROLES)} is expected")
    start, end = (_date(row.get(column), column, wrong) for column in ("start", "end"))
    if start and end and end < start:
        wrong("end", "the end is before the start")
    group = (row.get("group") or "").strip()
    if group and group not in groups:
        wrong("group", f"the session has no such group; it has {', '.join(groups) or 'none'}")
    lines.append(EnrolmentLine(person, role, start, end, group))


def _date(text: str | None, column: str, wrong: Callable[[str, str], None]) -> date | None:
    if not (text or "").strip():
        return None
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        wrong(column, "a date such as 2026-02-03 is expected")
        return None
