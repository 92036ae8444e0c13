"""What reads badly to an auditor: objectives that nobody can observe, claims without a reference, names gone stale.

Advice only. Sources: RNQ indicator 5 (operational, assessable objectives), indicator 1 (exact public information).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moodle_sync.inputs.document import Field
from moodle_sync.spec.models import Framework, Programme
from moodle_sync.spec.rules.findings import Notes, TopLevel

_VAGUE = re.compile(
    r"(?:savoir|comprendre|connaître|appréhender|découvrir|se familiariser|prendre conscience"
    r"|(?:être|se) sensibilis\w+)\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(r"\b(?:qualifiante?s?|certifiante?s?|diplômante?s?)\b", re.IGNORECASE)
_STALE = {
    re.compile(r"\bp[ôo]le[ -]emploi\b", re.IGNORECASE): "France Travail (since 2024)",
    re.compile(r"\bDIRECCTE\b"): "DREETS (since 2021)",
    re.compile(r"\bOPCA\b"): "OPCO (since 2019)",
}


def lint(notes: Notes, item: TopLevel) -> None:
    """Warnings about the texts of one file."""
    if isinstance(item, Framework):
        for index, objective in enumerate(item.objectives):
            _objective(notes, item, ("objectives", index, "statement"), objective.statement)
    if isinstance(item, Programme):
        for index, objective_text in enumerate(item.general_objectives):
            _objective(notes, item, ("general_objectives", index), objective_text)
    for path, text in _texts(notes.specs.source(item).data):
        if isinstance(item, Programme) and not item.certifying and (claim := _CLAIM.search(text)):
            message = f'"{claim.group()}" is claimed, and "certifying" is false: name a certification, or drop the word'
            notes.warning(item, path, message)
        for pattern, name in _STALE.items():
            if found := pattern.search(text):
                notes.warning(item, path, f'"{found.group()}" is now called {name}')


def _objective(notes: Notes, item: TopLevel, path: Field, text: str) -> None:
    found = _VAGUE.match(text)
    if found:
        message = f'"{found.group()}" cannot be observed: say what the learner does (décrire, construire, animer…)'
        notes.warning(item, path, message)


def _texts(value: Any, path: Field = ()) -> Iterator[tuple[Field, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))
