"""What every command shares: its options, its settings, and how a result is printed."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from moodle_sync import log
from moodle_sync.config import Settings, load_settings

JSON = Any


@dataclass(frozen=True)
class Out:
    """How one call prints: lines for a person, or one JSON document, on stdout."""

    as_json: bool

    def show(self, lines: Iterable[str], document: JSON) -> None:
        """Print the result once, in the form that was asked for."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            for line in lines:
                click.echo(line)


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def command(name: str, *words: Decorator) -> Callable[[Callable[..., int | None]], click.Command]:
    """Declare a command with its own words and the options that all commands have.

    The function gets the settings and the output first, then its words by name. What it returns is the exit code
    (None for 0); its docstring is the help.
    """

    def declare(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        def run(*, config: Path, as_json: bool, verbose: bool, **values: Any) -> int:
            log.configure(verbose=verbose)
            return function(load_settings(config), Out(as_json), **values) or 0

        decorated: Callable[..., Any] = run
        for option in reversed((*words, *_OPTIONS)):
            decorated = option(decorated)
        return click.command(name)(decorated)

    return declare


_OPTIONS = (
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=Path("config.toml"),
        show_default=True,
        help="The configuration file.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    click.option("--verbose", is_flag=True, help="Log each step on stderr."),
)


def progress(sentence: str) -> None:
    """One line of progress on stderr: stdout belongs to the result."""
    click.echo(sentence, err=True)


__all__ = ["Out", "Settings", "command", "progress"]
