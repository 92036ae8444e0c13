"""A programme as a whole: its framework, its hours, the keys of its parts, and what it assesses."""

from __future__ import annotations

from moodle_sync.canonical import decimal_text
from moodle_sync.errors import SpecError
from moodle_sync.inputs.suggest import did_you_mean
from moodle_sync.spec.activity import kind_of
from moodle_sync.spec.models import Framework, Programme
from moodle_sync.spec.rules.dates import has_calendar
from moodle_sync.spec.rules.findings import Notes, repeated, say_repeated
from moodle_sync.spec.schedule import parse, resolve
from moodle_sync.spec.specs import activities

_PLACEHOLDERS = {"-", "–", "?", "x", "n/a", "na", "tbd", "todo", "à définir", "à compléter", "néant"}


def check_programme(notes: Notes, programme: Programme) -> None:
    """What concerns the programme and not one of its activities."""
    _check_keys(notes, programme)
    _check_hours(notes, programme)
    _check_access(notes, programme)
    framework = _framework(notes, programme)
    if framework is not None:
        assessed = {key for _, item in activities(programme) for key in item.objectives}
        for objective in framework.objectives:
            if objective.key not in assessed:
                notes.warning(programme, ("framework",), f"no activity assesses {objective.key} ({objective.title})")


def _framework(notes: Notes, programme: Programme) -> Framework | None:
    frameworks = notes.specs.frameworks
    places = {one.framework: notes.file_of(one) for one in frameworks.values()}
    if programme.framework not in places:
        hint = did_you_mean(programme.framework, places, places)
        notes.problem(programme, ("framework",), f'there is no framework "{programme.framework}"{hint}')
        return None
    version = programme.framework_version
    if version is not None and (programme.framework, version) not in frameworks:
        known = [one for key, one in frameworks if key == programme.framework]
        hint = did_you_mean(version, known)
        message = f'framework "{programme.framework}" has no version "{version}"{hint}'
        notes.problem(programme, ("framework_version",), message)
        return None
    return notes.specs.framework_of(programme)


def _check_keys(notes: Notes, programme: Programme) -> None:
    modules = [module.key for module in programme.modules]
    for index, first in repeated(modules):
        notes.problem(programme, ("modules", index, "key"), say_repeated(modules[index], first))
    for number, module in enumerate(programme.modules):
        for index, first in repeated(item.key for item in module.activities):
            item = module.activities[index]
            path = ("modules", number, "activities", index, kind_of(item))
            notes.problem(programme, path, say_repeated(item.key, first))
    # an activity outside the modules is called by its key alone: it shares the space of the modules' keys
    shared = [*modules, *(item.key for item in programme.outside_modules)]
    for index, first in repeated(shared):
        if index >= len(modules):
            item = programme.outside_modules[index - len(modules)]
            outside = ("outside_modules", index - len(modules), kind_of(item))
            notes.problem(programme, outside, say_repeated(item.key, first))


def _check_hours(notes: Notes, programme: Programme) -> None:
    known = [module.hours for module in programme.modules if module.hours is not None]
    total, wanted = sum(known), programme.hours
    if len(known) < len(programme.modules):
        for index, module in enumerate(programme.modules):
            if module.hours is None:
                message = f"module {module.key} does not say how many hours it takes"
                notes.warning(programme, ("modules", index), message)
        if total < wanted:
            return
    if total != wanted:
        says = f"the programme says {decimal_text(wanted)} h"
        message = f"the modules make {decimal_text(total)} h, {says}: mend one of them"
        notes.problem(programme, ("hours",), message)


def _check_access(notes: Notes, programme: Programme) -> None:
    if programme.access.prerequisites.strip(" .").casefold() in _PLACEHOLDERS:
        message = 'say what is required before the training, or "none": an empty answer is no answer'
        notes.warning(programme, ("access", "prerequisites"), message)
    path = ("access", "enrol_by")
    try:
        parse(programme.access.enrol_by)
    except SpecError as error:
        notes.problem(programme, path, error.message)
        return
    for session in notes.specs.sessions_of(programme):
        if not has_calendar(session):
            continue  # told at the session
        try:
            last = resolve(programme.access.enrol_by, session, closing=True)
            first = resolve("start", session, closing=True)
        except SpecError as error:
            notes.problem(programme, path, f"in session {session.session}: {error.message}")
            return
        if last > first:
            notes.problem(programme, path, f"enrolment would close after session {session.session} has begun")
            return
