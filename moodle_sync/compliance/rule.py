"""The programme's condition for an objective to count as acquired, applied and put into words.

The only place that turns points into "acquired". It sees a rubric as already read and a grade as already found usable.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from moodle_sync.compliance import sentences
from moodle_sync.compliance.filling import Reading
from moodle_sync.compliance.french import number
from moodle_sync.facts.models import Grade
from moodle_sync.spec.models import AcquiredWhen, Criterion, Rubric


@dataclass(frozen=True)
class Answer:
    """Whether the condition holds (None: it cannot be applied here), and what was found, in French."""

    holds: bool | None
    text: str


def conditions(rule: AcquiredWhen) -> tuple[AcquiredWhen, ...]:
    """The conditions that must all hold: one, or those of an ``all_of``."""
    return rule.all_of or (rule,)


def wants_grade(rule: AcquiredWhen) -> bool:
    """Whether a grade is needed to apply the rule."""
    return any(condition.grade_at_least is not None for condition in conditions(rule))


def apply(rule: AcquiredWhen, rubric: Rubric | None, reading: Reading | None, grade: Grade | None) -> Answer:
    """Applies a rule to a complete reading of the rubric, to a grade, or to both.

    It holds or not; None where something that the rule needs is not there. The text names what fails, or everything
    when nothing does.
    """
    answers = [_apply_one(condition, rubric, reading, grade) for condition in conditions(rule)]
    open_ones = [answer for answer in answers if answer.holds is None]
    if open_ones:
        return open_ones[0]
    failing = [answer for answer in answers if not answer.holds]
    return Answer(not failing, " ; ".join(answer.text for answer in failing or answers))


def wanted_points(rule: AcquiredWhen | None, criterion: str) -> Decimal | None:
    """The least points that the rule asks of a criterion; None when it asks nothing of it."""
    asked = [
        condition.at_least
        for condition in (conditions(rule) if rule else ())
        if condition.at_least is not None and condition.criterion in (None, criterion)
    ]
    return max(asked, default=None)


def in_words(rule: AcquiredWhen | None, rubric: Rubric | None, grade_max: Decimal) -> str:
    """The rule as a sentence; empty when the programme gives none."""
    if rule is None:
        return ""
    return " ; ".join(_in_words(condition, rubric, grade_max) for condition in conditions(rule))


def _apply_one(condition: AcquiredWhen, rubric: Rubric | None, reading: Reading | None, grade: Grade | None) -> Answer:
    if condition.grade_at_least is not None:
        if grade is None or grade.grade is None:
            return Answer(None, sentences.FILLING_WITHOUT_GRADE)
        text = sentences.grade_result(grade.grade, grade.grade_max, grade.overridden)
        return Answer(grade.grade >= condition.grade_at_least, text)
    named = [item for item in rubric.criteria if condition.criterion in (None, item.key)] if rubric else []
    if reading is None or condition.at_least is None or not named:
        return Answer(None, sentences.RULE_WITHOUT_RUBRIC)
    below = [item for item in named if reading.points[item.key] < condition.at_least]
    if condition.every_criterion:
        return Answer(not below, sentences.every_criterion_result([item.title for item in below]))
    criterion = named[0]
    return Answer(
        not below, sentences.criterion_result(criterion.title, _amount(criterion, reading.points[criterion.key]))
    )


def _in_words(condition: AcquiredWhen, rubric: Rubric | None, grade_max: Decimal) -> str:
    if condition.grade_at_least is not None:
        return sentences.grade_rule(condition.grade_at_least, grade_max)
    wanted = condition.at_least or Decimal(0)
    if condition.every_criterion:
        return sentences.every_criterion_rule(wanted)
    criterion = next((item for item in rubric.criteria if item.key == condition.criterion), None) if rubric else None
    if criterion is None:
        return sentences.criterion_rule(condition.criterion or "", sentences.points(wanted))
    amount = f"{number(wanted)} {criterion.count.unit}" if criterion.count else sentences.points(wanted)
    return sentences.criterion_rule(criterion.title, amount)


def _amount(criterion: Criterion, value: Decimal) -> str:
    return sentences.counted(value, criterion.count) if criterion.count else sentences.points(value)
