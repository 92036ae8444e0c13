"""The shapes of the spec files: frozen, strict, one class a thing that a training manager would name.

Only shapes and single-field checks live here. What needs more than one file (references, dates, lengths of composed
keys) is in ``spec.rules``; relative dates are read by ``spec.schedule``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from moodle_sync.spec.fields import Hours, Key, LocalKey, Number, Points, RelativeDate, RoleName, Text, Version


class Spec(BaseModel):
    """Base of every spec model: unknown fields are refused, nothing is coerced, nothing can be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=False)


# ---- rubrics ---------------------------------------------------------------------------------------------------


class Count(Spec):
    """A criterion that counts: one level per count, the last one meaning "that many or more"."""

    unit: Text
    start: int = Field(alias="from", ge=0)
    to: int = Field(le=50)

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.to <= self.start:
            raise ValueError(f"'to' ({self.to}) must be greater than 'from' ({self.start})")
        return self


class Level(Spec):
    """A level of a criterion. Its key is its number of points unless it says otherwise."""

    points: Points
    text: Text
    key: LocalKey | None = None


class Criterion(Spec):
    """A line of a rubric: either ``levels`` written out, or a ``count``."""

    key: LocalKey
    title: Text
    levels: tuple[Level, ...] | None = None
    count: Count | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.levels is None) == (self.count is None):
            raise ValueError("a criterion has either 'levels' or 'count'")
        if self.levels is not None and len(self.levels) < 2:
            raise ValueError("a criterion needs at least two levels, or nothing can be told apart")
        return self


class Rubric(Spec):
    """A grid that a trainer fills, criterion by criterion."""

    rubric: Key
    title: Text
    description: Text | None = None
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    to_confirm: tuple[Text, ...] = ()


# ---- frameworks ------------------------------------------------------------------------------------------------


class Objective(Spec):
    """An operational objective, and the success criterion by which it can be told that it is reached."""

    key: LocalKey
    title: Annotated[Text, Field(max_length=100)]
    statement: Text
    success: Text


class Framework(Spec):
    """A competency framework: the objectives of one or more programmes, in one version."""

    framework: Key
    version: Version
    title: Annotated[Text, Field(max_length=100)]
    description: Text | None = None
    objectives: tuple[Objective, ...] = Field(min_length=1)
    to_confirm: tuple[Text, ...] = ()


# ---- programmes ------------------------------------------------------------------------------------------------


class ActionNature(StrEnum):
    """The nature of the action, as the certificat de réalisation prints it (L6313-1)."""

    TRAINING = "action_de_formation"
    SKILLS_REVIEW = "bilan_de_competences"
    VAE = "vae"
    APPRENTICESHIP = "apprentissage"


class Capacity(Spec):
    """How many learners a session takes."""

    min: int = Field(ge=1)
    max: int = Field(ge=1)

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"'max' ({self.max}) is lower than 'min' ({self.min})")
        return self


class Price(Spec):
    """What one person or group pays."""

    amount: Number = Field(ge=0)
    currency: Literal["EUR"]
    net: bool
    per: Literal["person", "group"]


class Access(Spec):
    """Who gets in, how, and until when."""

    prerequisites: Text
    admission: tuple[Literal["file", "interview", "test"], ...] = ()
    enrol_by: RelativeDate
    start_within: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]?(d|mo)$")]


class Category(Spec):
    """Where the course stands in Moodle: a category of ours (``key``, ``title``) or an existing one (its idnumber)."""

    key: Key | None = None
    title: Text | None = None
    existing: Text | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ours = self.key is not None and self.title is not None
        if ours == (self.existing is not None) or (self.key is None) != (self.title is None):
            raise ValueError("write either 'key' and 'title', or 'existing' with the idnumber of a category")
        return self


