"""The ledger's command for what its retention policies say: due."""

from __future__ import annotations

from datetime import datetime

import click

from moodle_sync.cli.common import Out, Settings, command
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


COMMANDS = (due,)
