"""The shapes that a report shows: frozen values, French sentences, English keys. No rule and no layout here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from moodle_sync.compliance.verdict import Finding


class ObjectiveState(StrEnum):
    """What the evidence says of one objective for one learner."""

    ACQUIRED = "acquired"
    IN_PROGRESS = "in_progress"
    NOT_ACQUIRED = "not_acquired"
    NOT_ASSESSED = "not_assessed"
    RULE_MISSING = "rule_missing"
    """Assessed, and the programme does not say from when it counts as acquired."""
    VANISHED = "vanished"
    """An assessment was observed and is gone from Moodle."""
    UNKNOWN = "unknown"
    NO_ACTIVITY = "no_activity"
    """No activity of the programme assesses it: a gap of the programme, not of the learner."""
    ERASED = "erased"


class ActivityState(StrEnum):
    """What the evidence says of one activity for one learner."""

    DONE = "done"
    DONE_LATE = "done_late"
    DONE_UNDATED = "done_undated"
    """Done, and it cannot be said whether that was before the due date."""
    FAILED = "failed"
    """Done, below the grade to pass."""
    UNFINISHED = "unfinished"
    MISSING = "missing"
    PENDING = "pending"
    NOT_TRACKED = "not_tracked"
    VANISHED = "vanished"
    UNKNOWN = "unknown"
    ERASED = "erased"


@dataclass(frozen=True)
class EvidenceLine:
    """One entry as shown: what it says, when that happened (by Moodle's clock) and when it was observed."""

    entry: str
    text: str
    occurred_at: datetime | None
    observed_at: datetime
    source: str
    """The web service function that said so."""
    superseded: bool
    """A later entry about the same object took its place."""


@dataclass(frozen=True)
class CriterionLine:
    """One line of a filled rubric: the level chosen, and whether it meets what the rule asks.

    ``met`` is None where the rule asks nothing of it, where it is open, and where the filling cannot be judged at all.
    """

    title: str
    level: str
    points: Decimal | None
    met: bool | None


@dataclass(frozen=True)
class Assessment:
    """What one activity says on one objective of one learner."""

    activity: str
    title: str
    state: ObjectiveState
    reason: str
    entries: tuple[str, ...]
    due: datetime | None
    rule: str
    """The programme's condition in words; empty when it gives none."""
    provisional: bool
    """The programme still lists that condition as to be confirmed."""
    grader: str
    definition_digest: str
    criteria: tuple[CriterionLine, ...]
    lines: tuple[EvidenceLine, ...]


@dataclass(frozen=True)
class ObjectiveCell:
    """One cell of the matrix."""

    state: ObjectiveState
    finding: Finding
    assessments: tuple[Assessment, ...]
    provisional: bool


@dataclass(frozen=True)
class ActivityCell:
    """One cell of the activity table. ``result`` is what a quiz attempt gave, in words, or empty."""

    state: ActivityState
    finding: Finding
    result: str
    lines: tuple[EvidenceLine, ...]


@dataclass(frozen=True)
class LearnerRow:
    """A learner with one cell for each objective and each followed activity, in the order of the heads."""

    key: str
    """The subject: the learner's pseudonym in the session."""
    name: str
    erased: bool
    enrolment: Finding
    completion: Finding
    cells: tuple[ObjectiveCell, ...]
    activities: tuple[ActivityCell, ...]


@dataclass(frozen=True)
class ObjectiveHead:
    """A column of the matrix."""

    key: str
    title: str
    statement: str
    success: str
    activities: tuple[str, ...]
    """Titles of the activities that assess it."""


@dataclass(frozen=True)
class ActivityHead:
    """A column of the activity table."""

    key: str
    title: str
    due: datetime | None
    placement: bool
    survey: bool
    """Whether it asks for an opinion, which says nothing on what was learned."""


@dataclass(frozen=True)
class Todo:
    """Something that needs somebody: what, who acts, by when, and whom it is about."""

    finding: Finding
    sentence: str
    who: str
    deadline: str
    """By when, in words."""
    learners: tuple[str, ...]
    """Names, sorted as the rows are."""


@dataclass(frozen=True)
class TimelineItem:
    """A moment or a window: ``kind`` is enrolment, placement, survey, day, due or today."""

    kind: str
    label: str
    detail: str
    starts: datetime
    ends: datetime | None


@dataclass(frozen=True)
class Hours:
    """Hours, never mixed: what is planned, and what attests attendance (nothing yet does)."""

    planned: Decimal
    scheduled: Decimal
    half_days: int
    days: int
    attendance_entries: tuple[str, ...]


@dataclass(frozen=True)
class QuestionnaireLine:
    """A questionnaire as a whole. Without a ``mean`` (from 0 to 10), ``why`` says for what reason there is none."""

    title: str
    survey: bool
    """Whether it is one of satisfaction: of others no mean is shown."""
    closed_at: datetime | None
    asked: int | None
    answers: int | None
    mean: Decimal | None
    why: str
    gone: bool
    """It was in Moodle, and is not any more."""
    entries: tuple[str, ...]


@dataclass(frozen=True)
class ToConfirm:
    """Something that the organisation has not confirmed: the spec and the path where it is written, and in words."""

    source: str
    path: str
    about: str
    """The activity or module concerned; empty for the whole, or when the path has no words."""
    field: str
    """What about it; the path itself when it has no words."""


@dataclass(frozen=True)
class SessionView:
    """Everything that the report of a session shows. Moments are aware, in UTC; ``timezone`` is how to show them."""

    programme: str
    version: str
    title: str
    """The session's own title, or the programme's."""
    programme_title: str
    session: str
    place: str
    trainers: tuple[str, ...]
    timezone: str
    as_of: datetime
    starts: datetime
    ends: datetime
    framework: str
    learners: tuple[LearnerRow, ...]
    objectives: tuple[ObjectiveHead, ...]
    activities: tuple[ActivityHead, ...]
    findings: tuple[Finding, ...]
    """About the session and its programme as a whole; those about a learner are in the rows."""
    todos: tuple[Todo, ...]
    timeline: tuple[TimelineItem, ...]
    hours: Hours
    questionnaires: tuple[QuestionnaireLine, ...]
    to_confirm: tuple[ToConfirm, ...]
    entries: int
    """How many entries were looked at."""
    last_entry: str
    """The last one of them; empty when there is none."""
    left_out: int
    """How many entries were observed after ``as_of``, and so were not looked at."""
