"""The ledger's command for what Moodle does not know: attest."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.errors import UsageError
from moodle_sync.facts.attested import ATTESTED_KINDS
from moodle_sync.workflows import attest as attest_workflow
from moodle_sync.workflows.attest_lines import asked


@command(
    "attest",
    click.argument("file", type=click.Path(path_type=Path), required=False),
    click.option("--kind", type=click.Choice(ATTESTED_KINDS), required=True, help="What the lines of FILE are."),
    click.option("--session", help="The session of lines that name none; `site` for the whole organisation."),
    click.option("--by", "attested_by", help="Who attests, for lines that do not say."),
    click.option(
        "--set", "answers", multiple=True, metavar="COLUMN=VALUE", help="Without FILE: an answer of the form."
    ),
)
def attest(
    settings: Settings,
    out: Out,
    *,
    file: Path | None,
    kind: str,
    session: str | None,
    attested_by: str | None,
    answers: tuple[str, ...],
) -> int:
    """Enter what a person of the organisation attests: every line of the CSV file FILE, or none.

    Each line names a file that the organisation keeps (column `file`, looked for beside FILE): its SHA-256 is sealed.
    Without FILE one fact is entered by a form: the columns that --set does not answer are asked at the terminal.
    """
    if file is not None and answers:
        raise UsageError("a file or a form: leave out FILE, or --set")
    if file is not None:
        attested = attest_workflow.attest(settings, file, kind, session=session, attested_by=attested_by)
    else:
        cells = _form(kind, answers, {"session": session, "attested_by": attested_by})
        attested = attest_workflow.attest_form(settings, cells, kind, session=session, attested_by=attested_by)
    out.show(attested.lines(), attested.document())
    return attested.exit_code


def _form(kind: str, answers: tuple[str, ...], said: dict[str, str | None]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for answer in answers:
        name, equals, value = answer.partition("=")
        if not equals or name in cells:
            raise UsageError(f"--set takes each column once, as COLUMN=VALUE; {name!r} is not given so")
        cells[name] = value
    if not sys.stdin.isatty():
        return cells  # what is missing will be named
    for name, words, required in asked(kind):
        if name in cells or said.get(name) is not None:
            continue
        label = f"{name} ({words})" if words else name
        cells[name] = click.prompt(label, default=None if required else "", show_default=False, err=True)
    return cells


COMMANDS = (attest,)
