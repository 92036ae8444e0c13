"""Reading from Moodle: what it says of learners' work, as facts. No judgement, no store, nothing of the course wing."""

from __future__ import annotations

from moodle_sync.collect.budget import CallEstimate
from moodle_sync.collect.course import LEARNER_ROLES, collect_course, estimate

__all__ = ["LEARNER_ROLES", "CallEstimate", "collect_course", "estimate"]
