"""What questionnaires gave as a whole: read once each, after they have closed, and never again.

Before that nothing is read of them, and what is known already is said again as it was. Two means of the same
questionnaire, one answer apart, would tell that answer; so would a mean over a few, or over several answers of one
person. None of these leaves this module (docs/adr/0011-analysed-once.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal, cast

from moodle_sync.collect.reading import Reading
from moodle_sync.collect.survey import Survey
from moodle_sync.errors import AccessDenied, MoodleRefused
from moodle_sync.facts.models import NOBODY, FeedbackAnalysis, RatedQuestion
from moodle_sync.moodle.pull import PullClient, Result
from moodle_sync.moodle.wire.base import Answer
from moodle_sync.moodle.wire.feedback import (
    RATED,
    AnalysedRow,
    AnalysisRow,
    FeedbackAccessRow,
    FeedbackRow,
    RatedType,
)
from moodle_sync.moodle.wire.site import ModuleRow

WSFUNCTION = "mod_feedback_get_analysis"
SMALL_GROUP = 5
"""Below so many answers no mean is told, unless the configuration says another number."""
Entered = Callable[[], Mapping[int, FeedbackAnalysis | None]]
"""What is known already, by cmid: the fact as it was entered, or None when it cannot be said again."""

_PLACES = Decimal("0.0001")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Questionnaires:
    """The questionnaires of a course page, and which of them are to be read now.

    Attributes:
        found: all of them, in page order.
        entered: what is known already, by cmid.
        due: those of which nothing is known and whose closing date has passed by our clock.
        small_group: below so many answers no mean is told.
    """

    found: tuple[ModuleRow, ...] = ()
    entered: Mapping[int, FeedbackAnalysis | None] = field(default_factory=dict)
    due: tuple[ModuleRow, ...] = ()
    small_group: int = SMALL_GROUP


def questionnaires(survey: Survey, now: datetime, small_group: int, entered: Entered) -> Questionnaires:
    """Looks for them on the course page. ``entered`` is asked only when there are any."""
    found = tuple(module for module in survey.modules if module.modname == "feedback")
    if not found:
        return Questionnaires()
    known = entered()
    due = tuple(one for one in found if one.id not in known and one.closes is not None and one.closes <= now)
    return Questionnaires(found, known, due, small_group)


def read_feedback_analyses(client: PullClient, survey: Survey, asked: Questionnaires) -> Reading:
    """One fact a questionnaire that has closed. ``occurred_at`` is when it closed."""
    reading = Reading("feedback_analysis")
    for module in asked.found:
        known = asked.entered.get(module.id)
        if known is not None:
            reading.facts.append(known.model_copy(update={"activity": survey.keys.get(module.id) or known.activity}))
            _reopened(module, known, reading)
    if asked.due:
        try:
            _read(client, survey, asked, reading)
        except (AccessDenied, MoodleRefused) as error:
            reading.refused(error)
    return reading


def _reopened(module: ModuleRow, known: FeedbackAnalysis, reading: Reading) -> None:
    if module.closes is None or module.closes > known.closed_at:
        reading.note(f"questionnaire {module.id} was opened again after it was summed up: later answers do not count")


def _read(client: PullClient, survey: Survey, asked: Questionnaires, reading: Reading) -> None:
    if not client.sees_all_groups(survey.course.id):
        # What one group answered would stand for all of them, for ever.
        reading.doubt("not read: only some groups are told of (moodle/site:accessallgroups)")
        return
    promises = {row.coursemodule: row for row in reading.take(client.feedbacks(survey.course.id)) or ()}
    for _ in [module for module in asked.due if module.id not in promises]:
        reading.doubt("a questionnaire of the course page is not told of (mod/feedback:view)")
    due = [module for module in asked.due if module.id in promises]
    # Moodle's clock says whether it has closed, ours only when to ask. Not open may also mean not open yet: for that
    # ours would have to be ahead by the whole time for which it is open.
    access = client.feedback_access([promises[module.id].id for module in due])
    closed = [module for module, result in zip(due, access, strict=True) if _is_closed(reading, result)]
    analyses = client.feedback_analyses([promises[module.id].id for module in closed])
    for module, result in zip(closed, analyses, strict=True):
        row = reading.take(result)
        if row is not None and isinstance(result, Answer) and not result.warnings:  # a part would stay a part for ever
            reading.facts.append(_fact(survey, module, promises[module.id], row, asked.small_group))


def _fact(
    survey: Survey, module: ModuleRow, promised: FeedbackRow, row: AnalysisRow, small_group: int
) -> FeedbackAnalysis:
    closed_at = cast("datetime", module.closes)  # without a closing date none is due
    active = len(survey.active.intersection(survey.learners))
    withheld: Literal["few", "repeated"] | None = None
    if row.completedcount < small_group:
        withheld = "few"
    elif promised.nameless and promised.multiple_submit:
        # Of a named one Moodle keeps one answer a person, the last; of an anonymous one it cannot know whose they are.
        withheld = "repeated"
    rated = () if withheld else tuple(_question(one, small_group) for one in row.itemsdata if one.typ in RATED)
    return FeedbackAnalysis(
        course=survey.idnumber,
        userid=NOBODY,
        occurred_at=closed_at,
        wsfunction=WSFUNCTION,
        cmid=module.id,
        activity=survey.keys.get(module.id),
        anonymous=promised.nameless,
        closed_at=closed_at,
        asked=active if active >= row.completedcount else None,
        answers=row.completedcount,
        withheld=withheld,
        questions=rated,
    )


def _is_closed(reading: Reading, result: Result[FeedbackAccessRow]) -> bool:
    row = reading.take(result)
    return row is not None and not row.isopen


def _question(row: AnalysedRow, small_group: int) -> RatedQuestion:
    answers = sum(count for _, count in row.counts)
    mean = None
    if answers >= small_group:
        total = sum((number * count for number, count in row.counts), Decimal(0))
        mean = (total / answers).quantize(_PLACES, ROUND_HALF_UP)
    minimum, maximum = _scale(row)
    return RatedQuestion(
        item_id=row.id,
        label=row.label,
        question=_TAG.sub("", row.name).strip(),
        type=cast("RatedType", row.typ),
        answers=answers,
        mean=mean,
        minimum=minimum,
        maximum=maximum,
    )


def _scale(row: AnalysedRow) -> tuple[Decimal | None, Decimal | None]:
    """The ends of the scale: of the options that are offered, or the bounds of a number (``-`` for none)."""
    if row.typ == "multichoicerated":
        numbers = [number for number, _ in row.counts]
        return min(numbers, default=None), max(numbers, default=None)
    low, _, high = row.presentation.partition("|")
    return _bound(low), _bound(high)


def _bound(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
