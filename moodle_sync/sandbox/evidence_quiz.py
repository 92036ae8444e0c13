"""What a learner does: ``mod_quiz_start_attempt``, ``_get_attempt_data``, ``_save_`` and ``_process_attempt``.

The functions check who may do what; the attempt itself is ``evidence_quiz_engine``'s.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox import evidence_quiz_engine as engine
from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import activity, module_context, number, warning
from moodle_sync.sandbox.evidence_completion import view
from moodle_sync.sandbox.evidence_quiz_html import STATES, render
from moodle_sync.sandbox.moodle_errors import MoodleError, missing_record
from moodle_sync.sandbox.rows_site import CourseModule, Quiz
from moodle_sync.sandbox.rows_work import QuizAttempt
from moodle_sync.sandbox.world import World

_SETTINGS = {
    "multichoice": '{"shuffleanswers":"1","answernumbering":"abc","showstandardinstruction":"0","layout":1}',
    "numerical": '{"unitgradingtype":"0","unitpenalty":"1.0000000","unitdisplay":"3","unitsleft":"0"}',
}
CLOSED = ("attemptalreadyclosed", "This attempt has already been finished.")


@function("mod_quiz_view_quiz")
def view_quiz(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The learner opens the quiz's page."""
    module, _ = _entered(world, caller, params["quizid"])
    view(world, module, caller.user.id)
    return {"status": True, "warnings": []}


@function("mod_quiz_start_attempt")
def start_attempt(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Begin an attempt. One that is refused is a warning and no exception; one that is still open is an exception."""
    module, quiz = _entered(world, caller, params["quizid"])
    userid = caller.user.id
    preview = caller.can("mod/quiz:preview", module_context(world, module))
    if not preview:
        caller.require("mod/quiz:attempt", module_context(world, module))
    engine.run_out(world, quiz)
    open_ones = [one for one in world.attempts.where(quiz=quiz.id, userid=userid) if one.state in engine.OPEN]
    if open_ones and not params["forcenew"] and not preview:
        raise MoodleError("attemptstillinprogress", "Attempt still in progress")
    reasons = [] if preview else engine.reasons_against(world, quiz, userid)
    if reasons:
        return {"attempt": [], "warnings": [warning("quiz", quiz.id, "1", reason) for reason in reasons]}
    attempt = engine.start(world, quiz, userid, preview=preview)
    return {"attempt": shown_attempt(attempt), "warnings": []}


@function("mod_quiz_get_attempt_access_information")
def get_attempt_access_information(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Whether the learner may start an attempt now, and why not."""
    _, quiz = _entered(world, caller, params["quizid"])
    made = world.attempts.where(quiz=quiz.id, userid=caller.user.id, preview=0)
    if params["attemptid"] and params["attemptid"] not in {one.id for one in made}:
        raise missing_record(world.version, "quiz_attempts")
    reasons = engine.reasons_against(world, quiz, caller.user.id)
    spent = bool(quiz.attempts and len(made) >= quiz.attempts)
    answer: dict[str, Any] = {"isfinished": spent, "preventnewattemptreasons": reasons, "warnings": []}
    if made:
        answer |= {"endtime": engine.deadline(quiz, made[-1]) or 0, "ispreflightcheckrequired": False}
    return answer


@function("mod_quiz_get_attempt_data")
def get_attempt_data(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """One page of an open attempt: its questions as HTML, and the number of the next page (-1 for none)."""
    _, attempt = _own_open(world, caller, params["attemptid"])
    pages = max(entry["page"] for entry in attempt.questions) + 1
    page = params["page"]
    if not 0 <= page < pages:
        raise MoodleError("Invalid page number", "quiz/Invalid page number")
    questions = [_shown_question(world, attempt, entry) for entry in attempt.questions if entry["page"] == page]
    return {
        "attempt": shown_attempt(attempt),
        "messages": [],
        "nextpage": page + 1 if page + 1 < pages else -1,
        "questions": questions,
        "warnings": [],
    }


@function("mod_quiz_save_attempt")
def save_attempt(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Autosave responses."""
    _, attempt = _own_open(world, caller, params["attemptid"])
    engine.save(world, attempt, params["data"])
    return {"status": True, "warnings": []}


@function("mod_quiz_process_attempt")
def process_attempt(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Take responses, and finish the attempt when asked to."""
    quiz, attempt = _own_open(world, caller, params["attemptid"])
    engine.process(world, attempt, params["data"])
    if params["finishattempt"] or params["timeup"]:
        engine.finish(world, quiz, attempt)
    return {"state": attempt.state, "warnings": []}


def shown_attempt(attempt: QuizAttempt) -> dict[str, Any]:
    """An attempt as the learner's own functions show it."""
    return {
        "id": attempt.id,
        "quiz": attempt.quiz,
        "userid": attempt.userid,
        "attempt": attempt.attempt,
        "uniqueid": attempt.uniqueid,
        "layout": attempt.layout,
        "currentpage": attempt.currentpage,
        "preview": attempt.preview,
        "state": attempt.state,
        "timestart": attempt.timestart,
        "timefinish": attempt.timefinish,
        "timemodified": attempt.timemodified,
        "timemodifiedoffline": attempt.timemodifiedoffline,
        "timecheckstate": attempt.timecheckstate,
        "sumgrades": number(attempt.sumgrades),
        "gradednotificationsenttime": attempt.gradednotificationsenttime,
    }


def _shown_question(world: World, attempt: QuizAttempt, entry: dict[str, Any]) -> dict[str, Any]:
    question = world.questions[entry["questionid"]]
    css, words = STATES[entry["state"]]
    place = entry["slot"]
    return {
        "slot": place,
        "type": question.qtype,
        "page": entry["page"],
        "questionnumber": str(place),
        "number": place,
        "html": render(attempt, entry, question, place),
        "responsefileareas": [],
        "sequencecheck": entry["sequence"],
        "lastactiontime": entry["time"],
        "hasautosavedstep": entry["autosaved"] is not None,
        "flagged": False,
        "state": entry["state"],
        "stateclass": css,
        "status": words,
        "blockedbyprevious": False,
        "mark": "",
        "maxmark": number(entry["maxmark"]),
        "settings": _SETTINGS.get(question.qtype),
    }


def _entered(world: World, caller: Caller, quizid: int) -> tuple[CourseModule, Quiz]:
    module, quiz = activity(world, "quiz", quizid)
    caller.require_module(module.id)
    return module, quiz


def _own_open(world: World, caller: Caller, attemptid: int) -> tuple[Quiz, QuizAttempt]:
    attempt = world.attempts.get(attemptid)
    if attempt is None:
        raise missing_record(world.version, "quiz_attempts")
    _, quiz = _entered(world, caller, attempt.quiz)
    if attempt.userid != caller.user.id:
        raise MoodleError("notyourattempt", "This is not your attempt!")
    engine.run_out(world, quiz)
    if attempt.state not in engine.OPEN:
        raise MoodleError(*CLOSED)
    return quiz, attempt
