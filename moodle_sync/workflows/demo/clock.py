"""The stand-in's clock in the demo: months pass in seconds."""

from __future__ import annotations

from datetime import UTC, datetime

from moodle_sync.clock import utc_now


class StageClock:
    """A moment of the story, or now when there is none."""

    def __init__(self) -> None:
        self.moment: datetime | None = None

    def __call__(self) -> datetime:
        """What time it is there."""
        return utc_now() if self.moment is None else self.moment.astimezone(UTC)
