"""Commands of the ledger that hand something out: prove."""

from __future__ import annotations

from pathlib import Path

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.errors import UsageError
from moodle_sync.workflows import proofs as proofs_workflow


@command(
    "prove",
    click.argument("entry", required=False),
    click.option("--person", help="One learner: the external key, or Moodle's number as userid:N. With --session."),
    click.option("--session", help="A session: all of it, or what is about --person."),
    click.option(
        "--document",
        type=click.Path(path_type=Path),
        help="A file that was attested: what rests on it; with --session or --person, only that.",
    ),
    click.option(
        "--out", "place", type=click.Path(path_type=Path), required=True, help="A new folder, or a file ending in .zip."
    ),
)
def prove(
    settings: Settings,
    out: Out,
    *,
    entry: str | None,
    person: str | None,
    session: str | None,
    document: Path | None,
    place: Path,
) -> int:
    """Write a pack that proves one ENTRY (2026/17), learner, session or document, to be checked without us."""
    if entry is not None and (person or session or document):
        raise UsageError("an entry is proven alone: leave out --person, --session and --document")
    if document is not None:
        proven = proofs_workflow.prove_document(settings, document, place, session=session, who=person)
    elif entry is not None:
        proven = proofs_workflow.prove_entry(settings, entry, place)
    elif session is None:
        raise UsageError("what? Name an entry (2026/17), a --document, or a --session with or without --person")
    elif person is not None:
        proven = proofs_workflow.prove_person(settings, person, session, place)
    else:
        proven = proofs_workflow.prove_session(settings, session, place)
    out.show(proven.lines(), proven.document())
    return 0


COMMANDS = (prove,)
