"""Commands of the course wing: validate, plan, apply."""

from __future__ import annotations

from pathlib import Path

import click

from moodle_sync.cli.common import Out, Settings, command, progress
from moodle_sync.plan.changes import STOPS
from moodle_sync.plan.planfile import Plan
from moodle_sync.plan.rendering import render
from moodle_sync.workflows import apply as apply_workflow
from moodle_sync.workflows import plan as plan_workflow
from moodle_sync.workflows import validate as validate_workflow

_PATH = click.Path(path_type=Path, dir_okay=False)
_REFUSED = 3
_IN_PART = 6


@command("validate")
def validate(settings: Settings, out: Out) -> int:
    """Check every spec file. Nothing is sent anywhere."""
    found = validate_workflow.validate(settings)
    out.show(found.lines(), found.document())
    return 0


@command(
    "plan",
    click.argument("sessions", nargs=-1),
    click.option("--out", "plan_file", type=_PATH, help="Write the plan to this file, for apply."),
    click.option("--allow-changes", type=click.IntRange(0), help="Let a plan through that changes so many objects."),
    click.option("--allow-learners", type=click.IntRange(0), help="Let so many learners with results be concerned."),
)
def plan(
    settings: Settings,
    out: Out,
    sessions: tuple[str, ...],
    plan_file: Path | None,
    allow_changes: int | None,
    allow_learners: int | None,
) -> int:
    """Show what apply would do to Moodle for SESSIONS (all of them by default). Nothing is sent."""
    made = plan_workflow.make_plan(settings, sessions, allow_changes=allow_changes, allow_learners=allow_learners)
    lines = render(made.plan)
    if plan_file is not None:
        plan_workflow.write_plan(made.plan, plan_file)
        lines.append(f"Written to {plan_file} (digest {made.plan.digest[:12]}…).")
        lines.append(f"Apply it with: moodle-sync apply {plan_file}")
    out.show(lines, made.plan.document())
    return _code(made.plan)


@command(
    "apply",
    click.argument("plan_file", type=click.Path(path_type=Path, exists=True, dir_okay=False)),
)
def apply(settings: Settings, out: Out, plan_file: Path) -> int:
    """Do what PLAN_FILE says, if it is still what a plan made now would say."""
    applied = apply_workflow.apply_plan(settings, plan_file.read_text(encoding="utf-8"), progress)
    out.show(applied.lines(), applied.document())
    return _code(applied.plan) or (_IN_PART if applied.failures else 0)


def _code(made: Plan) -> int:
    return _REFUSED if any(change.action in STOPS for change in made.changes) else 0
