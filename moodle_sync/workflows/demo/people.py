"""What learners, trainers and managers do in a course, through their own web services.

The demo plays its story with it, and the live suite its day; a person is a token, and Moodle cannot tell the
difference. Nothing here goes through the clients of the course wing or the evidence wing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Ws = Callable[..., Any]
"""One person's web services: the function's name, then its parameters by name; answers JSON."""

NOTIONS = {
    "sans un mot": "Pour chaque lien",
    "Combien de parties": "6",
    "relu seulement par son auteur": "0",
    "poser le cadre": "dire le temps",
    "indicateur que l": "Le nombre d'habitants",
    "Comment appelle-t-on": "plan de participation",
}
"""Right answers of questions/notions.gift, by a part of each question's text (true or false as 1 or 0)."""
POSITIONING = {
    "ne pas ouvrir le même jour": "De coordination",
    "doit d'abord donner du pouvoir d'agir": "0",
    "relève du « faire avec »": "Décider avec des habitants",
    "Le schéma de gouvernance": "les rôles, les instances",
    "est l'énoncé d'un besoin": "0",
    "Combien de gommettes": "36",
    "est une": "expérimentation",
    "montre une synergie": "Une ressourcerie fournit",
    "moins d'emballages": "Un impact environnemental",
    "c'est la même chose": "0",
}
"""The same of questions/positionnement.gift, without its question of several answers, which stays unanswered."""


@dataclass(frozen=True)
class Actor:
    """A person of the site, who acts through a token of their own."""

    username: str
    idnumber: str
    userid: int
    fullname: str
    ws: Ws


@dataclass(frozen=True)
class Module:
    """An activity of the course as Moodle numbers it."""

    cmid: int
    instance: int
    modname: str


@dataclass(frozen=True)
class Course:
    """The course of a session: its id, and its activities by local key."""

    id: int
    idnumber: str
    modules: dict[str, Module]


def find_course(editor: Actor, idnumber: str) -> Course:
    """The course and its activities, as somebody sees them who may edit it."""
    ws = editor.ws
    [course] = ws("core_course_get_courses_by_field", field="idnumber", value=idnumber)["courses"]
    modules = {}
    for section in ws("core_course_get_contents", courseid=course["id"]):
        for module in section["modules"]:
            details = ws("core_course_get_course_module", cmid=module["id"])["cm"]
            key = (details.get("idnumber") or "").removeprefix(f"{idnumber}:")
            modules[key] = Module(module["id"], module["instance"], module["modname"])
    return Course(course["id"], idnumber, modules)


def read_page(who: Actor, course: Course, key: str) -> None:
    """Open a page."""
    who.ws("mod_page_view_page", pageid=course.modules[key].instance)


def hand_in(who: Actor, course: Course, key: str, text: str, *, draft_button: bool = True) -> None:
    """Write online text and press "submit"."""
    number = course.modules[key].instance
    editor = {"text": text, "format": 1, "itemid": 0}
    # Moodle asks for the file area of every plugin that is switched on, even an empty one.
    drafts = who.ws("core_files_get_unused_draft_itemid")["itemid"]
    plugins = {"onlinetext_editor": editor, "files_filemanager": drafts}
    who.ws("mod_assign_save_submission", assignmentid=number, plugindata=plugins)
    if draft_button:
        who.ws("mod_assign_submit_for_grading", assignmentid=number, acceptsubmissionstatement=0)


def fill_rubric(who: Actor, course: Course, key: str, learner: Actor, scores: dict[str, int], remark: str) -> None:
    """Grade with the rubric: for each criterion (by its text) the level with that score."""
    module = course.modules[key]
    areas = who.ws("core_grading_get_definitions", cmids=[module.cmid], areaname="submissions", activeonly=1)["areas"]
    criteria = areas[0]["definitions"][0]["rubric"]["rubric_criteria"]
    filled = []
    for criterion in criteria:
        wanted = scores[html.unescape(criterion["description"])]
        level = next(level for level in criterion["levels"] if float(level["score"]) == wanted)
        filling = {"criterionid": criterion["id"], "levelid": level["id"], "remark": remark, "remarkformat": 0}
        filled.append({"criterionid": criterion["id"], "fillings": [filling]})
    who.ws(
        "mod_assign_save_grade",
        assignmentid=module.instance,
        userid=learner.userid,
        grade=0,
        attemptnumber=-1,
        addattempt=0,
        workflowstate="",
        applytoall=0,
        plugindata={"assignfeedbackcomments_editor": {"text": "", "format": 1}},
        advancedgradingdata={"rubric": {"criteria": filled}},
    )


