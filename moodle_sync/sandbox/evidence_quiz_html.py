"""Questions of an attempt as Moodle renders them for a learner: as much of the page as a client can use.

Pure: what is in an attempt in, HTML out. The field names (``q<usage>:<slot>_…``), the sequence check, the radio buttons
with their labels and the text fields are those of Moodle 4.5 and 5.1; scripts and icons are left out.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from moodle_sync.sandbox.rows_work import Question, QuizAttempt

STATES: dict[str, tuple[str, str]] = {
    "todo": ("notyetanswered", "Not yet answered"),
    "invalid": ("invalidanswer", "Incomplete answer"),
    "complete": ("answersaved", "Answer saved"),
    "gaveup": ("notanswered", "Not answered"),
    "needsgrading": ("requiresgrading", "Complete"),
    "gradedright": ("correct", "Correct"),
    "gradedpartial": ("partiallycorrect", "Partially correct"),
    "gradedwrong": ("incorrect", "Incorrect"),
}
"""CSS class and words of each state of a question."""


def render(attempt: QuizAttempt, entry: dict[str, Any], question: Question, number: int) -> str:
    """One question of the attempt, with what the learner gave so far."""
    usage, slot = attempt.uniqueid, entry["slot"]
    prefix = f"q{usage}:{slot}_"
    css, words = STATES[entry["state"]]
    flag = (
        f'<div class="questionflag editable"><input type="hidden" name="{prefix}:flagged" value="0" />'
        f'<input type="checkbox" id="{prefix}:flaggedcheckbox" name="{prefix}:flagged" value="1" />'
        f'<label id="{prefix}:flaggedlabel" for="{prefix}:flaggedcheckbox"><span>Flag question</span></label>\n</div>'
    )
    info = (
        f'<div class="info"><h3 class="no">Question <span class="qno">{number}</span></h3>'
        f'<div class="state">{words}</div>'
        f'<div class="grade">Marked out of {entry["maxmark"]:.2f}</div>{flag}</div>'
    )
    return (
        f'<div id="question-{usage}-{slot}" class="que {question.qtype} deferredfeedback {css}">{info}'
        '<div class="content"><div class="formulation clearfix"><h4 class="accesshide">Question text</h4>'
        f'<input type="hidden" name="{prefix}:sequencecheck" value="{entry["sequence"]}" />'
        f'<div class="qtext"><div class="clearfix">{question.text}</div></div>'
        f"{_formulation(prefix, entry, question, number)}</div></div></div>"
    )


def _formulation(prefix: str, entry: dict[str, Any], question: Question, number: int) -> str:
    given = entry["autosaved"] if entry["autosaved"] is not None else entry["data"]
    if question.qtype == "truefalse":
        choices = [("1", "True"), ("0", "False")]
        buttons = "".join(
            f'<div class="r{place}"><input type="radio" name="{prefix}answer" value="{value}" '
            f'id="{prefix}answer{"true" if value == "1" else "false"}"{_checked(given.get("answer") == value)} />'
            f'<label for="{prefix}answer{"true" if value == "1" else "false"}" class="ms-1">{word}</label></div>'
            for place, (value, word) in enumerate(choices)
        )
        legend = '<legend class="prompt h6">Select one:</legend>'
        return f'<fieldset class="ablock">{legend}<div class="answer">{buttons}</div></fieldset>'
    if question.qtype == "multichoice":
        buttons = "".join(_choices(prefix, entry["order"], question, given))
        clear = ""
        if question.single:
            clear = (
                f'<div id="{prefix}clearchoice" class="qtype_multichoice_clearchoice visually-hidden" '
                'aria-hidden="true">'
                f'<input type="radio" name="{prefix}answer" id="{prefix}answer-1" value="-1" class="visually-hidden"'
                f'{_checked("answer" not in given)} /><label for="{prefix}answer-1">Clear my choice</label></div>'
            )
        return (
            f'<fieldset class="ablock no-overflow visual-scroll-x"><legend class="prompt h6">Answer</legend>'
            f'<div class="answer">{buttons}</div>{clear}</fieldset>'
        )
    value = f' value="{html.escape(given["answer"])}"' if given.get("answer") else ""
    return (
        f'<div class="ablock d-flex flex-wrap align-items-center"><label for="{prefix}answer">Answer: '
        f'<span class="visually-hidden">Question {number}</span></label><span class="answer">'
        f'<input type="text" name="{prefix}answer"{value} id="{prefix}answer" size="30" '
        'class="form-control d-inline" />'
        "</span></div>"
    )


def _choices(prefix: str, order: Sequence[int], question: Question, given: dict[str, str]) -> list[str]:
    texts = {answer["id"]: answer["text"] for answer in question.answers}
    found = []
    for place, answerid in enumerate(order):
        if question.single:
            name, identity, value = f"{prefix}answer", f"{prefix}answer{place}", str(place)
            kind, chosen, hidden = "radio", given.get("answer") == value, ""
        else:
            name = identity = f"{prefix}choice{place}"
            kind, chosen, value = "checkbox", given.get(f"choice{place}") == "1", "1"
            hidden = f'<input type="hidden" name="{name}" value="0" />'
        found.append(
            f'<div class="r{place % 2}">{hidden}<input type="{kind}" name="{name}" value="{value}" id="{identity}" '
            f'aria-labelledby="{identity}_label"{_checked(chosen)} /><div class="d-flex w-auto" id="{identity}_label" '
            f'data-region="answer-label"><span class="answernumber">{chr(97 + place)}. </span>'
            f'<div class="flex-fill ms-1">{texts[answerid]}</div></div> </div>\n'
        )
    return found


def _checked(chosen: bool) -> str:
    return ' checked="checked"' if chosen else ""
