"""Commands for whoever witnesses the ledger of another organisation: witness init, witness serve."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from threading import Event
from types import FrameType

import click

from moodle_sync import log
from moodle_sync.cli.common import Out
from moodle_sync.workflows import witness as witness_workflow

_FOLDER = click.Path(path_type=Path, file_okay=False)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def witness() -> None:
    """Witness the ledger of another organisation: sign what continues what was seen before, and nothing else."""


@witness.command("init")
@click.argument("folder", type=_FOLDER)
@click.option("--name", required=True, help="Its name: an address of yours without a scheme, such as example.org/w1.")
@_AS_JSON
def init(folder: Path, name: str, as_json: bool) -> int:
    """Make a witness: its key, and a file for the ledgers that it shall know. Needs no configuration."""
    made = witness_workflow.init(folder, name)
    Out(as_json).show(made.lines(), made.document())
    return 0


@witness.command("serve")
@click.argument("folder", type=_FOLDER)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="The port; 0: a free one.")
@click.option("--verbose", is_flag=True, help="Log each request on stderr.")
@_AS_JSON
def serve(folder: Path, host: str, port: int, verbose: bool, as_json: bool) -> int:
    """Answer requests for cosignatures until interrupted (Ctrl-C). It has no TLS: put a web server before it."""
    log.configure(verbose=verbose)
    stopped = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with witness_workflow.serving(folder, host, port) as told:
        # One line, at once: whoever started this waits for it.
        click.echo(json.dumps(told.document(), ensure_ascii=False) if as_json else "\n".join(told.lines()))
        stopped.wait()
    return 0
