"""ledger attest: what Moodle does not know, from a CSV file or a form into the ledger: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from moodle_sync.clock import utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import MoodleSyncError, UsageError
from moodle_sync.facts.attested import AttestedFact
from moodle_sync.facts.models import Person
from moodle_sync.ids import CourseKey
from moodle_sync.ledger import Ledger, Staged
from moodle_sync.ledger.people import everybody, find
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Session
from moodle_sync.spec.schedule import HalfDay, half_days, zone
from moodle_sync.store.specs import SpecVersions
from moodle_sync.workflows.attest_lines import SITE, Reader, Scope, read_form, read_lines
from moodle_sync.workflows.ledger import open_ledger, sign
from moodle_sync.workflows.proofs import key_fields
from moodle_sync.workflows.sessions import require_known

JSON = Any
_NOON = time(12, 0)


@dataclass(frozen=True)
class Attested:
    """What a file brought."""

    kind: str
    lines_read: int
    new: int
    changed: int
    unchanged: int
    sealed: int
    checkpoint: str
    exit_code: int = 0
    """Not 0 when everything is sealed and the head could not be signed or published."""

    def lines(self) -> list[str]:
        """For a person."""
        counts = f"{self.new} new, {self.changed} corrected, {self.unchanged} as they were"
        return [
            f"{self.lines_read} facts of kind {self.kind}: {counts}. {self.sealed} entries sealed.",
            self.checkpoint,
        ]

    def document(self) -> JSON:
        """For a program."""
        return asdict(self)


def attest(
    settings: Settings, file: Path, kind: str, *, session: str | None = None, attested_by: str | None = None
) -> Attested:
    """Attest every line of a file, or none. Raises and arguments as :func:`attest_form`."""
    return _attest(settings, file, kind, read_lines, session, attested_by)


def attest_form(
    settings: Settings,
    cells: Mapping[str, str],
    kind: str,
    *,
    session: str | None = None,
    attested_by: str | None = None,
) -> Attested:
    """Attest the one fact of a form.

    Args:
        cells: the answers, by the columns that a file of this kind has; ``file`` is looked for from where we are.
        session: for lines that name none: a session of the specs, or ``site`` for the whole organisation.
        attested_by: who attests, for lines that do not say.

    Raises:
        InputError: with every problem: nothing was attested.
        LedgerError: the ledger.
    """
    return _attest(settings, Path("form"), kind, lambda reader: read_form(reader, cells), session, attested_by)


def _attest(
    settings: Settings,
    file: Path,
    kind: str,
    read: Callable[[Reader], list[AttestedFact]],
    session: str | None,
    attested_by: str | None,
) -> Attested:
    scopes = _scopes(settings)
    if session is not None:
        require_known([session], scopes)
    with open_ledger(settings) as ledger:
        reader = Reader(file, kind, scopes, session, attested_by, _person(settings, ledger), utc_now())
        facts = read(reader)
        versions = SpecVersions(ledger.store)
        staged = ledger.attest(
            settings.site.name,
            facts,
            people=_people(settings, ledger),
            programmes={course: versions.bound(course) for course in {fact.course for fact in facts}},
        )
        return _seal(settings, ledger, kind, len(facts), staged)


def _seal(settings: Settings, ledger: Ledger, kind: str, read: int, staged: Staged) -> Attested:
    sealed = ledger.seal()
    note, code = "Nothing is new: the ledger is as it was.", 0
    if sealed.count:
        try:
            signed = sign(settings, ledger)
            note = f"Checkpoint at {signed.size} published to {', '.join(signed.places)}."
        except MoodleSyncError as error:
            # The entries are sealed and safe; what is missing is their copy outside, and that has to be seen.
            note, code = f"NO CHECKPOINT: {error}", error.exit_code
    return Attested(kind, read, staged.new, staged.changed, staged.unchanged, sealed.count, note, code)


def _scopes(settings: Settings) -> dict[str, Scope]:
    found = {SITE: Scope(SITE, ZoneInfo(Session.model_fields["timezone"].default), {})}
    for name, session in load_specs(settings.paths.specs).sessions.items():
        course = CourseKey(settings.site.namespace, session.programme, session.session).idnumber
        found[name] = Scope(course, zone(session), _half_days(session))
    return found


def _half_days(session: Session) -> dict[tuple[date, str], HalfDay]:
    found = {}
    for half in half_days(session):
        local = half.starts.astimezone(zone(session))
        found[local.date(), "am" if local.time() < _NOON else "pm"] = half
    return found


def _person(settings: Settings, ledger: Ledger) -> Callable[[str, str], int]:
    """Whom a key stands for: in that session if it knows them, or else wherever the ledger knows them."""
    cache: dict[tuple[str, str], int] = {}

    def resolve(course: str, key: str) -> int:
        if (course, key) not in cache:
            number = key.removeprefix("userid:")
            if number != key and number.isdecimal() and int(number) > 0:
                cache[course, key] = int(number)  # also somebody of whom nothing was pulled yet
            else:
                cache[course, key] = _known(course, key)
        return cache[course, key]

    def _known(course: str, key: str) -> int:
        fields, site = key_fields(settings), settings.site.name
        with ledger.store.read() as transaction:
            try:
                return find(transaction, ledger.keystore, site, key, course, fields=fields)[0].person.userid
            except UsageError:
                return find(transaction, ledger.keystore, site, key, fields=fields)[0].person.userid

    return resolve


def _people(settings: Settings, ledger: Ledger) -> dict[int, Person]:
    with ledger.store.read() as transaction:
        known: Iterable[Person] = (one.person for one in everybody(transaction, ledger.keystore, settings.site.name))
        return {person.userid: person for person in known}
