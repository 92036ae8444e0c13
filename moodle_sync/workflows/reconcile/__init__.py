"""reconcile: the night's round. Looks for drift, pulls every session, seals, signs, publishes and prints the reports.

Nothing in Moodle is changed. A stage that fails does not stop the later ones: what was read is sealed, and what is
sealed is signed, whatever else went wrong. The round itself is noted before it starts and after it ends, so that a
night without one, and one that was cut off, show in the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from moodle_sync.clock import Clock, from_rfc3339, to_rfc3339, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import runs
from moodle_sync.store.engine import Store, open_store
from moodle_sync.workflows import nights
from moodle_sync.workflows.locks import only_one
from moodle_sync.workflows.reconcile.drift import look_for_drift
from moodle_sync.workflows.reconcile.ledger import publish, seal
from moodle_sync.workflows.reconcile.pulling import pull_sessions
from moodle_sync.workflows.reconcile.reports import print_reports
from moodle_sync.workflows.reconcile.stage import Deadline, Progress, Result, Stage, worst

JSON = Any
KIND = "reconcile"
_LOOKED_BACK = 60
"""So many rounds back a night without one, or one that was cut off, is looked for."""


@dataclass(frozen=True)
class Reconciled:
    """What came of each stage, and what the nights before left undone."""

    run_id: str
    stages: tuple[Stage, ...]
    missed: tuple[date, ...]
    cut_off: tuple[str, ...]
    """When rounds started that never ended, since the last one that did."""

    @property
    def exit_code(self) -> int:
        """The gravest of the stages' codes."""
        return worst(stage.code for stage in self.stages)

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"! {nights.say(self.missed)}"] if self.missed else []
        lines += [f"! the round of {started} was cut off" for started in self.cut_off]
        lines += [line for stage in self.stages for line in stage.lines()]
        failed = [stage.name for stage in self.stages if stage.code]
        lines.append(f"The round is done{', and needs somebody: ' if failed else '.'}{', '.join(failed)}")
        return lines

    def document(self) -> JSON:
        """For a program."""
        return {
            "run": self.run_id,
            "exit_code": self.exit_code,
            "missed_nights": [str(night) for night in self.missed],
            "cut_off": list(self.cut_off),
            "stages": [stage.document() for stage in self.stages],
        }


def reconcile(
    settings: Settings, *, minutes: int | None = None, progress: Progress, clock: Clock = utc_now
) -> Reconciled:
    """Do the round.

    Args:
        settings: the configuration.
        minutes: past this time no further session is pulled; the stages after that run all the same.
        progress: told what is being done.
        clock: gives the time.

    Raises:
        PlanRefused: another round is running. LedgerUnusable: there is no store to note the round in.
    """
    deadline = Deadline.after(minutes, clock)
    _require_folder(settings)
    with only_one(settings, KIND):
        with open_store(settings.ledger.store) as store:
            missed, cut_off = _before(store, settings.site.name, clock())
            run_id = _start(store, settings.site.name, clock)
        stages = _stages(settings, deadline, progress)
        done = Reconciled(run_id, tuple(stages), tuple(missed), tuple(cut_off))
        with open_store(settings.ledger.store) as store:
            _finish(store, done, clock)
    return done


def _stages(settings: Settings, deadline: Deadline, progress: Progress) -> list[Stage]:
    steps: tuple[tuple[str, Callable[[], Result]], ...] = (
        ("drift", lambda: look_for_drift(settings)),
        ("pull", lambda: pull_sessions(settings, deadline, progress)),
        ("seal", lambda: seal(settings)),
        ("checkpoint", lambda: publish(settings)),
        ("reports", lambda: print_reports(settings, deadline.now())),
    )
    stages = []
    for name, work in steps:
        progress(f"{name} …")
        stages.append(Stage.of(name, work))
    return stages


def _require_folder(settings: Settings) -> None:
    folder = settings.ledger.keystore.parent
    if not folder.is_dir():
        raise LedgerUnusable(f"there is no folder {folder} for the keystore", hint="Run: moodle-sync ledger init")


def _before(store: Store, site: str, now: datetime) -> tuple[list[date], list[str]]:
    with store.read() as transaction:
        rounds = runs.of_kind(transaction, site, KIND, _LOOKED_BACK)
    cut_off = []
    for row in rounds:
        if row.finished is not None:
            break
        cut_off.append(row.started)
    return nights.missed((from_rfc3339(row.started) for row in rounds), now), cut_off


def _start(store: Store, site: str, clock: Clock) -> str:
    with store.write() as transaction:
        return runs.start(transaction, site=site, kind=KIND, at=to_rfc3339(clock()))


def _finish(store: Store, done: Reconciled, clock: Clock) -> None:
    counts = {stage.name: stage.code for stage in done.stages}
    outcome = "failed" if done.exit_code else "done"
    with store.write() as transaction:
        runs.finish(transaction, done.run_id, at=to_rfc3339(clock()), outcome=outcome, counts=counts)
