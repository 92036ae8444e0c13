"""Which plan made what a fact is about: the activity that it names, or else the course. Pure: the journal knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from moodle_sync.facts.attested import AttestedFact
from moodle_sync.facts.models import Fact


@dataclass(frozen=True)
class Plans:
    """Digests of the plans that made a course and, by local key, its activities; None where none is known."""

    course: str | None = None
    activities: Mapping[str, str] = field(default_factory=dict)

    def of(self, fact: Fact | AttestedFact) -> str | None:
        """The plan of the activity that the fact names; None for one that no plan of ours made; else the course's."""
        activity, cmid = getattr(fact, "activity", None), getattr(fact, "cmid", None)
        if activity is not None:
            return self.activities.get(activity)
        return None if cmid is not None else self.course
