"""Writes through the companion plugin: children of a course, many at a time, each in a transaction of its own there.

The companion stores the baseline beside the object in the same transaction, so nothing is kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from moodle_sync.apply.run import MissingParent, Outcome, Run, digests, mismatch, sent
from moodle_sync.errors import AnswerLost, MoodleSyncError
from moodle_sync.moodle.companion import CompanionClient
from moodle_sync.moodle.wire.companion import ItemAnswer
from moodle_sync.plan.changes import Change
from moodle_sync.state.flat import flatten, to_path, unflatten
from moodle_sync.state.observed import with_members
from moodle_sync.state.resources import Kind

JSON = Any
BATCH = 20
"""Items a call: well under any proxy's patience (a quiz with its questions takes about a third of a second)."""

FUNCTIONS = {
    Kind.SECTION: "local_moodlesync_upsert_sections",
    Kind.ACTIVITY: "local_moodlesync_upsert_activities",
    Kind.RUBRIC: "local_moodlesync_upsert_rubrics",
    Kind.ACTIVITY_COMPETENCY: "local_moodlesync_link_competencies",
    Kind.COURSE_COMPLETION: "local_moodlesync_set_course_completion",
    Kind.EVENT: "local_moodlesync_upsert_events",
    Kind.ENROLMENT: "local_moodlesync_upsert_enrolments",
    Kind.GROUP: "local_moodlesync_upsert_groups",
}
"""The function that writes each kind: what a plan looks for in the site's functions before it plans any of them."""

_LOST = "the answer was lost: run apply again, it will find what was done"


def write(run: Run, changes: Sequence[Change]) -> Iterator[Outcome]:
    """Send changes of companion kinds, grouped by course and kind, in the order given."""
    for (course, kind), group in groupby(changes, key=lambda change: (change.course, change.kind)):
        items = list(group)
        for start in range(0, len(items), BATCH):
            yield from _batch(run, course, kind, items[start : start + BATCH])


def _batch(run: Run, course: str, kind: Kind, changes: list[Change]) -> Iterator[Outcome]:
    try:
        courseid = run.id_of(Kind.COURSE, course)
        send = _function(run.companion, kind)
    except MissingParent as error:
        yield from (Outcome(change, str(error)) for change in changes)
        return
    steps = [
        run.journal.started(run.run_id, kind, change.key, change.action, {"fields": digests(change.fields)})
        for change in changes
    ]
    payload = [item(run, change) for change in changes]
    try:
        answers = {answer.key: answer for answer in send(courseid, run.namespace, payload)}
    except AnswerLost:
        # Each item is a transaction of its own: which of them were done is for the next observation to say.
        for number, change in zip(steps, changes, strict=True):
            run.journal.finished(number, "unknown", {})
            yield Outcome(change, _LOST)
        return
    except MoodleSyncError as error:
        for number, change in zip(steps, changes, strict=True):
            run.journal.finished(number, "failed", {"error": type(error).__name__})
            yield Outcome(change, str(error))
        return
    for number, change in zip(steps, changes, strict=True):
        problem = _judge(run, change, answers.get(change.local))
        run.journal.finished(number, "failed" if problem else "done", {"problem": problem})
        yield Outcome(change, problem)


def _judge(run: Run, change: Change, answer: ItemAnswer | None) -> str:
    if answer is None:
        return "Moodle answered nothing for it"
    if answer.error is not None:
        return str(answer.error)
    state = answer.state or {}
    if change.kind is Kind.RUBRIC:
        state = flatten(state)
    elif change.kind is Kind.GROUP:
        state = with_members(state, run.person_of)
    return mismatch(change, state)


def _function(
    companion: CompanionClient | None, kind: Kind
) -> Callable[[int, str, Sequence[dict[str, JSON]]], Sequence[ItemAnswer]]:
    if companion is None:
        raise MissingParent("the companion plugin is not there any more")
    return lambda courseid, namespace, items: companion.write(FUNCTIONS[kind], courseid, namespace, items)


def item(run: Run, change: Change) -> dict[str, JSON]:
    """One item of a companion write: what is to be written, and the digests that become its baseline."""
    made: dict[str, JSON] = {"key": change.local, "fields": sent(change), "desired": digests(change.fields)}
    resource = run.resources.get(change.ref)
    live = run.live(change)
    if change.kind is Kind.ACTIVITY:
        # What left the spec is hidden: only Moodle still knows what it was.
        made["modname"] = resource.extra["modname"] if resource else (live.modname if live else "")
    elif change.kind is Kind.ENROLMENT and resource is not None:
        made["userid"] = run.people[change.local]
    elif change.kind is Kind.GROUP and "members" in made["fields"]:
        made["fields"]["members"] = sorted(run.people[member] for member in made["fields"]["members"])
    elif change.kind is Kind.RUBRIC:
        # A rubric is written whole: what a person edited since stays as Moodle has it.
        whole = dict(live.fields) if live else {}
        made["fields"] = unflatten(whole | sent(change))
        kept = digests(tuple(field for field in change.fields if field.desired is not None))
        made["desired"] = {to_path(name): value for name, value in kept.items()}
    return made
