"""Erasure: what is known of a subject is destroyed, its leaves stay, and one leaf says that something was erased.

Leaves hold no personal data, so every proof of anybody else's holds as before. Killed anywhere, the next opening of the
ledger finishes what was begun: the store's journal names the subjects until their rows are gone. Someone of whom Moodle
tells again after an erasure is a new subject with a new pseudonym: erase (or unenrol) in Moodle first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args

from moodle_sync.clock import to_rfc3339
from moodle_sync.errors import PlanRefused, UsageError
from moodle_sync.ledger import sealer
from moodle_sync.ledger.entries import number
from moodle_sync.ledger.reasons import ErasureReason, RefusalReason
from moodle_sync.store import Store, entries, erasures, payloads
from moodle_sync.store.engine import Transaction
from moodle_sync.store.erasures import ErasureRow, RefusalRow
from moodle_sync.store.keystore import Keystore

POLICY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Erased:
    """What one erasure did. ``entry`` is the number of its leaf.

    ``scrubbed``: no byte of it is left in the store's files; False on a database server, whose archives may still hold
    ciphertext without a key.
    """

    subjects: int
    entries: int
    pending: int
    entry: str
    scrubbed: bool


@dataclass(frozen=True)
class Act:
    """Which erasure: ``policy`` names the organisation's rule, ``reason`` the ground. Both stand in a leaf for ever.

    So neither is free text, in which a name could stand.
    """

    policy: str
    reason: str
    scope: str | None = None
    """The one session that it is about, None for more than one."""


def erase(
    store: Store,
    keystore: Keystore,
    pseudonyms: Sequence[str],
    act: Act,
    now: datetime,
    close_year: Callable[[], None],
    *,
    despite_refusal: bool = False,
) -> Erased:
    """Erases subjects; when this returns nothing that could bring their data back is in any file of the ledger.

    ``close_year`` signs the last checkpoint of a year that is over, when there is one.

    Raises:
        PlanRefused: an erasure of one of them was refused, and its end has not come.
        UsageError: nobody was named, or policy or reason is not one.
        LedgerUnusable: another process uses the store: the data are gone, remnants may be left; resume later.
    """
    require_words(act, get_args(ErasureReason))
    if not pseudonyms:
        raise UsageError("nobody is named: there is nothing to erase")
    with store.write() as transaction:
        if not despite_refusal:
            _require_not_refused(transaction, pseudonyms, now.date())
        mine = erasures.begin(
            transaction,
            scope=act.scope,
            pseudonyms=pseudonyms,
            policy=act.policy,
            reason=act.reason,
            at=to_rfc3339(now),
        )
    finish(store, keystore, now, close_year)
    with store.read() as transaction:
        gone, entry = erasures.outcome(transaction, mine)
    return Erased(*gone, entry, scrub(store, keystore, now))


def finish(store: Store, keystore: Keystore, now: datetime, close_year: Callable[[], None]) -> int:
    """Carries out every erasure that was begun, and returns how many there were. Remnants are :func:`scrub`'s."""
    with store.read() as transaction:
        if not _started(transaction):
            return 0
    close_year()
    with store.write() as transaction:
        rows = _started(transaction)  # asked again: another process may have finished them since
        # One transaction with the right to write: nobody can stage for these subjects in between. Killed after the
        # keystore's commit and before this one, the journal still names them, and all of this is done again.
        places = [place for row in rows if row.terms for place in row.terms.places]
        numbers = [row.payload for row in entries.get(transaction, places).values()]
        single = [payload.commitment for payload in payloads.get(transaction, numbers).values()]
        keystore.destroy([name for row in rows for name in row.subjects], single)
        for row in rows:
            gone = erasures.delete_subjects(transaction, row.subjects)
            content = {"policy": row.policy, "reason": row.reason}
            if row.terms is not None:
                gone = gone._replace(entries=gone.entries + erasures.delete_places(transaction, row.terms.places))
                content |= row.terms.says
            content |= gone._asdict()
            sealed = sealer.seal_own(transaction, "erasure", row.scope, content, now)
            erasures.erased(transaction, row.id, gone, number(sealed.shard, sealed.last or 0))
    return len(rows)


def _started(transaction: Transaction) -> list[ErasureRow]:
    return [row for row in erasures.unfinished(transaction) if row.state == "started"]


def scrub(store: Store, keystore: Keystore, now: datetime) -> bool:
    """Leaves no remnant of deleted rows in keystore, store and write-ahead log; False on a database server.

    Raises:
        LedgerUnusable: another process uses a file. Nothing is lost: run again later.
    """
    keystore.scrub()
    scrubbed = store.scrub()
    with store.write() as transaction:
        erasures.done(transaction, to_rfc3339(now))
    return scrubbed


def refuse(
    store: Store, pseudonyms: Sequence[str], act: Act, until: date, now: datetime, close_year: Callable[[], None]
) -> str:
    """Records that an erasure was refused, why and until when; returns the number of the leaf that says so.

    Raises:
        UsageError: nobody was named, the end is not in the future, or policy or reason is not one.
    """
    require_words(act, get_args(RefusalReason))
    if not pseudonyms:
        raise UsageError("nobody is named: there is nothing to refuse")
    if until <= now.date():
        raise UsageError(f"a refusal ends in the future, and {until} is not", hint="Write the end like 2029-12-31.")
    close_year()
    at = to_rfc3339(now)
    with store.write() as transaction:
        rows = [RefusalRow(name, act.policy, act.reason, until.isoformat(), at) for name in pseudonyms]
        erasures.refuse(transaction, rows)
        content = {"policy": act.policy, "reason": act.reason, "refused": len(rows), "until": until.isoformat()}
        sealed = sealer.seal_own(transaction, "erasure", act.scope, {**content, "entries": 0}, now)
    return number(sealed.shard, sealed.last or 0)


def require_words(act: Act, reasons: Sequence[str]) -> None:
    """Passes when policy and reason are words that may stand in a leaf.

    Raises:
        UsageError: one of them is not.
    """
    if act.reason not in reasons:
        raise UsageError(f"{act.reason!r} is not a reason; there are: {', '.join(reasons)}")
    if not POLICY.fullmatch(act.policy):
        raise UsageError(
            f"{act.policy!r} cannot be the name of a policy",
            hint="Write a short name (a-z, 0-9, dot, dash, underscore), and never that of a person: it stays for ever.",
        )


def _require_not_refused(transaction: Transaction, pseudonyms: Sequence[str], today: date) -> None:
    standing = [row for row in erasures.refusals(transaction, pseudonyms) if row.until >= today.isoformat()]
    if standing:
        last = standing[-1]
        raise PlanRefused(
            f"erasure was refused until {last.until} ({last.reason}, policy {last.policy})",
            hint="Wait until then, or say that the refusal no longer stands: --despite-refusal",
        )
