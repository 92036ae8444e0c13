"""Errata: corrections of text in a session that is bound to its programme version. Pure.

A session keeps the objectives, criteria, thresholds and hours that it began with; a misprint may be mended, with an
author and a reason. The programme's own digest is taken without errata.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from moodle_sync.errors import Problem
from moodle_sync.inputs.document import Document
from moodle_sync.spec.models import AnyActivity, Errata, Module, Programme

TEXTS = frozenset({"title", "summary", "brief", "intro", "text", "accessibility", "outside_title"})
"""Fields that errata may change: what a person reads, and nothing that a result depends on."""


class _Misplaced(ValueError):
    """An erratum points at nothing, or at what may not change."""


def corrected(programme: Programme, errata: Iterable[Errata]) -> Programme:
    """The programme with each correction made, in order. Those that cannot be made are left out: see `problems`."""
    for erratum in errata:
        try:
            programme = _correct(programme, erratum.field.split("."), erratum.text)
        except _Misplaced:
            continue
    return programme


def problems(programme: Programme, errata: Sequence[Errata], source: Document) -> list[Problem]:
    """Every erratum that points at no text of the programme."""
    found = []
    for number, erratum in enumerate(errata):
        try:
            _correct(programme, erratum.field.split("."), erratum.text)
        except _Misplaced as error:
            found.append(source.problem(("errata", number, "field"), str(error)))
    return found


def _correct(programme: Programme, path: list[str], text: str) -> Programme:
    match path:
        case [name]:
            return programme.model_copy(update=_text(programme, name, text))
        case ["modules", key, *rest] if rest:
            modules = tuple(
                _module(module, rest, text) if module.key == key else module for module in programme.modules
            )
            _require(key, [module.key for module in programme.modules], "module")
            return programme.model_copy(update={"modules": modules})
        case ["outside_modules", key, name]:
            activities = _activities(programme.outside_modules, key, name, text)
            return programme.model_copy(update={"outside_modules": activities})
    raise _Misplaced('write the path of a text, such as "summary" or "modules.M1.activities.synergies.title"')


def _module(module: Module, path: list[str], text: str) -> Module:
    match path:
        case [name]:
            return module.model_copy(update=_text(module, name, text))
        case ["activities", key, name]:
            return module.model_copy(update={"activities": _activities(module.activities, key, name, text)})
    raise _Misplaced(f'"{".".join(path)}" is no text of a module')


def _activities(activities: tuple[AnyActivity, ...], key: str, name: str, text: str) -> tuple[AnyActivity, ...]:
    _require(key, [activity.key for activity in activities], "activity")
    return tuple(
        activity.model_copy(update=_text(activity, name, text)) if activity.key == key else activity
        for activity in activities
    )


def _require(key: str, there: list[str], what: str) -> None:
    if key not in there:
        raise _Misplaced(f'there is no {what} "{key}" here; there are {", ".join(there)}')


def _text(owner: Programme | Module | AnyActivity, name: str, text: str) -> dict[str, str]:
    if name not in TEXTS or name not in type(owner).model_fields:
        raise _Misplaced(
            f'"{name}" cannot be changed by errata, only texts ({", ".join(sorted(TEXTS))}): '
            "write a new version of the programme"
        )
    return {name: text}
