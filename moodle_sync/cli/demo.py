"""The command demo: the whole loop for somebody new, with no Moodle and nothing to configure."""

from __future__ import annotations

import json
from pathlib import Path

import click

from moodle_sync import log
from moodle_sync.cli.common import progress
from moodle_sync.workflows.demo.run import demo as play

_BUG = 1


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("moodle-sync-demo"))
@click.option("--moodle", "version", type=click.Choice(["4.5", "5.1"]), default="5.1", help="Which Moodle to stand in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--verbose", is_flag=True, help="Log each step on stderr.")
def demo(folder: Path, version: str, as_json: bool, verbose: bool) -> int:
    """Play a whole session with invented learners in FOLDER, and write its report. Needs no Moodle."""
    log.configure(verbose=verbose)
    played = play(folder, version=version, progress=progress)
    if as_json:
        click.echo(json.dumps(dict(played.found), ensure_ascii=False, indent=2))
    else:
        for line in played.lines():
            click.echo(line)
    return 0 if played.ok else _BUG
