"""Loading: what a file says alone, file by file, with every problem of every file at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.errors import Problem, SpecError
from moodle_sync.spec.loader import load_specs, summary

Only = Callable[[tuple[Problem, ...]], Problem]

ACTIVITY = "modules.M1.activities.note"

# file, text to change, its replacement, where the problem stands, the field, words of the message
CASES = [
    ("course", "title: Un atelier", "titel: Un atelier", "titel:", "titel", 'did you mean "title"?'),
    (
        "course",
        "hours: 14\ndays",
        "hours: quatorze\ndays",
        "hours: quatorze",
        "hours",
        'a number is expected, not "qua',
    ),
    ("course", "hours: 14\ndays", "hours: 0\ndays", "hours: 0", "hours", "more than 0"),
    ("course", 'version: "1"', "version: 1.10", "version: 1", "version", "write it in quotes"),
    ("course", "certifying: false", "certifying: non", "certifying", "certifying", "true or false is expected"),
    ("course", "in_person", "in-person", "modality", "modality", 'did you mean "in_person"?'),
    ("course", "action_de_formation", "formation", "nature", "nature", "bilan_de_competences"),
    ("course", "provider: ecole\n", "", "programme: atelier", "provider", '"provider" is missing'),
    ("course", "provider: ecole", "provider: École", "provider", "provider", "small letters without accents"),
    ("course", "{min: 2, max: 8}", "{min: 9, max: 8}", "capacity", "capacity", "'max' (8) is lower than 'min' (9)"),
    ("course", "start_within: 2mo", "start_within: 2m", "start_within", "access.start_within", '"10d" or "4mo"'),
    ("course", ", title: Ateliers}", "}", "category", "category", "'existing'"),
    (
        "course",
        "assignment: note",
        "asignment: note",
        "asignment",
        "modules.M1.activities.2",
        'did you mean "assignment"',
    ),
    ("course", "- quiz: test", "- quiz: test\n    page: test", "quiz: test", "outside_modules.test", "at once"),
    ("course", "submit: [file]", "submit: [fichier]", "fichier", f"{ACTIVITY}.submit.1", '"file" or "online_text"'),
    ("course", "rubric: grille", "grille: grille", "grille: grille", f"{ACTIVITY}.grille", "there is no field"),
    ("course", ", at_least: 3}", "}", "acquired_when", f"{ACTIVITY}.acquired_when", "'at_least' goes with"),
    (
        "course",
        "{criterion: idees, at_least: 3}",
        "{at_least: 3}",
        "acquired_when",
        f"{ACTIVITY}.acquired_when",
        "one of",
    ),
    (
        "course",
        "{criterion: idees, at_least: 3}",
        "{criterion: idees, every_criterion: true, at_least: 3}",
        "acquired_when",
        f"{ACTIVITY}.acquired_when",
        "write one of 'criterion'",
    ),
    (
        "course",
        "{criterion: idees, at_least: 3}",
        "{all_of: [{grade_at_least: 1}, {all_of: [{grade_at_least: 2}, {grade_at_least: 3}]}]}",
        "acquired_when",
        f"{ACTIVITY}.acquired_when",
        "inside an 'all_of'",
    ),
    ("course", "role: placement_test", "role: Test", "role", "outside_modules.test.role", "mappings/roles.yaml"),
    ("rubric", "from: 0, to: 3", "from: 3, to: 3", "count", "criteria.idees.count", "must be greater"),
    ("rubric", "      - {points: 1, text: présente}\n", "", "- key: forme", "criteria.forme", "at least two levels"),
    ("rubric", "points: 1,", "points: un,", "points: un", "criteria.forme.levels.2.points", "a number is expected"),
    (
        "rubric",
        "    title: Forme",
        "    title: Forme\n    count: {unit: a, from: 0, to: 2}",
        "- key: forme",
        "criteria.forme",
        "either",
    ),
    ("framework", "title: Décrire", f"title: {'é' * 101}", "title: é", "objectives.O1.title", "at most 100 fit"),
    ("session", "2026-02-03", "2026-02-30", "date: 2026-02-30", "days.2026-02-30.date", "in the calendar"),
    (
        "session",
        '"09:00-12:30", "13:30-17:00"]}\n  - {',
        '"9h-12h30"]}\n  - {',
        '"9h',
        "days.2026-02-02.half_days.1",
        '"09:00-12:30"',
    ),
    (
        "session",
        ', half_days: ["09:00-12:30", "13:30-17:00"]}\n  - {',
        ", half_days: []}\n  - {",
        "half_days: []",
        "days.2026-02-02.half_days",
        "the list is empty",
    ),
    ("session", "session: printemps", "session: ete", "session: ete", "session", 'rename it to "ete.yaml"'),
]


@pytest.mark.parametrize(("file", "old", "new", "at", "where", "words"), CASES, ids=[f"{c[0]}-{c[4]}" for c in CASES])
def test_load_specs_one_mistake_gives_one_problem(
    tree: Any, one_problem: Only, file: str, old: str, new: str, at: str, where: str, words: str
) -> None:
    path = getattr(tree, file)
    tree.edit(path, (old, new))
    problem = one_problem(tree.problems())
    assert problem.file == tree.root / path
    assert problem.where == where
    line, column = tree.place(path, at)
    # a list item is placed after its dash
    assert (problem.line, problem.column) == (line, column + 2 * at.startswith("- "))
    assert words in problem.message


def test_load_specs_right_files_gives_every_object(tree: Any) -> None:
    specs = load_specs(tree.root)
    assert set(specs.programmes) == {("atelier", "1")}
    assert set(specs.frameworks) == {("cadre", "1")}
    assert set(specs.rubrics) == {"grille"}
    assert set(specs.sessions) == {"printemps"}
    assert specs.questions["questions/test.gift"].ids == ("Q1", "Q2")
    programme = specs.programme_of(specs.sessions["printemps"])
    assert specs.framework_of(programme).framework == "cadre"
    assert set(specs.rubrics_of(programme)) == {"grille"}


def test_load_specs_surveys_and_files_are_found_by_the_names_that_activities_use(whole: Any) -> None:
    specs = load_specs(whole.root)
    assert set(specs.surveys) == {"avis"}
    assert specs.source(specs.surveys["avis"]).file == whole.root / whole.survey
    assert specs.files["files/fiche.csv"].content == b"a;b\r\n1;2\r\n"
    programme = specs.programme_of(specs.sessions["printemps"])
    assert set(specs.surveys_of(programme)) == {"avis"}
    assert set(specs.files_of(programme)) == {"files/fiche.csv"}
    assert [group.key for group in specs.sessions["printemps"].groups] == ["nord", "sud"]


@pytest.mark.parametrize("folder", ["surveys", "files"])
def test_load_specs_folder_with_nothing_else_beside_is_a_folder_of_specs(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    specs = load_specs(tmp_path)
    assert (specs.programmes, specs.surveys, specs.files) == ({}, {}, {})


@pytest.mark.parametrize("name", ["note.md", "fiche.html", "plan.yml", "sans-suffixe"])
def test_load_specs_any_sort_of_file_may_be_handed_out(tree: Any, name: str) -> None:
    tree.write(f"files/{name}", "contenu")
    assert set(load_specs(tree.root).files) == {f"files/{name}"}


@pytest.mark.parametrize("name", [".DS_Store", "README.md", "#fiche.csv#", "fiche.csv~"])
def test_load_specs_notes_and_copies_are_not_handed_out(tree: Any, name: str) -> None:
    tree.write(f"files/{name}", "contenu")
    assert load_specs(tree.root).files == {}


def test_load_specs_file_with_a_decomposed_name_is_found_composed(tree: Any) -> None:
    tree.write(unicodedata.normalize("NFD", "files/trame-été.csv"), "a")
    [(path, file)] = load_specs(tree.root).files.items()
    assert (path, file.path, file.name) == ("files/trame-été.csv", "files/trame-été.csv", "trame-été.csv")


def test_load_specs_survey_in_a_file_of_another_name_gives_a_problem(whole: Any, one_problem: Only) -> None:
    whole.edit(whole.survey, ("survey: avis", "survey: opinion"))
    problem = one_problem(whole.problems())
    assert (problem.file, problem.where) == (whole.root / whole.survey, "survey")
    assert 'rename it to "opinion.yaml"' in problem.message


def test_load_specs_file_that_cannot_be_used_is_told_with_the_rest(whole: Any) -> None:
    whole.write(whole.file, b"")
    whole.edit(whole.survey, ("title: Votre avis", "titre: Votre avis"))
    assert [(one.file.name, one.message) for one in whole.problems()] == [
        ("fiche.csv", "this file is empty"),
        ("avis.yaml", 'there is no field "titre" here; did you mean "title"?'),
    ]


def test_load_specs_mistakes_in_four_files_gives_all_in_order(tree: Any) -> None:
    tree.edit(tree.course, ("title: Un atelier", "titel: x"), ("days: 2", "days: deux"))
    tree.write(tree.framework, "a: 1\na: 2\n")
    tree.edit(tree.questions, ("// [id:Q2]", "//"))
    tree.edit(tree.session, ("place: Ici", "\tplace: Ici"))
    with pytest.raises(SpecError) as caught:
        load_specs(tree.root)
    found = [(one.file.name, one.line) for one in caught.value.problems]
    assert found == [
        ("atelier.yaml", 3),
        ("atelier.yaml", 9),
        ("cadre.yaml", 2),
        ("test.gift", 5),
        ("printemps.yaml", 4),
    ]
    assert str(caught.value).endswith("5 problems in 4 files. Nothing was sent to Moodle.")
    assert f"{tree.root / tree.course}:3:1  titel\n    there is no field" in str(caught.value)


def test_load_specs_nfd_files_gives_the_same_specs(tree: Any) -> None:
    plain = load_specs(tree.root)
    for path in (tree.course, tree.framework, tree.rubric, tree.questions, tree.session):
        text = (tree.root / path).read_text(encoding="utf-8")
        tree.write(path, unicodedata.normalize("NFD", text))
    assert "e\u0301" in (tree.root / tree.framework).read_text(encoding="utf-8")
    decomposed = load_specs(tree.root)
    assert decomposed.programmes == plain.programmes
    assert decomposed.rubrics == plain.rubrics
    assert decomposed.frameworks == plain.frameworks
    assert decomposed.questions == plain.questions


def test_load_specs_two_versions_in_two_files_gives_both(tree: Any) -> None:
    text = (tree.root / tree.course).read_text(encoding="utf-8")
    tree.write("courses/atelier@2.yaml", text.replace('version: "1"', 'version: "2"'))
    assert set(load_specs(tree.root).programmes) == {("atelier", "1"), ("atelier", "2")}


def test_load_specs_same_version_in_two_files_gives_a_problem(tree: Any, one_problem: Only) -> None:
    tree.write("courses/atelier@1.yaml", (tree.root / tree.course).read_bytes())
    problem = one_problem(tree.problems())
    assert (problem.file.name, problem.where) == ("atelier@1.yaml", "version")
    assert "is also in courses/atelier.yaml" in problem.message


@pytest.mark.parametrize("name", ["autre.yml", "autre.yaml.txt"])
def test_load_specs_other_suffix_is_not_passed_over_in_silence(tree: Any, one_problem: Only, name: str) -> None:
    tree.write(f"courses/{name}", "a: 1\n")
    assert 'rename it to "autre.yaml"' in one_problem(tree.problems()).message


def test_load_specs_questions_in_another_format_gives_a_problem(tree: Any, one_problem: Only) -> None:
    tree.write("questions/autres.txt", "Vrai ?{T}\n")
    assert '".txt" is no format for questions' in one_problem(tree.problems()).message


@pytest.mark.parametrize("name", [".cache.yml", "README.md", "atelier.yaml~", "#atelier.yaml#"])
def test_load_specs_notes_and_copies_are_left_alone(tree: Any, name: str) -> None:
    tree.write(f"courses/{name}", "\0")
    tree.write(f"questions/{name}", "\0")
    assert len(load_specs(tree.root).programmes) == 1


def test_load_specs_enrolment_list_beside_a_session_is_left_alone(tree: Any) -> None:
    tree.write("sessions/printemps.csv", "person,role\n")
    assert set(load_specs(tree.root).sessions) == {"printemps"}


def test_load_specs_wrong_folder_says_so(tree: Any) -> None:
    with pytest.raises(SpecError, match="is this the folder of the specs"):
        load_specs(tree.root / "courses")
    with pytest.raises(SpecError, match="is this the folder of the specs"):
        load_specs(tree.root / "nowhere")


def test_summary_one_problem_is_counted_in_the_singular(tree: Any) -> None:
    assert summary([Problem(tree.root, 0, 0, "", "x")]) == "1 problem in 1 file. Nothing was sent to Moodle."
