"""Rules on programmes: each mistake gives one problem at the field to mend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moodle_sync.errors import Problem

Only = Callable[[tuple[Problem, ...]], Problem]

NOTE = "modules.M1.activities.note"
LONG = "x" * 60

# name, changes (file, old, new), file of the problem, snippet where it stands, field, words of the message
CASES: list[tuple[str, list[tuple[str, str, str]], str, str, str, str]] = [
    (
        "rubric-unknown",
        [("course", "rubric: grille", "rubric: grile")],
        "course",
        "rubric: grile",
        f"{NOTE}.rubric",
        'there is no rubric "grile"; did you mean "grille" (rubrics/grille.yaml)?',
    ),
    (
        "framework-unknown",
        [("course", "framework: cadre", "framework: cadres")],
        "course",
        "framework: cadres",
        "framework",
        'did you mean "cadre" (frameworks/cadre.yaml)?',
    ),
    (
        "framework-version",
        [("course", "framework: cadre", 'framework: cadre\nframework_version: "2"')],
        "course",
        "framework_version",
        "framework_version",
        'has no version "2"; known here: 1',
    ),
    (
        "questions-unknown",
        [("course", "questions/test.gift", "question/test.gift")],
        "course",
        "questions: ",
        "outside_modules.test.questions",
        'did you mean "questions/test.gift"?',
    ),
    (
        "role-unknown",
        [("course", "placement_test", "placement_tset")],
        "course",
        "role: ",
        "outside_modules.test.role",
        'did you mean "placement_test"?',
    ),
    (
        "objective-unknown",
        [("course", "assesses: [O1]", "assesses: [O1, o1]")],
        "course",
        "o1]",
        f"{NOTE}.assesses.2",
        'framework "cadre" has no objective "o1"; did you mean "O1"?',
    ),
    (
        "objective-twice",
        [("course", "assesses: [O1]", "assesses: [O1, O1]")],
        "course",
        "O1]",
        f"{NOTE}.assesses.2",
        "twice",
    ),
    (
        "criterion-slip",
        [("course", "criterion: idees", "criterion: idee")],
        "course",
        "criterion: idee",
        f"{NOTE}.acquired_when.criterion",
        'rubric "grille" has no criterion "idee"; did you mean "idees"?',
    ),
    (
        "points-out-of-reach",
        [("course", "at_least: 3", "at_least: 4")],
        "course",
        "at_least: 4",
        f"{NOTE}.acquired_when.at_least",
        'nobody can reach 4: the highest level of "idees" is 3',
    ),
    (
        "every-criterion-out-of-reach",
        [("course", "criterion: idees, at_least: 3", "every_criterion: true, at_least: 2")],
        "course",
        "at_least: 2",
        f"{NOTE}.acquired_when.at_least",
        "the highest level of one criterion is 1",
    ),
    (
        "all-of-out-of-reach",
        [
            (
                "course",
                "{criterion: idees, at_least: 3}",
                "{all_of: [{criterion: idees, at_least: 3}, {criterion: forme, at_least: 2}]}",
            )
        ],
        "course",
        "at_least: 2",
        f"{NOTE}.acquired_when.all_of.2.at_least",
        'the highest level of "forme" is 1',
    ),
    (
        "grade-out-of-reach",
        [("course", "criterion: idees, at_least: 3", "grade_at_least: 101")],
        "course",
        "grade_at_least",
        f"{NOTE}.acquired_when.grade_at_least",
        "the highest grade is 100",
    ),
    (
        "criterion-without-rubric",
        [("course", "        rubric: grille\n", "")],
        "course",
        "acquired_when",
        f"{NOTE}.acquired_when",
        "an assignment without a rubric has no criteria",
    ),
    (
        "criterion-in-quiz",
        [
            (
                "course",
                "    due: start-7d",
                "    due: start-7d\n    assesses: [O1]\n    acquired_when: {every_criterion: true, at_least: 1}",
            )
        ],
        "course",
        "acquired_when: {every",
        "outside_modules.test.acquired_when",
        "a quiz has no criteria",
    ),
    (
        "acquired-without-objective",
        [("course", "        assesses: [O1]\n", "")],
        "course",
        "acquired_when",
        f"{NOTE}.acquired_when",
        "assesses no objective",
    ),
    (
        "passed-without-grade",
        [("course", "[submitted, graded]", "[submitted, passed]")],
        "course",
        "complete_when",
        f"{NOTE}.complete_when",
        '"passed" needs "grade_pass"',
    ),
    (
        "submitted-without-submission",
        [("course", "        submit: [file]\n", "")],
        "course",
        "complete_when",
        f"{NOTE}.complete_when",
        '"submitted" never comes true',
    ),
    (
        "marked-with-others",
        [("course", "[submitted, graded]", "[marked, graded]")],
        "course",
        "complete_when",
        f"{NOTE}.complete_when",
        "stands alone",
    ),
    (
        "pass-out-of-reach",
        [("course", "rubric: grille", "rubric: grille\n        grade_pass: 101")],
        "course",
        "grade_pass",
        f"{NOTE}.grade_pass",
        "nobody can reach 101: the highest grade is 100",
    ),
    (
        "nothing-to-grade",
        [("course", "rubric: grille", "rubric: grille\n        grade_max: 0")],
        "course",
        "grade_max",
        f"{NOTE}.grade_max",
        "at least 1",
    ),
    (
        "activity-key-twice",
        [("course", "assignment: note", "assignment: lire")],
        "course",
        "assignment: lire",
        "modules.M1.activities.lire.assignment",
        'the key "lire" is already used',
    ),
    (
        "activity-key-differs-in-case",
        [("course", "assignment: note", "assignment: Lire")],
        "course",
        "assignment: Lire",
        "modules.M1.activities.Lire.assignment",
        "in case only",
    ),
    (
        "module-key-twice",
        [
            ("course", "outside_modules:", "  - {key: M1, title: Second, hours: 1, summary: Rien.}\noutside_modules:"),
            ("course", "    hours: 14\n", "    hours: 13\n"),
        ],
        "course",
        "key: M1, ",
        "modules.M1.key",
        'the key "M1" is already used',
    ),
    (
        "outside-key-is-a-module-key",
        [("course", "quiz: test", "quiz: M1")],
        "course",
        "quiz: M1",
        "outside_modules.M1.quiz",
        'the key "M1" is already used',
    ),
    (
        "module-hours",
        [("course", "    hours: 14\n", "    hours: 10.5\n")],
        "course",
        "hours: 14",
        "hours",
        "the modules make 10.5 h, the programme says 14 h",
    ),
    (
        "unreadable-date",
        [("course", "due: day 2 17:00", "due: jour 2")],
        "course",
        "due: jour 2",
        f"{NOTE}.due",
        '"jour 2" is no date that can be read',
    ),
    (
        "day-beyond-the-programme",
        [("course", "due: day 2 17:00", "due: day 3")],
        "course",
        "due: day 3",
        f"{NOTE}.due",
        '"day 3": the programme has 2 training days',
    ),
    (
        "due-before-it-opens",
        [("course", "opens: start\n", "opens: end+1d\n")],
        "course",
        "due: day 2",
        f"{NOTE}.due",
        "in session printemps it is due before it opens",
    ),
    (
        "cutoff-before-due",
        [("course", "due: day 2 17:00", "due: day 2 17:00\n        cutoff: day 1")],
        "course",
        "cutoff",
        f"{NOTE}.cutoff",
        "it is cut off before it is due",
    ),
    (
        "time-that-does-not-exist",
        [("course", "due: day 2 17:00", "due: 2026-03-29 02:30")],
        "course",
        "due: 2026",
        f"{NOTE}.due",
        "in session printemps: 2026-03-29 02:30 in Europe/Paris does not exist",
    ),
    (
        "unreadable-enrolment",
        [("course", "enrol_by: start-7d", "enrol_by: 7 days")],
        "course",
        "enrol_by",
        "access.enrol_by",
        "is no date that can be read",
    ),
    (
        "enrolment-after-the-start",
        [("course", "enrol_by: start-7d", "enrol_by: start+1d")],
        "course",
        "enrol_by",
        "access.enrol_by",
        "after session printemps has begun",
    ),
    (
        "unknown-field-to-confirm",
        [("course", "- modules.M1.hours", "- modules.M1.hour")],
        "course",
        "modules.M1.hour",
        "to_confirm.1",
        'did you mean "modules.M1.hours"?',
    ),
    (
        "enrolment-in-a-gap",
        [("course", "enrol_by: start-7d", "enrol_by: 2026-03-29 02:30")],
        "course",
        "enrol_by",
        "access.enrol_by",
        "in session printemps: 2026-03-29 02:30 in Europe/Paris does not exist",
    ),
    (
        "too-many-hours-for-the-modules-that-say",
        [
            ("course", "outside_modules:", "  - {key: M2, title: Second, summary: Rien.}\noutside_modules:"),
            ("course", "    hours: 14\n", "    hours: 15\n"),
        ],
        "course",
        "hours: 14",
        "hours",
        "the modules make 15 h, the programme says 14 h",
    ),
    (
        "activity-idnumber-too-long",
        [
            ("course", "assignment: note", f"assignment: n{LONG[:-1]}"),
            ("course", "key: M1", f"key: {LONG}"),
            ("course", "- modules.M1.hours", "- title"),
        ],
        "course",
        "assignment: ",
        f"modules.{LONG}.activities.n{LONG[:-1]}.assignment",
        "characters, Moodle takes 100: shorten one of 'ns' (2), 'atelier' (7), 'printemps' (9)",
    ),
    (
        "question-idnumber-too-long",
        [("questions", "[id:Q2]", f"[id:{LONG}{LONG}]")],
        "course",
        "questions: ",
        "outside_modules.test.questions",
        "characters, Moodle takes 100",
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
