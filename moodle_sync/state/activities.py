"""Activities of a programme as desired fields: what Moodle should hold for each page, assignment and quiz."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moodle_sync.canonical import decimal_text
from moodle_sync.spec.activity import kind_of
from moodle_sync.spec.files import SpecFile
from moodle_sync.spec.models import (
    AnyActivity,
    Assignment,
    Feedback,
    FileResource,
    Forum,
    Link,
    Page,
    Quiz,
    Survey,
    SurveyItem,
)
from moodle_sync.spec.questions import QuestionFile
from moodle_sync.state.html import to_html

JSON = Any
Times = Callable[[str | None, bool], int | None]
"""A relative date (or None) and whether it closes something, as epoch seconds (or None)."""


def modname(activity: AnyActivity) -> str:
    """Moodle's name for the module type."""
    return _MODNAMES[kind_of(activity)]


_MODNAMES = {
    "page": "page",
    "assignment": "assign",
    "quiz": "quiz",
    "feedback": "feedback",
    "link": "url",
    "forum": "forum",
    "file": "resource",
}


@dataclass(frozen=True)
class Material:
    """What activities refer to: question files, surveys and downloads, by the name that a spec uses."""

    questions: Mapping[str, QuestionFile]
    surveys: Mapping[str, Survey]
    files: Mapping[str, SpecFile]


def fields(activity: AnyActivity, section: str, times: Times, material: Material) -> dict[str, JSON]:
    """Every compared field of one activity, in the form of the companion's contract."""
    common: dict[str, JSON] = {"name": activity.title, "section": section, "visible": activity.visible}
    match activity:
        case Page():
            own = _page(activity)
        case Assignment():
            own = _assignment(activity, times)
        case Quiz():
            own = _quiz(activity, times, material.questions[activity.questions])
        case Feedback():
            own = _feedback(activity, times, material.surveys[activity.survey])
        case Link():
            own = _read(activity.intro, activity.complete_when) | {"url": activity.address}
        case Forum():
            own = _read(activity.intro, activity.complete_when)
        case FileResource():
            own = _read(activity.intro, activity.complete_when) | {"file": _file(material.files[activity.path])}
    return common | own


def _read(intro: str | None, rules: tuple[str, ...]) -> dict[str, JSON]:
    """What activities share that are only opened and read."""
    return {"intro": to_html(intro or ""), "completion": _tracking(rules) | {"view": "viewed" in rules}}


def _page(page: Page) -> dict[str, JSON]:
    return _read(page.intro, page.complete_when) | {"content": to_html(page.text)}


def _feedback(feedback: Feedback, times: Times, survey: Survey) -> dict[str, JSON]:
    rules = feedback.complete_when
    return {
        "intro": to_html(feedback.intro or ""),
        "opens": times(feedback.opens, False),
        "due": times(feedback.due, True),
        "anonymous": feedback.anonymous,
        "multiple": feedback.multiple,
        "items": [_item(item) for item in survey.items],
        "completion": _tracking(rules) | {"view": "viewed" in rules, "submit": "submitted" in rules},
    }


def _item(item: SurveyItem) -> dict[str, JSON]:
    asked = {"key": item.key, "type": item.type, "question": item.question or "", "required": item.required}
    return asked | ({"options": list(item.options)} if item.options else {})


def _file(file: SpecFile) -> JSON:
    return {"name": file.name, "base64": b64encode(file.content).decode("ascii")}


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


def _quiz(quiz: Quiz, times: Times, questions: QuestionFile) -> dict[str, JSON]:
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
        "questions": {"format": questions.format, "text": questions.text},
        "completion": _tracking(rules)
        | {"view": "viewed" in rules, "attempts": 1 if "attempted" in rules else 0}
        | {"grade": "graded" in rules or "passed" in rules, "pass": "passed" in rules},
    }


def _tracking(rules: tuple[str, ...]) -> dict[str, JSON]:
    if not rules:
        return {"tracking": "none"}
    return {"tracking": "manual" if rules == ("marked",) else "automatic"}
