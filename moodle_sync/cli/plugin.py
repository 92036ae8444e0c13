"""Commands for the companion plugin: plugin build."""

from __future__ import annotations

import json
from pathlib import Path

import click

from moodle_sync.workflows.plugin_build import build as build_plugin


@click.group()
def plugin() -> None:
    """The companion plugin for Moodle."""


@plugin.command("build")
@click.option(
    "--out", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder to write into."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def build(folder: Path, as_json: bool) -> int:
    """Write the zip that Site administration › Plugins › Install plugins takes. Needs no configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    built = build_plugin(folder)
    document = {"path": str(built.path), "release": built.release, "version": built.version, "sha256": built.sha256}
    sentence = f"{built.path}  release {built.release} ({built.version})  sha256 {built.sha256}"
    click.echo(json.dumps(document, indent=2) if as_json else sentence)
    return 0
