"""The ledger as the workflows use it: opened once, then staged to, sealed, read, signed.

Each method is a short call into the module that does it; this one only holds what they share.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moodle_sync.clock import Clock, to_rfc3339, utc_now
from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.facts.attested import AttestedFact
from moodle_sync.facts.models import FeedbackAnalysis, Person, Snapshot
from moodle_sync.ledger import (
    attesting,
    checkpoint,
    closing,
    entered,
    erasedlist,
    erasing,
    merkle,
    note,
    reading,
    retiring,
    rotating,
    sealer,
    setup,
    staging,
)
from moodle_sync.ledger.checkpoint import Published
from moodle_sync.ledger.nodes import StoredNodes
from moodle_sync.ledger.outside import Kept, Publisher, Stored
from moodle_sync.ledger.plans import Plans
from moodle_sync.ledger.reading import SealedAttestation, SealedFact
from moodle_sync.ledger.sealer import Sealed
from moodle_sync.ledger.setup import Places
from moodle_sync.ledger.staging import Staged
from moodle_sync.ledger.verify import Verification, verify
from moodle_sync.store import Store, checkpoints, open_store, pending, tree
from moodle_sync.store.keys import load_master_key
from moodle_sync.store.keystore import Keystore, open_keystore

Counts = Callable[["Ledger", int], dict[str, Any]]
"""Counts a year that is over: aggregates without personal data, as JSON without floats."""


class Ledger:
    """An open ledger. Use as a context manager, or call :meth:`close`."""

    def __init__(
        self,
        store: Store,
        keystore: Keystore,
        signing_key: Ed25519PrivateKey | None,
        origin: str,
        clock: Clock,
        count: Counts | None = None,
    ) -> None:
        self.store = store
        self.keystore = keystore
        self.origin = origin
        self._signing_key = signing_key
        self._clock = clock
        self._count = count

    @classmethod
    def init(cls, places: Places, *, clock: Clock = utc_now, environ: Mapping[str, str] = os.environ) -> None:
        """Makes a new ledger: see :func:`moodle_sync.ledger.setup.make`.

        The master key comes from ``MOODLE_SYNC_MASTER_KEY``, or else is made at ``places.master_key``.

        Raises:
            LedgerUnusable: a part of a ledger is there already; nothing was written.
        """
        setup.make(places, clock, environ)

    @classmethod
    def open(
        cls,
        places: Places,
        *,
        readonly: bool = False,
        clock: Clock = utc_now,
        environ: Mapping[str, str] = os.environ,
        count: Counts | None = None,
    ) -> Ledger:
        """Opens a ledger that exists. ``readonly`` opens neither file for writing, and needs no signing key.

        ``count`` gives the aggregates that a year is closed with; without it, its shard ends without a closing leaf.

        Raises:
            LedgerUnusable: a part is missing, of another version, of another ledger, or can be read by others.
        """
        store = open_store(places.store_url, readonly=readonly)
        try:
            setup.require_origin(store, places)
            key = None if readonly else note.load_key(places.signing_key)
            master = load_master_key(places.master_key, environ, places.master_keyring)
            keystore = open_keystore(places.keystore, master, readonly=readonly)
        except BaseException:
            store.close()
            raise
        ledger = cls(store, keystore, key, places.origin, clock, count)
        if not readonly:
            try:
                rotating.finish_master(store, keystore)
                ledger.finish_erasures()
            except BaseException:
                ledger.close()
                raise
        return ledger

    def stage(
        self, snapshot: Snapshot, *, programme_digest: str | None, plan_id: str | None, plans: Plans | None = None
    ) -> Staged:
        """Stages what one pull of one course saw: all of it, in one transaction. Seals nothing.

        Equal to the last known state of its object: nothing is added. See :func:`moodle_sync.ledger.staging.stage`.
        """
        now = to_rfc3339(self._clock())
        return staging.stage(
            self.store,
            self.keystore,
            snapshot,
            programme_digest=programme_digest,
            plan_id=plan_id,
            now=now,
            plans=plans,
        )

    def attest(
        self,
        site: str,
        facts: Sequence[AttestedFact],
        *,
        people: Mapping[int, Person],
        programmes: Mapping[str, str | None],
    ) -> Staged:
        """Stages attested facts, all or none: see :func:`moodle_sync.ledger.attesting.stage_attested`."""
        retiring.require_not_retired(self.store, site, facts)
        now = to_rfc3339(self._clock())
        return attesting.stage_attested(
            self.store, self.keystore, site, facts, people=people, programmes=programmes, now=now
        )

    def seal(self) -> Sealed:
        """Seals everything staged, one ``run`` leaf for each run that added something; nothing staged, no entry.

        In a new year the shard before is closed first, and signed. See :func:`moodle_sync.ledger.sealer.seal`.
        """
        self._close_year(whatever_waits=False)
        return sealer.seal(self.store, self._clock())

    def close_year(self, year: int, *, correct: bool = False) -> closing.Closing:
        """Closes a year that is over by hand: see :mod:`moodle_sync.ledger.closing`.

        Raises:
            UsageError, PlanRefused: see :func:`moodle_sync.ledger.closing.require_closable`.
        """
        before = closing.require_closable(self.store, year, self._clock(), correct=correct)
        if self._count is None:
            raise LedgerUnusable("the ledger was opened without what counts a year: nothing can be closed")
        self._close_year()  # where the year's shard is the last one, this is all
        with self.store.read() as transaction:
            found = closing.closings(transaction, year)
        if found and before is None:
            return found[-1]
        return closing.append(self.store, self._count(self, year), before, self._clock())

    def closings(self) -> list[closing.Closing]:
        """Every yearly closing, in order."""
        with self.store.read() as transaction:
            return closing.closings(transaction)

    def erase(self, pseudonyms: Sequence[str], act: erasing.Act, *, despite_refusal: bool = False) -> erasing.Erased:
        """Destroys what is known of these subjects: see :func:`moodle_sync.ledger.erasing.erase`."""
        return erasing.erase(
            self.store,
            self.keystore,
            pseudonyms,
            act,
            self._clock(),
            self._close_year,
            despite_refusal=despite_refusal,
        )

    def retire(self, what: retiring.Retirement) -> erasing.Erased:
        """Erases what a retention policy says is due: see :func:`moodle_sync.ledger.retiring.retire`."""
        return retiring.retire(self.store, self.keystore, what, self._clock(), self._close_year)

    def refuse_erasure(self, pseudonyms: Sequence[str], act: erasing.Act, until: date) -> str:
        """Records that an erasure was refused: see :func:`moodle_sync.ledger.erasing.refuse`."""
        return erasing.refuse(self.store, pseudonyms, act, until, self._clock(), self._close_year)

    def finish_erasures(self, *, scrub: bool = False) -> int:
        """Carries out erasures that were cut off, and with ``scrub`` removes their last remnants too.

        Opening a ledger for writing does the first: between the two halves of an erasure nothing else may be written.
        """
        found = erasing.finish(self.store, self.keystore, self._clock(), self._close_year)
        if scrub:
            erasing.scrub(self.store, self.keystore, self._clock())
        return found

    def checkpoint(self, publishers: Sequence[Publisher] = ()) -> Published | None:
        """Signs the head, if it is not signed yet, and brings every checkpoint to every place; None when empty.

        Raises:
            VerificationFailed: what is on disk does not bear a signature: nothing was signed.
            DoneInPart: signed, but a place could not be reached.
        """
        new = checkpoint.sign_head(self.store, self._key(), self.origin, self._clock)
        with self.store.read() as transaction:
            publics = checkpoints.signers(transaction)
        checkpoint.publish(self.store, publishers, publics, self._clock)
        return self._last(new)

    def erased_list(self) -> tuple[tuple[int, int], str]:
        """How far the ledger has come, and the signed list of everybody who was erased until there.

        See :mod:`moodle_sync.ledger.erasedlist`.
        """
        with self.store.read() as transaction:
            heads = tree.heads(transaction)
        head = (heads[-1].shard, heads[-1].size) if heads else (0, 0)
        return head, erasedlist.sign(self.origin, head, self.keystore.erased(), self._key())

    def facts(self, course: str) -> Iterator[SealedFact]:
        """The sealed observations of a course in ``(shard, idx)`` order, decrypted; erased ones have no fact."""
        return reading.facts(self.store, self.keystore, course)

    def activity_keys(self, course: str) -> dict[int, str]:
        """The local key of each activity of a course by cmid, as the newest entry has it that names the activity."""
        return reading.activity_keys(self.store, self.keystore, course)

    def feedback_analyses(self, site: str, course: str) -> dict[int, FeedbackAnalysis | None]:
        """What is known of each questionnaire of a course as a whole: see :mod:`moodle_sync.ledger.entered`."""
        return entered.feedback_analyses(self.store, self.keystore, site, course)

    def attested(self, course: str) -> Iterator[SealedAttestation]:
        """The sealed attested facts of a course, or of ``site``, in order; erased ones have no fact."""
        return reading.attested(self.store, self.keystore, course)

    def size(self) -> int:
        """How many entries are sealed, in all shards."""
        with self.store.read() as transaction:
            return sum(head.size for head in tree.heads(transaction))

    def pending(self) -> int:
        """How many rows wait for the sealer."""
        with self.store.read() as transaction:
            return pending.count(transaction)

    def last_checkpoint(self) -> Published | None:
        """The newest checkpoint and where it was published, or None."""
        return self._last(False)

    def consistency_proof(self, shard: int, size1: int, size2: int) -> list[bytes]:
        """The proof that the first ``size1`` entries of a shard are the beginning of its first ``size2``.

        Raises:
            ProofError: not ``1 <= size1 <= size2``. VerificationFailed: nodes that it needs are not stored.
        """
        with self.store.read() as transaction:
            return merkle.consistency_proof(size1, size2, StoredNodes(transaction, shard))

    def checkpoints(self) -> list[Stored]:
        """Every stored checkpoint with its note, oldest first; one whose signature does not hold is left to verify."""
        found: list[Stored] = []
        with self.store.read() as transaction:
            publics = checkpoints.signers(transaction)
            for row in checkpoints.every(transaction):
                with suppress(VerificationFailed):
                    found.append((note.verify(row.note, publics), row.note))
        return found

    def public_keys(self) -> list[bytes]:
        """The public keys that checkpoints are signed with (Ed25519, 32 bytes): for whoever verifies."""
        with self.store.read() as transaction:
            return checkpoints.signers(transaction)

    def verify(
        self,
        *,
        published: Sequence[str] | None = None,
        payloads: bool = True,
        public_keys: Sequence[bytes] | None = None,
        kept: Sequence[Kept] = (),
    ) -> Verification:
        """Derives everything again and compares: see :func:`moodle_sync.ledger.verify.verify`."""
        return verify(self.store, self.keystore if payloads else None, published, public_keys, kept)

    def _last(self, new: bool) -> Published | None:
        with self.store.read() as transaction:
            row = checkpoints.last(transaction)
            if row is None:
                return None
            found = checkpoints.places(transaction).get((row.shard, row.size), [])
            point = note.verify(row.note, checkpoints.signers(transaction))
        return Published(point, row.note, new, tuple(found))

    def _close_year(self, *, whatever_waits: bool = True) -> None:
        shard = sealer.year_over(self.store, self._clock(), whatever_waits=whatever_waits)
        if shard is not None:
            count = self._count
            if count is not None:
                closing.close_shard(self.store, shard, lambda year: count(self, year), self._clock())
            checkpoint.sign_head(self.store, self._key(), self.origin, self._clock, shard)

    def _key(self) -> Ed25519PrivateKey:
        if self._signing_key is None:
            raise LedgerUnusable("the ledger is open for reading only: nothing can be signed")
        return self._signing_key

    def close(self) -> None:
        """Closes store and keystore."""
        self.keystore.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
