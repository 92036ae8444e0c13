"""An invented session of the shipped programme, half-way through, in which every state occurs at least once.

Run as a script it prints the page: ``python sample.py``.
"""

from __future__ import annotations

import importlib.util
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from moodle_sync.compliance import SessionView
from moodle_sync.reports import Checkpoint, ReportContext, session_report
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Programme

ROOT = Path(__file__).resolve().parents[3]


def load_scene() -> ModuleType:
    path = ROOT / "tests" / "unit" / "compliance" / "scene.py"
    spec = importlib.util.spec_from_file_location("compliance_scene", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


scene = load_scene()
AS_OF: datetime = scene.utc("2026-03-18T06:30:00")
CONTEXT = ReportContext(
    site="sagiterre (moodle.example.org)",
    last_entry="2026/53",
    checkpoint=Checkpoint(
        origin="sagiterre.example/registre",
        shard=2026,
        size=54,
        root="b5Zk0aVt1n3Lr3yqjVf8mB4o7y0eUo2N4gk0M2t9b0c=",
        published=("dépôt git de l'association des organismes, 18 mars 2026",),
    ),
    simulated=True,
    programme_digest="4f2c9a1be07d3356a8816e0c9b4f7a2d3516b8e90c4a1f27d6538bc04e9fa716",
    version="0.1.0",
)


def best(item: Any, activity: str) -> dict[str, int]:
    """The highest level of each criterion of an activity's rubric."""
    work = dict(scene.activities(item.programme))[activity]
    criteria = item.rubrics[work.rubric].criteria
    return {line.key: int(max(level.points for level in scene.expand(line))) for line in criteria}


def build() -> Any:
    """The session and what was observed of it."""
    specs = load_specs(ROOT / "course_specs")
    session = specs.sessions["2026-02-marseille"]
    session = session.model_copy(update={"trainers": ("Claire Morel", "Idriss Ben Salem")})
    programme = _with_gaps(specs.programme_of(session))
    item = scene.Scene(programme, specs.framework_of(programme), specs.rubrics, session)
    at = scene.utc
    item.person("f00dcafe0012", scene.TRAINER, "Claire Morel")
    item.enrol("f00dcafe0012", at("2026-01-12T02:00:00"), roles=("editingteacher",))
    names = ("Amélie Bouvier", "Karim Haddad", "Élodie Nguyen", "Tomàs Ferreira", "Personne Effacée")
    subjects = ("7c1e90aa41d2", "19d3b65f70ce", "e4406b2a99f1", "a83f5512bc07", "5b0e77d1c3a4")
    enrolments = {}
    for number, (subject, name) in enumerate(zip(subjects, names, strict=True)):
        item.person(subject, 41 + number, name)
        late = at("2026-01-28T10:00:00") if number == 1 else None
        seen = at("2026-01-29T02:00:00") if late else at("2026-01-20T02:00:00")
        enrolments[subject] = item.enrol(subject, seen, occurred_at=late)
    _before(item, subjects)
    _works(item, subjects)
    item.vanish(enrolments[subjects[3]], at("2026-03-05T02:00:00"))
    item.erase(subjects[4])
    return item


def _with_gaps(programme: Programme) -> Programme:
    """The programme without its activity for O8, and without the rule for O6: what a first draft looks like."""
    first, second = programme.modules
    works = [
        work.model_copy(update={"acquired_when": None}) if work.key == "experimentation" else work
        for work in first.activities
        if work.key != "durable"
    ]
    confirm = tuple(path for path in programme.to_confirm if ".durable." not in path)
    modules = (first.model_copy(update={"activities": tuple(works)}), second)
    return programme.model_copy(update={"to_confirm": confirm, "modules": modules})


def _before(item: Any, subjects: tuple[str, ...]) -> None:
    days = ("2026-01-21T09:12:00", "2026-01-30T18:05:00", "2026-01-25T20:41:00", None, "2026-01-22T12:00:00")
    for subject, text in zip(subjects, days, strict=True):
        if text:
            item.attempt(subject, "positionnement", scene.utc(text), "6.5")
            item.complete(subject, "positionnement", scene.utc(text), modname="quiz")
        item.complete(subject, "bienvenue", scene.utc("2026-01-21T09:00:00"), modname="page")
    item.complete(subjects[0], "M1.reperes", scene.utc("2026-01-30T17:00:00"), modname="page")


def _works(item: Any, subjects: tuple[str, ...]) -> None:
    amelie, karim, elodie, tomas, erased = subjects
    at = scene.utc
    for subject in (amelie, karim, elodie, erased):
        item.complete(subject, "M1.synergies", at("2026-02-20T15:00:00"))
    item.fill(amelie, "M1.synergies", {"synergies": 3, "note": 2, "carte": 1}, at("2026-02-17T15:20:00"))
    item.fill(amelie, "M1.synergies", {"synergies": 5, "note": 2, "carte": 1}, at("2026-02-20T15:00:00"))
    item.fill(karim, "M1.synergies", {"synergies": 4, "note": 1, "carte": 2}, at("2026-02-20T15:10:00"))
    item.fill(elodie, "M1.synergies", {"synergies": 5, "note": None, "carte": 1}, at("2026-02-20T15:20:00"))
    item.fill(tomas, "M1.synergies", best(item, "M1.synergies"), at("2026-02-20T15:30:00"))
    item.fill(amelie, "M1.besoins", best(item, "M1.besoins"), at("2026-03-03T07:45:00"))
    gone = item.fill(karim, "M1.besoins", best(item, "M1.besoins"), at("2026-03-06T16:00:00"))
    item.vanish(gone, at("2026-03-12T02:00:00"))
    old = item.criteria("M1.besoins", best(item, "M1.besoins"))
    other = old[0].model_copy(update={"criterion": "Nombre de besoins"})
    item.fill(elodie, "M1.besoins", {}, at("2026-03-06T16:10:00"), criteria=(other, *old[1:]))
    for subject in (amelie, elodie):
        item.fill(subject, "M1.experimentation", best(item, "M1.experimentation"), at("2026-03-17T06:40:00"))
    for subject, grade in ((amelie, "8.5"), (karim, "4")):
        item.attempt(subject, "M2.notions", at("2026-03-17T16:00:00"), grade)
        state = "complete_pass" if Decimal(grade) >= 6 else "complete_fail"
        item.complete(subject, "M2.notions", at("2026-03-17T16:00:00"), state=state, modname="quiz")
    item.attempt(elodie, "M2.notions", at("2026-03-17T16:20:00"), None, state="inprogress", finished_at=None)
    item.complete(amelie, "M2.methodes", at("2026-03-03T16:00:00"), modname="page")
    item.course_done(amelie, at("2026-03-17T16:00:00"), completed=False)


def view() -> SessionView:
    found: SessionView = build().view(AS_OF)
    return found


if __name__ == "__main__":
    sys.stdout.buffer.write(session_report(view(), CONTEXT).encode("utf-8"))
