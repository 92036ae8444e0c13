"""Puts a report on the disk. A report names learners: only its owner may read it."""

from __future__ import annotations

from pathlib import Path

from moodle_sync.errors import UsageError
from moodle_sync.store.files import PRIVATE, replace


def write_report(path: Path, report: str) -> None:
    """Writes a report whole, with mode 0600, in place of whatever was there: never half of one, never a mixture.

    Raises:
        UsageError: the folder is not there, or ``path`` is one.
    """
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}: create it, or name another file")
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    replace(path, report.encode("utf-8"), PRIVATE)
