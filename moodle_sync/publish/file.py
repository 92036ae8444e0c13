"""Checkpoints as files in a directory outside the database: on another disk, a share, a synchronised folder.

Evidence only as far as the ledger's operator cannot rewrite that directory. Files are public (0644): a checkpoint says
how many entries there are and their root, nothing of what is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.ledger.outside import Kept, Reach, Stored
from moodle_sync.store import files

SUFFIX = ".checkpoint"
LATEST = "latest"


class FilePublisher:
    """Writes ``<directory>/<origin>/<shard>-<size>.checkpoint`` and ``<directory>/<origin>/latest``.

    ``reach`` says how far the directory is from the ledger; a file place is never out of the operator's hands.
    ``origin`` limits what is read back to one ledger, where several share the directory.
    """

    newest_only = False

    def __init__(self, directory: Path, *, reach: Reach = Reach.OWN_ACCOUNT, origin: str | None = None) -> None:
        self._directory = directory
        self._reach = reach
        self._origin = origin

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
        folder = self._directory / folder_name(checkpoint.origin)
        path = folder / file_name(checkpoint)
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
            put_note(path, text)
            files.replace(folder / LATEST, text.encode())
        except OSError as error:
            raise LedgerUnusable(f"{path} cannot be written: {error.strerror}") from error

    def kept(self, stored: Sequence[Stored]) -> list[Kept]:
        """Every note of this ledger in the directory.

        Raises:
            LedgerUnusable: there is no such directory, or a file cannot be read.
        """
        return [Kept(self.place, self._reach, tuple(read_published(self._directory, self._origin)))]


def folder_name(origin: str) -> str:
    """The folder of one ledger in a place that several may share."""
    return quote(origin, safe="")


def file_name(checkpoint: Checkpoint, suffix: str = SUFFIX) -> str:
    """The name of a checkpoint's file: names sort as the checkpoints follow each other."""
    return f"{checkpoint.shard}-{checkpoint.size:012d}{suffix}"


def put_note(path: Path, text: str) -> None:
    """Writes a note whole or not at all; one that is there already stays as it is.

    Raises:
        VerificationFailed: another note of this name is there. OSError: it cannot be written.
    """
    if path.exists():
        if path.read_bytes() != text.encode():
            raise VerificationFailed(f"another checkpoint of the same size was published before: {path}")
        return
    files.replace(path, text.encode())


def read_published(directory: Path, origin: str | None = None) -> list[str]:
    """Every signed note that :class:`FilePublisher` wrote under a directory (for one ledger), oldest first.

    Raises:
        LedgerUnusable: there is no such directory, or a file cannot be read.
    """
    if not directory.is_dir():
        raise LedgerUnusable(f"there is no directory {directory} with checkpoints")
    folder = directory / folder_name(origin) if origin is not None else directory
    try:
        paths = sorted(path for path in folder.rglob(f"*{SUFFIX}") if not path.name.startswith("."))
        return [path.read_bytes().decode("utf-8", errors="replace") for path in paths]
    except OSError as error:
        raise LedgerUnusable(f"published checkpoints cannot be read: {error.strerror}") from error
