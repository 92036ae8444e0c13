"""Moves a ledger into another store: copied, verified there, and only then left behind here.

A restore to a database server ends with the same two steps, :func:`bring` and :func:`arrive`.

Nobody writes meanwhile. Killed anywhere, the ledger is where it was, or at the new place, never at both: until the
copy is verified it does not open, and before it opens the store that it came from refuses to be written to. Keystore,
keys and checkpoints stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger.verify import verify
from moodle_sync.store import Store, marks, moving, open_store, tree
from moodle_sync.store.engine import Transaction, connect
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.moving import Copied
from moodle_sync.store.tree import Head


@dataclass(frozen=True)
class Moved:
    """Where the ledger is now, its heads, and how many rows went there."""

    url: str
    heads: tuple[Head, ...]
    rows: int


def move(store: Store, keystore: Keystore, to: str, published: Sequence[str] | None) -> Moved:
    """Moves the ledger of an open store to another address, whose store is made here.

    Raises:
        LedgerUnusable: there is something at that address; the ledger has moved elsewhere already.
        VerificationFailed: the copy does not verify, or is not what was copied: the ledger stays where it is.
    """
    moving.require_room(to, store.url)
    with store.write() as source:
        # Under this lock: a second move of the same ledger waits here, and then finds that it has moved.
        moving.make_room(to, store.url)
        heads, rows = bring(source, keystore, to, published)
        marks.put(source, marks.MOVED, to)
    arrive(to, store.url, heads)
    return Moved(to, heads, rows)


def resume(url: str, keystore: Keystore, to: str, published: Sequence[str] | None) -> Moved | None:
    """Ends a move that was cut off after the ledger had left; None when it had not left.

    Raises:
        LedgerUnusable: it went somewhere else.
        VerificationFailed: as :func:`move`.
    """
    with open_store(url, readonly=True) as store, store.read() as source:
        gone = marks.get(source).get(marks.MOVED)
        if gone is None:
            return None
        if gone != to:
            raise LedgerUnusable(
                f"this ledger has moved to {gone} already",
                hint="Write that address as store under [ledger] in config.toml, and move it from there.",
            )
        with connect(to, readonly=True) as target, target.read() as transaction:
            waiting = marks.get(transaction).get(marks.ARRIVING)
        if waiting is None:
            raise LedgerUnusable(
                f"this ledger has moved to {to} already; nothing is left to do",
                hint="Write that address as store under [ledger] in config.toml.",
            )
        heads, rows = _require_same(to, keystore, published, tuple(tree.heads(source)), moving.contents(source))
    arrive(to, waiting, heads)
    return Moved(to, heads, rows)


def bring(
    source: Transaction, keystore: Keystore, to: str, published: Sequence[str] | None
) -> tuple[tuple[Head, ...], int]:
    """Copies every row to a place where room was made, and verifies what is there then: it does not open yet.

    Returns its heads, and how many rows it has.

    Raises:
        VerificationFailed: the copy does not verify, or is not what was copied.
    """
    with connect(to) as target, target.write() as transaction:
        moving.copy(source, transaction)
    return _require_same(to, keystore, published, tuple(tree.heads(source)), moving.contents(source))


def arrive(to: str, source: str, heads: tuple[Head, ...]) -> None:
    """Lets the store at the new place be opened: the last step.

    Raises:
        LedgerUnusable: what is there is not what was verified: somebody else made room there meanwhile.
    """
    with connect(to) as target, target.write() as transaction:
        if marks.get(transaction).get(marks.ARRIVING) != source or tuple(tree.heads(transaction)) != heads:
            raise LedgerUnusable(
                "somebody else wrote to the new place meanwhile; it does not open",
                hint="See that nobody else moves or restores a ledger there, then run the same command again.",
            )
        marks.drop(transaction, marks.ARRIVING)


def _require_same(
    to: str,
    keystore: Keystore,
    published: Sequence[str] | None,
    heads: tuple[Head, ...],
    expected: dict[str, Copied],
) -> tuple[tuple[Head, ...], int]:
    with connect(to, readonly=True) as target:
        with target.read() as transaction:
            same = moving.contents(transaction) == expected and tuple(tree.heads(transaction)) == heads
        found = verify(target, keystore, published)
    failed = [check.sentence for check in found.checks if not check.ok]
    if failed or not same:
        why = "; ".join(failed) or "a row is not what it was"
        raise VerificationFailed(
            f"the copy does not hold: {why}; it does not open, and the ledger stays where it is",
            hint="Look after that disk or database, then run the same command again.",
        )
    return heads, sum(copied.rows for copied in expected.values())
