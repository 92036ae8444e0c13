"""A stage of the night's round: what it did, what it failed at, and the exit code that this makes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from moodle_sync.clock import Clock
from moodle_sync.errors import MoodleSyncError

JSON = Any
Progress = Callable[[str], None]
_log = logging.getLogger(__name__)

# A bug, the ledger, Moodle, what somebody wrote, a refusal, part of the work: which code stands for several.
_GRAVITY = (1, 4, 5, 2, 3, 6)


def worst(codes: Iterable[int]) -> int:
    """The exit code for several: 1, 4, 5, 2, 3, 6 in this order, 0 for none of them."""
    there = set(codes)
    return next((code for code in _GRAVITY if code in there), 0)


class Result(NamedTuple):
    """What a stage says when it came to its end; a code other than 0 says that not all of it was well."""

    sentence: str
    details: tuple[str, ...] = ()
    code: int = 0


@dataclass(frozen=True)
class Stage:
    """One stage, done or failed."""

    name: str
    code: int
    sentence: str
    details: tuple[str, ...]

    @classmethod
    def of(cls, name: str, work: Callable[[], Result]) -> Stage:
        """Run one stage. Whatever goes wrong in it ends it, and it alone."""
        try:
            result = work()
        except MoodleSyncError as error:
            first, *rest = str(error).splitlines()
            return cls(name, error.exit_code, first, tuple(rest))
        except Exception as error:  # a bug in one stage must not keep what was read from being sealed
            _log.exception("stage %s", name)
            sentence = f"a bug ({type(error).__name__}): please report it with the lines of the log"
            return cls(name, 1, sentence, ())
        return cls(name, result.code, result.sentence, result.details)

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"{'✗' if self.code else '✓'} {self.name:<12}{self.sentence}",
            *(f"    {line}" for line in self.details),
        ]

    def document(self) -> JSON:
        """For a program."""
        return {
            "name": self.name,
            "exit_code": self.code,
            "message": self.sentence,
            "details": list(self.details),
        }


@dataclass(frozen=True)
class Deadline:
    """The end of the time box, if there is one."""

    clock: Clock
    end: datetime | None

    @classmethod
    def after(cls, minutes: int | None, clock: Clock) -> Deadline:
        """The deadline so many minutes from now; none at all for None."""
        return cls(clock, None if minutes is None else clock() + timedelta(minutes=minutes))

    def now(self) -> datetime:
        """What time it is."""
        return self.clock()

    def left(self) -> float:
        """Seconds that are left; infinite without a time box, never less than 0."""
        if self.end is None:
            return float("inf")
        return max(0.0, (self.end - self.clock()).total_seconds())
