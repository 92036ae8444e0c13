"""ledger prove: entries of one learner, session, document or number, with all that it takes to check them alone."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moodle_sync import __version__
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerError, UsageError
from moodle_sync.facts.models import Person
from moodle_sync.ids import CourseKey
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.pack import INDEX, proof_files, with_manifest
from moodle_sync.ledger.people import everybody, find
from moodle_sync.ledger.proving import Bundle, places_of_session, places_of_subjects, prove
from moodle_sync.ledger.reading import places_of_file
from moodle_sync.reports.plain import Head, Line, line, proof_index
from moodle_sync.spec.loader import load_specs
from moodle_sync.store.files import PRIVATE, create, replace
from moodle_sync.workflows.handed import handed_out
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.publishing import on_same_disk
from moodle_sync.workflows.sessions import require_known

JSON = Any
_NUMBER = re.compile(r"([0-9]{4})/(0|[1-9][0-9]{0,17})")


@dataclass(frozen=True)
class Proven:
    """The pack that was written, and what it rests on."""

    path: Path
    entries: int
    disclosed: int
    erased: int
    checkpoints: tuple[str, ...]
    verifier: str
    """SHA-256 of the pack's verify.py: the same in every pack of this version."""

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"{self.path}: {self.entries} entries, {self.disclosed} with their content, {self.erased} erased.",
            *(f"  rests on checkpoint {point}" for point in self.checkpoints),
            f"  verify.py has SHA-256 {self.verifier}",
            "It names people: give it to nobody but those who asked for it.",
        ]

    def document(self) -> JSON:
        """For a program."""
        return {**asdict(self), "path": str(self.path)}


def prove_person(settings: Settings, who: str, session: str, out: Path) -> Proven:
    """Write the pack of one learner in one session.

    Raises:
        UsageError: no such session or person. LedgerError: not covered by a checkpoint yet. VerificationFailed.
    """
    course = course_of(settings, session)
    with open_ledger(settings, readonly=True) as ledger:
        with ledger.store.read() as transaction:
            known = find(transaction, ledger.keystore, settings.site.name, who, course, fields=key_fields(settings))
            places = places_of_subjects(transaction, [one.pseudonym for one in known])
        if not places:
            raise UsageError("nothing about this person is sealed in this session yet", hint="Run: moodle-sync pull")
        bundle = prove(ledger.store, ledger.keystore, places)
    people = {one.pseudonym: one.person for one in known}
    scope = (f"ce que le registre dit d'une personne dans la session {session}", f"one person in session {session}")
    return _write(settings, out, bundle, people, scope)


def prove_session(settings: Settings, session: str, out: Path) -> Proven:
    """Write the pack of a whole session: it names every learner. Raises as :func:`prove_person`."""
    course = course_of(settings, session)
    with open_ledger(settings, readonly=True) as ledger:
        with ledger.store.read() as transaction:
            places = places_of_session(transaction, course)
        if not places:
            raise UsageError("nothing of this session is sealed yet", hint="Run: moodle-sync pull")
        bundle = prove(ledger.store, ledger.keystore, places)
        people = _people(ledger, settings, bundle)
    return _write(settings, out, bundle, people, (f"toute la session {session}", f"the whole session {session}"))


def prove_entry(settings: Settings, number: str, out: Path) -> Proven:
    """Write the pack of one entry, such as ``2026/17``. Raises as :func:`prove_person`."""
    place = _NUMBER.fullmatch(number)
    if place is None:
        raise UsageError(f"{number!r} is not the number of an entry", hint="Write it like 2026/17.")
    with open_ledger(settings, readonly=True) as ledger:
        bundle = prove(ledger.store, ledger.keystore, [(int(place[1]), int(place[2]))])
        people = _people(ledger, settings, bundle)
    return _write(settings, out, bundle, people, (f"l'inscription n° {number}", f"entry {number}"))