def attempt_quiz(who: Actor, course: Course, key: str, right: dict[str, str], *, share: float, finish: bool) -> int:
    """Attempt a quiz: answer this share of its questions right, the others wrong; returns the attempt's id.

    ``right`` holds, by a part of each question's text, the right answer as a learner would read or write it.
    """
    attempt = who.ws("mod_quiz_start_attempt", quizid=course.modules[key].instance)["attempt"]
    questions = _questions(who, attempt)
    correct = round(share * len(questions))
    data = []
    for number, question in enumerate(questions):
        data += _answer(question, right, correct=number < correct)
    pairs = [{"name": name, "value": value} for name, value in data]
    if finish:
        who.ws("mod_quiz_process_attempt", attemptid=attempt["id"], data=pairs, finishattempt=1, timeup=0)
    else:
        who.ws("mod_quiz_save_attempt", attemptid=attempt["id"], data=pairs)
    return int(attempt["id"])


def answer_questionnaire(who: Actor, course: Course, key: str, *, option: int, text: str = "") -> None:
    """Answer every page of a questionnaire and send it.

    Args:
        who: the learner.
        course: the course.
        key: local key of the questionnaire.
        option: which option is chosen where there are options (1 for the first; the last one when there are fewer).
        text: what is written where something is asked in words.

    Raises:
        ValueError: Moodle did not take the answers.
    """
    number = course.modules[key].instance
    page, sent = who.ws("mod_feedback_launch_feedback", feedbackid=number)["gopage"], False
    while not sent:
        items = who.ws("mod_feedback_get_page_items", feedbackid=number, page=page)["items"]
        # A question that is left out, even unanswered, keeps Moodle on its page for ever.
        responses = [_response(item, option, text) for item in items if item["hasvalue"]]
        told = who.ws("mod_feedback_process_page", feedbackid=number, page=page, responses=responses, goprevious=0)
        page, sent = told["jumpto"], told["completed"]
        if page is None:
            raise ValueError(f"{key}: an answer was not taken")


def _response(item: dict[str, Any], option: int, text: str) -> dict[str, str]:
    name = f"{item['typ']}_{item['id']}"
    if item["typ"] not in ("multichoice", "multichoicerated"):
        return {"name": name, "value": text}
    chosen = str(min(option, item["presentation"].count("|") + 1))
    # "c" asks for any number of options: each is a field of its own.
    return {"name": f"{name}[{chosen}]" if item["presentation"].startswith("c") else name, "value": chosen}


def _questions(who: Actor, attempt: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = 0
    while page != -1:
        answer = who.ws("mod_quiz_get_attempt_data", attemptid=attempt["id"], page=page)
        found += answer["questions"]
        page = answer["nextpage"]
    return found


def _answer(question: dict[str, Any], right: dict[str, str], *, correct: bool) -> list[tuple[str, str]]:
    body = question["html"]
    text = _plain(body)
    wanted = next((answer for part, answer in right.items() if part in text), None)
    sequence = re.search(r'name="(q\d+:\d+_:sequencecheck)"\s+value="(\d+)"', body)
    if sequence is None:
        raise ValueError("a question without its sequence check")
    field = sequence.group(1).replace("_:sequencecheck", "_answer")
    if wanted is None:
        return [(sequence.group(1), sequence.group(2))]
    if question["type"] == "truefalse":
        value = wanted if correct else str(1 - int(wanted))
    elif question["type"] in ("numerical", "shortanswer"):
        value = wanted if correct else "0"
    else:
        value = _radio(body, field, wanted, correct=correct)
    return [(sequence.group(1), sequence.group(2)), (field, value)]


def _radio(body: str, field: str, wanted: str, *, correct: bool) -> str:
    """The value of the radio button whose label reads as wanted (or of another one)."""
    parts = re.split(rf'(?=<input type="radio" name="{re.escape(field)}")', body)[1:]
    for part in parts:
        value = re.search(r'value="(-?\d+)"', part)
        # -1 is the hidden button of "no answer".
        if value is not None and value.group(1) != "-1" and (wanted in _plain(part)) == correct:
            return value.group(1)
    raise ValueError(f"no button that {'reads' if correct else 'does not read'} {wanted!r}")


def _plain(markup: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))
