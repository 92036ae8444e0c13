"""The command for cron: reconcile."""

from __future__ import annotations

import click

from moodle_sync.cli.common import Out, Settings, command, progress
from moodle_sync.workflows import reconcile as reconcile_workflow


@command(
    "reconcile",
    click.option(
        "--time-box", "minutes", type=click.IntRange(1), help="Pull no further session after so many minutes."
    ),
)
def reconcile(settings: Settings, out: Out, minutes: int | None) -> int:
    """Do the night's round: look for drift, pull every session, seal, sign, publish, print the reports.

    Nothing in Moodle is changed. A stage that fails does not stop the later ones; of several exit codes the gravest is
    answered: 1, 4, 5, 2, 3, 6.
    """
    done = reconcile_workflow.reconcile(settings, minutes=minutes, progress=progress)
    out.show(done.lines(), done.document())
    return done.exit_code
