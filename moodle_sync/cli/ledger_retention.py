"""The ledger's commands of the calendar: due (what its retention policies say) and close (a year that is over)."""

from __future__ import annotations

from datetime import datetime

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.workflows import closing as closing_workflow
from moodle_sync.workflows import retention as retention_workflow


@command(
    "due",
    click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Judge as of this day (today by default)."),
)
def due(settings: Settings, out: Out, *, as_of: datetime | None) -> int:
    """Say what the retention policies want erased, session by session, and what cannot be told. Erases nothing."""
    found = retention_workflow.due(settings, as_of=None if as_of is None else as_of.date())
    out.show(found.lines(), found.document())
    return 0


@command(
    "close",
    click.argument("year", type=int),
    click.option("--correct", is_flag=True, help="Close it again: a correction that points at the closing before."),
    click.option("--yes", is_flag=True, help="Do it; without this, only say with which figures."),
)
def close(settings: Settings, out: Out, *, year: int, correct: bool, yes: bool) -> int:
    """Close a YEAR that is over with figures without personal data, which no later erasure changes."""
    closed = closing_workflow.close(settings, year, correct=correct, yes=yes)
    out.show(closed.lines(), closed.document())
    return 0


COMMANDS = (due, close)
