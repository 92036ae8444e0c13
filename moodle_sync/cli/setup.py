"""Commands around the work: init, schema, doctor, status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.workflows import doctor as doctor_workflow
from moodle_sync.workflows import init as init_workflow
from moodle_sync.workflows import schema as schema_workflow
from moodle_sync.workflows import status as status_workflow

_FOLDER = click.Path(path_type=Path, file_okay=False)
_as_json: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)


@click.command("init")
@click.argument("folder", type=_FOLDER, default=Path())
@click.option("--example", is_flag=True, help="Bring a whole real programme instead of a small first one.")
@_as_json
def init(folder: Path, example: bool, as_json: bool) -> int:
    """Make a working folder: configuration, a first programme, mappings, .gitignore. Nothing that exists is touched."""
    made = init_workflow.init(folder, example=example)
    Out(as_json).show(made.lines(), made.document())
    return 0


@click.command("schema")
@click.option("--out", "folder", type=_FOLDER, default=Path("schema"), show_default=True, help="Folder to write into.")
@_as_json
def schema(folder: Path, as_json: bool) -> int:
    """Write JSON Schemas of the spec files, for editors that complete and check while one writes."""
    written = schema_workflow.write_schemas(folder)
    Out(as_json).show(written.lines(), written.document())
    return 0


@command("doctor")
def doctor(settings: Settings, out: Out) -> int:
    """Check everything that pushing and pulling need, and say where to mend it. Nothing is changed.

    Exit code 0 when nothing failed, 2 for files here, 4 for the ledger, 5 for Moodle.
    """
    found = doctor_workflow.doctor(settings)
    out.show(found.lines(), found.document())
    return found.exit_code


@command("status")
def status(settings: Settings, out: Out) -> int:
    """Say what ran last and how it ended, and which nights had no round. Moodle is not asked."""
    known = status_workflow.status(settings)
    out.show(known.lines(), known.document())
    return 0
