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
from moodle_sync.store import erasures, handouts
from moodle_sync.workflows import copies
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.proofs import course_of, key_fields

JSON = Any


@dataclass(frozen=True)
class Target:
    """Whose data: a person (external key or ``userid:7``), everybody in a session, or a person in one session."""

    person: str | None
    session: str | None


@dataclass(frozen=True)
class Left:
    """What became of what had left the ledger: files deleted, backups cleaned, and what is still owed."""

    deleted: tuple[str, ...] = ()
    cleaned: int = 0
    owed: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For a person."""
        return [
            *(f"Deleted {path}." for path in self.deleted),
            f"Taken out of {self.cleaned} backups, or these destroyed because their time was over.",
            *(f"! {line}" for line in self.owed),
        ]


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
    handouts: tuple[str, ...] = ()
    """Files that hold data of theirs: packs, exports and reports that were written here."""
    deleted: tuple[str, ...] = ()
    copies_cleaned: int = 0
    owed: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For a person."""
        what = (
            f"{self.subjects} pseudonyms in {', '.join(self.sessions)}: "
            f"{self.entries} sealed entries, {self.pending} not sealed yet"
        )
        if not self.done:
            files = [f"  in {path}" for path in self.handouts]
            return [f"Would {self.action}: {what}.", *files, "Nothing was changed. To do it, run it again with --yes."]
        if self.action == "refuse":
            return [f"Refused until {self.until}, entry {self.entry}: {what}."]
        lines = [f"Erased, entry {self.entry}: {what}. Every other proof holds as before."]
        if not self.scrubbed:
            lines.append("The database server keeps its own record: its log, replicas and backups may still hold")
            lines.append("ciphertext, without a key to it, until they are recycled.")
        lines += Left(self.deleted, self.copies_cleaned, self.owed).lines()
        lines += [
            "Still there, and not this command's to remove: copies that nobody registered, what was printed, sent or",
            "handed over (a pack that an auditor has cannot be called back), what Moodle itself holds, and the number",
            "of this person in others' entries (as their grader, say).",
            "If Moodle still tells of this person, the next pull enters them again as somebody new.",
        ]
        return lines

    def document(self) -> JSON:
        """For a program."""
        return asdict(self)


def erase(
    settings: Settings,
    target: Target,
    *,
    policy: str,
    reason: str,
    yes: bool,
    despite_refusal: bool = False,
    delete_copies: bool = False,
) -> ErasureResult:
    """Erase, in the ledger and in every registered backup in reach; without ``yes`` only say what would be.

    ``delete_copies`` also deletes the packs, exports and reports that hold data of theirs and were not changed since.

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
        left = after_erasure(settings, ledger, delete_copies=delete_copies)
    return ErasureResult(
        done=True,
        action="erase",
        subjects=erased.subjects,
        sessions=result.sessions,
        entries=erased.entries,
        pending=erased.pending,
        entry=erased.entry,
        scrubbed=erased.scrubbed,
        handouts=result.handouts,
        deleted=left.deleted,
        copies_cleaned=left.cleaned,
        owed=left.owed,
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
    copies_cleaned: int = 0
    owed: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"{self.finished} erasures that were cut off are finished; the files were written anew without remnants.",
            f"{self.copies_cleaned} backups were brought up to date.",
            *(f"! {line}" for line in self.owed),
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
        left = after_erasure(settings, ledger)
    return Resumed(waiting, left.cleaned, left.owed)


def after_erasure(settings: Settings, ledger: Ledger, *, delete_copies: bool = False) -> Left:
    """Take what was erased out of every copy in reach, and say outside that it was; to be called after each erasure.

    Killed before, the register says that it is owed, and the next erasure or backup does it.
    """
    copies.write_lists(settings, ledger)
    cleaned = copies.settle(ledger)
    deleted: list[str] = []
    if delete_copies:
        with ledger.store.read() as transaction:
            rows = [row for row in handouts.every(transaction) if row.owed]
        deleted = copies.delete_handouts(ledger.store, rows)
    return Left(tuple(deleted), cleaned, tuple(copies.owed(ledger.store).lines()))


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
        files = tuple(row.path for row in handouts.concerning(transaction, pseudonyms))
    sessions = tuple(sorted({one.scope for one in known}))
    return ErasureResult(False, action, len(known), sessions, entries, waiting, handouts=files)
