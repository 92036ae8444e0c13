"""Questionnaires, links, forums and downloads: what a file says alone, and what they refer to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moodle_sync.errors import Problem
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Feedback, FileResource, Forum, Link
from moodle_sync.spec.specs import activities

Only = Callable[[tuple[Problem, ...]], Problem]

SCALE = "{key: utile, type: scale, question: Est-ce utile ?, options: [Non, Un peu, Oui]}"
LONG = "x" * 256

# name, file, old, new, snippet where the problem stands, field, words of the message
REFUSED = [
    (
        "type",
        "survey",
        "type: scale",
        "type: likert",
        "type: likert",
        "items.utile.type",
        '"scale", "choice", "choices"',
    ),
    ("no-options", "survey", ", options: [Non, Un peu, Oui]", "", "{key: utile", "items.utile", "at least two answers"),
    ("one-option", "survey", "[Non, Un peu, Oui]", "[Oui]", "{key: utile", "items.utile", "at least two answers"),
    (
        "bar",
        "survey",
        "[Non, Un peu, Oui]",
        '["Non | peu", Oui]',
        "{key: utile",
        "items.utile",
        '"Non | peu" is no option',
    ),
    ("marks", "survey", "[Non, Un peu, Oui]", '["1####a", Oui]', "{key: utile", "items.utile", '"1####a" is no option'),
    ("lines", "survey", "[Non, Un peu, Oui]", '["a\\nb", Oui]', "{key: utile", "items.utile", "write one line"),
    ("empty-option", "survey", "[Non, Un peu, Oui]", '["", Oui]', '""', "items.utile.options.1", "empty"),
    (
        "options-of-text",
        "survey",
        "Autre chose ?}",
        "Autre ?, options: [a, b]}",
        "{key: libre",
        "items.libre",
        "goes with",
    ),
    ("no-question", "survey", ", question: Autre chose ?", "", "{key: libre", "items.libre", "has a 'question'"),
    (
        "question-of-break",
        "survey",
        "type: pagebreak}",
        "type: pagebreak, question: a}",
        "{key: suite",
        "items.suite",
        "but",
    ),
    (
        "required-label",
        "survey",
        "Bonjour.}",
        "Bonjour., required: true}",
        "{key: accueil",
        "items.accueil",
        "answers a",
    ),
    ("required-break", "survey", "pagebreak}", "pagebreak, required: true}", "{key: suite", "items.suite", "answers a"),
    ("long", "survey", "Autre chose ?", LONG, "{key: libre", "items.libre", "has 256 characters, at most 255 fit"),
    ("key", "survey", "key: libre", "key: l libre", "key: l libre", "items.l libre.key", "letters without accents"),
    (
        "address",
        "course",
        "https://www.example.org/",
        "www.example.org",
        "address",
        "outside_modules.site.address",
        "write it whole",
    ),
    (
        "spaces",
        "course",
        "https://www.example.org/",
        "https://a b.org",
        "address",
        "outside_modules.site.address",
        "write it whole",
    ),
    (
        "rule",
        "course",
        "[submitted]\n  - link",
        "[graded]\n  - link",
        "graded]\n  - l",
        "outside_modules.avis.complete_when.1",
        'write "viewed"',
    ),
    (
        "assesses",
        "course",
        "survey: avis\n",
        "survey: avis\n    assesses: [O1]\n",
        "assesses: [O1]\n    ano",
        "outside_modules.avis.assesses",
        "there is no field",
    ),
    (
        "no-survey",
        "course",
        "    survey: avis\n",
        "",
        "feedback: avis",
        "outside_modules.avis.survey",
        '"survey" is missing',
    ),
    (
        "two-kinds",
        "course",
        "forum: paroles",
        "forum: paroles\n    link: paroles",
        "forum: paroles",
        "outside_modules.paroles",
        "at once",
    ),
    ("group-key", "session", "key: nord", "key: nord-", "key: nord-", "groups.nord-.key", "letters without accents"),
    (
        "group-title",
        "session",
        "{key: nord, title: Nord}",
        "{key: nord}",
        "{key: nord}",
        "groups.nord.title",
        '"title" is missing',
    ),
]

BROKEN = [
    (
        "survey",
        "course",
        "survey: avis",
        "survey: avi",
        "survey: avi",
        "outside_modules.avis.survey",
        'there is no survey "avi"; did you mean "avis"?',
    ),
    (
        "file",
        "course",
        "files/fiche.csv",
        "files/fiches.csv",
        "path: files",
        "outside_modules.fiche.path",
        'there is no file "files/fiches.csv"; did you mean "files/fiche.csv"?',
    ),
    (
        "folder",
        "course",
        "files/fiche.csv",
        "fiche.csv",
        "path: fiche",
        "outside_modules.fiche.path",
        'did you mean "files/fiche.csv"?',
    ),
    (
        "role",
        "course",
        "satisfaction_survey",
        "satisfaction",
        "role: satisfaction",
        "outside_modules.avis.role",
        'did you mean "satisfaction_survey"?',
    ),
    (
        "marked",
        "course",
        "[submitted]\n  - link",
        "[submitted, marked]\n  - link",
        "complete_when: [submitted, m",
        "outside_modules.avis.complete_when",
        "stands alone",
    ),
    (
        "dates",
        "course",
        "opens: end\n",
        "opens: end+2mo\n",
        "due: end+1mo",
        "outside_modules.avis.due",
        "is due before it opens",
    ),
    ("item", "survey", "key: libre", "key: Utile", "key: Utile", "items.Utile.key", "in case only"),
    (
        "item-twice",
        "survey",
        "key: suite",
        "key: accueil",
        "key: accueil, type: pagebreak",
        "items.accueil.key",
        "already used",
    ),
    (
        "file-key",
        "course",
        "file: fiche",
        "file: site",
        "file: site",
        "outside_modules.site.file",
        'the key "site" is already used',
    ),
    (
        "feedback-key",
        "course",
        "feedback: avis",
        "feedback: test",
        "feedback: test",
        "outside_modules.test.feedback",
        'the key "test" is already used',
    ),
    (
        "module-key",
        "course",
        "forum: paroles",
        "forum: M1",
        "forum: M1",
        "outside_modules.M1.forum",
        'the key "M1" is already used',
    ),
    ("confirm", "survey", "items:", "to_confirm: [item]\nitems:", "item]", "to_confirm.1", 'did you mean "items"?'),
    ("groups", "session", "key: sud", "key: nord", "key: nord, title: Sud", "groups.nord.key", "already used"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "at", "where", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_load_specs_one_mistake_gives_one_problem(
    whole: Any, one_problem: Only, file: str, old: str, new: str, at: str, where: str, words: str
) -> None:
    whole.edit(getattr(whole, file), (old, new))
    problem = one_problem(whole.problems())
    assert (problem.file, problem.where) == (whole.root / getattr(whole, file), where)
    assert (problem.line, problem.column) == whole.place(getattr(whole, file), at)
    assert words in problem.message


@pytest.mark.parametrize(
    ("file", "old", "new", "at", "where", "words"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_check_one_mistake_gives_one_problem(
    whole: Any, one_problem: Only, file: str, old: str, new: str, at: str, where: str, words: str
) -> None:
    whole.edit(getattr(whole, file), (old, new))
    problem = one_problem(whole.check().problems)
    assert (problem.file, problem.where) == (whole.root / getattr(whole, file), where)
    assert (problem.line, problem.column) == whole.place(getattr(whole, file), at)
    assert words in problem.message


def test_check_right_resources_give_nothing_but_open_decisions(whole: Any) -> None:
    whole.edit(whole.survey, ("items:", "to_confirm: [items, items.utile.options]\nitems:"))
    whole.edit(whole.session, ("days:", "to_confirm: [groups]\ndays:"))
    findings = whole.check()
    assert (findings.problems, findings.warnings) == ((), ())
    assert {(one.file.name, one.where) for one in findings.to_confirm} == {
        ("atelier.yaml", "modules.M1.hours"),
        ("avis.yaml", "items"),
        ("avis.yaml", "items.utile.options"),
        ("printemps.yaml", "groups"),
    }


def test_load_specs_long_label_fits_where_a_question_does_not(whole: Any) -> None:
    whole.edit(whole.survey, ("Bonjour.", "Bonjour. " * 100))
    label = load_specs(whole.root).surveys["avis"].items[0]
    assert len(label.question or "") > 255


@pytest.mark.parametrize("kind", ["scale", "choice", "choices"])
def test_load_specs_item_with_options_may_have_two_or_more(whole: Any, kind: str) -> None:
    whole.edit(whole.survey, (SCALE, f"{{key: utile, type: {kind}, question: Ou ?, options: [a, b], required: true}}"))
    item = load_specs(whole.root).surveys["avis"].items[1]
    assert (item.type, item.options, item.required) == (kind, ("a", "b"), True)


@pytest.mark.parametrize("kind", ["text", "longtext", "number", "label"])
def test_load_specs_item_without_options_has_a_question_alone(whole: Any, kind: str) -> None:
    whole.edit(whole.survey, (SCALE, f"{{key: utile, type: {kind}, question: Combien ?}}"))
    item = load_specs(whole.root).surveys["avis"].items[1]
    assert (item.type, item.question, item.options, item.required) == (kind, "Combien ?", (), False)


def test_activities_of_every_kind_have_the_key_that_the_file_gives(whole: Any) -> None:
    found = dict(activities(load_specs(whole.root).programmes[("atelier", "1")]))
    kinds = {"avis": Feedback, "site": Link, "paroles": Forum, "fiche": FileResource}
    assert {key: type(item) for key, item in found.items() if key in kinds} == kinds
    # none of them assesses anything, and only a questionnaire has dates
    assert [found[key].objectives for key in kinds] == [(), (), (), ()]
    assert (found["avis"].opening, found["avis"].closing) == ("end", "end+1mo")
    assert [(found[key].opening, found[key].closing) for key in ("site", "paroles", "fiche")] == [(None, None)] * 3
