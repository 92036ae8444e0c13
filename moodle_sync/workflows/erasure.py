"""ledger erase: what is known of a person, or of all in a session, is destroyed; or that is refused, with its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, get_args

from moodle_sync.config import Settings
from moodle_sync.errors import UsageError
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.erasing import Act, require_words
from moodle_sync.ledger.people import Known, everybody, find
from moodle_sync.ledger.proving import places_of_subjects
from moodle_sync.ledger.reasons import ErasureReason, RefusalReason
from moodle_sync.store import erasures
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.proofs import course_of, key_fields

JSON = Any


@dataclass(frozen=True)
class Target:
    """Whose data: a person (external key or ``userid:7``), everybody in a session, or a person in one session."""

    person: str | None
    session: str | None


@dataclass(frozen=True)
class ErasureResult:
    """What was erased or refused, or would be (``done`` is False)."""

    done: bool
    action: str
    subjects: int
    sessions: tuple[str, ...]
    entries: int
    pending: int
    entry: str | None = None
    scrubbed: bool | None = None
    until: str | None = None

    def lines(self) -> list[str]:
        """For a person."""
        what = (
            f"{self.subjects} pseudonyms in {', '.join(self.sessions)}: "
            f"{self.entries} sealed entries, {self.pending} not sealed yet"
        )
        if not self.done:
            return [f"Would {self.action}: {what}.", "Nothing was changed. To do it, run it again with --yes."]
        if self.action == "refuse":
            return [f"Refused until {self.until}, entry {self.entry}: {what}."]
        lines = [f"Erased, entry {self.entry}: {what}. Every other proof holds as before."]
        if not self.scrubbed:
            lines.append("The database server's own archives may still hold ciphertext, without a key to it.")
        lines += [
            "Still there, and not this command's to remove: backups of the keystore, reports, packs and exports made",
            "before, what Moodle itself holds, and this person's number in others' entries (as their grader, say).",
            "If Moodle still tells of this person, the next pull enters them again as somebody new.",
        ]
        return lines

    def document(self) -> JSON:
        """For a program."""
        return asdict(self)


def erase(
    settings: Settings, target: Target, *, policy: str, reason: str, yes: bool, despite_refusal: bool = False
) -> ErasureResult:
    """Erase; without ``yes`` only say what would be.

    Raises:
        UsageError: no such person or session, or words that may not stand in a leaf.
        PlanRefused: it was refused before, and the end of that has not come.
        LedgerUnusable: another process uses the store: run again with --resume.
    """
    with open_ledger(settings, readonly=not yes) as ledger:
        known = _targets(settings, ledger, target)
        act = _act(policy, reason, known, get_args(ErasureReason))
        result = _result(ledger, known, "erase")
        if not yes:
            return result
        erased = ledger.erase([one.pseudonym for one in known], act, despite_refusal=despite_refusal)
    return ErasureResult(
        True, "erase", erased.subjects, result.sessions, erased.entries, erased.pending, erased.entry, erased.scrubbed
    )


def refuse(settings: Settings, target: Target, *, policy: str, reason: str, until: date, yes: bool) -> ErasureResult:
    """Record that an erasure is refused; without ``yes`` only say what would be. Raises UsageError as :func:`erase`."""
    with open_ledger(settings, readonly=not yes) as ledger:
        known = _targets(settings, ledger, target)
        act = _act(policy, reason, known, get_args(RefusalReason))
        result = _result(ledger, known, "refuse")
        if not yes:
            return result
        entry = ledger.refuse_erasure([one.pseudonym for one in known], act, until)
    return ErasureResult(
        True, "refuse", result.subjects, result.sessions, result.entries, result.pending, entry, until=until.isoformat()
    )


@dataclass(frozen=True)
class Resumed:
    """Erasures that were cut off and are finished now; no remnant of any is left in the ledger's files."""

    finished: int

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"{self.finished} erasures that were cut off are finished; the files were written anew without remnants."
        ]

    def document(self) -> JSON:
        """For a program."""
        return asdict(self)


def resume(settings: Settings) -> Resumed:
    """Finish erasures that were cut off, and write the files anew without what they left.

    Raises:
        LedgerUnusable: another process uses the store.
    """
    with open_ledger(settings, readonly=True) as ledger, ledger.store.read() as transaction:
        waiting = len(erasures.unfinished(transaction))
    with open_ledger(settings) as ledger:
        ledger.finish_erasures(scrub=True)
    return Resumed(waiting)


def _targets(settings: Settings, ledger: Ledger, target: Target) -> list[Known]:
    course = None if target.session is None else course_of(settings, target.session)
    site = settings.site.name
    with ledger.store.read() as transaction:
        if target.person is not None:
            return find(transaction, ledger.keystore, site, target.person, course, fields=key_fields(settings))
        if course is None:
            raise UsageError("nobody is named", hint="Give --person, or --session with --everybody.")
        known = everybody(transaction, ledger.keystore, site, course, nobody=True)
    if not known:
        raise UsageError(f"the ledger knows nobody in the session {target.session}")
    return known


def _act(policy: str, reason: str, known: Sequence[Known], reasons: Sequence[str]) -> Act:
    scopes = {one.scope for one in known}
    act = Act(policy, reason, scopes.pop() if len(scopes) == 1 else None)
    require_words(act, reasons)
    words = {word for one in known for word in _words(one)}
    if words & set(re.split(r"[._-]", policy)):
        raise UsageError(
            "the name of the policy holds a name or key of the person",
            hint="It stays in the ledger for ever: name the rule, such as rgpd-17 or opco-3y.",
        )
    return act


def _words(known: Known) -> list[str]:
    person = known.person
    text = f"{person.fullname} {person.username} {person.idnumber}".casefold()
    return [word for word in re.split(r"[^\w]+", text) if len(word) > 2]


def _result(ledger: Ledger, known: Sequence[Known], action: str) -> ErasureResult:
    pseudonyms = [one.pseudonym for one in known]
    with ledger.store.read() as transaction:
        entries = len(places_of_subjects(transaction, pseudonyms))
        waiting = erasures.waiting(transaction, pseudonyms)
    sessions = tuple(sorted({one.scope for one in known}))
    return ErasureResult(False, action, len(known), sessions, entries, waiting)
