"""Commands that print what the ledger says: report session."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.workflows import report as report_workflow


@click.group()
def report() -> None:
    """What the ledger says, for people."""


@command(
    "session",
    click.argument("session"),
    click.option("--out", "file", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the page."),
    click.option(
        "--as-of",
        type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
        help="Judge as of this moment, in the session's time zone (now by default).",
    ),
)
def session(settings: Settings, out: Out, session: str, file: Path | None, as_of: datetime | None) -> int:
    """Write the report of one SESSION as a page of HTML, in French."""
    written = report_workflow.session_report(settings, session, file=file, as_of=as_of)
    out.show(written.lines(), written.document())
    return 0


report.add_command(session)
