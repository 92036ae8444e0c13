"""Activity completion: one state an activity and learner, of every activity that tracks it, ours or not.

An activity that nobody touched has no row in Moodle (state 0, no time) and gives no fact: so a reset, which deletes
rows, shows as an object that is gone, by this route as by any other.
"""

from __future__ import annotations

from typing import Literal

from moodle_sync.collect.reading import Reading
from moodle_sync.collect.survey import Survey
from moodle_sync.errors import AccessDenied, MoodleRefused
from moodle_sync.facts.models import ActivityCompletion
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.wire.evidence import CompletionRow

WSFUNCTION = "core_completion_get_activities_completion_status"

State = Literal["incomplete", "complete", "complete_pass", "complete_fail"]
_STATES: dict[int, State] = {0: "incomplete", 1: "complete", 2: "complete_pass", 3: "complete_fail"}


def read_activity_completions(client: PullClient, survey: Survey) -> Reading:
    """The completion states of all learners. ``occurred_at`` is the last change of state, also back to incomplete."""
    reading = Reading("activity_completion")
    try:
        results = client.activity_completions(survey.course.id, survey.learners)
    except (AccessDenied, MoodleRefused) as error:
        reading.refused(error)
        return reading
    seen: set[int] = set()
    for userid, result in zip(survey.learners, results, strict=True):
        for row in reading.take(result) or ():
            seen.add(row.cmid)
            if row.state not in _STATES:
                reading.doubt(f"unknown completion state {row.state}")
            elif row.state or row.timecompleted or row.overrideby:
                reading.facts.append(_fact(survey, userid, row))
    # Moodle leaves out, without a word, what a missing capability hides.
    for module in survey.modules:
        if seen and module.completion and module.id not in seen:
            reading.doubt(f"activity {module.id} ({module.modname}) tracks completion, and is told of nobody")
    return reading


def _fact(survey: Survey, userid: int, row: CompletionRow) -> ActivityCompletion:
    return ActivityCompletion(
        course=survey.idnumber,
        userid=userid,
        occurred_at=row.timecompleted,
        wsfunction=WSFUNCTION,
        cmid=row.cmid,
        activity=survey.keys.get(row.cmid),
        modname=row.modname,
        state=_STATES[row.state],
        automatic=row.isautomatic,
        overridden_by=row.overrideby,
    )
