"""ledger export: the ledger as NDJSON or CSV, of one session or of all; and everything about one person, to read."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moodle_sync import __version__
from moodle_sync.clock import to_rfc3339, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerError, UsageError
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.exporting import Exported, exported
from moodle_sync.ledger.people import Known, find
from moodle_sync.ledger.proving import places_of_subjects
from moodle_sync.reports.plain import Line, Refused, line, subject_access
from moodle_sync.store import erasures
from moodle_sync.store.files import create, sync_directory
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.proofs import course_of, key_fields

JSON = Any
FORMATS = ("ndjson", "csv")
ACCESS_FORMATS = ("html", "json")
COLUMNS = (
    "entry",
    "kind",
    "session",
    "observed_at",
    "subject",
    "userid",
    "idnumber",
    "fullname",
    "fact",
    "occurred_at",
    "activity",
    "previous",
    "erased",
    "said",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Written:
    """The file that was written, and how much is in it."""

    path: Path
    entries: int
    erased: int
    waiting: int = 0

    def lines(self) -> list[str]:
        """For a person."""
        found = [f"{self.path}: {self.entries} entries, of which {self.erased} erased. It names people: mode 0600."]
        if self.waiting:
            found.append(f"{self.waiting} readings are staged and not sealed: they are not in it.")
        return found

    def document(self) -> JSON:
        """For a program."""
        return {**asdict(self), "path": str(self.path)}


def export(settings: Settings, out: Path, *, session: str | None, form: str) -> Written:
    """Write every entry of a session, or of all, to one file; whole or not at all.

    Raises:
        UsageError: no such session, format or folder. VerificationFailed: an entry was altered; nothing was written.
    """
    if form not in FORMATS:
        raise UsageError(f"{form!r} is no format of an export; there are: {', '.join(FORMATS)}")
    course = None if session is None else course_of(settings, session)
    counts = {"entries": 0, "erased": 0}

    def counted(rows: Iterable[Exported]) -> Iterator[Exported]:
        for row in rows:
            counts["entries"] += 1
            counts["erased"] += row.erased
            yield row

    with open_ledger(settings, readonly=True) as ledger:
        rows = counted(exported(ledger.store, ledger.keystore, course))
        write_private(out, _ndjson(rows) if form == "ndjson" else _csv(rows))
    return Written(out, counts["entries"], counts["erased"])


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
        write_private(out, [json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True), "\n"])
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
        write_private(out, [page])
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
    fact, person, leaf = row.fact or {}, row.person, row.record()
    said = row.fact if row.fact is not None else row.leaf.content
    values = {
        **leaf,
        "userid": fact.get("userid") or None,
        "idnumber": person.idnumber if person else None,
        "fullname": person.fullname if person else None,
        "fact": fact.get("kind"),
        "occurred_at": fact.get("occurred_at"),
        "activity": fact.get("activity"),
        "erased": "yes" if row.erased else "no",
        "said": None if said is None else json.dumps(said, ensure_ascii=False, sort_keys=True),
    }
    return [_cell(values[name]) for name in COLUMNS]


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    # A spreadsheet would compute a name that begins like a formula.
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_private(out: Path, parts: Iterable[str]) -> None:
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
        with part.open("w", encoding="utf-8", newline="") as file:
            for text in parts:
                file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
        sync_directory(out.parent)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
