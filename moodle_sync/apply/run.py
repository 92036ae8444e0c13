"""One run of apply: what every step needs, and how a step is journalled, sent, read back and remembered.

The order inside a step is what a crash leaves behind. The journal says "started" before anything is sent; then the
write, the read-back, the baseline, and "done". Killed anywhere in between, the next run finds the object by its key,
sees what is there, and goes on: nothing is made twice, because nothing is found by memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from moodle_sync.canonical import digest
from moodle_sync.errors import AnswerLost, MoodleSyncError
from moodle_sync.moodle.companion import CompanionClient
from moodle_sync.moodle.push import PushClient
from moodle_sync.plan.changes import Change, FieldChange
from moodle_sync.plan.diff import same
from moodle_sync.state.resources import Kind, Live, Observation, Ref, Resource
from moodle_sync.store.journal import Journal

JSON = Any
logger = logging.getLogger(__name__)


class BaselineSink(Protocol):
    """Where the baseline of objects written by the core route is kept: beside them in Moodle, or in the store."""

    def put(self, kind: Kind, key: str, fields: Mapping[str, JSON]) -> None:
        """Remember ``{field: {"desired": digest, "observed": value}}`` of one object; other fields stay as they are."""


@dataclass(frozen=True)
class Outcome:
    """What became of one change. ``problem`` is empty when it was done and read back as sent."""

    change: Change
    problem: str = ""


@dataclass
class Run:
    """The context of one apply. ``ids`` grows as objects are made: their children need them."""

    push: PushClient
    companion: CompanionClient | None
    namespace: str
    journal: Journal
    run_id: str
    baselines: BaselineSink
    observed: Observation
    resources: Mapping[Ref, Resource]
    competency_scale: int
    ids: dict[Ref, int] = field(default_factory=dict)
    people: Mapping[str, int] = field(default_factory=dict)
    """Moodle's user id by what a person is called in plans."""

    def id_of(self, kind: Kind, key: str) -> int:
        """Moodle's id of an object that should be there by now.

        Raises:
            MissingParent: it is not, because making it failed or was blocked.
        """
        ref = (kind, key)
        if ref in self.ids:
            return self.ids[ref]
        live = self.observed.live.get(ref)
        if live is None:
            raise MissingParent(f"the {kind} {key} that it belongs to is not there")
        return live.id

    def person_of(self, userid: int) -> str:
        """What a person is called in plans; somebody of none of our files by Moodle's number."""
        return next((key for key, number in self.people.items() if number == userid), f"?{userid}")

    def live(self, change: Change) -> Live | None:
        """What was there when the plan was made."""
        return self.observed.live.get(change.ref)


class MissingParent(MoodleSyncError):
    """An object cannot be made because the one above it could not."""


def digests(fields: tuple[FieldChange, ...]) -> dict[str, str]:
    """The digest of what the spec says, by field: the half of a baseline that is known before sending."""
    return {item.name: digest(item.desired) for item in fields}


def step(run: Run, change: Change, send: Callable[[], int], read: Callable[[], Live | None]) -> Outcome:
    """One journalled write of one object: sent once, read back, compared, and its baseline kept.

    ``send`` returns Moodle's id. A lost answer is looked up by key, never sent again in this run.
    """
    number = run.journal.started(run.run_id, change.kind, change.key, change.action, {"fields": digests(change.fields)})
    lost = False
    try:
        run.ids[change.ref] = send()
    except AnswerLost:
        lost = True
    except MoodleSyncError as error:
        run.journal.finished(number, "failed", {"error": type(error).__name__})
        return Outcome(change, str(error))
    try:
        live = read()
    except MoodleSyncError as error:
        run.journal.finished(number, "unknown", {"error": type(error).__name__})
        return Outcome(change, f"sent, but could not be read back: {error}")
    problem = _judge(change, live, lost)
    if live is not None:
        run.ids[change.ref] = live.id
        problem = problem or _keep(run, change, live)
    run.journal.finished(number, _settled(problem, live, lost), {"problem": problem})
    logger.info("%s %s %s: %s", change.action, change.kind, change.key, problem or "done")
    return Outcome(change, problem)


def _keep(run: Run, change: Change, live: Live) -> str:
    fields = {
        item.name: {"desired": digest(item.desired), "observed": live.fields.get(item.name)} for item in change.fields
    }
    try:
        run.baselines.put(change.kind, change.key, fields)
    except MoodleSyncError as error:
        return f"written as sent, but its baseline could not be kept (apply again): {error}"
    return ""


def _settled(problem: str, live: Live | None, lost: bool) -> Any:
    if not problem:
        return "done"
    return "unknown" if lost and live is None else "failed"


def _judge(change: Change, live: Live | None, lost: bool) -> str:
    if live is None:
        return "the answer was lost and it is not there: plan again" if lost else "it is not there after writing"
    return mismatch(change, live.fields)


def mismatch(change: Change, fields: Mapping[str, JSON]) -> str:
    """A sentence naming the fields that Moodle did not keep as they were sent, or nothing."""
    # Files are sent whole and read back as a list or a digest: what was kept is the baseline's business.
    kept = {"questions", "file"} if change.kind is Kind.ACTIVITY else set()
    wrong = [
        item.name for item in change.fields if item.name not in kept and not same(item.desired, fields.get(item.name))
    ]
    if change.kind is Kind.RUBRIC:
        # A line that left the spec has no value to be compared with.
        wrong = [name for name in wrong if any(f.name == name and f.desired is not None for f in change.fields)]
    return f"Moodle kept something else in {', '.join(wrong)}" if wrong else ""


def sent(change: Change) -> dict[str, JSON]:
    """The fields of a change as they are to be written."""
    return {item.name: item.desired for item in change.fields}
