"""apply: plan again, refuse if it is not the plan that was approved, then do it, journalled step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moodle_sync.apply.executor import execute, settle
from moodle_sync.apply.run import Outcome, Run
from moodle_sync.config import Settings
from moodle_sync.errors import UsageError
from moodle_sync.plan.planfile import Plan, read_approved, refuse_stale
from moodle_sync.spec.specs import programme_closure
from moodle_sync.store.journal import Journal
from moodle_sync.store.specs import SpecVersions
from moodle_sync.workflows.locks import only_one
from moodle_sync.workflows.plan import Made, planning

JSON = Any


@dataclass(frozen=True)
class Applied:
    """What became of a plan."""

    plan: Plan
    run_id: str
    done: tuple[Outcome, ...]
    failures: tuple[Outcome, ...]
    calls: int
    requests: int

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"  ! {o.change.kind} {o.change.local or o.change.key}: {o.problem}" for o in self.failures]
        done = f"{len(self.done)} of {len(self.plan.writes)} changes done and read back"
        lines.append(f"{done} ({self.calls} calls in {self.requests} requests, run {self.run_id}).")
        if self.failures:
            lines.append("Make a plan again: it finds what was done and goes on from there.")
        return lines

    def document(self) -> JSON:
        """For a program."""
        return {
            "run": self.run_id,
            "done": len(self.done),
            "failed": [{"kind": o.change.kind.value, "key": o.change.key, "problem": o.problem} for o in self.failures],
            "calls": self.calls,
            "requests": self.requests,
        }


def apply_plan(settings: Settings, text: str, progress: Callable[[str], None]) -> Applied:
    """Do what the plan file says.

    Raises:
        UsageError: not a plan file of this site. PlanStale: Moodle or the specs moved since.
    """
    approved = read_approved(text)
    if approved.site != settings.site.name:
        raise UsageError(f"This plan is for the site {approved.site!r}, config.toml names {settings.site.name!r}.")
    with only_one(settings, "apply"), planning(settings, approved.sessions) as made:
        refuse_stale(approved, made.plan)
        return _execute(settings, made, progress)


def _execute(settings: Settings, made: Made, progress: Callable[[str], None]) -> Applied:
    journal = Journal(made.store)
    run_id = journal.open_run(settings.site.name, made.plan.digest, "apply")
    _bind(made)
    run = Run(
        push=made.site.push,
        companion=made.site.companion,
        namespace=settings.site.namespace,
        journal=journal,
        run_id=run_id,
        baselines=made.baselines,
        observed=made.seen.observation,
        resources=made.resources,
        competency_scale=settings.site.competency_scale,
        people=made.seen.people,
    )
    failures = settle(run)
    done: list[Outcome] = []
    for outcome in execute(run, made.plan.writes):
        (failures if outcome.problem else done).append(outcome)
        mark = "!" if outcome.problem else "✓"
        progress(f"{mark} {outcome.change.action} {outcome.change.kind} {outcome.change.local or outcome.change.key}")
    journal.close_run(run_id, "failed" if failures else "done")
    transport = made.site.push.transport
    return Applied(made.plan, run_id, tuple(done), tuple(failures), transport.calls, transport.requests)


def _bind(made: Made) -> None:
    """Store each session's programme by content and bind its course to it, before the first write."""
    versions = SpecVersions(made.store)
    for session in made.sessions:
        digest = versions.put("programme", programme_closure(session.specs, session.session))
        versions.bind(session.course.idnumber, digest)
