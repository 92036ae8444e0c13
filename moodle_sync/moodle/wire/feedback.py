"""What Moodle tells of questionnaires: their promises, whether they are open, and what all answers together give.

The analysis also carries every answer in words, and each number that was typed in. Nothing of the former gets past
these shapes; the latter are counted before anybody else sees them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

from pydantic import TypeAdapter, model_validator

from moodle_sync.moodle.wire.base import Flag, Int, Shown, Text, Wire

RatedType = Literal["multichoicerated", "numeric"]
RATED: tuple[RatedType, ...] = ("multichoicerated", "numeric")
"""Types of questions that have a number for an answer."""

_ANONYMOUS = 1


class FeedbackRow(Wire):
    """A questionnaire. ``id`` is the instance; ``anonymous`` and ``multiple_submit`` are what it promises."""

    id: Int
    coursemodule: Int
    anonymous: Int
    multiple_submit: Flag

    @property
    def nameless(self) -> bool:
        """Whether answers are kept without the person's name."""
        return self.anonymous == _ANONYMOUS


class FeedbackAccessRow(Wire):
    """What the site says of a questionnaire at this moment, by its own clock."""

    isopen: Flag
    canviewreports: Flag
    """Whether the account may see what was answered."""


class AnalysedRow(Wire):
    """One item with what all answers to it give.

    ``counts`` are pairs of a number and how many answered it: for a rating the number of each option, chosen or not,
    for a number those that were given. Of every other type, and so of every answer in words, it is empty.
    """

    id: Int
    typ: Text
    name: Shown = ""
    label: Shown = ""
    presentation: Text = ""
    counts: tuple[tuple[Decimal, int], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _counted(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("item"), dict):
            return value
        item, data = value["item"], value.get("data")
        counts: Iterable[tuple[Decimal, int]] = ()
        if not isinstance(data, list):
            raise ValueError("a list of what was answered is expected")
        if item.get("typ") == "multichoicerated":
            counts = [_option(one) for one in data]
        elif item.get("typ") == "numeric":
            counts = sorted(Counter(_decimal(one) for one in data).items())
        return {**item, "counts": tuple(counts)}


class AnalysisRow(Wire):
    """What a questionnaire gives as a whole: how often it was sent, and item by item."""

    completedcount: Int
    itemsdata: tuple[AnalysedRow, ...]


def _option(text: Any) -> tuple[Decimal, int]:
    told = json.loads(text, parse_float=Decimal) if isinstance(text, str) else None
    if not isinstance(told, dict) or "value" not in told or type(told.get("answercount")) is not int:
        raise ValueError("an option with its number and how many chose it is expected")
    return _decimal(told["value"]), cast("int", told["answercount"])


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ValueError("a number is expected")
    return number


FEEDBACKS: TypeAdapter[list[FeedbackRow]] = TypeAdapter(list[FeedbackRow])
FEEDBACK_ACCESS: TypeAdapter[FeedbackAccessRow] = TypeAdapter(FeedbackAccessRow)
ANALYSIS: TypeAdapter[AnalysisRow] = TypeAdapter(AnalysisRow)
