"""The shape of the section [backup] of config.toml: where copies go, and how long a copy of the keystore is kept."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class BackupSettings(BaseModel):
    """Two folders, on disks apart: whoever holds a store and a keystore together holds what both were split for.

    ``keystore_days`` bounds for how long an erased person could be brought back by a copy that is out of reach.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = None
    keystore_folder: Path | None = None
    keystore_days: int = Field(default=14, ge=1, le=90)
