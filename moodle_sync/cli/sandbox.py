"""Commands for the stand-in site: sandbox serve."""

from __future__ import annotations

import json
import signal
import tempfile
from pathlib import Path
from threading import Event
from types import FrameType

import click

from moodle_sync.sandbox import VERSIONS, Sandbox


@click.group()
def sandbox() -> None:
    """A small Moodle on this machine, to try things out on. Nobody else can reach it."""


@sandbox.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; a free one when not given.")
@click.option(
    "--version",
    type=click.Choice(VERSIONS),
    default=VERSIONS[-1],
    show_default=True,
    help="Which Moodle to stand in for.",
)
@click.option("--without-companion", is_flag=True, help="As if the plugin were not installed.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to keep the site in; made when it is absent.",
)
@click.option(
    "--actors",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write people with their tokens; a file in a new temporary folder when not given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def serve(
    port: int, version: str, without_companion: bool, state: Path | None, actors: Path | None, as_json: bool
) -> int:
    """Serve until interrupted (Ctrl-C). Needs no configuration.

    The tokens that it prints open this stand-in alone.
    """
    stopped = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    people = actors or Path(tempfile.mkdtemp(prefix="moodle-sync-sandbox-")) / "actors.json"
    with Sandbox(version, companion=not without_companion, state=state, port=port) as site:
        site.write_actors(people)
        told = {"url": site.url, "version": version, "companion": not without_companion}
        told |= {"push_token": site.push_token, "pull_token": site.pull_token, "actors": str(people)}
        lines = [f"{name:<11} {value}" for name, value in told.items()]
        click.echo(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(lines))
        stopped.wait()
    return 0
