"""Rules on sessions, rubrics and frameworks: each mistake gives one problem at the field to mend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moodle_sync.errors import Problem
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.rules import check

Only = Callable[[tuple[Problem, ...]], Problem]

MORNING = '"09:00-12:30", "13:30-17:00"]}'

# name, changes (file, old, new), file of the problem, snippet where it stands, field, words of the message
CASES: list[tuple[str, list[tuple[str, str, str]], str, str, str, str]] = [
    (
        "programme-unknown",
        [("session", "programme: atelier", "programme: ateliers")],
        "session",
        "programme: ateliers",
        "programme",
        'did you mean "atelier" (courses/atelier.yaml)?',
    ),
    (
        "programme-version-unknown",
        [("session", 'version: "1"', 'version: "2"')],
        "session",
        "version",
        "version",
        'programme "atelier" has no version "2"; known here: 1',
    ),
    (
        "funder-twice",
        [("session", "place: Ici", 'place: Ici\nfunders:\n  - {funder: "opco"}\n  - funder: opco')],
        "session",
        "funder: opco",
        "funders.opco.funder",
        '"opco" is already there',
    ),
    (
        "unknown-zone",
        [("session", "place: Ici", "place: Ici\ntimezone: Europe/Pari")],
        "session",
        "timezone",
        "timezone",
        'did you mean "Europe/Paris"?',
    ),
    (
        "half-day-missing",
        [("session", '"09:00-12:30", "13:30-17:00"]}\n  - {', '"09:00-12:30"]}\n  - {')],
        "session",
        "days:\n",
        "days",
        "3 half-days of 3 h 30 make 10 h 30, the programme says 14 h: one half-day is missing",
    ),
    (
        "half-day-too-many",
        [("session", f"{MORNING}\n  - {{", '"09:00-12:30", "13:30-17:00", "18:00-21:30"]}\n  - {')],
        "session",
        "days:\n",
        "days",
        "5 half-days of 3 h 30 make 17 h 30, the programme says 14 h: one half-day is too many",
    ),
    (
        "hours-missing",
        [("session", '"13:30-17:00"]}\n  - {', '"13:30-16:45"]}\n  - {')],
        "session",
        "days:\n",
        "days",
        "the 4 half-days make 13 h 45, the programme says 14 h: 0 h 15 are missing",
    ),
    (
        "day-missing",
        [("session", '  - {date: 2026-02-02, half_days: ["09:00-12:30", "13:30-17:00"]}\n', "")],
        "session",
        "days:\n",
        "days",
        "1 training day is listed, the programme says 2",
    ),
    (
        "days-out-of-order",
        [("session", "2026-02-03", "2026-02-01")],
        "session",
        "date: 2026-02-01",
        "days.2026-02-01.date",
        "2026-02-01 comes after 2026-02-02",
    ),
    (
        "half-days-overlap",
        [("session", '"13:30-17:00"]}\n  - {', '"12:00-15:30"]}\n  - {')],
        "session",
        '"12:00-15:30"',
        "days.2026-02-02.half_days.2",
        '"12:00-15:30" begins before "09:00-12:30" ends',
    ),
    (
        "half-day-ends-first",
        [("session", '"13:30-17:00"]}\n  - {', '"17:00-13:30"]}\n  - {')],
        "session",
        '"17:00-13:30"',
        "days.2026-02-02.half_days.2",
        '"17:00-13:30" ends before it begins',
    ),
    (
        "half-day-off-the-clock",
        [("session", '"13:30-17:00"]}\n  - {', '"13:30-24:00"]}\n  - {')],
        "session",
        '"13:30-24:00"',
        "days.2026-02-02.half_days.2",
        "not on the clock",
    ),
    (
        "half-day-in-a-gap",
        [("session", '2026-02-03, half_days: ["09:00-12:30", ', '2026-03-29, half_days: ["02:30-06:00", ')],
        "session",
        '"02:30-06:00"',
        "days.2026-03-29.half_days.1",
        "2026-03-29 02:30 in Europe/Paris does not exist",
    ),
    (
        "capacity",
        [("session", "place: Ici", "place: Ici\ncapacity: {min: 2, max: 9}")],
        "session",
        "max: 9",
        "capacity.max",
        "9 learners, and the programme takes at most 8",
    ),
    (
        "group-key-twice",
        [("session", "days:", "groups:\n  - {key: nord, title: Nord}\n  - {key: Nord, title: Sud}\ndays:")],
        "session",
        "key: Nord",
        "groups.Nord.key",
        "in case only",
    ),
    (
        "errata-field",
        [("session", "place: Ici", "place: Ici\nerrata:\n  - {field: titel, text: a, author: b, reason: c}")],
        "session",
        "field: titel",
        "errata.1.field",
        '"titel" cannot be changed by errata, only texts',
    ),
    (
        "level-points-twice",
        [("rubric", "{points: 1, text: présente}", "{points: 0, text: présente}\n      - {points: 1, text: bien}")],
        "rubric",
        "points: 0, text: présente",
        "criteria.forme.levels.2.points",
        "already given by another level",
    ),
    (
        "level-key-twice",
        [("rubric", "{points: 1, text: présente}", "{points: 1, key: '0', text: présente}")],
        "rubric",
        "{points: 1",
        "criteria.forme.levels.0",
        'the key "0" is already used',
    ),
    (
        "no-zero-level",
        [("rubric", "{points: 0, text: absente}", "{points: 2, text: absente}")],
        "rubric",
        "levels:",
        "criteria.forme.levels",
        "no level gives 0 points",
    ),
    (
        "count-from-one",
        [("rubric", "from: 0", "from: 1")],
        "rubric",
        "from: 1",
        "criteria.idees.count.from",
        "begin at 0",
    ),
    (
        "criterion-key-twice",
        [("rubric", "key: forme", "key: Idees")],
        "rubric",
        "key: Idees",
        "criteria.Idees.key",
        "in case only",
    ),
    (
        "objective-key-twice",
        [
            (
                "framework",
                "success: une note}",
                "success: une note}\n  - {key: o1, title: A, statement: Animer, success: b}",
            )
        ],
        "framework",
        "key: o1",
        "objectives.o1.key",
        "in case only",
    ),
]


@pytest.mark.parametrize(("changes", "file", "at", "where", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_check_one_mistake_gives_one_problem(
    tree: Any,
    one_problem: Only,
    changes: list[tuple[str, str, str]],
    file: str,
    at: str,
    where: str,
    words: str,
) -> None:
    for path, old, new in changes:
        tree.edit(getattr(tree, path), (old, new))
    problem = one_problem(tree.check().problems)
    assert problem.file == tree.root / getattr(tree, file)
    assert problem.where == where
    assert (problem.line, problem.column) == tree.place(getattr(tree, file), at)
    assert words in problem.message


def test_check_competency_idnumber_too_long_is_told_at_the_objective(tree: Any, one_problem: Only) -> None:
    framework, objective = "f" * 60, "O" * 60
    tree.edit(tree.framework, ("framework: cadre", f"framework: {framework}"), ("key: O1", f"key: {objective}"))
    (tree.root / tree.framework).rename(tree.root / f"frameworks/{framework}.yaml")
    tree.edit(tree.course, ("framework: cadre", f"framework: {framework}"), ("[O1]", f"[{objective}]"))
    problem = one_problem(tree.check().problems)
    assert (problem.file.stem, problem.where) == (framework, f"objectives.{objective}.key")
    assert "has 126 characters, Moodle takes 100" in problem.message


def test_check_funder_that_the_mappings_do_not_know_is_refused(tree: Any, one_problem: Only) -> None:
    tree.edit(tree.session, ("place: Ici", "place: Ici\nfunders:\n  - funder: opca"))
    assert tree.check().problems == ()  # without mappings nothing is said
    problem = one_problem(check(load_specs(tree.root), "sag", funders=["opco", "cpf"]).problems)
    assert (problem.where, problem.line) == ("funders.opca.funder", 6)
    assert 'no funder "opca"; did you mean "opco"?' in problem.message
