"""The ledger's command that hands out what it holds: export."""

from __future__ import annotations

from pathlib import Path

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.errors import UsageError
from moodle_sync.workflows import exports as exports_workflow


@command(
    "export",
    click.option("--session", help="Only this session; all of them by default."),
    click.option("--person", help="Everything about one person: the external key, or userid:N."),
    click.option(
        "--format",
        "form",
        type=click.Choice([*exports_workflow.FORMATS, *exports_workflow.ACCESS_FORMATS]),
        help="ndjson (default), csv, parquet or xapi; with --person html (default) or json.",
    ),
    click.option("--pseudonyms", is_flag=True, help="With xapi: the ledger's pseudonyms in place of accounts."),
    click.option("--out", "file", type=click.Path(path_type=Path), required=True, help="The file, of mode 0600."),
)
def export(
    settings: Settings,
    out: Out,
    *,
    session: str | None,
    person: str | None,
    form: str | None,
    pseudonyms: bool,
    file: Path,
) -> int:
    """Write what the ledger holds to one file: a session, all of it, or all about one person (right of access)."""
    if person is not None and session is not None:
        raise UsageError("the right of access is to everything about a person: leave out --session")
    if person is not None and pseudonyms:
        raise UsageError("--pseudonyms goes with --format xapi, not with --person")
    if person is not None:
        written = exports_workflow.access(settings, person, file, form=form or "html")
    else:
        written = exports_workflow.export(settings, file, session=session, form=form or "ndjson", pseudonyms=pseudonyms)
    out.show(written.lines(), written.document())
    return 0


COMMANDS = (export,)
