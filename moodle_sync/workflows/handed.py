"""Registers what is written with people's data in it, before it is written: an erasure has to know where to look.

The caller writes the file. A run that is killed in between leaves a register row for a file that is not there, never a
file that nobody knows of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from moodle_sync.clock import to_rfc3339, utc_now
from moodle_sync.config import Settings
from moodle_sync.store import handouts, open_store
from moodle_sync.workflows.copies import digest


@contextmanager
def handed_out(settings: Settings, kind: str, path: Path, subjects: Collection[str]) -> Iterator[None]:
    """Notes that a file about these subjects (pseudonyms) is written to ``path``; its digest when that is done."""
    place, at = str(path.absolute()), to_rfc3339(utc_now())
    with open_store(settings.ledger.store) as store:
        with store.write() as transaction:
            number = handouts.register(transaction, kind=kind, path=place, at=at, subjects=subjects)
        yield
        with store.write() as transaction:
            handouts.written(transaction, number, digest(path), kind=kind, at=at, subjects=subjects)
