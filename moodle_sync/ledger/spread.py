"""Checks spans of a large ledger in several processes at once: most of verifying is computing.

Each process reads the ledger for itself. It only takes part when it sees the very state that the caller sees; what no
process did, for whatever reason, the caller does. So the outcome is the same with any number of them, and with none.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Generator, Sequence
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from typing import Any

from moodle_sync.errors import MoodleSyncError
from moodle_sync.ledger.checks_span import Report, Span, check_span
from moodle_sync.store import Store, marks, open_store
from moodle_sync.store.engine import Transaction
from moodle_sync.store.keystore import Keystore

WIDTH = 2048
"""Entries a span: whole tiles, and a report that is small beside the memory that a process takes anyway."""
_MOST = 3  # each has a connection to the database and some memory of its own
FEW = 10_000
"""Entries that are checked before other processes would have begun."""


def spans(shard: int, count: int) -> list[Span]:
    """The spans of a shard that has so many entries; the last one takes whatever comes after."""
    firsts = range(0, max(count, 1), WIDTH)
    return [Span(shard, first, None if first == firsts[-1] else first + WIDTH) for first in firsts]


def helping(count: int) -> int:
    """How many processes beside this one pay for so many entries here.

    A process is forked, which only one without other threads may be.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    able = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    return min(cores - 1, _MOST) if able and count >= FEW else 0


def reports(
    store: Store, transaction: Transaction, keystore: Keystore | None, wanted: Sequence[Span], processes: int
) -> Generator[Report]:
    """The report of each span, in their order; this process does its share."""
    turns = processes + 1
    with ExitStack() as stack:
        others = [
            stack.enter_context(_Helper(store, transaction, keystore, wanted[turn::turns])) for turn in range(1, turns)
        ]
        for place, span in enumerate(wanted):
            report = others[place % turns - 1].next() if place % turns else None
            yield check_span(transaction, keystore, span) if report is None else report


class _Helper:
    """A process that checks its spans one after the other, a little ahead of whoever asks for the reports."""

    def __init__(
        self, store: Store, transaction: Transaction, keystore: Keystore | None, wanted: Sequence[Span]
    ) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, other = context.Pipe(duplex=False)
        arguments = (other, store.url, keystore, marks.state(transaction), wanted)
        self._process: Any = context.Process(target=_help, args=arguments, daemon=True)
        self._other: Connection = other

    def __enter__(self) -> _Helper:
        self._process.start()
        self._other.close()  # the process has its own: when that ends, so does the pipe
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def next(self) -> Report | None:
        """The report of its next span; None when it gave up."""
        try:
            report: Report | None = self._pipe.recv()
        except (EOFError, OSError):
            return None
        return report


def _help(pipe: Connection, url: str, keystore: Keystore | None, state: object, wanted: Sequence[Span]) -> None:
    gc.freeze()  # what was inherited, open connections among it, is not ours to tidy up
    with suppress(MoodleSyncError, OSError), ExitStack() as stack:  # the caller meets the same, and says it
        mine = None if keystore is None else stack.enter_context(keystore.once_more())
        transaction = stack.enter_context(stack.enter_context(open_store(url, readonly=True)).read())
        if marks.state(transaction) != state:
            return
        for span in wanted:
            pipe.send(check_span(transaction, mine, span))
