"""What reading one kind of fact gives: the facts, and every reason why they may not be all.

A kind is complete only when no reason was noted. Reasons are counted, not listed one a learner, and name no person.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, TypeVar

from moodle_sync.errors import AccessDenied, MoodleRefused, SiteError
from moodle_sync.facts.models import Fact
from moodle_sync.moodle.pull import Result
from moodle_sync.moodle.wire.base import Answer

T = TypeVar("T")


@dataclass
class Reading:
    """Facts of one kind as they come in.

    Attributes:
        kind: one of ``facts.models.KINDS``.
        facts: what was read.
        definitions: rubric definitions by digest, for the kind that has them.
        raters: Moodle's ids of the trainers named in the facts.
        untold: Moodle's ids of the learners of whom it tells nothing of this kind, by its own rules.
    """

    kind: str
    facts: list[Fact] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)
    raters: set[int] = field(default_factory=set)
    untold: set[int] = field(default_factory=set)
    _doubts: Counter[str] = field(default_factory=Counter)
    _notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every object of this kind was read."""
        return not self._doubts

    @property
    def warnings(self) -> list[str]:
        """Why the kind is not complete, one line a reason; then what else somebody should look at."""
        doubts = [f"{self.kind}: {why}" + (f" ({count} times)" if count > 1 else "") for why, count in self._sorted()]
        return [*doubts, *self._notes]

    def doubt(self, why: str) -> None:
        """Notes a reason why something of this kind may be missing."""
        self._doubts[why] += 1

    def note(self, what: str) -> None:
        """Notes what somebody should look at, though nothing is missing for it."""
        self._notes.append(what)

    def take(self, result: Result[T]) -> T | None:
        """The value of a result; notes its warnings, or its error and then gives None.

        Raises:
            SiteError: the site itself failed: this is no answer about one object.
        """
        if isinstance(result, Answer):
            for warning in result.warnings:
                self.doubt(f"Moodle warns: {warning}")
            return result.value
        self.refused(result)
        return None

    def refused(self, error: SiteError) -> None:
        """Notes that Moodle refused something of this kind; any other error is raised."""
        if not isinstance(error, AccessDenied | MoodleRefused):
            raise error
        self.doubt(f"not read: {error.errorcode}")

    def _sorted(self) -> list[tuple[str, int]]:
        return sorted(self._doubts.items())
