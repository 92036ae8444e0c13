"""init: a working folder to start from, made of what the package brings. Touches nothing that exists, asks no site."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from moodle_sync.errors import UsageError
from moodle_sync.store import files

JSON = Any
_PRIVATE = ("secrets", "enrolments")
"""Folders of mode 0700: tokens, and who is enrolled."""
_FIRST, _EXAMPLE = "first", "course_specs"


@dataclass(frozen=True)
class Made:
    """The folder and what is in it now."""

    folder: Path
    names: tuple[str, ...]

    def lines(self) -> list[str]:
        """For a person: what was made, and the next three commands."""
        return [
            f"Made in {self.folder}:",
            *(f"  {name}" for name in self.names),
            f"Now change config.toml, and put the two tokens into {self.folder / 'secrets'} or the environment. Then:",
            f"  cd {self.folder} && moodle-sync validate",
            "  moodle-sync ledger init",
            "  moodle-sync doctor",
        ]

    def document(self) -> JSON:
        """For a program."""
        return {"folder": str(self.folder), "made": list(self.names)}


def init(folder: Path, *, example: bool = False) -> Made:
    """Make a working folder.

    Args:
        folder: where; made when it is not there.
        example: bring the whole example programme instead of a small first one.

    Raises:
        UsageError: something of what would be made is there already, or the folder cannot be written: nothing was.
    """
    wanted = dict(_content(_EXAMPLE if example else _FIRST))
    names = sorted({path.parts[0] for path in wanted} | set(_PRIVATE))
    there = [name for name in names if os.path.lexists(folder / name)]
    if there:
        raise UsageError(
            f"In {folder} there is already: {', '.join(there)}. Nothing was written.",
            hint="Name an empty folder: moodle-sync init my-folder",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _PRIVATE:
            (folder / name).mkdir(mode=0o700)
        _write(folder, wanted)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return Made(folder, tuple(f"{name}/" if (folder / name).is_dir() else name for name in names))


def copy_example(folder: Path) -> None:
    """Put the example programme and the mappings into a folder that holds neither: ``course_specs/``, ``mappings/``.

    Raises:
        FileExistsError: one of their files is there already; it is left as it is.
    """
    _write(folder, dict(_specs(_EXAMPLE)))


def _write(folder: Path, wanted: Mapping[Path, bytes]) -> None:
    for path, content in wanted.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        files.create(target, content, files.PUBLIC)


def _content(programme: str) -> Iterator[tuple[Path, bytes]]:
    """Every file of a new folder: its path there, and its bytes."""
    data = resources.files("moodle_sync") / "data"
    yield Path("config.toml"), (data / "config.example.toml").read_bytes()
    yield Path(".gitignore"), (data / "gitignore").read_bytes()
    yield from _specs(programme)


def _specs(programme: str) -> Iterator[tuple[Path, bytes]]:
    data = resources.files("moodle_sync") / "data"
    yield from _files(data / "mappings", Path("mappings"))
    yield from _files(data / programme, Path("course_specs"))


def _files(folder: Traversable, under: Path) -> Iterator[tuple[Path, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry, under / entry.name)
        else:
            yield under / entry.name, entry.read_bytes()
