"""The shapes of the spec files: frozen, strict, one class a thing that a training manager would name.

Only shapes and single-field checks live here. What needs more than one file (references, dates, lengths of composed
keys) is in ``spec.rules``; relative dates are read by ``spec.schedule``.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from moodle_sync.spec.activity import (
    AcquiredWhen,
    Activity,
    AnyActivity,
    Assignment,
    Feedback,
    FileResource,
    Forum,
    Link,
    Page,
    Quiz,
)
from moodle_sync.spec.fields import FunderName, Hours, Key, LocalKey, Number, Points, RelativeDate, Spec, Text, Version

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


# ---- surveys ---------------------------------------------------------------------------------------------------

_QUESTION_LIMIT = 255
"""Characters: Moodle 4.5's column for a question. A label is kept elsewhere and may be longer."""

_OPTION_MARKS = re.compile(r"\||####|>>>>>|<<<<<|[\x00-\x1f]")
"""What Moodle puts between the parts of a list of options: within one it would make two of it."""


class SurveyItem(Spec):
    """One question of a survey, or a text between questions (``label``), or the end of a page (``pagebreak``)."""

    key: LocalKey
    type: Literal["scale", "choice", "choices", "text", "longtext", "number", "label", "pagebreak"]
    question: Text | None = None
    options: tuple[Text, ...] = ()
    required: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.question is None) != (self.type == "pagebreak"):
            raise ValueError("every item but a 'pagebreak' has a 'question'")
        chosen = self.type in ("scale", "choice", "choices")
        if chosen and len(self.options) < 2:
            raise ValueError("'options' needs at least two answers to choose from")
        if self.options and not chosen:
            raise ValueError("'options' goes with 'scale', 'choice' or 'choices'")
        if self.required and self.type in ("label", "pagebreak"):
            raise ValueError(f"nobody answers a '{self.type}': take 'required' out")
        if self.type != "label" and len(self.question or "") > _QUESTION_LIMIT:
            raise ValueError(f"the question has {len(self.question or '')} characters, at most {_QUESTION_LIMIT} fit")
        for option in self.options:
            if _OPTION_MARKS.search(option):
                raise ValueError(f'"{option}" is no option: write one line without |, ####, >>>>> and <<<<<')
        return self


class Survey(Spec):
    """The questions of a questionnaire that asks for an opinion or a need, and is never graded."""

    survey: Key
    title: Text
    items: tuple[SurveyItem, ...] = Field(min_length=1)
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


class SessionGroup(Spec):
    """A group of learners within a session, which may write to each other apart."""

    key: LocalKey
    title: Text


class SessionFunder(Spec):
    """Who pays for a session, as mappings/retention.yaml names them; ``last_payment``: the day, once it was made."""

    funder: FunderName
    last_payment: date | None = None


class Session(Spec):
    """A dated run of a programme version: a course in Moodle."""

    session: Key
    programme: Key
    version: Version
    title: Text | None = None
    timezone: Text = "Europe/Paris"
    place: Text
    trainers: tuple[Text, ...] = ()
    groups: tuple[SessionGroup, ...] = ()
    capacity: Capacity | None = None
    funders: tuple[SessionFunder, ...] = ()
    """Who pays: decides how long the session's data are kept. Empty: it was not said, and nothing is known of it."""
    days: tuple[TrainingDay, ...] = Field(min_length=1)
    errata: tuple[Errata, ...] = ()
    to_confirm: tuple[Text, ...] = ()


__all__ = [
    "Access",
    "AcquiredWhen",
    "ActionNature",
    "Activity",
    "AnyActivity",
    "Assignment",
    "Capacity",
    "Category",
    "Count",
    "Criterion",
    "Errata",
    "Feedback",
    "FileResource",
    "Forum",
    "Framework",
    "Level",
    "Link",
    "Module",
    "Objective",
    "Page",
    "Price",
    "Programme",
    "Quiz",
    "Rubric",
    "Session",
    "SessionFunder",
    "SessionGroup",
    "Spec",
    "Survey",
    "SurveyItem",
    "TrainingDay",
]
