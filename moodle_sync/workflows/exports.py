"""ledger export: the ledger as NDJSON or CSV, of one session or of all; and everything about one person, to read."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moodle_sync import __version__
from moodle_sync.clock import to_rfc3339, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerError, UsageError
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.exporting import COLUMNS, Exported, exported
from moodle_sync.ledger.people import Known, find
from moodle_sync.ledger.proving import places_of_subjects
from moodle_sync.reports.parquet import parquet
from moodle_sync.reports.plain import Line, Refused, line, subject_access
from moodle_sync.reports.xapi import Statements
from moodle_sync.store import erasures, subjects
from moodle_sync.store.files import create, sync_directory
from moodle_sync.workflows.handed import handed_out
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.proofs import course_of, key_fields

JSON = Any
_Writer = Callable[[Iterable[Exported]], Iterable[str | bytes]]
FORMATS = ("ndjson", "csv", "parquet", "xapi")
ACCESS_FORMATS = ("html", "json")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Written:
    """The file that was written, and how much is in it."""

    path: Path
    entries: int
    erased: int
    waiting: int = 0
    statements: int | None = None
    """Of an export as xAPI: how many statements were made."""

    def lines(self) -> list[str]:
        """For a person."""
        found = [f"{self.path}: {self.entries} entries, of which {self.erased} erased. It names people: mode 0600."]
        if self.waiting:
            found.append(f"{self.waiting} readings are staged and not sealed: they are not in it.")
        if self.statements is not None:
            found.append(f"{self.statements} statements. Papers, complaints and what was erased are not said in xAPI.")
        return found

    def document(self) -> JSON:
        """For a program."""
        return {**asdict(self), "path": str(self.path)}


def export(settings: Settings, out: Path, *, session: str | None, form: str, pseudonyms: bool = False) -> Written:
    """Write every entry of a session, or of all, to one file; whole or not at all.

    ``pseudonyms``: an export as xAPI names nobody, but calls everybody by the ledger's pseudonym.

    Raises:
        UsageError: no such session, format or folder. VerificationFailed: an entry was altered; nothing was written.
    """
    if form not in FORMATS:
        raise UsageError(f"{form!r} is no format of an export; there are: {', '.join(FORMATS)}")
    if pseudonyms and form != "xapi":
        raise UsageError("--pseudonyms goes with --format xapi: the other formats hold names inside what is said")
    course = None if session is None else course_of(settings, session)
    statements: int | None = None
    counts = {"entries": 0, "erased": 0}

    def counted(rows: Iterable[Exported]) -> Iterator[Exported]:
        for row in rows:
            counts["entries"] += 1
            counts["erased"] += row.erased
            yield row

    with open_ledger(settings, readonly=True) as ledger:
        rows = counted(exported(ledger.store, ledger.keystore, course))
        with ledger.store.read() as transaction:
            about = [row.pseudonym for row in subjects.every(transaction) if course is None or row.scope == course]
        with handed_out(settings, "export", out, about):
            if form == "xapi":
                made = Statements(ledger.origin, settings.site.url, key_fields(settings), pseudonyms=pseudonyms)
                write_private(out, _xapi(rows, made))
                statements = made.count
            else:
                writers: dict[str, _Writer] = {"ndjson": _ndjson, "csv": _csv, "parquet": parquet}
                write_private(out, writers[form](rows))
    return Written(out, counts["entries"], counts["erased"], statements=statements)


def access(settings: Settings, who: str, out: Path, *, form: str) -> Written:
    """Write everything that the ledger has on one person, in all sessions, to one readable file (RGPD art. 15).

    Raises:
        UsageError: the ledger knows nobody of that key, or there is no such format or folder.
    """
    if form not in ACCESS_FORMATS:
        raise UsageError(f"{form!r} is no format for one person; there are: {', '.join(ACCESS_FORMATS)}")
    with open_ledger(settings, readonly=True) as ledger:
        with ledger.store.read() as transaction:
            known = find(transaction, ledger.keystore, settings.site.name, who, fields=key_fields(settings))
            pseudonyms = [one.pseudonym for one in known]
            places = places_of_subjects(transaction, pseudonyms)
            waiting = erasures.waiting(transaction, pseudonyms)
        rows = list(exported(ledger.store, ledger.keystore, places=places))
        refused = _refused(ledger, known)
    made_at, person = to_rfc3339(utc_now()), known[-1].person
    if form == "json":
        document = {
            "person": person.model_dump(),
            "made_at": made_at,
            "ledger": settings.ledger.origin,
            "not_sealed_yet": waiting,
            "refusals": [asdict(one) for one in refused],
            "entries": [row.record() for row in rows],
        }
        parts = [json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True), "\n"]
    else:
        page = subject_access(
            person,
            [_line(row) for row in rows],
            refused,
            made_at=made_at,
            origin=settings.ledger.origin,
            waiting=waiting,
            version=__version__,
        )
        parts = [page]
    with handed_out(settings, "right of access", out, pseudonyms):
        write_private(out, parts)
    return Written(out, len(rows), sum(row.erased for row in rows), waiting)


def _line(row: Exported) -> Line:
    return line(row.number, row.leaf._asdict(), row.fact, kind=row.leaf.kind, observed_at=row.leaf.observed_at)


def _refused(ledger: Ledger, known: list[Known]) -> list[Refused]:
    scopes = {one.pseudonym: one.scope for one in known}
    with ledger.store.read() as transaction:
        rows = erasures.refusals(transaction, list(scopes))
    return [Refused(scopes[row.subject], f"{row.reason} ({row.policy})", row.until, row.at) for row in rows]


def _ndjson(rows: Iterable[Exported]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row.record(), ensure_ascii=False, sort_keys=True) + "\n"


def _xapi(rows: Iterable[Exported], made: Statements) -> Iterator[str]:
    """One JSON array, as a store takes it, one statement a line."""
    yield "["
    comma = ""
    for row in rows:
        for statement in made.of(row):
            yield f"{comma}\n{json.dumps(statement, ensure_ascii=False, sort_keys=True, allow_nan=False)}"
            comma = ","
    yield "\n]\n"


def _csv(rows: Iterable[Exported]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_cells(row))
        if buffer.tell() > 1_000_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cells(row: Exported) -> list[str]:
    values = row.columns()
    return [_cell("yes" if values["erased"] else "no") if name == "erased" else _cell(values[name]) for name in COLUMNS]


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    # A spreadsheet would compute a name that begins like a formula.
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_private(out: Path, parts: Iterable[str | bytes]) -> None:
    """Write a file of mode 0600 piece by piece, in place of whatever was there; whole or not at all.

    Raises:
        UsageError: its folder is not there, or it is one. LedgerError: it cannot be written.
    """
    if not out.parent.is_dir() or out.is_dir():
        raise UsageError(f"{out} cannot be a file: create its folder, or choose another name")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        create(part, b"")
        with part.open("wb") as file:
            for text in parts:
                file.write(text.encode() if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
        sync_directory(out.parent)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
