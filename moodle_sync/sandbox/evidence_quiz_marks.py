"""Marking a response: multichoice, true/false, numerical and short answer, as Moodle's question types do.

Pure: a question and a response in, a fraction out. What a person has to mark (an essay) gives None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from moodle_sync.sandbox.rows_work import Question

Response = Mapping[str, str]
"""What was posted for a question, by the name of the field after ``q<usage>:<slot>_``."""

AUTOMATIC = ("multichoice", "truefalse", "numerical", "shortanswer")


def fields_of(question: Question, order: Sequence[int]) -> list[str]:
    """The names of the fields that a response to this question has."""
    if question.qtype == "multichoice" and not question.single:
        return [f"choice{place}" for place in range(len(order))]
    return ["answer"]


def is_complete(question: Question, response: Response, order: Sequence[int]) -> bool:
    """Whether the response can be marked: something was chosen or written, and a number is one."""
    if question.qtype == "multichoice" and not question.single:
        return any(response.get(name) == "1" for name in fields_of(question, order))
    given = response.get("answer", "").strip()
    if question.qtype == "multichoice":
        return given.isdigit() and int(given) < len(order)
    if question.qtype == "truefalse":
        return given in ("0", "1")
    if question.qtype == "numerical":
        return _number(given) is not None
    return given != ""


def fraction(question: Question, response: Response, order: Sequence[int]) -> float | None:
    """How much of the mark a complete response is worth, from 0 to 1; None when a person has to say."""
    if question.qtype not in AUTOMATIC:
        return None
    if not is_complete(question, response, order):
        return 0.0
    worth = {answer["id"]: float(answer["fraction"]) for answer in question.answers}
    if question.qtype == "multichoice" and not question.single:
        chosen = [
            worth[order[place]] for place, name in enumerate(fields_of(question, order)) if response.get(name) == "1"
        ]
        return min(max(sum(chosen), 0.0), 1.0)
    given = response["answer"].strip()
    if question.qtype == "multichoice":
        return max(worth[order[int(given)]], 0.0)
    if question.qtype == "truefalse":
        return worth[question.answers[0 if given == "1" else 1]["id"]]
    return _first_match(question, given)


def _first_match(question: Question, given: str) -> float:
    for answer in question.answers:
        if question.qtype == "numerical":
            matches = _is_near(given, str(answer["text"]), float(answer.get("tolerance") or 0))
        else:
            matches = _is_like(given, str(answer["text"]))
        if matches:
            return float(answer["fraction"])
    return 0.0


def _number(text: str) -> float | None:
    # A decimal comma is taken for a point, spaces are dropped.
    try:
        return float(re.sub(r"\s", "", text).replace(",", "."))
    except ValueError:
        return None


def _is_near(given: str, wanted: str, tolerance: float) -> bool:
    if wanted == "*":
        return True
    value, right = _number(given), _number(wanted)
    if value is None or right is None:
        return False
    # The bounds are computed, not the distance, and a slight difference is none: as in Moodle.
    allowed = max(tolerance, abs(right) * 1e-14)
    return right - allowed <= value <= right + allowed


def _is_like(given: str, pattern: str) -> bool:
    parts = [re.escape(part) for part in _folded(pattern).split("*")]
    return re.fullmatch(".*".join(parts), _folded(given), re.DOTALL) is not None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).lower()
