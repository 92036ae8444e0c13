"""Commands for the companion plugin: plugin build."""

from __future__ import annotations

from pathlib import Path

import click

from moodle_sync.cli.common import Out
from moodle_sync.workflows import role_presets
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
    """Write what an administrator of Moodle needs: the plugin's zip, and the two roles. Needs no configuration.

    The zip goes into Site administration › Plugins › Install plugins; then each role into Site administration › Users ›
    Permissions › Define roles › Add a new role › Use role preset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    built = build_plugin(folder)
    roles = [str(path) for path in role_presets.write(folder)]
    document = {"path": str(built.path), "release": built.release, "version": built.version, "sha256": built.sha256}
    lines = [f"{built.path}  release {built.release} ({built.version})  sha256 {built.sha256}", *roles]
    Out(as_json).show(lines, {**document, "roles": roles})
    return 0
