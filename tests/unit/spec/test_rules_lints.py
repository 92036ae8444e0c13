"""Warnings: what reads badly to an auditor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moodle_sync.errors import Problem

Only = Callable[[tuple[Problem, ...]], Problem]

NOTE = "modules.M1.activities.note"

WARNINGS = [
    (
        "framework",
        "statement: Décrire un lieu",
        "statement: Savoir décrire",
        "objectives.O1.statement",
        '"Savoir" cannot',
    ),
    (
        "framework",
        "statement: Décrire un lieu",
        "statement: Être sensibilisé au lieu",
        "objectives.O1.statement",
        "cannot be",
    ),
    (
        "course",
        "- Construire un projet",
        "- Comprendre un projet",
        "general_objectives.1",
        '"Comprendre" cannot be observed',
    ),
    ("course", "summary: Deux jours.", "summary: Formation qualifiante.", "summary", '"qualifiante" is claimed'),
    ("course", "brief: Rédigez.", "brief: Avec Pôle Emploi.", f"{NOTE}.brief", "France Travail (since 2024)"),
    ("rubric", "title: Forme", "title: La DIRECCTE", "criteria.forme.title", "DREETS"),
    ("course", "prerequisites: none", "prerequisites: n/a", "access.prerequisites", 'or "none"'),
    (
        "course",
        "        acquired_when: {criterion: idees, at_least: 3}\n",
        "",
        f"{NOTE}.assesses",
        "nothing says when O1",
    ),
    (
        "framework",
        "success: une note}",
        "success: a}\n  - {key: O2, title: B, statement: Animer, success: c}",
        "framework",
        "O2 (B)",
    ),
    ("course", "    hours: 14\n", "", "modules.M1", "does not say how many hours"),
    ("course", "        rubric: grille\n", "", "rubric", "no activity uses this rubric"),
]


@pytest.mark.parametrize(("file", "old", "new", "where", "words"), WARNINGS, ids=[case[4] for case in WARNINGS])
def test_check_doubtful_text_gives_one_warning(
    tree: Any, one_problem: Only, file: str, old: str, new: str, where: str, words: str
) -> None:
    tree.edit(getattr(tree, file), (old, new))
    findings = tree.check()
    warning = one_problem(findings.warnings)
    assert warning.where == where
    assert warning.line > 0
    assert words in warning.message


@pytest.mark.parametrize("text", ["Construire un savoir commun", "Reconnaître un besoin", "Savoirs mis en commun"])
def test_check_objective_that_can_be_observed_gives_no_warning(tree: Any, text: str) -> None:
    tree.edit(tree.course, ("- Construire un projet", f"- {text}"))
    assert tree.check().warnings == ()


def test_check_claim_with_certification_gives_no_warning(tree: Any) -> None:
    tree.edit(tree.course, ("certifying: false", "certifying: true"), ("Deux jours.", "Formation certifiante."))
    assert tree.check().warnings == ()
