"""Questionnaires of the course, opened, answered and closed by the live suite, which puts their times back."""

import json
import time
from typing import Any

from livesupport.folder import Folder
from livesupport.site import LiveSite
from livesupport.story import sealed
from moodle_sync.workflows.demo.edits import write_behind
from moodle_sync.workflows.demo.people import Actor, Course, answer_questionnaire

HOUR = 3600
WORDS = "Ce que personne d'autre ne doit lire."
"""What everybody writes where something is asked in words."""


Times = dict[str, int | None]
"""``opens`` and ``due`` of a questionnaire, in epoch seconds."""


def times(live: LiveSite, folder: Folder, course: Course, key: str) -> Times:
    """When a questionnaire opens and closes, as the companion tells it."""
    answer = live.push("local_moodlesync_get_course_state", courseid=course.id, namespace=folder.namespace)
    [found] = [one for one in json.loads(answer["json"])["activities"] if one["key"] == key]
    return {name: found["state"][name] for name in ("opens", "due")}


def move(live: LiveSite, folder: Folder, course: Course, key: str, **moved: int | None) -> None:
    """Set these times behind the tool's back."""
    item = {"key": key, "modname": "feedback", "fields": moved}
    write_behind(live.push, folder.namespace, course, "upsert_activities", item)


def now() -> int:
    """Now, in epoch seconds; the sites of the suite go by the same clock, to the minute."""
    return int(time.time())


def answer(learners: list[Actor], course: Course, key: str, options: list[int]) -> None:
    """Each learner chooses the option of their place wherever there are options, and writes the same words."""
    for learner, option in zip(learners, options, strict=True):
        answer_questionnaire(learner, course, key, option=option, text=WORDS)


def analyses(folder: Folder) -> dict[str | None, Any]:
    """What is sealed of each questionnaire as a whole, by its key: each is there once."""
    found = [fact for fact in sealed(folder) if fact.kind == "feedback_analysis"]
    by_key = {fact.activity: fact for fact in found}
    assert len(by_key) == len(found), "entered once, and never again"
    return by_key
