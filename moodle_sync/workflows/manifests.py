"""The folder of one backup: one SQLite file and a manifest that says what it is. Whole under its name, or not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from moodle_sync.errors import LedgerError, LedgerUnusable
from moodle_sync.store import copying, files

NAME = "manifest.json"
FILES = {"store": "ledger.db", "keystore": "keystore.db"}


class Head(BaseModel):
    """How far one shard goes in the copy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shard: int
    size: int
    root: str


class Manifest(BaseModel):
    """What a copy is. ``sha256`` and ``bytes`` are of its file; ``rewriting`` while an erasure is taken out of it.

    ``checkpoint`` is the signed note that the copy ends with; ``master`` (of a keystore) the number of its master key;
    ``apart`` (of a store) the folder that copies of the keystore go to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["moodle-sync backup 1"] = "moodle-sync backup 1"
    kind: Literal["store", "keystore"]
    origin: str
    made_at: str
    until: str | None = None
    version: str
    heads: tuple[Head, ...] = ()
    checkpoint: str | None = None
    master: str | None = None
    apart: str | None = None
    bytes: int
    sha256: str
    rewriting: bool = False


def file_of(folder: Path, manifest: Manifest) -> Path:
    """The SQLite file of a copy."""
    return folder / FILES[manifest.kind]


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder`` that gets its name at the end; when anything fails before, nothing is left of it.

    Raises:
        LedgerUnusable: the name is taken, or the disk gave up.
    """
    part = files.part_of(folder)
    try:
        if folder.exists():
            raise LedgerUnusable(f"{folder} is there already; nothing was written", hint="Wait a second, run it again.")
        shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
        part.mkdir(mode=0o700)
        yield part
        files.sync_directory(part)
        part.rename(folder)
        files.sync_directory(folder.parent)
    except OSError as error:
        raise LedgerUnusable(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest, in place of the one before."""
    text = json.dumps(manifest.model_dump(), indent=2, sort_keys=True) + "\n"
    files.replace(folder / NAME, text.encode(), files.PRIVATE)


def read(folder: Path) -> Manifest:
    """The manifest of a backup's folder.

    Raises:
        LedgerUnusable: there is none, or it cannot be read.
    """
    try:
        return Manifest.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise LedgerUnusable(f"there is no backup at {folder}: it has no {NAME}") from None
    except OSError as error:
        raise LedgerUnusable(f"{folder / NAME} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise LedgerUnusable(f"{folder / NAME} is not the manifest of a backup of this version") from error


def require_whole(folder: Path, manifest: Manifest) -> None:
    """Passes when the file is the one that the manifest was written for.

    While an erasure is taken out of a copy its digest is not known: what is in it is checked by its tree all the same.

    Raises:
        LedgerUnusable: it is missing, or another one.
    """
    path = file_of(folder, manifest)
    if not path.is_file():
        raise LedgerUnusable(f"the backup is not whole: there is no {path}")
    if not manifest.rewriting and copying.sha256(path) != manifest.sha256:
        raise LedgerError(f"{path} is not the file that was backed up: its SHA-256 is another one")


def sized(manifest: Manifest, path: Path, *, rewriting: bool = False) -> Manifest:
    """The manifest with the size and digest of the file as it is now."""
    found = {"bytes": path.stat().st_size, "sha256": copying.sha256(path), "rewriting": rewriting}
    return manifest.model_copy(update=found)
