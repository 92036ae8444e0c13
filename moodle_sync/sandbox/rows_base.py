"""What every table of the sandbox has: an id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Row:
    """A row of any table. ``id`` 0 means: not in a table yet."""

    id: int = 0
