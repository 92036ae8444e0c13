"""Checkpoints as files in a directory outside the database: on another disk, a share, a synchronised folder.

Evidence only as far as the ledger's operator cannot rewrite that directory. Files are public (0644): a checkpoint says
how many entries there are and their root, nothing of what is in them.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.store import files

SUFFIX = ".checkpoint"
LATEST = "latest"


class FilePublisher:
    """Writes ``<directory>/<origin>/<shard>-<size>.checkpoint`` and ``<directory>/<origin>/latest``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def place(self) -> str:
        """``file:`` and the directory."""
        return f"file:{self._directory.absolute()}"

    def publish(self, checkpoint: Checkpoint, text: str) -> None:
        """Writes the note whole or not at all, and never over another one.

        Raises:
            LedgerUnusable: the directory does not exist, or cannot be written.
            VerificationFailed: another note for this size is there: one of the two ledgers was rewritten.
        """
        if not self._directory.is_dir():
            raise LedgerUnusable(
                f"there is no directory {self._directory} for checkpoints",
                hint="Create it, or mount the disk that it is on. It should not be on the ledger's own machine.",
            )
        folder = self._directory / quote(checkpoint.origin, safe="")
        path = folder / f"{checkpoint.shard}-{checkpoint.size:012d}{SUFFIX}"
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
            if path.exists():
                if path.read_text(encoding="utf-8") != text:
                    raise VerificationFailed(f"another checkpoint of the same size was published before: {path}")
            else:
                files.replace(path, text.encode())
            files.replace(folder / LATEST, text.encode())
        except OSError as error:
            raise LedgerUnusable(f"{path} cannot be written: {error.strerror}") from error


def read_published(directory: Path) -> list[str]:
    """Every signed note under a directory that :class:`FilePublisher` wrote to, oldest first.

    Raises:
        LedgerUnusable: there is no such directory, or a file cannot be read.
    """
    if not directory.is_dir():
        raise LedgerUnusable(f"there is no directory {directory} with checkpoints")
    try:
        paths = sorted(path for path in directory.rglob(f"*{SUFFIX}") if not path.name.startswith("."))
        return [path.read_bytes().decode("utf-8", errors="replace") for path in paths]
    except OSError as error:
        raise LedgerUnusable(f"published checkpoints cannot be read: {error.strerror}") from error
