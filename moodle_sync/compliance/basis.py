"""What every verdict of one view rests on: the specs, the evidence, and the moment. Values only.

Built once by ``session`` and handed to each rule, so that no rule can look at anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from moodle_sync.compliance import french
from moodle_sync.compliance.evidence import EvidenceIndex
from moodle_sync.spec.models import AnyActivity, Feedback, Framework, Objective, Programme, Quiz, Rubric, Session
from moodle_sync.spec.schedule import HalfDay, half_days, resolve, zone
from moodle_sync.spec.specs import activities

PLACEMENT = "placement_test"
SATISFACTION = "satisfaction_survey"
LEARNING_ROLES = frozenset({None, "learning_assessment"})
"""The roles of an activity that may evidence an objective. Any other one (placement, opinion, profile) never does."""


@dataclass(frozen=True)
class Basis:
    """The specs and the evidence of one session, as of one moment (aware, UTC)."""

    programme: Programme
    framework: Framework
    rubrics: Mapping[str, Rubric]
    session: Session
    index: EvidenceIndex
    as_of: datetime
    learner_roles: frozenset[str]

    @cached_property
    def zone(self) -> ZoneInfo:
        """The session's time zone."""
        return zone(self.session)

    @cached_property
    def half_days(self) -> tuple[HalfDay, ...]:
        """The session's half-days in time order."""
        return tuple(sorted(half_days(self.session)))

    @property
    def starts(self) -> datetime:
        """The first half-day's beginning."""
        return self.half_days[0].starts

    @property
    def ends(self) -> datetime:
        """The last half-day's end."""
        return self.half_days[-1].ends

    @cached_property
    def activities(self) -> list[tuple[str, AnyActivity]]:
        """Every activity of the programme with its key within the course."""
        return list(activities(self.programme))

    def assessing(self, objective: Objective) -> list[tuple[str, AnyActivity]]:
        """The activities that may evidence an objective: they say that they assess it, and their role allows it."""
        return [
            (key, item) for key, item in self.activities if objective.key in item.objectives and assesses_learning(item)
        ]

    def due(self, activity: AnyActivity) -> datetime | None:
        """When an activity is due, in UTC; None when the programme sets no date."""
        return None if activity.closing is None else resolve(activity.closing, self.session, closing=True)

    def opens(self, activity: AnyActivity) -> datetime | None:
        """When an activity opens, in UTC; None when the programme sets no date."""
        return None if activity.opening is None else resolve(activity.opening, self.session, closing=False)

    def last_moment(self, activity: AnyActivity) -> datetime | None:
        """From when on an activity that is not done is missing: its due date, or else the end of the session.

        None for one that opens after the session and is due at no date: it is never missing.
        """
        due, opens = self.due(activity), self.opens(activity)
        return due or (None if opens is not None and opens > self.ends else self.ends)

    def past(self, moment: datetime) -> bool:
        """Whether a due date has passed: at the very second of it, it has not."""
        return self.as_of > moment

    def when(self, moment: datetime) -> str:
        """A moment in words, in the session's zone."""
        return french.when(moment, self.zone)


def role(activity: AnyActivity) -> str | None:
    """The role that the programme gives an activity, as ``mappings/roles.yaml`` names it; None for none."""
    return activity.role if isinstance(activity, Quiz | Feedback) else None


def is_placement(activity: AnyActivity) -> bool:
    """Whether the activity is the positioning at entry, which never counts as an assessment of learning."""
    return role(activity) == PLACEMENT


def assesses_learning(activity: AnyActivity) -> bool:
    """Whether results of the activity may evidence an objective."""
    return role(activity) in LEARNING_ROLES
