"""Runs that read: one row a pull, with what it counted. Runs that write to Moodle are in ``store.journal``."""

from __future__ import annotations

import json
import uuid

from sqlalchemy import insert, select, update

from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import run


def add_pull(transaction: Transaction, *, site: str, session: str, release: str, at: str) -> str:
    """Notes a pull and returns its identifier. ``at`` is its observation time, RFC 3339."""
    run_id = uuid.uuid4().hex
    values = {"id": run_id, "site": site, "kind": "pull", "session": session, "release": release, "started": at}
    transaction.execute(insert(run).values(**values, counts="{}"))
    return run_id


def finish_pull(transaction: Transaction, run_id: str, finished: str, counts: dict[str, int]) -> None:
    """Notes when a pull was staged, and what it counted."""
    values = {"finished": finished, "outcome": "done", "counts": json.dumps(counts, sort_keys=True)}
    transaction.execute(update(run).where(run.c.id == run_id).values(values))


def is_empty(transaction: Transaction) -> bool:
    """Whether no pull was ever staged."""
    return transaction.execute(select(run.c.id).where(run.c.kind == "pull").limit(1)).one_or_none() is None
