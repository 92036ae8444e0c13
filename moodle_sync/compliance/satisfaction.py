"""Satisfaction: what questionnaires gave as a whole, brought to one scale. Pure.

Only a questionnaire to which the programme gives the role ``satisfaction_survey`` tells of satisfaction; a need, a
profile or a quiz never does. A mean goes from 0 (the lowest step of the question's own scale) to 10 (the highest), so
that four steps and five can be put together. Nothing is told of fewer answers than the threshold, neither of a
questionnaire nor of one of its questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from moodle_sync.canonical import decimal_text
from moodle_sync.compliance import sentences
from moodle_sync.compliance.basis import SATISFACTION, Basis, role
from moodle_sync.compliance.evidence import History
from moodle_sync.compliance.lines import entries
from moodle_sync.compliance.view import QuestionnaireLine
from moodle_sync.facts.models import FeedbackAnalysis, RatedQuestion
from moodle_sync.spec.models import AnyActivity, Feedback, Programme
from moodle_sync.spec.specs import activities

SCALE = "0-10"
_TOP = Decimal(10)
_PLACES = Decimal("0.01")


@dataclass(frozen=True)
class Rating:
    """One questionnaire of satisfaction: how many answered it, and the mean of all that they rated, from 0 to 10."""

    n: int
    mean: Decimal


def is_survey(activity: AnyActivity) -> bool:
    """Whether what an activity gives as a whole tells of satisfaction."""
    return isinstance(activity, Feedback) and role(activity) == SATISFACTION


def surveys(programme: Programme) -> frozenset[str]:
    """The local keys of a programme's questionnaires of satisfaction."""
    return frozenset(key for key, activity in activities(programme) if is_survey(activity))


def rating(fact: FeedbackAnalysis, known: frozenset[str], threshold: int) -> Rating | None:
    """What a questionnaire says of satisfaction; None when that is not its role (``known``) or too few answered.

    Each question counts as often as it was answered.
    """
    if fact.activity not in known or fact.withheld or fact.answers < threshold:
        return None
    told = [(one.answers, out_of_ten(one)) for one in fact.questions if one.answers >= threshold]
    rated = [(answers, mean) for answers, mean in told if mean is not None]
    answers = sum(number for number, _ in rated)
    if not answers:
        return None
    return Rating(fact.answers, sum((number * mean for number, mean in rated), Decimal(0)) / answers)


def out_of_ten(question: RatedQuestion) -> Decimal | None:
    """A question's mean on the scale from 0 to 10; None without a mean, or without a scale of its own."""
    low, high = question.minimum, question.maximum
    if question.mean is None or low is None or high is None or low >= high:
        return None
    return (question.mean - low) * _TOP / (high - low)


def together(ratings: Iterable[Rating | None]) -> dict[str, Any] | None:
    """All questionnaires of satisfaction in one figure, each counted as often as it was answered; None without any.

    ``withheld`` counts those of which no mean may be told, or can be.
    """
    every = list(ratings)
    told = [one for one in every if one is not None]
    n = sum(one.n for one in told)
    mean = sum((one.mean * one.n for one in told), Decimal(0)) / n if n else None
    figures = {"n": n, "mean": None if mean is None else _text(mean), "scale": SCALE}
    return {**figures, "questionnaires": len(told), "withheld": len(every) - len(told)} if every else None


def lines(basis: Basis) -> tuple[QuestionnaireLine, ...]:
    """Every questionnaire of the programme in course order, then those of the course that it does not know."""
    found = basis.index.about_nobody(FeedbackAnalysis)
    lines: list[QuestionnaireLine] = []
    for key, activity in basis.activities:
        if isinstance(activity, Feedback):
            mine = [history for history in found if history.fact.activity == key]
            lines += [_line(basis, activity, history) for history in mine] or [_waiting(basis, activity)]
    known = {key for key, _ in basis.activities}
    return (*lines, *(_foreign(history) for history in found if history.fact.activity not in known))


def _line(basis: Basis, activity: Feedback, history: History[FeedbackAnalysis]) -> QuestionnaireLine:
    fact = history.fact
    told = rating(fact, surveys(basis.programme), threshold=1)  # what is too little was left out when it was read
    return QuestionnaireLine(
        title=activity.title,
        survey=is_survey(activity),
        closed_at=fact.closed_at,
        asked=fact.asked,
        answers=fact.answers,
        mean=None if told is None else told.mean.quantize(_PLACES),
        why="" if told is not None else _why(activity, fact),
        gone=history.vanished is not None,
        entries=entries(history),
    )


def _why(activity: Feedback, fact: FeedbackAnalysis) -> str:
    if not is_survey(activity):
        return sentences.NOT_A_SURVEY
    if fact.withheld == "few":
        return sentences.TOO_FEW_ANSWERS
    if fact.withheld == "repeated":
        return sentences.REPEATED_ANSWERS
    return sentences.NO_RATING


def _waiting(basis: Basis, activity: Feedback) -> QuestionnaireLine:
    due = basis.due(activity)
    if due is None:
        why = sentences.NEVER_CLOSES
    else:
        why = (sentences.closed_not_read if basis.past(due) else sentences.still_open)(basis.when(due))
    return _empty(activity.title, is_survey(activity), why)


def _foreign(history: History[FeedbackAnalysis]) -> QuestionnaireLine:
    fact = history.fact
    return QuestionnaireLine(
        title=sentences.foreign_questionnaire(fact.cmid),
        survey=False,
        closed_at=fact.closed_at,
        asked=fact.asked,
        answers=fact.answers,
        mean=None,
        why=sentences.NOT_IN_PROGRAMME,
        gone=history.vanished is not None,
        entries=entries(history),
    )


def _empty(title: str, survey: bool, why: str, closed_at: datetime | None = None) -> QuestionnaireLine:
    return QuestionnaireLine(title, survey, closed_at, None, None, None, why, gone=False, entries=())


def _text(value: Decimal) -> str:
    return decimal_text(value.quantize(_PLACES))
