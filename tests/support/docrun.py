"""Runs the commands of a page of documentation in order, as its reader would; one that it does not know fails.

The page is the script: commands come from its fenced ``sh`` blocks, and from inline code in a numbered list. The site
is a sandbox; ``config.toml`` is changed as the page tells the reader to.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from moodle_sync.cli.main import run
from moodle_sync.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACEHOLDER = "…"


def page(name: str) -> str:
    """The text of a page, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[tuple[str, str]]:
    """Every fenced block: its language and its content."""
    return [(match[1], match[2]) for match in _FENCE.finditer(text)]


def lines(text: str, language: str = "sh") -> list[str]:
    """The command lines of the fenced blocks of one language, comments left out."""
    found = [line for kind, block in blocks(text) if kind == language for line in block.splitlines()]
    return [command for line in found if (command := re.sub(r"\s+#.*", "", line).strip())]


def steps(section: str) -> list[str]:
    """The inline commands of a numbered list, in order: what stands in backquotes and has words (``a b``)."""
    listed = re.findall(r"^(?:\d+\.|  ) .*$", section, re.MULTILINE)
    return [code for line in listed for code in re.findall(r"`([^`]+)`", line) if " " in code]


def section(text: str, heading: str) -> str:
    """What stands under one second-level heading."""
    _, _, rest = text.partition(f"\n## {heading}\n")
    assert rest, f"there is no section {heading!r}"
    return rest.partition("\n## ")[0]


@dataclass
class Reader:
    """Somebody who runs what the page says: a folder, an environment, and the site of their own."""

    folder: Path
    site: Sandbox
    expected: Mapping[str, int] = field(default_factory=dict)
    """Exit codes by command line, 0 for those that are not named."""
    after: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    """What happens on the site between two commands, by the command line that it follows."""
    ran: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    output: dict[str, str] = field(default_factory=dict)
    """What each command line printed on stdout, the last time that it ran."""

    def run(self, commands: list[str]) -> None:
        """Run them all, in order. A command line that is not known is a failure."""
        assert commands, "no command was found"
        for command in commands:
            self._one(command)
            self.ran.append(command)
            self.after.get(command, lambda: None)()

    def _one(self, command: str) -> None:
        words = shlex.split(command)
        known: dict[str, Callable[[list[str]], None]] = {
            "moodle-sync": lambda words: self._tool(command, words),
            "cd": self._enter,
            "export": self._export,
            "pip": _pip,
        }
        assert words[0] in known, f"the page says to run {command!r}, and no test knows how"
        known[words[0]](words[1:])

    def _tool(self, command: str, words: list[str]) -> None:
        out, log = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            patch.dict(os.environ, self._env(), clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(log),
        ):
            code = run(words)
        told = f"{command}\n{out.getvalue()}\n{log.getvalue()}"
        assert code == self.expected.get(command, 0), told
        assert "Traceback" not in log.getvalue(), told
        self.output[command] = out.getvalue()

    def _enter(self, words: list[str]) -> None:
        self.folder /= words[0]
        assert self.folder.is_dir(), words
        self._configure(self.folder / "config.toml")

    def _configure(self, file: Path) -> None:
        """Change what the page says to change: the settings are those of the example, so each has to be found."""
        text = file.read_text(encoding="utf-8")
        for old, new in (
            ('name = "sagiterre"', 'name = "mine"'),
            ('url = "https://moodle.example.org"', f'url = "{self.site.url}"'),
            ('namespace = "sag"', 'namespace = "mine"'),
            ('origin = "moodle.example.org/moodle-sync"', 'origin = "mine.example.org/registre"'),
        ):
            assert text.count(old) == 1, f"{file.name}: {old}"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")

    def _export(self, words: list[str]) -> None:
        tokens = {
            "MOODLE_SYNC_PUSH_TOKEN": self.site.push_token,
            "MOODLE_SYNC_PULL_TOKEN": self.site.pull_token,
        }
        for word in words:
            name, _, value = word.partition("=")
            assert value == _PLACEHOLDER, word
            self.environment[name] = tokens[name]

    def _env(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("MOODLE_SYNC_")}
        return ours | self.environment


def _pip(words: list[str]) -> None:
    """Installing is what tests/e2e/test_wheel.py does: here it has to be the command that it stands for."""
    assert words == ["install", "."]
    assert (ROOT / "pyproject.toml").is_file()


def files_of(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Files that the page tells the reader to write: the last path named before each block, and its content."""
    for match in _FENCE.finditer(text):
        if match[1] == language:
            paths = re.findall(rf"`([\w./-]+\.{language})`", text[: match.start()])
            assert paths, "a block that says not which file it is"
            yield paths[-1], match[2]
