"""An attempt at a quiz from start to finish: pages, autosave, sequence checks, marking, and running out of time.

Works on rows. What a learner may call is in ``evidence_quiz``; marks in ``evidence_quiz_marks``; the grade that results
in ``evidence_gradebook``.
"""

from __future__ import annotations

import random
import re
from typing import Any

from moodle_sync.sandbox.evidence_common import five
from moodle_sync.sandbox.evidence_completion import update_state
from moodle_sync.sandbox.evidence_gradebook import quiz_graded, sum_of_marks
from moodle_sync.sandbox.evidence_quiz_marks import fields_of, fraction, is_complete
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.rows_site import Quiz
from moodle_sync.sandbox.rows_work import Question, QuizAttempt, QuizSlot
from moodle_sync.sandbox.world import World

OPEN = ("inprogress", "overdue")
NOT_AVAILABLE = "This quiz is currently not available."
_FIELD = re.compile(r"q(\d+):(\d+)_(.+)")


def slots_of(world: World, quizid: int) -> list[QuizSlot]:
    """The slots of a quiz in order."""
    return sorted(world.slots.where(quizid=quizid), key=lambda slot: slot.slot)


def latest_version(world: World, entryid: int) -> Question:
    """The newest version of a question."""
    return max(world.questions.where(entryid=entryid), key=lambda question: question.version)


def deadline(quiz: Quiz, attempt: QuizAttempt) -> int | None:
    """When the attempt has to be in, if ever."""
    ends = [quiz.timeclose] if quiz.timeclose else []
    if quiz.timelimit:
        ends.append(attempt.timestart + quiz.timelimit)
    return min(ends, default=None)


def reasons_against(world: World, quiz: Quiz, userid: int) -> list[str]:
    """Why the learner may not start another attempt now; empty when they may."""
    now = world.now()
    made = world.attempts.where(quiz=quiz.id, userid=userid, preview=0)
    reasons = []
    if (quiz.timeopen and now < quiz.timeopen) or (quiz.timeclose and now > quiz.timeclose):
        reasons.append(NOT_AVAILABLE)
    if quiz.attempts and len(made) >= quiz.attempts:
        reasons.append("No more attempts are allowed")
    return reasons


def start(world: World, quiz: Quiz, userid: int, *, preview: bool) -> QuizAttempt:
    """Begin an attempt; a trainer's earlier preview goes.

    Raises:
        MoodleError: the quiz has no questions.
    """
    slots = slots_of(world, quiz.id)
    if not slots:
        raise MoodleError("noquestionsfound", "No questions found")
    if preview:
        world.attempts.remove(*world.attempts.where(quiz=quiz.id, userid=userid, preview=1))
    now = world.now()
    made = world.attempts.where(quiz=quiz.id, userid=userid, preview=int(preview))
    attempt = world.attempts.add(
        QuizAttempt(
            quiz=quiz.id,
            userid=userid,
            attempt=max((one.attempt for one in made), default=0) + 1,
            preview=int(preview),
            timestart=now,
            timemodified=now,
            timemodifiedoffline=now,
            layout=_layout(slots),
        )
    )
    attempt.uniqueid = attempt.id
    attempt.timecheckstate = deadline(quiz, attempt)
    pages = sorted({slot.page for slot in slots})
    for slot in slots:
        question = latest_version(world, slot.entryid)
        attempt.questions.append(
            {
                "slot": slot.slot,
                "questionid": question.id,
                "maxmark": slot.maxmark,
                "page": pages.index(slot.page),
                "sequence": 1,
                "state": "todo",
                "order": _order(quiz, question, attempt.id, slot.slot),
                "data": {},
                "autosaved": None,
                "fraction": None,
                "mark": None,
                # 5.1 says -1 while nothing was done, 4.5 the time of the start.
                "time": now if world.version == "4.5" else -1,
            }
        )
    return attempt


def read_responses(attempt: QuizAttempt, data: list[dict[str, Any]]) -> dict[int, dict[str, str]]:
    """What was posted, by slot; slots without a sequence check are not looked at.

    Raises:
        MoodleError: the sequence check of a slot is not the one that the attempt has.
    """
    found: dict[int, dict[str, str]] = {}
    for pair in data:
        match = _FIELD.fullmatch(pair["name"])
        if match and int(match[1]) == attempt.uniqueid:
            found.setdefault(int(match[2]), {})[match[3]] = pair["value"]
    expected = {entry["slot"]: str(entry["sequence"]) for entry in attempt.questions}
    checked = {slot: given for slot, given in found.items() if slot in expected and ":sequencecheck" in given}
    for slot, given in checked.items():
        if given[":sequencecheck"] != expected[slot]:
            raise MoodleError(
                "submissionoutofsequencefriendlymessage", "You have entered data outside the normal sequence."
            )
    return checked


