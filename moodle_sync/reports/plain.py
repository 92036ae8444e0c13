"""Entries of the ledger laid out as they are, in French and English: the index of a proof pack, and all about a person.

No rule and no verdict: it says what an entry says, field by field. No script and nothing from elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from moodle_sync.facts.models import Person

KIND_WORDS = {
    "enrolment": ("inscription au cours", "enrolment"),
    "activity_completion": ("achèvement d'activité", "activity completion"),
    "course_completion": ("achèvement du cours", "course completion"),
    "quiz_attempt": ("tentative de test", "quiz attempt"),
    "grade": ("note", "grade"),
    "rubric_filling": ("grille d'évaluation remplie", "rubric filled in"),
    "feedback_analysis": ("résultat d'ensemble d'un questionnaire", "what a questionnaire gave as a whole"),
    "vanished": ("n'est plus dans Moodle", "no longer in Moodle"),
    "attendance": ("feuille d'émargement, demi-journée", "attendance sheet, half-day"),
    "interview": ("entretien", "interview"),
    "agreement": ("devis, convention ou contrat", "quote, agreement or contract"),
    "convocation": ("convocation", "convocation"),
    "complaint": ("réclamation, difficulté ou incident", "complaint, difficulty or incident"),
    "improvement_action": ("action d'amélioration", "improvement action"),
    "appreciation": ("appréciation d'une partie prenante", "appreciation by a stakeholder"),
    "derogation": ("dérogation", "derogation"),
    "run": ("relevé", "reading"),
    "erasure": ("effacement", "erasure"),
    "checkpoint": ("point de contrôle", "checkpoint"),
    "closing": ("clôture annuelle", "yearly closing"),
    "spec": ("programme", "programme"),
}
_SHOWN_APART = ("kind", "course", "userid", "occurred_at")


@dataclass(frozen=True)
class Line:
    """One entry as it is shown. ``fields`` are those of the payload (or of a public content), as text."""

    number: str
    session: str
    subject: str
    kind: str
    attested: bool
    observed_at: str
    occurred_at: str
    fields: tuple[tuple[str, str], ...]
    erased: bool

    @property
    def words(self) -> tuple[str, str]:
        """The kind in French and in English."""
        return KIND_WORDS.get(self.kind, (self.kind, self.kind))


@dataclass(frozen=True)
class Head:
    """A checkpoint that entries rest on, and where copies of it are."""

    origin: str
    shard: int
    size: int
    root: str
    places: tuple[str, ...]


def line(
    number: str, leaf: Mapping[str, Any], payload: Mapping[str, Any] | None, *, kind: str, observed_at: str
) -> Line:
    """A line from a leaf's ``session``, ``subject`` and ``content`` and, where it still exists, its payload."""
    shown = payload if payload is not None else leaf.get("content") or {}
    fields = tuple((name, _text(value)) for name, value in shown.items() if name not in _SHOWN_APART)
    return Line(
        number=number,
        session=leaf.get("session") or "",
        subject=leaf.get("subject") or "",
        kind=kind if payload is None else str(payload["kind"]),
        attested=kind == "attested",
        observed_at=observed_at,
        occurred_at=str((payload or {}).get("occurred_at") or ""),
        fields=fields,
        erased=payload is None and leaf.get("subject") is not None,
    )


def proof_index(
    lines: Sequence[Line], people: Mapping[str, Person], heads: Sequence[Head], *, scope: tuple[str, str], version: str
) -> str:
    """The first page of a proof pack. ``scope`` says in French and in English what was asked for."""
    return (
        _environment()
        .get_template("both/proof.html.j2")
        .render(lines=lines, people=people, heads=heads, scope=scope, version=version)
    )


@dataclass(frozen=True)
class Refused:
    """An erasure that was refused: where, why, and until when (``2029-12-31``)."""

    session: str
    reason: str
    until: str
    at: str


def subject_access(
    person: Person,
    lines: Sequence[Line],
    refused: Sequence[Refused],
    *,
    made_at: str,
    origin: str,
    waiting: int,
    version: str,
) -> str:
    """Everything that the ledger has on one person (RGPD art. 15), as one page. ``waiting``: staged, not sealed."""
    sessions: dict[str, list[Line]] = {}
    for one in lines:
        sessions.setdefault(one.session, []).append(one)
    return (
        _environment()
        .get_template("both/access.html.j2")
        .render(
            person=person,
            sessions=sessions,
            refused=refused,
            made_at=made_at,
            origin=origin,
            waiting=waiting,
            version=version,
        )
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("moodle_sync.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
