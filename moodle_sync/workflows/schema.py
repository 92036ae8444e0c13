"""schema: JSON Schemas of the spec files, written where editors find them. Needs no configuration and no site."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moodle_sync.errors import UsageError
from moodle_sync.spec.schema import schemas
from moodle_sync.store.files import replace

JSON = Any


@dataclass(frozen=True)
class Schemas:
    """The files that were written."""

    files: tuple[Path, ...]

    def lines(self) -> list[str]:
        """For a person."""
        first = self.files[0]
        return [
            *(str(file) for file in self.files),
            "An editor with YAML support completes and checks a file that starts with, for example:",
            f"# yaml-language-server: $schema=../../{first.parent.name}/{first.name}",
        ]

    def document(self) -> JSON:
        """For a program."""
        return {"files": [str(file) for file in self.files]}


def write_schemas(folder: Path) -> Schemas:
    """Write one schema a kind of file; the same release of moodle-sync always writes the same bytes.

    Raises:
        UsageError: the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, schema in sorted(schemas().items()):
            file = folder / f"{name}.json"
            text = json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True)
            replace(file, text.encode() + b"\n")
            written.append(file)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return Schemas(tuple(written))
