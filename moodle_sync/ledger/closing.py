"""The yearly closing: one leaf of aggregates without personal data, so that later erasures never change a filed figure.

It is the last leaf of its year's shard, under the shard's last checkpoint. A correction goes to the end of the ledger
and points at the closing before it; neither is ever taken back. What is counted comes from outside: nothing is here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from moodle_sync.canonical import JSON
from moodle_sync.errors import LedgerError, PlanRefused, UsageError
from moodle_sync.ledger import sealer
from moodle_sync.ledger.entries import number, parse
from moodle_sync.store import Store, entries, tree
from moodle_sync.store.engine import Transaction

_MARK = b'"kind":"closing"'


class Closing(NamedTuple):
    """A closing of a year: where it stands, and what it says."""

    shard: int
    idx: int
    content: dict[str, Any]

    @property
    def number(self) -> str:
        """How the entry is called."""
        return number(self.shard, self.idx)


def closings(transaction: Transaction, year: int | None = None) -> list[Closing]:
    """The closings (of one year) in order: the first, then what corrects it."""
    found: list[Closing] = []
    for head in tree.heads(transaction):
        if year is not None and head.shard < year:
            continue
        for block in entries.blocks(transaction, head.shard, 0, head.size):
            for row in block:
                leaf = parse(row.leaf) if _MARK in row.leaf else None  # parsing is what costs
                if leaf is None or leaf.kind != "closing" or not isinstance(leaf.content, dict):
                    continue
                if year in (None, leaf.content.get("year")):
                    found.append(Closing(row.shard, row.idx, leaf.content))
    return found


def close_shard(store: Store, year: int, count: Callable[[int], JSON], now: datetime) -> None:
    """Puts the closing of a year at the end of its shard, which is the last one; one that is there is left alone.

    The caller signs the shard next. Killed in between, the next call finds the leaf and goes on.
    """
    with store.read() as transaction:
        if closings(transaction, year):
            return
    content = count(year)
    with store.write() as transaction:
        heads = tree.heads(transaction)
        if heads and heads[-1].shard == year and not closings(transaction, year):
            sealer.seal_own(transaction, "closing", None, content, now, shard=year)


def require_closable(store: Store, year: int, now: datetime, *, correct: bool) -> Closing | None:
    """Passes when a year may be closed (again), and returns the closing that is to be corrected, if any.

    Raises:
        UsageError: the year is not over, or the ledger began after it.
        PlanRefused: it is closed already and nobody asked for a correction, or there is nothing to correct.
    """
    if year >= now.year:
        raise UsageError(f"{year} is not over: it can be closed from January on")
    with store.read() as transaction:
        heads = tree.heads(transaction)
        before = closings(transaction, year)
    if not heads or heads[0].shard > year:
        raise UsageError(f"the ledger holds nothing of {year}")
    if before and not correct:
        raise PlanRefused(
            f"{year} is closed, entry {before[-1].number}",
            hint="A closing stays. If entries came after it: --correct adds one that points at it.",
        )
    if correct and not before:
        raise PlanRefused(f"{year} is not closed: there is nothing to correct")
    return before[-1] if before else None


def append(store: Store, content: dict[str, Any], before: Closing | None, now: datetime) -> Closing:
    """Seals a closing at the end of the ledger; the shard of the year before is signed already.

    Raises:
        PlanRefused: more was erased since the closing that it corrects: the figures would shrink.
    """
    if before is not None:
        lost = int(content.get("erased", 0)) - int(before.content.get("erased", 0))
        if lost > 0:
            raise PlanRefused(
                f"{lost} entries that closing {before.number} counted were erased since: they cannot be counted again",
                hint="What was filed stays as it was. Write a correction of the figures outside the ledger.",
            )
        content = {**content, "corrects": before.number}
    with store.write() as transaction:
        previous = None if before is None else (before.shard, before.idx)
        sealed = sealer.seal_own(transaction, "closing", None, content, now, previous=previous)
    if sealed.last is None:
        raise LedgerError("the closing was not sealed")
    return Closing(sealed.shard, sealed.last, content)
