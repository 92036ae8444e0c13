"""What was observed in Moodle, about whom, and when it happened: values only, never a verdict.

A fact is one state of one object. ``object_id`` says which object on that site, ``value()`` what is compared with the
last known state of that object: two equal values are the same fact, however and by which route they were read.
Payloads of the ledger are made from ``payload()``, and read back with ``parse``.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from moodle_sync.canonical import canonical, decimal_text, written
from moodle_sync.clock import to_rfc3339

NOBODY = 0
"""The userid of a fact about a session, or an activity, as a whole, and about no person."""

_LAST = b',"wsfunction":'  # canonical members are in the order of their names; within text a quote is escaped
_AS_IT_IS = frozenset({type(None), bool, int, str})


def plain(value: Any) -> Any:
    """A value of a fact as JSON without floats: times as RFC 3339 text, decimals as text, models as their fields."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, date):
        return to_rfc3339(value) if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, BaseModel):
        value = value.__dict__  # the fields, without a copy of all that is below them
    if isinstance(value, dict):
        return {key: item if type(item) in _AS_IT_IS else plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def fact_bytes(fact: BaseModel) -> bytes:
    """The canonical bytes of ``plain(fact)``, mostly written at once and without making that first."""
    data = written(fact.__dict__, _part)
    return canonical(plain(fact)) if data is None else data


def _part(value: Any) -> Any:
    if type(value) is Decimal:
        return decimal_text(value)
    return value.__dict__ if isinstance(value, BaseModel) else plain(value)


class Model(BaseModel):
    """Base of facts: frozen, no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(Model):
    """A person as Moodle names them. Goes only into the deletable mapping, never into a leaf."""

    userid: int
    idnumber: str = ""
    username: str = ""
    fullname: str = ""


class BaseFact(Model):
    """What every fact says besides its value."""

    course: str
    """idnumber of the course (``<namespace>:<programme>@<session>``): the session that the fact belongs to."""
    userid: int
    """Moodle's id of the learner whom the fact is about; 0 for nobody."""
    occurred_at: AwareDatetime | None
    """When it happened, by Moodle's clock; None where Moodle keeps no time for it."""
    wsfunction: str
    """The web service function that said so. Not in the value: the same state by another route is the same fact."""

    @property
    def object_id(self) -> str:
        """Which object on the site this is a state of, such as ``quiz_attempt:812``."""
        raise NotImplementedError  # each kind names its own object

    def payload(self) -> dict[str, Any]:
        """The whole fact as JSON without floats: decimals as text, times as RFC 3339 text."""
        values: dict[str, Any] = plain(self)
        return values

    def data(self) -> bytes:
        """The canonical bytes of the payload."""
        return fact_bytes(self)

    def value(self) -> dict[str, Any]:
        """What is compared with the last known state of the same object."""
        values = self.payload()
        del values["wsfunction"]
        return values

    @staticmethod
    def compared(payload: bytes) -> bytes:
        """The canonical bytes of :meth:`value`, cut out of those of the payload: its last member is left out."""
        return payload[: payload.rindex(_LAST)] + b"}"


class Enrolment(BaseFact):
    """That a person is enrolled in the course, and how. Core web services tell active from not active, no more."""

    kind: Literal["enrolment"] = "enrolment"
    active: bool
    roles: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def object_id(self) -> str:
        """One per course and person."""
        return f"enrolment:{self.course}:{self.userid}"


class ActivityCompletion(BaseFact):
    """The completion state of one activity for one person (``course_modules_completion``)."""

    kind: Literal["activity_completion"] = "activity_completion"
    cmid: int
    activity: str | None
    """Local key of the activity (``M1.synergies``), None for an activity that is not ours."""
    modname: str
    state: Literal["incomplete", "complete", "complete_pass", "complete_fail"]
    automatic: bool
    overridden_by: int | None

    @property
    def object_id(self) -> str:
        """One per activity and person."""
        return f"activity_completion:{self.cmid}:{self.userid}"


class CompletionCriterion(Model):
    """One criterion of course completion as Moodle reports it for a person."""

    type: int
    activity: str | None
    cmid: int | None
    complete: bool
    completed_at: AwareDatetime | None


class CourseCompletion(BaseFact):
    """Whether the person completed the course, criterion by criterion. ``occurred_at`` is the last criterion's time."""

    kind: Literal["course_completion"] = "course_completion"
    completed: bool
    criteria: tuple[CompletionCriterion, ...]

    @property
    def object_id(self) -> str:
        """One per course and person."""
        return f"course_completion:{self.course}:{self.userid}"


class QuizAttempt(BaseFact):
    """One attempt at a quiz. ``occurred_at`` is its finish, or its start while it is unfinished."""

    kind: Literal["quiz_attempt"] = "quiz_attempt"
    attempt_id: int
    cmid: int
    activity: str | None
    attempt: int
    state: str
    """Moodle's word: notstarted, inprogress, overdue, submitted, finished, abandoned."""
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    sumgrades: Decimal | None
    sumgrades_max: Decimal
    grade: Decimal | None
    """The attempt's points on the quiz's own scale: sumgrades / sumgrades_max * grade_max."""
    grade_max: Decimal

    @property
    def object_id(self) -> str:
        """One per attempt."""
        return f"quiz_attempt:{self.attempt_id}"


class Grade(BaseFact):
    """What the gradebook holds for one grade item and person."""

    kind: Literal["grade"] = "grade"
    item_id: int
    item_type: str
    modname: str | None
    cmid: int | None
    activity: str | None
    grade: Decimal | None
    grade_min: Decimal
    grade_max: Decimal
    overridden: bool
    hidden: bool
    locked: bool

    @property
    def object_id(self) -> str:
        """One per grade item and person."""
        return f"grade:{self.item_id}:{self.userid}"


class CriterionFilling(Model):
    """What a trainer chose on one line of a rubric. Texts are those of the definition that was filled."""

    criterion_id: int
    criterion: str
    level_id: int | None
    level: str
    score: Decimal | None
    remark: str


class RubricFilling(BaseFact):
    """A rubric as a trainer filled it for one attempt of one person."""

    kind: Literal["rubric_filling"] = "rubric_filling"
    instance_id: int
    cmid: int
    activity: str | None
    attempt: int
    rater: int
    """Moodle's id of the trainer."""
    definition_id: int
    definition_digest: str
    """SHA-256 of the definition's texts and scores, in order, without Moodle's ids."""
    grade: Decimal | None
    criteria: tuple[CriterionFilling, ...]

    @property
    def object_id(self) -> str:
        """One per assignment, attempt and person: a re-grading is a new state of the same filling."""
        return f"rubric_filling:{self.cmid}:{self.attempt}:{self.userid}"


class RatedQuestion(Model):
    """What one question of a questionnaire gave as a whole: how many answered it, and the mean of what they chose.

    ``minimum`` and ``maximum`` are those of the scale, not of the answers; None for a number that is asked for without
    bounds. ``mean`` is None where too few answered this question.
    """

    item_id: int
    label: str
    question: str
    type: Literal["multichoicerated", "numeric"]
    answers: int
    mean: Decimal | None
    minimum: Decimal | None
    maximum: Decimal | None


class FeedbackAnalysis(BaseFact):
    """What a questionnaire gave as a whole, once it had closed. About nobody (``userid`` 0), and entered once.

    ``questions`` are those that have a number for an answer, in their order. They are left out, and ``withheld`` says
    why, when fewer people answered than a mean may be told of (``few``), or when the same person may have answered
    several times, so that nobody can tell how many people it was (``repeated``).
    """

    kind: Literal["feedback_analysis"] = "feedback_analysis"
    cmid: int
    activity: str | None
    anonymous: bool
    closed_at: AwareDatetime
    asked: int | None
    """Learners with an active enrolment when it was read; None where fewer of them were left than had answered."""
    answers: int
    withheld: Literal["few", "repeated"] | None
    questions: tuple[RatedQuestion, ...]

    @property
    def object_id(self) -> str:
        """One per questionnaire."""
        return f"feedback_analysis:{self.cmid}"


class Vanished(BaseFact):
    """That an object which was there is gone: reset, unenrolment, deletion. Only after a complete snapshot."""

    kind: Literal["vanished"] = "vanished"
    was: str
    """The kind of the fact that vanished."""
    object: str
    """Its object_id."""

    @property
    def object_id(self) -> str:
        """The object that vanished: its next state, if it comes back, follows this one."""
        return self.object


Fact = Annotated[
    Enrolment
    | ActivityCompletion
    | CourseCompletion
    | QuizAttempt
    | Grade
    | RubricFilling
    | FeedbackAnalysis
    | Vanished,
    Field(discriminator="kind"),
]
KINDS = (
    "enrolment",
    "activity_completion",
    "course_completion",
    "quiz_attempt",
    "grade",
    "rubric_filling",
    "feedback_analysis",
)

_ADAPTER: TypeAdapter[Fact] = TypeAdapter(Fact)


def parse(payload: dict[str, Any]) -> Fact:
    """A fact from its payload; raises pydantic's ValidationError for anything else."""
    return _ADAPTER.validate_python(payload)


class Snapshot(Model):
    """What one pull of one course saw.

    ``complete`` names the kinds of which every object of the course was read with nothing missing; only for these does
    an absent object count as vanished. ``untold`` names the (kind, userid) of whom Moodle tells nothing of that kind,
    although it is complete for everybody else: their objects are neither read nor gone. ``definitions`` holds, by
    digest, the rubric definitions that fillings refer to.
    """

    site: str
    course: str
    release: str
    observed_at: AwareDatetime
    complete: frozenset[str]
    facts: tuple[Fact, ...]
    people: dict[int, Person]
    definitions: dict[str, Any]
    warnings: tuple[str, ...]
    calls: int
    requests: int
    untold: frozenset[tuple[str, int]] = frozenset()
