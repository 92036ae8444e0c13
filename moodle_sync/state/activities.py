"""Activities of a programme as desired fields: what Moodle should hold for each page, assignment and quiz."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moodle_sync.canonical import decimal_text
from moodle_sync.spec.models import AnyActivity, Assignment, Page, Quiz
from moodle_sync.state.html import to_html

JSON = Any
Times = Callable[[str | None, bool], int | None]
"""A relative date (or None) and whether it closes something, as epoch seconds (or None)."""
Questions = Callable[[str], JSON]
"""A question file's path as ``{"format", "text"}``."""


def modname(activity: AnyActivity) -> str:
    """Moodle's name for the module type."""
    match activity:
        case Page():
            return "page"
        case Assignment():
            return "assign"
        case Quiz():
            return "quiz"


def fields(activity: AnyActivity, section: str, times: Times, questions: Questions) -> dict[str, JSON]:
    """Every compared field of one activity, in the form of the companion's contract."""
    common: dict[str, JSON] = {"name": activity.title, "section": section, "visible": activity.visible}
    match activity:
        case Page():
            return common | _page(activity)
        case Assignment():
            return common | _assignment(activity, times)
        case Quiz():
            return common | _quiz(activity, times, questions)


def _page(page: Page) -> dict[str, JSON]:
    return {
        "intro": to_html(page.intro or ""),
        "content": to_html(page.text),
        "completion": _tracking(page.complete_when) | {"view": "viewed" in page.complete_when},
    }


def _assignment(work: Assignment, times: Times) -> dict[str, JSON]:
    rules = work.complete_when
    return {
        "intro": to_html(work.brief),
        "opens": times(work.opens, False),
        "due": times(work.due, True),
        "cutoff": times(work.cutoff, True),
        "submit": sorted(work.submit),
        # Learners say themselves that a piece of work is handed in; where nothing is handed in there is no button.
        "draft": bool(work.submit),
        "attempts": work.attempts,
        "grade_max": decimal_text(work.grade_max),
        "grade_pass": None if work.grade_pass is None else decimal_text(work.grade_pass),
        "completion": _tracking(rules)
        | {"view": "viewed" in rules, "submit": "submitted" in rules}
        | {"grade": "graded" in rules or "passed" in rules, "pass": "passed" in rules},
    }


def _quiz(quiz: Quiz, times: Times, questions: Questions) -> dict[str, JSON]:
    rules = quiz.complete_when
    return {
        "intro": to_html(quiz.intro or ""),
        "opens": times(quiz.opens, False),
        "due": times(quiz.due, True),
        "time_limit": quiz.time_limit_minutes * 60,
        "attempts": quiz.attempts,
        "grade_method": quiz.grade_method,
        "grade_max": decimal_text(quiz.grade_max),
        "grade_pass": None if quiz.grade_pass is None else decimal_text(quiz.grade_pass),
        "questions": questions(quiz.questions),
        "completion": _tracking(rules)
        | {"view": "viewed" in rules, "attempts": 1 if "attempted" in rules else 0}
        | {"grade": "graded" in rules or "passed" in rules, "pass": "passed" in rules},
    }


def _tracking(rules: tuple[str, ...]) -> dict[str, JSON]:
    if not rules:
        return {"tracking": "none"}
    return {"tracking": "manual" if rules == ("marked",) else "automatic"}
