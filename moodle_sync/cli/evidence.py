"""Commands of the evidence wing that talk to Moodle: pull."""

from __future__ import annotations

import click

from moodle_sync.cli.common import Out, Settings, command, progress
from moodle_sync.workflows import pull as pull_workflow


@command(
    "pull",
    click.argument("sessions", nargs=-1),
    click.option("--budget", type=click.IntRange(1), help="Stop before making more web service calls than this."),
)
def pull(settings: Settings, out: Out, sessions: tuple[str, ...], budget: int | None) -> int:
    """Read what learners did in SESSIONS (all by default) and seal what is new into the ledger."""
    pulled = pull_workflow.pull(settings, sessions, budget=budget, progress=progress)
    out.show(pulled.lines(), pulled.document())
    return pulled.exit_code
