"""Runs: one row a plan, a pull or a night's round, with what it counted.

Runs that write to Moodle are in ``store.journal``.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, func, insert, select, update

from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import run

_FINISH = update(run).where(run.c.id == bindparam("run_id"))


def add_pull(transaction: Transaction, *, site: str, session: str, release: str, at: str) -> str:
    """Notes a pull and returns its identifier. ``at`` is its observation time, RFC 3339."""
    run_id = uuid.uuid4().hex
    values = {"id": run_id, "site": site, "kind": "pull", "session": session, "release": release, "started": at}
    transaction.execute(insert(run), {**values, "counts": "{}"})
    return run_id


def finish_pull(transaction: Transaction, run_id: str, finished: str, counts: dict[str, int]) -> None:
    """Notes when a pull was staged, and what it counted."""
    values = {"finished": finished, "outcome": "done", "counts": json.dumps(counts, sort_keys=True)}
    transaction.execute(_FINISH, {"run_id": run_id, **values})


def is_empty(transaction: Transaction) -> bool:
    """Whether no pull was ever staged."""
    return transaction.execute(select(run.c.id).where(run.c.kind == "pull").limit(1)).one_or_none() is None


class RunRow(NamedTuple):
    """A run as a person asks for it: when it was, of what, and what came of it. Times are RFC 3339."""

    id: str
    kind: str
    session: str | None
    started: str
    finished: str | None
    """None while it goes on, or when it was cut off."""
    outcome: str | None
    counts: dict[str, int]


def start(transaction: Transaction, *, site: str, kind: str, at: str) -> str:
    """Notes that a run of a kind of its own starts, and returns its identifier."""
    run_id = uuid.uuid4().hex
    transaction.execute(insert(run).values(id=run_id, site=site, kind=kind, started=at, counts="{}"))
    return run_id


def finish(transaction: Transaction, run_id: str, *, at: str, outcome: str, counts: dict[str, int]) -> None:
    """Notes how such a run ended."""
    values = {"finished": at, "outcome": outcome, "counts": json.dumps(counts, sort_keys=True)}
    transaction.execute(update(run).where(run.c.id == run_id).values(values))


def of_kind(transaction: Transaction, site: str, kind: str, limit: int) -> list[RunRow]:
    """The last runs of one kind on this site, newest first."""
    query = select(run).where(run.c.site == site, run.c.kind == kind).order_by(run.c.seq.desc()).limit(limit)
    return [_row(row) for row in transaction.execute(query)]


def last_pulls(transaction: Transaction, site: str) -> dict[str, RunRow]:
    """The last pull that was staged of each course on this site, by the course's idnumber."""
    newest = (
        select(func.max(run.c.seq))
        .where(run.c.site == site, run.c.kind == "pull", run.c.finished.is_not(None))
        .group_by(run.c.session)
    )
    rows = [_row(row) for row in transaction.execute(select(run).where(run.c.seq.in_(newest)))]
    return {row.session or "": row for row in rows}


def _row(row: Row[Any]) -> RunRow:
    counts: dict[str, int] = json.loads(row.counts)
    return RunRow(row.id, row.kind, row.session, row.started, row.finished, row.outcome, counts)
