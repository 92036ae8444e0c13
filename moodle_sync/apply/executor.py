"""Does the writes of a plan in their order, and settles baselines of what was found to be as the specs say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from moodle_sync.apply import companion, core
from moodle_sync.apply.lookup import Lookup
from moodle_sync.apply.run import Outcome, Run
from moodle_sync.canonical import digest
from moodle_sync.errors import MoodleSyncError
from moodle_sync.plan.changes import Action, Change, FieldChange
from moodle_sync.plan.diff import same
from moodle_sync.state.resources import NEEDS_COMPANION, ORDER, Live, Resource


def execute(run: Run, changes: Iterable[Change]) -> Iterator[Outcome]:
    """Send every change, parents before children, and yield what became of each.

    A failure stops nothing but what hangs on it: its children fail in turn, by name.
    """
    lookup = Lookup(run.push)
    ordered = sorted(changes, key=lambda change: ORDER[change.kind])
    for by_companion, group in groupby(ordered, key=lambda change: change.kind in NEEDS_COMPANION):
        if by_companion:
            yield from companion.write(run, list(group))
        else:
            yield from (core.write(run, lookup, change) for change in group)


def settle(run: Run) -> list[Outcome]:
    """Give a baseline to every field that is as the spec says and has none, or an outdated one.

    Such fields are what a crash between a write and its baseline leaves, and what was made by hand exactly as the
    spec says. Without this a later edit of them could not be told from a conflict. Moodle's objects are not changed.
    """
    outcomes = []
    unsettled: list[Change] = []
    for ref, resource in run.resources.items():
        live = run.observed.live.get(ref)
        if live is None or live.foreign:
            continue
        fields = tuple(_unsettled(resource, live))
        if not fields:
            continue
        change = Change(Action.UPDATE, *ref, fields, resource.course, resource.local)
        if resource.kind in NEEDS_COMPANION:
            unsettled.append(change)
        else:
            values = {f.name: {"desired": digest(f.desired), "observed": f.live} for f in fields}
            try:
                run.baselines.put(resource.kind, resource.key, values)
            except MoodleSyncError as error:
                outcomes.append(Outcome(change, str(error)))
    if run.companion is not None:
        unsettled.sort(key=lambda change: ORDER[change.kind])
        outcomes += [outcome for outcome in companion.write(run, unsettled) if outcome.problem]
    return outcomes


def _unsettled(resource: Resource, live: Live) -> Iterator[FieldChange]:
    for name, wanted in resource.fields.items():
        there = live.fields.get(name)
        base = live.baseline.get(name)
        if not same(wanted, there):
            continue
        if base is None or base["desired"] != digest(wanted) or not same(base["observed"], there):
            yield FieldChange(name, there, wanted)