class AcquiredWhen(Spec):
    """The condition for an objective to count as acquired in this activity: the organisation's decision.

    One of four: a criterion's points, the points of every criterion, the grade, or several conditions that all hold.
    """

    criterion: LocalKey | None = None
    every_criterion: Literal[True] | None = None
    at_least: Points | None = None
    grade_at_least: Points | None = None
    all_of: Annotated[tuple[AcquiredWhen, ...], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        of_points = self.criterion is not None or self.every_criterion is not None
        forms = [self.criterion, self.every_criterion, self.grade_at_least, self.all_of]
        if sum(form is not None for form in forms) != 1:
            raise ValueError("write one of 'criterion', 'every_criterion', 'grade_at_least' or 'all_of'")
        if (self.at_least is not None) != of_points:
            raise ValueError("'at_least' goes with 'criterion' or 'every_criterion', and both need it")
        if any(inner.all_of is not None for inner in self.all_of or ()):
            raise ValueError("an 'all_of' inside an 'all_of' says nothing more: write one list")
        return self


class Activity(Spec):
    """What all activities of a course share. ``key`` is local to its module."""

    title: Text
    visible: bool = True

    @property
    def key(self) -> str:
        """The key that the file gives this activity, without its module's."""
        raise NotImplementedError  # each activity type has its own

    @property
    def objectives(self) -> tuple[str, ...]:
        """The keys of the objectives that this activity assesses."""
        return ()


class Page(Activity):
    """A page to read."""

    page: LocalKey
    intro: Text | None = None
    text: Text
    complete_when: tuple[Literal["viewed", "marked"], ...] = ()

    @property
    def key(self) -> str:
        """The key of the page."""
        return self.page


class Assignment(Activity):
    """Work that a learner hands in (or shows) and a trainer grades, with a rubric or with points."""

    assignment: LocalKey
    brief: Text
    assesses: tuple[LocalKey, ...] = ()
    submit: tuple[Literal["file", "online_text"], ...] = ()
    rubric: Key | None = None
    grade_max: Points = Decimal(100)
    grade_pass: Points | None = None
    attempts: int = Field(default=0, ge=0, le=30)
    opens: RelativeDate | None = None
    due: RelativeDate | None = None
    cutoff: RelativeDate | None = None
    complete_when: tuple[Literal["viewed", "marked", "submitted", "graded", "passed"], ...] = ()
    acquired_when: AcquiredWhen | None = None

    @property
    def key(self) -> str:
        """The key of the assignment."""
        return self.assignment

    @property
    def objectives(self) -> tuple[str, ...]:
        """The keys of the objectives that this assignment assesses."""
        return self.assesses


class Quiz(Activity):
    """A quiz with the questions of a GIFT or Moodle XML file. Each question there carries an id."""

    quiz: LocalKey
    intro: Text | None = None
    role: RoleName | None = None
    assesses: tuple[LocalKey, ...] = ()
    questions: Text
    grade_max: Points = Decimal(10)
    grade_pass: Points | None = None
    attempts: int = Field(default=0, ge=0, le=10)
    grade_method: Literal["highest", "average", "first", "last"] = "highest"
    time_limit_minutes: int = Field(default=0, ge=0, le=1440)
    opens: RelativeDate | None = None
    due: RelativeDate | None = None
    complete_when: tuple[Literal["viewed", "marked", "attempted", "graded", "passed"], ...] = ()
    acquired_when: AcquiredWhen | None = None

    @property
    def key(self) -> str:
        """The key of the quiz."""
        return self.quiz

    @property
    def objectives(self) -> tuple[str, ...]:
        """The keys of the objectives that this quiz assesses."""
        return self.assesses


ACTIVITY_KINDS = ("page", "assignment", "quiz")


def _kind(value: Any) -> str | None:
    # None (no kind, or two of them) makes pydantic say so once, instead of once for every kind
    if isinstance(value, Mapping):
        named = [kind for kind in ACTIVITY_KINDS if kind in value]
        return named[0] if len(named) == 1 else None
    return type(value).__name__.lower() if isinstance(value, Activity) else None


AnyActivity = Annotated[
    Annotated[Page, Tag("page")] | Annotated[Assignment, Tag("assignment")] | Annotated[Quiz, Tag("quiz")],
    Discriminator(_kind),
]


class Module(Spec):
    """A module of a programme: a section of the course."""

    key: LocalKey
    title: Text
    hours: Hours | None = None
    summary: Text
    activities: tuple[AnyActivity, ...] = ()


class Programme(Spec):
    """A training programme in one version: what every session of it is bound to."""

    programme: Key
    version: Version
    title: Text
    provider: Key
    nature: ActionNature
    certifying: bool
    modality: Literal["in_person", "remote", "hybrid"]
    hours: Hours
    days: int = Field(ge=1, le=400)
    capacity: Capacity | None = None
    price: Price | None = None
    access: Access
    category: Category
    framework: Key
    framework_version: Version | None = None
    """Which version of the framework; None for the latest one. A programme with sessions should name it."""
    audience: tuple[Text, ...] = ()
    general_objectives: tuple[Text, ...] = ()
    methods: tuple[Text, ...] = ()
    accessibility: Text | None = None
    summary: Text
    modules: tuple[Module, ...] = Field(min_length=1)
    outside_title: Text = "Avant, pendant et après la formation"
    outside_modules: tuple[AnyActivity, ...] = ()
    to_confirm: tuple[Text, ...] = ()


# ---- sessions --------------------------------------------------------------------------------------------------


class TrainingDay(Spec):
    """One day of a session and its half-days, each ``HH:MM-HH:MM`` in the session's time zone."""

    date: date
    half_days: tuple[Annotated[str, StringConstraints(pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$")], ...] = Field(min_length=1)


class Errata(Spec):
    """A correction of text after a session is bound to its programme version: who made it, and why."""

    field: Text
    text: Text
    author: Text
    reason: Text


class Session(Spec):
    """A dated run of a programme version: a course in Moodle."""

    session: Key
    programme: Key
    version: Version
    title: Text | None = None
    timezone: Text = "Europe/Paris"
    place: Text
    trainers: tuple[Text, ...] = ()
    group: Text | None = None
    capacity: Capacity | None = None
    days: tuple[TrainingDay, ...] = Field(min_length=1)
    errata: tuple[Errata, ...] = ()
    to_confirm: tuple[Text, ...] = ()
