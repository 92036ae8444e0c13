"""The activities of a programme: one class for each kind that a training manager writes into a module.

Part of ``spec.models``, through which everybody else names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from moodle_sync.spec.fields import Key, LocalKey, Points, RelativeDate, RoleName, Spec, Text


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

    @property
    def opening(self) -> str | None:
        """The relative date from which on it can be worked on, if it has one."""
        return None

    @property
    def closing(self) -> str | None:
        """The relative date by which it is due, if it has one."""
        return None


class Dated(Activity):
    """An activity that may open, and be due, on a relative date."""

    opens: RelativeDate | None = None
    due: RelativeDate | None = None

    @property
    def opening(self) -> str | None:
        """The relative date from which on it can be worked on."""
        return self.opens

    @property
    def closing(self) -> str | None:
        """The relative date by which it is due."""
        return self.due


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


class Assignment(Dated):
    """Work that a learner hands in (or shows) and a trainer grades, with a rubric or with points."""

    assignment: LocalKey
    brief: Text
    assesses: tuple[LocalKey, ...] = ()
    submit: tuple[Literal["file", "online_text"], ...] = ()
    rubric: Key | None = None
    grade_max: Points = Decimal(100)
    grade_pass: Points | None = None
    attempts: int = Field(default=0, ge=0, le=30)
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


class Quiz(Dated):
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


class Feedback(Dated):
    """A questionnaire that asks for an opinion or a need. It is never graded, and never evidence of learning."""

    feedback: LocalKey
    intro: Text | None = None
    role: RoleName | None = None
    survey: Key
    anonymous: bool = False
    multiple: bool = False
    complete_when: tuple[Literal["viewed", "marked", "submitted"], ...] = ()

    @property
    def key(self) -> str:
        """The key of the questionnaire."""
        return self.feedback


class Link(Activity):
    """An address on the web."""

    link: LocalKey
    intro: Text | None = None
    address: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]{3,500}$")]
    complete_when: tuple[Literal["viewed", "marked"], ...] = ()

    @property
    def key(self) -> str:
        """The key of the link."""
        return self.link


class Forum(Activity):
    """A place where the group writes to each other."""

    forum: LocalKey
    intro: Text | None = None
    complete_when: tuple[Literal["viewed", "marked"], ...] = ()

    @property
    def key(self) -> str:
        """The key of the forum."""
        return self.forum


class FileResource(Activity):
    """A file to download, from the folder ``files``."""

    file: LocalKey
    intro: Text | None = None
    path: Text
    complete_when: tuple[Literal["viewed", "marked"], ...] = ()

    @property
    def key(self) -> str:
        """The key of the file."""
        return self.file


ACTIVITY_KINDS: Mapping[str, type[Activity]] = {
    "page": Page,
    "assignment": Assignment,
    "quiz": Quiz,
    "feedback": Feedback,
    "link": Link,
    "forum": Forum,
    "file": FileResource,
}
"""How a file names each kind: the field that holds the activity's key."""


def kind_of(activity: Activity) -> str:
    """The name that files give the activity's kind: ``page``, ``assignment``, …"""
    return next(name for name, kind in ACTIVITY_KINDS.items() if isinstance(activity, kind))


def _kind(value: Any) -> str | None:
    # None (no kind, or two of them) makes pydantic say so once, instead of once for every kind
    if isinstance(value, Mapping):
        named = [kind for kind in ACTIVITY_KINDS if kind in value]
        return named[0] if len(named) == 1 else None
    return kind_of(value) if isinstance(value, Activity) else None


AnyActivity = Annotated[
    Annotated[Page, Tag("page")]
    | Annotated[Assignment, Tag("assignment")]
    | Annotated[Quiz, Tag("quiz")]
    | Annotated[Feedback, Tag("feedback")]
    | Annotated[Link, Tag("link")]
    | Annotated[Forum, Tag("forum")]
    | Annotated[FileResource, Tag("file")],
    Discriminator(_kind),
]
