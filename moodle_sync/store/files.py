"""Files that hold secrets or evidence: made with their mode from the first byte, replaced whole or not at all.

Used by the store, the keystore, the signing key and the published checkpoints. Knows nothing of what is in them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from moodle_sync.errors import LedgerUnusable

PRIVATE = 0o600
PUBLIC = 0o644


def create(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Makes a file that was not there, with this mode, and returns once it is on disk.

    Raises:
        FileExistsError: something of that name is there already; it is left as it is.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask is
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_directory(path.parent)


def part_of(path: Path) -> Path:
    """Where a file is made before it gets its name."""
    return path.with_name(f".{path.name}.part")


def move_new(part: Path, path: Path) -> None:
    """Gives a finished file its name; raises FileExistsError, and removes the part, when the name is taken."""
    try:
        path.hardlink_to(part)  # unlike a rename, a link never takes the place of something
    finally:
        part.unlink()
    sync_directory(path.parent)


def replace(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Puts a whole new content in place of whatever was there: a reader sees the old one or the new one.

    Killed in between, it leaves a file ``.<name>.<process id>.part`` beside, which nobody reads.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    create(part, content, mode)
    part.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Makes names just created or renamed in this directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_private(path: Path, what: str) -> None:
    """Refuses a secret that others on this machine may read.

    Raises:
        LedgerUnusable: the file is missing, or its mode gives anything to the group or to others.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError as error:
        raise LedgerUnusable(f"{what} is missing: {path}", hint="Restore it from its backup.") from error
    if mode & 0o077:
        raise LedgerUnusable(f"{what} can be read by others: {path} has mode {mode:04o}", hint=f"Run: chmod 600 {path}")
