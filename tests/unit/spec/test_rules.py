"""The rules together: right specs pass, problems come in order, and decisions still open are listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moodle_sync.errors import Problem

Only = Callable[[tuple[Problem, ...]], Problem]

NOTE = "modules.M1.activities.note"
LONG = "x" * 60


def test_check_right_specs_gives_nothing_but_open_decisions(tree: Any) -> None:
    findings = tree.check()
    assert findings.problems == ()
    assert findings.warnings == ()
    assert [(one.where, one.message) for one in findings.to_confirm] == [
        ("modules.M1.hours", "the organisation's decision, to confirm")
    ]
    assert (findings.to_confirm[0].line, findings.to_confirm[0].column) == tree.place(
        tree.course, "hours: 14\n    summary"
    )


def test_check_day_listed_twice_gives_one_problem(tree: Any, one_problem: Only) -> None:
    tree.edit(tree.session, ("2026-02-03", "2026-02-02"))
    problem = one_problem(tree.check().problems)
    assert (problem.line, problem.where) == (7, "days.2026-02-02.date")
    assert problem.message == "2026-02-02 is listed twice"


def test_check_decision_listed_twice_gives_one_problem(tree: Any, one_problem: Only) -> None:
    tree.edit(tree.course, ("  - modules.M1.hours", "  - modules.M1.hours\n  - modules.M1.hours"))
    findings = tree.check()
    problem = one_problem(findings.problems)
    assert (problem.line, problem.where) == (tree.place(tree.course, "to_confirm:")[0] + 2, "to_confirm.2")
    assert "twice" in problem.message
    assert len(findings.to_confirm) == 1


def test_check_open_decision_in_any_kind_of_file_is_listed(tree: Any) -> None:
    tree.edit(tree.rubric, ("criteria:", "to_confirm: [criteria.forme.levels]\ncriteria:"))
    tree.edit(tree.framework, ("objectives:", "to_confirm: [objectives.O1.success]\nobjectives:"))
    tree.edit(tree.session, ("days:", "to_confirm: [place, days]\ndays:"))
    found = {(one.file.name, one.where) for one in tree.check().to_confirm}
    assert found == {
        ("atelier.yaml", "modules.M1.hours"),
        ("grille.yaml", "criteria.forme.levels"),
        ("cadre.yaml", "objectives.O1.success"),
        ("printemps.yaml", "place"),
        ("printemps.yaml", "days"),
    }


def test_check_course_idnumber_too_long_is_told_once_at_the_session(tree: Any, one_problem: Only) -> None:
    (tree.root / tree.session).rename(tree.root / f"sessions/{LONG}.yaml")
    tree.session = f"sessions/{LONG}.yaml"
    tree.edit(tree.session, ("printemps", LONG), ("atelier", f"a{LONG[:-1]}"))
    (tree.root / tree.course).rename(tree.root / f"courses/a{LONG[:-1]}.yaml")
    tree.edit(f"courses/a{LONG[:-1]}.yaml", ("programme: atelier", f"programme: a{LONG[:-1]}"))
    problem = one_problem(tree.check().problems)
    assert (problem.where, problem.line) == ("session", 1)


@pytest.mark.parametrize(("length", "fits"), [(60, True), (61, False)])
def test_check_activity_idnumber_is_measured_to_the_character(tree: Any, length: int, fits: bool) -> None:
    # ns:atelier@printemps:M1.<key> : 24 characters and the key, padded by the module's key
    pad = 100 - len("ns:atelier@printemps:") - 1 - 60
    tree.edit(
        tree.course, ("key: M1", f"key: M{'1' * (pad - 1 + length - 60)}"), ("assignment: note", f"assignment: {LONG}")
    )
    tree.edit(tree.course, ("- modules.M1.hours", "- title"))
    assert (tree.check().problems == ()) is fits


def test_check_objective_problem_is_silent_while_the_framework_is_unknown(tree: Any, one_problem: Only) -> None:
    tree.edit(tree.course, ("framework: cadre", "framework: autre"), ("assesses: [O1]", "assesses: [O9]"))
    assert one_problem(tree.check().problems).where == "framework"


def test_check_without_roles_leaves_them_unchecked(tree: Any) -> None:
    tree.edit(tree.course, ("placement_test", "whatever"))
    assert tree.check(roles=()).problems == ()


def test_check_every_session_is_checked_with_the_programme(tree: Any, one_problem: Only) -> None:
    text = (tree.root / tree.session).read_text(encoding="utf-8")
    tree.write(
        "sessions/nuit.yaml", text.replace("printemps", "nuit").replace("02-02", "03-27").replace("02-03", "03-28")
    )
    tree.edit(tree.course, ("due: day 2 17:00", "due: end+1d 02:15"))
    problem = one_problem(tree.check().problems)
    assert problem.where == f"{NOTE}.due"
    assert "in session nuit: 2026-03-29 02:15 in Europe/Paris does not exist" in problem.message


def test_check_problems_in_several_files_come_in_order(tree: Any) -> None:
    tree.edit(tree.course, ("rubric: grille", "rubric: grill"), ("framework: cadre", "framework: cardre"))
    tree.edit(tree.rubric, ("from: 0", "from: 1"))
    tree.edit(tree.session, ("2026-02-03", "2026-02-01"))
    found = [(one.file.name, one.line) for one in tree.check().problems]
    assert found == [("atelier.yaml", 16), ("atelier.yaml", 34), ("grille.yaml", 6), ("printemps.yaml", 7)]
