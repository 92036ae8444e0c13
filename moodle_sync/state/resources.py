"""Resources: one thing in Moodle that we own, as its identity and its compared fields.

Identity is (kind, key) and never changes; fields are plain JSON without floats, in the form of
``docs/reference/companion.md``. Desired and live objects share these shapes, so that the diff is a comparison and
nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

JSON = Any


class Kind(StrEnum):
    """The kinds of object that we manage, in the order in which they are made: each needs those above it."""

    CATEGORY = "category"
    FRAMEWORK = "framework"
    COMPETENCY = "competency"
    COURSE = "course"
    SECTION = "section"
    ACTIVITY = "activity"
    RUBRIC = "rubric"
    COURSE_COMPETENCY = "course_competency"
    ACTIVITY_COMPETENCY = "activity_competency"
    COURSE_COMPLETION = "course_completion"
    EVENT = "event"
    ENROLMENT = "enrolment"
    GROUP = "group"


ORDER = {kind: position for position, kind in enumerate(Kind)}

NEEDS_COMPANION = frozenset(
    {
        Kind.SECTION,
        Kind.ACTIVITY,
        Kind.RUBRIC,
        Kind.ACTIVITY_COMPETENCY,
        Kind.COURSE_COMPLETION,
        Kind.EVENT,
        Kind.ENROLMENT,
        Kind.GROUP,
    }
)
"""Kinds that core web services cannot write, or cannot find again by a key of ours."""

Ref = tuple[Kind, str]


@dataclass(frozen=True)
class Resource:
    """What the specs say should be there.

    ``key`` is the full key (for a child of a course ``<course idnumber>:<local>``); ``extra`` is what is needed to
    make the object and is not compared (module type, parent, account): it never enters a plan.
    """

    kind: Kind
    key: str
    fields: Mapping[str, JSON]
    course: str = ""
    local: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ref(self) -> Ref:
        """Kind and key."""
        return self.kind, self.key


@dataclass(frozen=True)
class Live:
    """What Moodle holds under one of our keys.

    ``baseline`` is what we last wrote, by field: ``{"desired": digest of what the spec said, "observed": the value as
    read back}``. ``learners`` counts the learners with results in the object. ``locked`` says why some of its fields
    may not change (``used``), empty for no reason.
    """

    kind: Kind
    key: str
    id: int
    fields: Mapping[str, JSON]
    baseline: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    course: str = ""
    local: str = ""
    learners: int = 0
    locked: str = ""
    modname: str = ""
    """Of an activity: Moodle's name for its module type."""
    foreign: bool = False
    """There, and good enough, but made by a person: satisfied, never written."""

    @property
    def ref(self) -> Ref:
        """Kind and key."""
        return self.kind, self.key


@dataclass(frozen=True)
class Stray:
    """An object that carries an idnumber of ours where it cannot be ours: a copy, or one key held twice."""

    course: str
    idnumber: str
    ids: tuple[int, ...]
    duplicate: bool


@dataclass(frozen=True)
class Observation:
    """Everything that was read before a diff: the live objects, what must not be touched, and which route is open."""

    live: Mapping[Ref, Live]
    strays: tuple[Stray, ...] = ()
    closed: Mapping[Kind, str] = field(default_factory=dict)
    """Kinds that no open route can write on this site, each with what would open one."""
    absent_people: frozenset[str] = frozenset()
    """Keyed digests of people in an enrolment file who have no account, or no visible one."""
