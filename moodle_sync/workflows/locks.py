"""One run of a kind at a time on this machine: core web services are not safe against a second writer of a key."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from moodle_sync.config import Settings
from moodle_sync.errors import PlanRefused


@contextmanager
def only_one(settings: Settings, what: str) -> Iterator[None]:
    """Hold the lock of this kind of run, beside the keystore; the system lets go of it when the process ends.

    Raises:
        PlanRefused: another run holds it.
    """
    path = settings.ledger.keystore.parent / f".{what}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            hint = "Wait until it is done, then run this again."
            raise PlanRefused(f"Another {what} is running.", hint=hint) from None
        yield
