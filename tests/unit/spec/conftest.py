"""A small, whole and right set of specs, which each test spoils in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from moodle_sync.errors import Problem, SpecError
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.rules import Findings, check

COURSE = """\
programme: atelier
version: "1"
title: Un atelier
provider: ecole
nature: action_de_formation
certifying: false
modality: in_person
hours: 14
days: 2
capacity: {min: 2, max: 8}
access:
  prerequisites: none
  enrol_by: start-7d
  start_within: 2mo
category: {key: ateliers, title: Ateliers}
framework: cadre
general_objectives:
  - Construire un projet
summary: Deux jours.
modules:
  - key: M1
    title: Premier
    hours: 14
    summary: Tout.
    activities:
      - page: lire
        title: À lire
        text: Lisez.
      - assignment: note
        title: Note
        brief: Rédigez.
        assesses: [O1]
        submit: [file]
        rubric: grille
        opens: start
        due: day 2 17:00
        complete_when: [submitted, graded]
        acquired_when: {criterion: idees, at_least: 3}
outside_modules:
  - quiz: test
    title: Test
    role: placement_test
    questions: questions/test.gift
    opens: start-14d
    due: start-7d
to_confirm:
  - modules.M1.hours
"""
FRAMEWORK = """\
framework: cadre
version: "1"
title: Cadre
objectives:
  - {key: O1, title: Décrire, statement: Décrire un lieu, success: une note}
"""
RUBRIC = """\
rubric: grille
title: Grille
criteria:
  - key: idees
    title: Idées
    count: {unit: idées, from: 0, to: 3}
  - key: forme
    title: Forme
    levels:
      - {points: 0, text: absente}
      - {points: 1, text: présente}
"""
QUESTIONS = """\
// [id:Q1]
Deux et deux ?{#4}

// [id:Q2]
Le ciel est vert.{FALSE}
"""
SESSION = """\
session: printemps
programme: atelier
version: "1"
place: Ici
days:
  - {date: 2026-02-02, half_days: ["09:00-12:30", "13:30-17:00"]}
  - {date: 2026-02-03, half_days: ["09:00-12:30", "13:30-17:00"]}
"""
SURVEY = """\
survey: avis
title: Votre avis
items:
  - {key: accueil, type: label, question: Bonjour.}
  - {key: utile, type: scale, question: Est-ce utile ?, options: [Non, Un peu, Oui]}
  - {key: suite, type: pagebreak}
  - {key: libre, type: longtext, question: Autre chose ?}
"""
OTHERS = """\
  - feedback: avis
    title: Votre avis
    role: satisfaction_survey
    survey: avis
    anonymous: true
    opens: end
    due: end+1mo
    complete_when: [submitted]
  - link: site
    title: Un site
    address: https://www.example.org/
  - forum: paroles
    title: Paroles
  - file: fiche
    title: Une fiche
    path: files/fiche.csv
"""


class Tree:
    """A folder of specs."""

    course = "courses/atelier.yaml"
    framework = "frameworks/cadre.yaml"
    rubric = "rubrics/grille.yaml"
    questions = "questions/test.gift"
    session = "sessions/printemps.yaml"
    survey = "surveys/avis.yaml"
    file = "files/fiche.csv"

    def __init__(self, root: Path) -> None:
        self.root = root
        for path, text in (
            (self.course, COURSE),
            (self.framework, FRAMEWORK),
            (self.rubric, RUBRIC),
            (self.questions, QUESTIONS),
            (self.session, SESSION),
        ):
            self.write(path, text)

    def write(self, path: str, text: str | bytes) -> None:
        """A file of that content."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replaces texts that must be there."""
        text = (self.root / path).read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) >= 1, f"{old!r} is not in {path}"
            text = text.replace(old, new, 1)
        self.write(path, text)

    def place(self, path: str, snippet: str) -> tuple[int, int]:
        """Line and column of the only place where the snippet stands."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(snippet) == 1, f"{snippet!r} stands {text.count(snippet)} times in {path}"
        before = text[: text.index(snippet)].split("\n")
        return len(before), len(before[-1]) + 1

    def problems(self) -> tuple[Problem, ...]:
        """What load_specs refuses."""
        with pytest.raises(SpecError) as caught:
            load_specs(self.root)
        return caught.value.problems

    def check(
        self, namespace: str = "ns", roles: tuple[str, ...] = ("placement_test", "satisfaction_survey")
    ) -> Findings:
        """What the rules say of specs that load."""
        return check(load_specs(self.root), namespace, roles=roles)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A whole and right set of specs."""
    return Tree(tmp_path)


@pytest.fixture
def whole(tree: Tree) -> Tree:
    """The same with a questionnaire, a link, a forum, a download and two groups."""
    tree.write(tree.survey, SURVEY)
    tree.write(tree.file, b"a;b\r\n1;2\r\n")
    tree.edit(tree.course, ("to_confirm:", f"{OTHERS}to_confirm:"))
    groups = "groups:\n  - {key: nord, title: Nord}\n  - {key: sud, title: Sud}\ndays:"
    tree.edit(tree.session, ("days:", groups))
    return tree


@pytest.fixture
def one_problem() -> Callable[[tuple[Problem, ...]], Problem]:
    """The only problem of several that should be one."""

    def only(problems: tuple[Problem, ...]) -> Problem:
        assert len(problems) == 1, "\n".join(map(str, problems))
        return problems[0]

    return only
