"""The journal of runs that write to Moodle: each step noted before it is sent and after its answer.

Rows are only ever added. A step that was started and has no outcome, or whose outcome is unknown, was cut off by a
crash or a lost answer: the next run looks its object up before it does anything. No names of people in ``detail``.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, func, insert, select, update

from moodle_sync.clock import Clock, from_rfc3339, to_rfc3339, utc_now
from moodle_sync.store.engine import Store, Transaction
from moodle_sync.store.tables import journal, run

Outcome = Literal["done", "failed", "unknown"]


@dataclass(frozen=True)
class Step:
    """One step as far as it is known: ``state`` is ``started`` (no outcome noted) or ``unknown`` (answer lost)."""

    id: int
    run_id: str
    plan_digest: str | None
    kind: str
    key: str
    action: str
    state: Literal["started", "done", "failed", "unknown"]
    detail: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class Run:
    """One run: ``finished`` and ``outcome`` are None while it goes on, or when it was killed."""

    id: str
    site: str
    kind: str
    plan_digest: str | None
    started: datetime
    finished: datetime | None
    outcome: str | None
    counts: dict[str, int]
    """Steps by state."""


class Journal:
    """The journal of a store."""

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    def open_run(self, site: str, plan_digest: str | None, kind: str) -> str:
        """Notes that a run starts, and returns its identifier."""
        run_id = uuid.uuid4().hex
        with self._store.write() as transaction:
            transaction.execute(
                insert(run).values(
                    id=run_id, site=site, kind=kind, plan_digest=plan_digest, started=self._now(), counts="{}"
                )
            )
        return run_id

    def started(self, run_id: str, kind: str, key: str, action: str, detail: dict[str, Any]) -> int:
        """Notes that a step is about to be sent; on disk when this returns. Returns the step's identifier.

        Raises:
            ValueError: there is no such run, or it is closed.
        """
        with self._store.write() as transaction:
            row = transaction.execute(select(run.c.plan_digest, run.c.finished).where(run.c.id == run_id)).one_or_none()
            if row is None or row.finished is not None:
                raise ValueError(f"run {run_id} is not open")
            values = {"kind": kind, "objkey": key, "action": action, "plan_digest": row.plan_digest}
            return self._add(transaction, run_id, "started", None, values, detail)

    def finished(self, step_id: int, outcome: Outcome, detail: dict[str, Any]) -> None:
        """Notes what became of a step. An unknown one may be settled later, also after its run was closed.

        Raises:
            ValueError: there is no such step, or it is settled already.
        """
        with self._store.write() as transaction:
            query = select(journal).where(journal.c.id == step_id, journal.c.state == "started")
            row = transaction.execute(query).one_or_none()
            if row is None:
                raise ValueError(f"there is no step {step_id}")
            if self._state(transaction, step_id) in ("done", "failed"):
                raise ValueError(f"step {step_id} is settled already")
            values = {"kind": row.kind, "objkey": row.objkey, "action": row.action, "plan_digest": row.plan_digest}
            self._add(transaction, row.run_id, outcome, step_id, values, detail)

    def close_run(self, run_id: str, outcome: str) -> None:
        """Notes that a run has ended, and counts its steps by state.

        Raises:
            ValueError: there is no such run, or it is closed.
        """
        with self._store.write() as transaction:
            counts: dict[str, int] = {}
            for step_id in transaction.execute(
                select(journal.c.id).where(journal.c.run_id == run_id, journal.c.step.is_(None))
            ).scalars():
                state = self._state(transaction, step_id)
                counts[state] = counts.get(state, 0) + 1
            changed = transaction.execute(
                update(run)
                .where(run.c.id == run_id, run.c.finished.is_(None))
                .values(finished=self._now(), outcome=outcome, counts=json.dumps(counts, sort_keys=True))
            ).rowcount
            if changed != 1:
                raise ValueError(f"run {run_id} is not open")

    def open_steps(self, site: str) -> list[Step]:
        """Steps of this site's runs that have no outcome, or an unknown one, oldest first."""
        last = _last_states()
        query = (
            select(journal, func.coalesce(last.c.state, "started").label("now"))
            .join(run, run.c.id == journal.c.run_id)
            .outerjoin(last, last.c.step == journal.c.id)
            .where(run.c.site == site, journal.c.state == "started")
            .where(func.coalesce(last.c.state, "started").in_(["started", "unknown"]))
            .order_by(journal.c.id)
        )
        with self._store.read() as transaction:
            return [_step(row) for row in transaction.execute(query)]

    def plans_of(self, site: str, course: str) -> dict[str, str]:
        """The digests of the plans that made a course (``""``) and its activities (by local key), as far as known.

        Known is what this store applied. Made again later: the later plan. Never made here, only changed (adopted):
        the last plan that changed it.
        """
        mine = (journal.c.objkey == course) | journal.c.objkey.startswith(f"{course}:", autoescape=True)
        query = (
            select(journal.c.objkey, journal.c.action, journal.c.plan_digest)
            .join(run, run.c.id == journal.c.run_id)
            .where(run.c.site == site, journal.c.kind.in_(["course", "activity"]), mine)
            .where(journal.c.state == "done", journal.c.plan_digest.is_not(None))
            .order_by(journal.c.id)
        )
        made: dict[str, str] = {}
        changed: dict[str, str] = {}
        with self._store.read() as transaction:
            for key, action, digest in transaction.execute(query):
                (made if action == "create" else changed)[key[len(course) + 1 :]] = digest
        return changed | made

    def last_runs(self, site: str, n: int) -> list[Run]:
        """The last ``n`` runs of this site of any kind, newest first."""
        query = select(run).where(run.c.site == site).order_by(run.c.seq.desc()).limit(n)
        with self._store.read() as transaction:
            return [_run(row) for row in transaction.execute(query)]

    def _add(
        self,
        transaction: Transaction,
        run_id: str,
        state: str,
        step: int | None,
        values: dict[str, Any],
        detail: dict[str, Any],
    ) -> int:
        query = select(func.coalesce(func.max(journal.c.seq), 0) + 1).where(journal.c.run_id == run_id)
        row = {
            "run_id": run_id,
            "seq": transaction.execute(query).scalar_one(),
            "step": step,
            "state": state,
            "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True, allow_nan=False),
            "at": self._now(),
            **values,
        }
        key = transaction.execute(insert(journal).values(row)).inserted_primary_key
        if key is None:
            raise ValueError("the database gave no identifier to a journal row")
        return int(key[0])

    @staticmethod
    def _state(transaction: Transaction, step_id: int) -> str:
        query = select(journal.c.state).where(journal.c.step == step_id).order_by(journal.c.seq.desc()).limit(1)
        return transaction.execute(query).scalar_one_or_none() or "started"

    def _now(self) -> str:
        return to_rfc3339(self._clock())


def _last_states() -> Any:
    # The last outcome of each step: within a run seq grows, and a step's rows are all in its own run.
    newest = select(func.max(journal.c.id).label("id")).where(journal.c.step.is_not(None)).group_by(journal.c.step)
    return select(journal.c.step, journal.c.state).where(journal.c.id.in_(newest)).subquery()


def _step(row: Row[Any]) -> Step:
    return Step(
        id=row.id,
        run_id=row.run_id,
        plan_digest=row.plan_digest,
        kind=row.kind,
        key=row.objkey,
        action=row.action,
        state=row.now,
        detail=json.loads(row.detail),
        at=from_rfc3339(row.at),
    )


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        site=row.site,
        kind=row.kind,
        plan_digest=row.plan_digest,
        started=from_rfc3339(row.started),
        finished=from_rfc3339(row.finished) if row.finished else None,
        outcome=row.outcome,
        counts=json.loads(row.counts),
    )
