"""Writes through core web services: categories, frameworks, competencies, courses and their competencies.

None of these functions is an upsert and none is safe against a second writer, so each object was looked up by its key
just before (the plan is made again at apply), is sent once, and is read back by the same key.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moodle_sync.apply.lookup import Lookup
from moodle_sync.apply.run import MissingParent, Outcome, Run, sent, step
from moodle_sync.plan.changes import Action, Change
from moodle_sync.state.observed_core import RULE_OUTCOMES
from moodle_sync.state.resources import Kind, Live

JSON = Any
Fields = dict[str, JSON]

_FIELDS = {
    Kind.CATEGORY: {"name": "name"},
    Kind.FRAMEWORK: {"name": "shortname", "description": "description"},
    Kind.COMPETENCY: {"name": "shortname", "description": "description"},
    Kind.COURSE: {
        "fullname": "fullname",
        "shortname": "shortname",
        "summary": "summary",
        "startdate": "startdate",
        "enddate": "enddate",
        "visible": "visible",
    },
}
"""Our field → Moodle's parameter, for the fields that are passed on as they are."""


def write(run: Run, lookup: Lookup, change: Change) -> Outcome:
    """Send one change of a core kind and read it back."""
    send, read = _ROUTES[change.kind](run, lookup, change)
    return step(run, change, send, read)


Route = tuple[Callable[[], int], Callable[[], Live | None]]


def _params(change: Change) -> Fields:
    names = _FIELDS[change.kind]
    return {names[name]: value for name, value in sent(change).items() if name in names}


def _category(run: Run, lookup: Lookup, change: Change) -> Route:
    def send() -> int:
        if change.action is Action.CREATE:
            return run.push.create_category(idnumber=change.key, **_params(change))
        number = run.id_of(change.kind, change.key)
        run.push.update_category(number, **_params(change))
        return number

    return send, lambda: lookup.category(change.key)


def _framework(run: Run, lookup: Lookup, change: Change) -> Route:
    def send() -> int:
        if change.action is Action.CREATE:
            scale = scale_configuration(run.competency_scale, lookup.scale_size(run.competency_scale))
            return run.push.create_framework(
                idnumber=change.key, scaleid=run.competency_scale, scaleconfiguration=scale, **_params(change)
            )
        number = run.id_of(change.kind, change.key)
        run.push.update_framework(number, **_params(change))
        return number

    return send, lambda: lookup.framework(change.key)


def scale_configuration(scale: int, values: int) -> str:
    """Moodle's JSON for "the first value is the default, the last one is proficient"."""
    first = {"id": 1, "scaledefault": 1, "proficient": 0}
    last = {"id": values, "scaledefault": 0, "proficient": 1}
    return json.dumps([{"scaleid": str(scale)}, first, last])


def _competency(run: Run, lookup: Lookup, change: Change) -> Route:
    framework = change.key.rpartition(":")[0]

    def send() -> int:
        if change.action is Action.CREATE:
            return run.push.create_competency(
                competencyframeworkid=run.id_of(Kind.FRAMEWORK, framework), idnumber=change.key, **_params(change)
            )
        number = run.id_of(change.kind, change.key)
        run.push.update_competency(number, **_params(change))
        return number

    return send, lambda: lookup.competency(run.id_of(Kind.FRAMEWORK, framework), change.key)


def _course(run: Run, lookup: Lookup, change: Change) -> Route:
    fields = sent(change)

    def send() -> int:
        params = _params(change)
        if "category" in fields:
            params["categoryid"] = _category_id(run, lookup, fields["category"])
        if change.action is Action.CREATE:
            # No section but 0 (the companion makes ours, with their keys), and no forum that nobody asked for.
            return run.push.create_course(
                idnumber=change.key, format="topics", numsections=0, newsitems=0, enablecompletion=1, **params
            )
        number = run.id_of(change.kind, change.key)
        if "enddate" in params and "startdate" not in params:
            # Moodle refuses an end without a start: send the start that is there.
            live = run.live(change)
            params["startdate"] = live.fields["startdate"] if live else None
        run.push.update_course(number, **params)
        return number

    return send, lambda: lookup.course(change.key)


def _category_id(run: Run, lookup: Lookup, idnumber: str) -> int:
    if (Kind.CATEGORY, idnumber) in run.ids:
        return run.ids[(Kind.CATEGORY, idnumber)]
    live = lookup.category(idnumber)
    if live is None:
        raise MissingParent(f"there is no course category with the ID number {idnumber}: make it in Moodle")
    return live.id


def _course_competency(run: Run, lookup: Lookup, change: Change) -> Route:
    competency = change.local

    def send() -> int:
        courseid = run.id_of(Kind.COURSE, change.course)
        number = run.id_of(Kind.COMPETENCY, competency)
        run.push.add_competency_to_course(courseid, number)
        live = lookup.course_competency(change.course, courseid, competency)
        if live is None:
            raise MissingParent("the competency was not linked to the course")
        outcome = sent(change)["outcome"]
        if live.fields["outcome"] != outcome:
            run.push.set_course_competency_ruleoutcome(live.id, RULE_OUTCOMES.index(outcome))
        return live.id

    return send, lambda: lookup.course_competency(change.course, run.id_of(Kind.COURSE, change.course), competency)


_ROUTES: dict[Kind, Callable[[Run, Lookup, Change], Route]] = {
    Kind.CATEGORY: _category,
    Kind.FRAMEWORK: _framework,
    Kind.COMPETENCY: _competency,
    Kind.COURSE: _course,
    Kind.COURSE_COMPETENCY: _course_competency,
}
