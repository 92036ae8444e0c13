"""The sealer: the only one that gives a pending row its place ``(shard, idx)``, all of them in one transaction.

The shard is the UTC year of sealing. Its first leaf is the last checkpoint of the shard before, so the trees of the
years hang together. Killed anywhere, it leaves either every row pending or every row sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import orjson

from moodle_sync.canonical import JSON
from moodle_sync.clock import to_rfc3339
from moodle_sync.errors import LedgerError, LedgerUnusable, VerificationFailed
from moodle_sync.ledger import merkle, nodes
from moodle_sync.ledger.entries import PERSONAL, Leaf, Mould
from moodle_sync.store import Store, checkpoints, entries, pending, tree
from moodle_sync.store.engine import Transaction
from moodle_sync.store.pending import Batch, PendingRow
from moodle_sync.store.tree import Head

_KEEP = "Keep the file, and restore the last backup."


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
        VerificationFailed: nodes, frontier and head of the ledger do not agree.
    """
    with store.write() as transaction:
        heads = tree.heads(transaction)
        shard = _shard(heads, now)
        if not pending.count(transaction):
            return Sealed(shard, None, None, 0, 0)
        if pending.broken(transaction):
            raise LedgerError("a pending row is not whole", hint=_KEEP)
        work = _begin(transaction, heads, shard, now)
        facts = rows = 0
        with closing(pending.waiting(transaction)) as blocks:
            for block in blocks:
                work.take(block)
                facts += sum(row.subject is not None for row in block)
                rows += len(block)
        if not pending.remove(transaction, rows):
            raise LedgerUnusable("rows were staged while others were sealed", hint="Run again: nothing was sealed.")
        return work.finish(facts)


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
    heads = tree.heads(transaction)
    work = _begin(transaction, heads, _shard(heads, now) if shard is None else shard, now)
    work.append(_own(kind, session, content, now, previous))
    return work.finish(0)


def _own(kind: str, session: str | None, content: JSON, now: datetime, previous: tuple[int, int] | None = None) -> Leaf:
    return Leaf(
        kind=kind, site=None, session=session, programme=None, plan=None, run=None, observed_at=to_rfc3339(now),
        subject=None, previous=previous, commitment=None, content=content,
    )  # fmt: skip


def _shard(heads: Sequence[Head], now: datetime) -> int:
    # A clock that went back must not open a shard behind the last one.
    return max(now.year, heads[-1].shard) if heads else now.year


def _begin(transaction: Transaction, heads: Sequence[Head], shard: int, now: datetime) -> _Seal:
    if heads and heads[-1].shard == shard:
        return _Seal(transaction, heads[-1])
    start = Head(shard, 0, merkle.EMPTY_ROOT)
    tree.open_shard(transaction, start)
    work = _Seal(transaction, start)
    if heads:
        work.append(_link(transaction, heads[-1], now))
    return work


def _link(transaction: Transaction, before: Head, now: datetime) -> Leaf:
    last = checkpoints.last(transaction, before.shard)
    if last is None or last.size != before.size:
        raise LedgerError(
            f"the ledger of {before.shard} is not closed by a checkpoint", hint="Run: moodle-sync ledger checkpoint"
        )
    return _own("checkpoint", None, {"shard": last.shard, "size": last.size, "note": last.note}, now)


def _leaf(row: PendingRow, batch: Batch) -> Leaf:
    """The leaf of a row that counts a run; of one about a subject, but for what it says of the subject."""
    return Leaf(
        kind="run" if row.subject is None else batch.kind,
        site=batch.site,
        session=batch.session,
        programme=batch.programme,
        plan=row.plan,
        run=batch.run_id,
        observed_at=batch.observed_at,
        subject=None,
        previous=None,
        commitment=None,
        content=None if row.content is None else orjson.loads(row.content),
    )


class _Moulds:
    """Makes leaves of pending rows; what those of one batch have in common is written once."""

    def __init__(self, batches: Mapping[int, Batch]) -> None:
        self._batches = batches
        self._moulds: dict[int, Mould] = {}

    def leaf(self, row: PendingRow, previous: tuple[int, int] | None) -> bytes:
        batch = self._batches.get(row.batch)
        if batch is None or batch.kind not in PERSONAL:
            raise LedgerError("a pending row is not whole", hint=_KEEP)
        if row.subject is None or row.commitment is None:
            return _leaf(row, batch).to_bytes()
        if row.batch not in self._moulds:
            self._moulds[row.batch] = Mould(_leaf(row, batch))
        return self._moulds[row.batch].fill(row.subject, previous, row.commitment, row.plan)


class _Seal:
    """One seal, inside its transaction."""

    def __init__(self, transaction: Transaction, head: Head) -> None:
        self._transaction = transaction
        self._old = head
        self._growth = nodes.load(transaction, head.shard, head.size)
        found = head.size, b"".join(self._growth.frontier())
        if self._growth.root() != head.root or tree.get_frontier(transaction, head.shard) != found:
            raise VerificationFailed(
                f"nodes, frontier and head of {head.shard} do not agree", hint="Run: moodle-sync ledger verify"
            )

    @property
    def size(self) -> int:
        """How many leaves the shard has by now: the index of the next one."""
        return self._growth.size

    def take(self, rows: Sequence[PendingRow]) -> None:
        """Appends the leaves of pending rows, in their order."""
        places = self._before(rows)
        moulds = _Moulds(pending.batches(self._transaction, rows))
        data = [moulds.leaf(row, None if row.previous is None else places[row.previous]) for row in rows]
        self._append(data, [None if row.subject is None else row.id for row in rows])

    def append(self, leaf: Leaf) -> None:
        """Appends one leaf of the ledger's own."""
        self._append([leaf.to_bytes()], [None])

    def _before(self, rows: Sequence[PendingRow]) -> dict[int, tuple[int, int]]:
        """The places of the payloads that these rows point at: sealed by now, or sealed with them."""
        numbers = [row.previous for row in rows if row.previous is not None]
        if not numbers:
            return {}
        places = entries.places(self._transaction, numbers)
        places |= {row.id: (self._old.shard, idx) for idx, row in enumerate(rows, self.size) if row.subject is not None}
        if any(row.previous is not None and (row.previous not in places or row.previous >= row.id) for row in rows):
            raise LedgerError("a pending row points at nothing", hint=_KEEP)
        return places

    def _append(self, data: Sequence[bytes], payloads: Sequence[int | None]) -> None:
        hashes = [merkle.leaf_hash(one) for one in data]
        leaves = list(zip(data, hashes, payloads, strict=True))
        entries.append(self._transaction, self._old.shard, self.size, leaves)
        nodes.save(self._transaction, self._old.shard, self._growth.extend(hashes))

    def finish(self, facts: int) -> Sealed:
        """Stores the tiles at the edge, and moves the head."""
        old = self._old
        nodes.save(self._transaction, old.shard, self._growth.edge())
        new = Head(old.shard, self.size, self._growth.root())
        tree.move_head(self._transaction, old, new, b"".join(self._growth.frontier()))
        return Sealed(old.shard, old.size, self.size - 1, self.size - old.size, facts)
