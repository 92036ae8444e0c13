"""The ledger's command for what Moodle does not know: attest."""

from __future__ import annotations

from pathlib import Path

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.facts.attested import ATTESTED_KINDS
from moodle_sync.workflows import attest as attest_workflow


@command(
    "attest",
    click.argument("file", type=click.Path(path_type=Path)),
    click.option("--kind", type=click.Choice(ATTESTED_KINDS), required=True, help="What the lines of FILE are."),
    click.option("--session", help="The session of lines that name none; `site` for the whole organisation."),
    click.option("--by", "attested_by", help="Who attests, for lines that do not say."),
)
def attest(settings: Settings, out: Out, *, file: Path, kind: str, session: str | None, attested_by: str | None) -> int:
    """Enter what a person of the organisation attests: every line of the CSV file FILE, or none.

    Each line names a file that the organisation keeps (column `file`, looked for beside FILE): its SHA-256 is sealed.
    """
    attested = attest_workflow.attest(settings, file, kind, session=session, attested_by=attested_by)
    out.show(attested.lines(), attested.document())
    return attested.exit_code


COMMANDS = (attest,)
