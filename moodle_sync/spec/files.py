"""Files that learners download: read whole, small, and known by their digest."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from moodle_sync.errors import Problem

LIMIT = 2_000_000
"""Bytes: a file travels inside one web service call. What is larger belongs behind a link."""

_TAKEN_OUT = re.compile(r"""[\x00-\x1f\x7f&<>"`|':\\]""")
"""What Moodle takes out of a file name (PARAM_FILE): learners would get a file of another name."""


@dataclass(frozen=True)
class SpecFile:
    """A file under ``files/``: ``path`` as an activity names it, ``name`` as learners see it."""

    path: str
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()


def read_file(file: Path, path: str) -> SpecFile | Problem:
    """The file, or why it cannot be used."""
    if (found := _TAKEN_OUT.search(file.name)) is not None:
        return Problem(file, 0, 0, "", f"Moodle takes {found.group()!r} out of a file name: rename the file")
    try:
        size = file.stat().st_size
        if size > LIMIT:
            message = f"{size} bytes are too many for a file ({LIMIT} at most): put it on the web and write a link"
            return Problem(file, 0, 0, "", message)
        content = file.read_bytes()
    except OSError as error:
        return Problem(file, 0, 0, "", f"cannot be read: {error.strerror}")
    if not content:
        return Problem(file, 0, 0, "", "this file is empty")
    return SpecFile(path, unicodedata.normalize("NFC", file.name), content)