def save(world: World, attempt: QuizAttempt, data: list[dict[str, Any]]) -> None:
    """Keep responses as an autosave: the attempt's own times and sequence checks stay."""
    for entry, response in _posted(world, attempt, data):
        entry["autosaved"] = response
        entry["state"] = _open_state(world, entry, response)
        entry["time"] = world.now()


def process(world: World, attempt: QuizAttempt, data: list[dict[str, Any]]) -> None:
    """Take responses for good."""
    for entry, response in _posted(world, attempt, data):
        _take(world, entry, response)
    attempt.timemodified = attempt.timemodifiedoffline = world.now()


def finish(world: World, quiz: Quiz, attempt: QuizAttempt, when: int | None = None) -> None:
    """Submit all and finish: mark every question, then the grade and completion of a learner."""
    now = world.now()
    for entry in attempt.questions:
        if entry["autosaved"] is not None:
            _take(world, entry, entry["autosaved"])
        _mark(world, entry)
    attempt.state, attempt.timecheckstate = "finished", None
    attempt.timefinish = when or now
    attempt.timemodified = attempt.timemodifiedoffline = now
    attempt.sumgrades = sum_of_marks(attempt)
    if attempt.sumgrades is not None:
        attempt.gradednotificationsenttime = now
    if not attempt.preview:
        quiz_graded(world, quiz, attempt.userid)
        module = world.module_of("quiz", quiz.id)
        if module is not None:
            update_state(world, module, attempt.userid)


def run_out(world: World, quiz: Quiz) -> None:
    """What cron does each minute: attempts whose time is up are submitted or abandoned, as the quiz says."""
    for attempt in world.attempts.where(quiz=quiz.id, preview=0):
        end = deadline(quiz, attempt)
        if attempt.state in OPEN and end is not None and world.now() > end:
            if quiz.overduehandling == "autoabandon":
                attempt.state, attempt.timecheckstate, attempt.timemodified = "abandoned", None, world.now()
            else:
                finish(world, quiz, attempt, end)


def _posted(
    world: World, attempt: QuizAttempt, data: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], dict[str, str]]]:
    responses = read_responses(attempt, data)
    found = []
    for entry in attempt.questions:
        if entry["slot"] in responses:
            question = world.questions[entry["questionid"]]
            given = responses[entry["slot"]]
            names = fields_of(question, entry["order"])
            found.append((entry, {name: given[name] for name in names if given.get(name) not in (None, "", "-1")}))
    return found


def _take(world: World, entry: dict[str, Any], response: dict[str, str]) -> None:
    entry["autosaved"] = None
    if response == entry["data"]:
        # The same again is no new step: the sequence check stays.
        return
    entry["data"] = response
    entry["sequence"] += 1
    entry["state"] = _open_state(world, entry, response)
    entry["time"] = world.now()


def _open_state(world: World, entry: dict[str, Any], response: dict[str, str]) -> str:
    if not response:
        return "todo"
    question = world.questions[entry["questionid"]]
    return "complete" if is_complete(question, response, entry["order"]) else "invalid"


def _mark(world: World, entry: dict[str, Any]) -> None:
    question = world.questions[entry["questionid"]]
    worth = fraction(question, entry["data"], entry["order"])
    if not is_complete(question, entry["data"], entry["order"]):
        entry["state"], worth = "gaveup", 0.0
    elif worth is None:
        entry["state"] = "needsgrading"
    else:
        entry["state"] = "gradedright" if worth >= 1 else "gradedpartial" if worth > 0 else "gradedwrong"
    entry["fraction"] = worth
    entry["mark"] = None if worth is None else five(worth * entry["maxmark"])
    entry["sequence"] += 1


def _layout(slots: list[QuizSlot]) -> str:
    pages: dict[int, list[str]] = {}
    for slot in slots:
        pages.setdefault(slot.page, []).append(str(slot.slot))
    return ",".join(f"{','.join(pages[page])},0" for page in sorted(pages))


def _order(quiz: Quiz, question: Question, attemptid: int, slot: int) -> list[int]:
    order = [answer["id"] for answer in question.answers]
    if question.qtype == "multichoice" and quiz.shuffleanswers and question.shuffle:
        # Shuffled, and the same way each time that a world is built: a run can be repeated.
        random.Random(f"{attemptid}:{slot}").shuffle(order)  # noqa: S311 - no secret depends on it
    return order
