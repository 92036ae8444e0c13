"""What belongs together, and the digest that a session is bound to."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any

import pytest

from moodle_sync.canonical import digest
from moodle_sync.errors import SpecError
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Programme
from moodle_sync.spec.specs import Specs, activities, programme_closure, programme_digest, source_key


def _digest(tree: Any) -> str:
    specs = load_specs(tree.root)
    return programme_digest(specs, specs.sessions["printemps"])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("course", "title: Un atelier", "title: Un autre"),
        ("course", "hours: 14\ndays", "hours: 14.5\ndays"),
        ("course", "due: day 2 17:00", "due: day 2 17:30"),
        ("course", "at_least: 3", "at_least: 2"),
        ("framework", "success: une note", "success: une carte"),
        ("rubric", "text: présente", "text: là"),
        ("questions", "{#4}", "{#5}"),
    ],
)
def test_programme_digest_changes_with_every_file(tree: Any, file: str, old: str, new: str) -> None:
    before = _digest(tree)
    tree.edit(getattr(tree, file), (old, new))
    assert _digest(tree) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("course", "title: Un atelier", "# note\ntitle: 'Un atelier'"),
        ("course", "hours: 14\ndays: 2", "days: 2\nhours: 14.0"),
        ("course", "rubric: grille", "rubric: grille\n        attempts: 0"),
        ("course", "  - modules.M1.hours", "  - title"),
        ("course", "{key: ateliers, title: Ateliers}", "{existing: stages}"),
        ("course", "framework: cadre", 'framework: cadre\nframework_version: "1"'),
        ("rubric", "criteria:", "to_confirm: [title]\ncriteria:"),
        ("session", "place: Ici", "place: Là"),
    ],
    ids=[
        "comment-and-quotes",
        "order-and-zeros",
        "default",
        "to-confirm",
        "category",
        "pin",
        "rubric-to-confirm",
        "session",
    ],
)
def test_programme_digest_stays_when_the_meaning_stays(tree: Any, file: str, old: str, new: str) -> None:
    before = _digest(tree)
    tree.edit(getattr(tree, file), (old, new))
    assert _digest(tree) == before


def test_programme_digest_unused_rubric_beside_changes_nothing(tree: Any) -> None:
    before = _digest(tree)
    text = (tree.root / tree.rubric).read_text(encoding="utf-8")
    tree.write("rubrics/autre.yaml", text.replace("rubric: grille", "rubric: autre"))
    assert _digest(tree) == before


def test_programme_digest_nfd_and_windows_files_change_nothing(tree: Any) -> None:
    before = _digest(tree)
    for path in (tree.course, tree.framework, tree.rubric, tree.questions, tree.session):
        text = (tree.root / path).read_text(encoding="utf-8")
        tree.write(path, b"\xef\xbb\xbf" + unicodedata.normalize("NFD", text).replace("\n", "\r\n").encode())
    assert _digest(tree) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("survey", "[Non, Un peu, Oui]", "[Non, Oui]"),
        ("survey", "{key: suite, type: pagebreak}", "{key: fin, type: pagebreak}"),
        ("file", "1;2", "1;3"),
        ("course", "anonymous: true", "anonymous: false"),
        ("course", "role: satisfaction_survey", "role: need_analysis"),
        ("course", "https://www.example.org/", "https://www.example.com/"),
    ],
)
def test_programme_digest_changes_with_questionnaires_downloads_and_links(
    whole: Any, file: str, old: str, new: str
) -> None:
    before = _digest(whole)
    whole.edit(getattr(whole, file), (old, new))
    assert _digest(whole) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("survey", "title: Votre avis", "title: 'Votre avis' # note\nto_confirm: [items]"),
        ("survey", "question: Est-ce utile ?, options", "required: false, question: Est-ce utile ?, options"),
        ("course", "anonymous: true", "anonymous: true\n    multiple: false"),
        ("session", "title: Nord", "title: Groupe du nord"),
    ],
    ids=["comment-and-to-confirm", "default", "default-of-activity", "groups"],
)
def test_programme_digest_stays_when_a_questionnaire_says_the_same(whole: Any, file: str, old: str, new: str) -> None:
    before = _digest(whole)
    whole.edit(getattr(whole, file), (old, new))
    assert _digest(whole) == before


def test_programme_digest_unused_survey_and_file_beside_change_nothing(whole: Any) -> None:
    before = _digest(whole)
    text = (whole.root / whole.survey).read_text(encoding="utf-8")
    whole.write("surveys/autre.yaml", text.replace("survey: avis", "survey: autre"))
    whole.write("files/autre.csv", "x")
    assert _digest(whole) == before


def test_programme_closure_holds_surveys_whole_and_files_by_digest(whole: Any) -> None:
    specs = load_specs(whole.root)
    closure = programme_closure(specs, specs.sessions["printemps"])
    assert [item["key"] for item in closure["surveys"]["avis"]["items"]] == ["accueil", "utile", "suite", "libre"]
    assert closure["files"] == {"files/fiche.csv": hashlib.sha256(b"a;b\r\n1;2\r\n").hexdigest()}


def test_programme_closure_without_questionnaire_or_download_names_neither(tree: Any) -> None:
    specs = load_specs(tree.root)
    assert not {"surveys", "files"} & set(programme_closure(specs, specs.sessions["printemps"]))


def test_programme_digest_with_every_kind_of_activity_is_the_same_for_ever(whole: Any) -> None:
    assert _digest(whole) == "c040e5b8359a4be68ccafcbb627062a41a193db8aeb83dd92a4ad63fea124db0"


def test_programme_digest_is_the_same_for_ever(tree: Any) -> None:
    # a bound session's ledger lines hold this number: when this fails, what they are bound to is lost
    assert _digest(tree) == "063af3f65958e06a5ba65a6e03a955a12d7686b1a6c413db3afdf6213fe43e7f"


def test_programme_closure_is_json_without_floats_and_reads_back(tree: Any) -> None:
    tree.edit(tree.course, ("hours: 14\ndays", "hours: 10.5\ndays"))
    specs = load_specs(tree.root)
    closure = programme_closure(specs, specs.sessions["printemps"])

    def refuse(text: str) -> None:
        raise AssertionError(f"a float: {text}")

    assert json.loads(json.dumps(closure), parse_float=refuse) == closure
    assert closure["programme"]["hours"] == "10.5"
    assert closure["rubrics"]["grille"]["criteria"][0]["count"] == {"unit": "idées", "from": 0, "to": 3}
    assert closure["questions"] == {"questions/test.gift": specs.questions["questions/test.gift"].text}
    programme = closure["programme"] | {"category": {"existing": "x"}}
    again = Programme.model_validate_json(json.dumps(programme))
    assert again.modules == specs.programmes[("atelier", "1")].modules
    assert digest(closure) == programme_digest(specs, specs.sessions["printemps"])


def test_programme_closure_names_the_framework_version_that_is_pinned(tree: Any) -> None:
    text = (tree.root / tree.framework).read_text(encoding="utf-8")
    for version in ("9", "10"):
        tree.write(f"frameworks/cadre@{version}.yaml", text.replace('version: "1"', f'version: "{version}"'))
    specs = load_specs(tree.root)
    programme = specs.programmes[("atelier", "1")]
    assert specs.framework_of(programme).version == "10"
    tree.edit(tree.course, ("framework: cadre", 'framework: cadre\nframework_version: "9"'))
    specs = load_specs(tree.root)
    closure = programme_closure(specs, specs.sessions["printemps"])
    assert closure["framework"]["version"] == "9"


def test_specs_missing_references_are_errors_that_name_them(tree: Any) -> None:
    specs = load_specs(tree.root)
    session = specs.sessions["printemps"]
    programme = specs.programme_of(session)
    bare = Specs(root=tree.root, programmes={}, frameworks={}, rubrics={}, sessions={}, questions={})
    with pytest.raises(SpecError, match="session printemps: there is no programme atelier version 1"):
        bare.programme_of(session)
    with pytest.raises(SpecError, match="there is no framework cadre"):
        bare.framework_of(programme)
    with pytest.raises(SpecError, match="there is no rubric grille"):
        bare.rubrics_of(programme)
    with pytest.raises(SpecError, match=r"there is no question file questions/test\.gift"):
        bare.questions_of(programme)


def test_specs_missing_survey_or_file_is_an_error_that_names_it(whole: Any) -> None:
    specs = load_specs(whole.root)
    programme = specs.programmes[("atelier", "1")]
    bare = Specs(root=whole.root, programmes={}, frameworks={}, rubrics={}, sessions={}, questions={})
    with pytest.raises(SpecError, match="there is no survey avis"):
        bare.surveys_of(programme)
    with pytest.raises(SpecError, match=r"there is no file files/fiche\.csv"):
        bare.files_of(programme)


def test_activities_gives_keys_within_the_course_outside_ones_last(tree: Any) -> None:
    programme = load_specs(tree.root).programmes[("atelier", "1")]
    assert [key for key, _ in activities(programme)] == ["M1.lire", "M1.note", "test"]


def test_sources_hold_the_file_of_every_object(tree: Any) -> None:
    specs = load_specs(tree.root)
    assert set(specs.sources) == {"programme:atelier@1", "framework:cadre@1", "rubric:grille", "session:printemps"}
    assert specs.source(specs.rubrics["grille"]).file == tree.root / tree.rubric
    with pytest.raises(TypeError, match="Module is not read from a file of its own"):
        source_key(specs.programmes[("atelier", "1")].modules[0])
