"""The sealer: the only one that gives a pending row its place ``(shard, idx)``, all of them in one transaction.

The shard is the UTC year of sealing. Its first leaf is the last checkpoint of the shard before, so the trees of the
years hang together. Killed anywhere, it leaves either every row pending or every row sealed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from moodle_sync.canonical import JSON, canonical
from moodle_sync.clock import to_rfc3339
from moodle_sync.errors import LedgerError, LedgerUnusable, VerificationFailed
from moodle_sync.ledger import merkle, nodes
from moodle_sync.ledger.entries import PERSONAL, Leaf
from moodle_sync.ledger.merkle import Frontier
from moodle_sync.store import Store, checkpoints, entries, pending, tree
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import EntryRow, PayloadRow
from moodle_sync.store.pending import PendingRow
from moodle_sync.store.tree import Head


@dataclass(frozen=True)
class Sealed:
    """What one seal added: entries ``first`` to ``last`` of a shard, None and None when there was nothing.

    ``count`` is every leaf, ``facts`` those that are observations or attestations.
    """

    shard: int
    first: int | None
    last: int | None
    count: int
    facts: int


def year_over(store: Store, now: datetime, *, whatever_waits: bool = False) -> int | None:
    """The last shard, when its year is over and something is pending: it has to be closed and signed to its end.

    ``whatever_waits``: also when nothing is pending, because an entry of the ledger's own is about to be sealed.
    """
    with store.read() as transaction:
        heads = tree.heads(transaction)
        if not heads or heads[-1].shard >= now.year or not (whatever_waits or pending.count(transaction)):
            return None
        return heads[-1].shard


def seal(store: Store, now: datetime) -> Sealed:
    """Seals everything that is pending; on disk when this returns.

    Raises:
        LedgerUnusable: another process seals or writes.
        LedgerError: the shard of the year before is not closed by a checkpoint.
        VerificationFailed: head and frontier of the ledger do not agree.
    """
    with store.write() as transaction:
        heads = tree.heads(transaction)
        shard = _shard(heads, now)
        if not pending.count(transaction):
            return Sealed(shard, None, None, 0, 0)
        work = _begin(transaction, heads, shard, now)
        for block in pending.in_order(transaction):
            work.add(block)
        return work.finish()


def seal_own(
    transaction: Transaction,
    kind: str,
    session: str | None,
    content: JSON,
    now: datetime,
    *,
    shard: int | None = None,
    previous: tuple[int, int] | None = None,
) -> Sealed:
    """Seals one entry of the ledger's own (an erasure, say), inside a transaction of the caller's.

    ``shard`` is given where that of the year is not meant: a closing goes to the end of the year that is over, and what
    follows a loss may not be signed under the name of the old shard. ``previous`` is the entry that it corrects.

    Raises as :func:`seal`.
    """
    before = (None, None) if previous is None else previous
    row = PendingRow(
        run_id="", kind=kind, site="", session=session, programme=None, plan=None,
        observed_at=to_rfc3339(now), prev_shard=before[0], prev_idx=before[1], content=canonical(content).decode(),
    )  # fmt: skip
    heads = tree.heads(transaction)
    work = _begin(transaction, heads, _shard(heads, now) if shard is None else shard, now)
    work.add([(None, row)])
    return work.finish()


def _shard(heads: Sequence[Head], now: datetime) -> int:
    # A clock that went back must not open a shard behind the last one.
    return max(now.year, heads[-1].shard) if heads else now.year


def _begin(transaction: Transaction, heads: Sequence[Head], shard: int, now: datetime) -> _Seal:
    work = _Seal(transaction, shard)
    if heads and heads[-1].shard == shard:
        work.begin(heads[-1])
        return work
    start = Head(shard, 0, merkle.EMPTY_ROOT)
    tree.open_shard(transaction, start)
    work.begin(start)
    if heads:
        work.add([(None, _link(transaction, heads[-1], now))])
    return work


def _link(transaction: Transaction, before: Head, now: datetime) -> PendingRow:
    last = checkpoints.last(transaction, before.shard)
    if last is None or last.size != before.size:
        raise LedgerError(
            f"the ledger of {before.shard} is not closed by a checkpoint", hint="Run: moodle-sync ledger checkpoint"
        )
    content = json.dumps({"shard": last.shard, "size": last.size, "note": last.note})
    return PendingRow(
        run_id="", kind="checkpoint", site="", session=None, programme=None, plan=None,
        observed_at=to_rfc3339(now), content=content,
    )  # fmt: skip


class _Seal:
    """One seal, inside its transaction."""

    def __init__(self, transaction: Transaction, shard: int) -> None:
        self._transaction = transaction
        self._shard = shard
        self._places: dict[int, tuple[int, int]] = {}
        self._facts = 0

    def begin(self, head: Head) -> None:
        """Takes up the tree where the head says that it stands."""
        stored = tree.get_frontier(self._transaction, self._shard)
        try:
            if stored is None or stored[0] != head.size:
                raise ValueError("sizes differ")
            self._frontier = Frontier.from_bytes(*stored)
        except ValueError as error:
            raise VerificationFailed(
                f"frontier and head of {self._shard} do not agree", hint="Run: moodle-sync ledger verify"
            ) from error
        if self._frontier.root() != head.root:
            raise VerificationFailed(
                f"frontier and head of {self._shard} do not agree", hint="Run: moodle-sync ledger verify"
            )
        self._old = head

    def add(self, rows: Sequence[tuple[int | None, PendingRow]]) -> None:
        """Appends rows, in this order, and takes them out of ``pending``."""
        sealed: list[EntryRow] = []
        payloads: list[PayloadRow] = []
        taken: list[tuple[int, int, int]] = []
        for number, row in rows:
            idx = self._frontier.size
            leaf = self._leaf(row).to_bytes()
            leaf_hash = merkle.leaf_hash(leaf)
            self._frontier.append(leaf_hash)
            sealed.append(EntryRow(self._shard, idx, leaf, leaf_hash))
            if number is not None:
                self._places[number] = (self._shard, idx)
                taken.append((number, self._shard, idx))
            if row.subject is not None:
                payloads.append(_payload(row, self._shard, idx))
                self._facts += 1
        entries.append(self._transaction, sealed, payloads)
        pending.remove(self._transaction, taken)

    def finish(self) -> Sealed:
        """Stores the tiles that grew, and moves the head."""
        old, size = self._old, self._frontier.size
        nodes.extend(self._transaction, self._shard, old.size, size)
        new = Head(self._shard, size, self._frontier.root())
        tree.move_head(self._transaction, old, new, self._frontier.to_bytes())
        return Sealed(self._shard, old.size, size - 1, size - old.size, self._facts)

    def _leaf(self, row: PendingRow) -> Leaf:
        previous: tuple[int, int] | None = None
        if row.prev_pending is not None:
            previous = self._places.get(row.prev_pending)  # staged before it, so sealed before it
            if previous is None:
                raise LedgerUnusable("rows were staged while others were sealed", hint="Run again: nothing was sealed.")
        elif row.prev_shard is not None and row.prev_idx is not None:
            previous = (row.prev_shard, row.prev_idx)
        return Leaf(
            kind=row.kind,
            site=row.site or None,
            session=row.session,
            programme=row.programme,
            plan=row.plan,
            run=row.run_id or None,
            observed_at=row.observed_at,
            subject=row.subject,
            previous=previous,
            commitment=row.commitment.hex() if row.commitment is not None else None,
            content=json.loads(row.content) if row.content is not None else None,
        )


def _payload(row: PendingRow, shard: int, idx: int) -> PayloadRow:
    if row.kind not in PERSONAL or row.nonce is None or row.ciphertext is None or row.commitment is None:
        raise LedgerError("a pending row is not whole", hint="Keep the file, and restore the last backup.")
    return PayloadRow(shard, idx, row.subject or "", row.nonce, row.ciphertext, row.commitment, row.key_id or "")