def prove_document(settings: Settings, file: Path, out: Path, *, session: str | None, who: str | None) -> Proven:
    """Write the pack of all that was attested on the strength of one file: that it existed, and what it was to show.

    A sheet that several people signed names all of them, unless ``who`` names one.

    Raises as :func:`prove_person`, and:
        UsageError: the file cannot be read, or nothing rests on it.
    """
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    course = None if session is None else course_of(settings, session)
    with open_ledger(settings, readonly=True) as ledger:
        subjects = None
        if who is not None:
            site, fields = settings.site.name, key_fields(settings)
            with ledger.store.read() as transaction:
                known = find(transaction, ledger.keystore, site, who, course, fields=fields)
            subjects = {one.pseudonym for one in known}
        places = places_of_file(ledger.store, ledger.keystore, digest, course, subjects)
        if not places:
            hint = "Is it the very file? One that was changed since, by a byte, is another one."
            raise UsageError(f"nothing that was attested rests on {file.name}", hint=hint)
        bundle = prove(ledger.store, ledger.keystore, places)
        people = _people(ledger, settings, bundle)
    scope = (f"le document dont l'empreinte SHA-256 est {digest}", f"the document whose SHA-256 is {digest}")
    return _write(settings, out, bundle, people, scope)


def course_of(settings: Settings, session: str) -> str:
    """The idnumber of a session's course.

    Raises:
        UsageError: there is no such session.
    """
    sessions = load_specs(settings.paths.specs).sessions
    require_known([session], sessions)
    one = sessions[session]
    return CourseKey(settings.site.namespace, one.programme, one.session).idnumber


def key_fields(settings: Settings) -> tuple[str, ...]:
    """The fields in which a person's external key is looked for, the configured one first.

    The ledger keeps no e-mail addresses: where that is the configured key, idnumber and username still do.
    """
    fields = ("idnumber", "username")
    return tuple(sorted(fields, key=lambda field: field != settings.site.person_key))


def _people(ledger: Ledger, settings: Settings, bundle: Bundle) -> dict[str, Person]:
    wanted = {entry.leaf.subject for entry in bundle.entries if entry.payload is not None}
    with ledger.store.read() as transaction:
        known = everybody(transaction, ledger.keystore, settings.site.name)
    return {one.pseudonym: one.person for one in known if one.pseudonym in wanted}


def _write(
    settings: Settings, out: Path, bundle: Bundle, people: Mapping[str, Person], scope: tuple[str, str]
) -> Proven:
    heads = [
        Head(
            point.origin, point.shard, point.size, point.root.hex(), _outside(settings, bundle.published.get(text, ()))
        )
        for point, text in bundle.notes
    ]
    page = proof_index(_lines(bundle), people, heads, scope=scope, version=__version__)
    files = with_manifest({**proof_files(bundle, people), INDEX: page.encode()})
    subjects = [entry.leaf.subject for entry in bundle.entries if entry.payload is not None and entry.leaf.subject]
    with handed_out(settings, "pack", out, subjects):
        write_pack(out, files)
    manifest: dict[str, str] = json.loads(files["manifest.json"])["files"]
    return Proven(
        out,
        len(bundle.entries),
        sum(entry.payload is not None for entry in bundle.entries),
        sum(entry.erased for entry in bundle.entries),
        tuple(f"{head.origin}/{head.shard}, {head.size} entries, root {head.root}" for head in heads),
        manifest["verify.py"],
    )


def _outside(settings: Settings, places: Sequence[str]) -> tuple[str, ...]:
    """Where a reader may get a copy that is worth comparing: not on the ledger's own disk."""
    return tuple(place for place in places if not on_same_disk(settings, place))


def _lines(bundle: Bundle) -> list[Line]:
    found = []
    for entry in bundle.entries:
        payload = None if entry.payload is None else json.loads(entry.payload)
        leaf = entry.leaf._asdict()
        found.append(line(entry.number, leaf, payload, kind=entry.leaf.kind, observed_at=entry.leaf.observed_at))
    return found


def write_pack(out: Path, files: Mapping[str, bytes]) -> None:
    """Write a pack as a folder, or as a zip when the name ends so; whole or not at all, for its owner alone.

    Raises:
        UsageError: the place is taken, or its parent is not there.
    """
    if not out.parent.is_dir():
        raise UsageError(f"there is no folder {out.parent}: create it, or choose another place")
    if out.suffix == ".zip":
        if out.is_dir():
            raise UsageError(f"{out} is a folder: name a file, or another place")
        replace(out, _zip(files), PRIVATE)
        return
    if out.exists():
        raise UsageError(f"{out} is there already: choose another place, or remove it")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.mkdir(mode=0o700)
        for name, data in files.items():
            (part / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create(part / name, data)
        part.rename(out)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(name)  # dated 1980: the same entries give the same bytes
            info.external_attr = 0o600 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()
