"""What Moodle should hold for each kind of activity, in the form of docs/reference/companion.md."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.spec.activity import ACTIVITY_KINDS
from moodle_sync.spec.files import SpecFile
from moodle_sync.spec.models import (
    AnyActivity,
    Assignment,
    Feedback,
    FileResource,
    Forum,
    Link,
    Page,
    Quiz,
    Survey,
    SurveyItem,
)
from moodle_sync.spec.questions import QuestionFile, read_questions
from moodle_sync.state.activities import Material, fields, modname

TIMES = {("start-7d", False): 100, ("start-7d", True): 186_399, ("end+1mo", False): 200, ("end+1mo", True): 286_399}
CONTENT = bytes(range(256))


def times(expression: str | None, closing: bool) -> int | None:
    return None if expression is None else TIMES[(expression, closing)]


def survey(*items: SurveyItem) -> Survey:
    return Survey(survey="avis", title="Avis", items=items)


def questions(folder: Path) -> QuestionFile:
    file = folder / "test.gift"
    file.write_text("// [id:Q1]\nDeux et deux ?{#4}\n", encoding="utf-8")
    found, problems = read_questions(file, "questions/test.gift")
    assert found is not None, problems
    return found


def made(activity: AnyActivity, material: Material | None = None) -> dict[str, Any]:
    return fields(activity, "M1", times, material or Material({}, {}, {}))


PAGE = Page(page="a", title="Page", text="Du *texte*.")
ASSIGNMENT = Assignment(assignment="a", title="Travail", brief="Rédigez.")
QUIZ = Quiz(quiz="a", title="Quiz", questions="questions/test.gift")
FEEDBACK = Feedback(feedback="a", title="Avis", survey="avis")
LINK = Link(link="a", title="Lien", address="https://www.example.org/a?b=1&c=é")
FORUM = Forum(forum="a", title="Forum")
FILE = FileResource(file="a", title="Fiche", path="files/fiche.bin")


@pytest.mark.parametrize(
    ("activity", "name"),
    [
        (PAGE, "page"),
        (ASSIGNMENT, "assign"),
        (QUIZ, "quiz"),
        (FEEDBACK, "feedback"),
        (LINK, "url"),
        (FORUM, "forum"),
        (FILE, "resource"),
    ],
)
def test_modname_is_the_one_of_moodle(activity: AnyActivity, name: str) -> None:
    assert modname(activity) == name


def test_modname_and_fields_are_known_for_every_kind(tmp_path: Path) -> None:
    material = Material(
        {"questions/test.gift": questions(tmp_path)},
        {"avis": survey(SurveyItem(key="a", type="text", question="Quoi ?"))},
        {"files/fiche.bin": SpecFile("files/fiche.bin", "fiche.bin", CONTENT)},
    )
    activities: list[AnyActivity] = [PAGE, ASSIGNMENT, QUIZ, FEEDBACK, LINK, FORUM, FILE]
    assert {type(one) for one in activities} == set(ACTIVITY_KINDS.values())
    assert len({modname(one) for one in activities}) == len(activities)
    for one in activities:
        found = made(one, material)
        assert {"name", "section", "visible", "intro", "completion"} <= set(found)
        assert (found["name"], found["section"], found["visible"]) == (one.title, "M1", True)


def test_fields_link_sends_the_address_as_it_is_written() -> None:
    assert made(LINK) == {
        "name": "Lien",
        "section": "M1",
        "visible": True,
        "intro": "",
        "url": "https://www.example.org/a?b=1&c=é",
        "completion": {"tracking": "none", "view": False},
    }


def test_fields_forum_has_an_intro_and_nothing_of_its_own() -> None:
    forum = FORUM.model_copy(update={"intro": "Pour **vous**.", "visible": False})
    assert made(forum) == {
        "name": "Forum",
        "section": "M1",
        "visible": False,
        "intro": "<p>Pour <strong>vous</strong>.</p>",
        "completion": {"tracking": "none", "view": False},
    }


def test_fields_file_sends_its_name_and_every_byte() -> None:
    material = Material({}, {}, {"files/fiche.bin": SpecFile("files/fiche.bin", "fiche.bin", CONTENT)})
    found = made(FILE, material)
    assert set(found) == {"name", "section", "visible", "intro", "file", "completion"}
    assert set(found["file"]) == {"name", "base64"}
    assert found["file"]["name"] == "fiche.bin"
    assert "\n" not in found["file"]["base64"]
    assert b64decode(found["file"]["base64"], validate=True) == CONTENT


def test_fields_feedback_dates_promises_and_completion() -> None:
    feedback = Feedback(
        feedback="a",
        title="Avis",
        intro="Merci.",
        role="satisfaction_survey",
        survey="avis",
        anonymous=True,
        opens="start-7d",
        due="end+1mo",
        complete_when=("submitted",),
    )
    found = made(feedback, Material({}, {"avis": survey(SurveyItem(key="fin", type="pagebreak"))}, {}))
    # the role says what answers may evidence: Moodle has no place for it
    assert found == {
        "name": "Avis",
        "section": "M1",
        "visible": True,
        "intro": "<p>Merci.</p>",
        "opens": 100,
        "due": 286_399,
        "anonymous": True,
        "multiple": False,
        "items": [{"key": "fin", "type": "pagebreak", "question": "", "required": False}],
        "completion": {"tracking": "automatic", "view": False, "submit": True},
    }


def test_fields_feedback_without_dates_sends_none_of_them() -> None:
    found = made(FEEDBACK, Material({}, {"avis": survey(SurveyItem(key="fin", type="pagebreak"))}, {}))
    assert (found["opens"], found["due"], found["anonymous"]) == (None, None, False)
    assert found["completion"] == {"tracking": "none", "view": False, "submit": False}


def test_fields_feedback_items_keep_their_order_and_options() -> None:
    items = (
        SurveyItem(key="accueil", type="label", question="Bonjour."),
        SurveyItem(key="utile", type="scale", question="Utile ?", options=("Non", "Un peu", "Oui"), required=True),
        SurveyItem(key="ou", type="choice", question="Où ?", options=("Ici", "Là")),
        SurveyItem(key="quoi", type="choices", question="Quoi ?", options=("A", "B")),
        SurveyItem(key="suite", type="pagebreak"),
        SurveyItem(key="mot", type="text", question="Un mot ?"),
        SurveyItem(key="libre", type="longtext", question="Autre chose ?"),
        SurveyItem(key="combien", type="number", question="Combien ?"),
    )
    found = made(FEEDBACK, Material({}, {"avis": survey(*items)}, {}))["items"]
    assert [item["key"] for item in found] == [item.key for item in items]
    assert [item["type"] for item in found] == [item.type for item in items]
    assert [item["question"] for item in found] == [item.question or "" for item in items]
    # as Moodle answers: options only where there is something to choose
    assert {item["key"]: item["options"] for item in found if "options" in item} == {
        "utile": ["Non", "Un peu", "Oui"],
        "ou": ["Ici", "Là"],
        "quoi": ["A", "B"],
    }
    assert [item["required"] for item in found] == [False, True, False, False, False, False, False, False]
    assert all(set(item) - {"options"} == {"key", "type", "question", "required"} for item in found)


@pytest.mark.parametrize(
    ("activity", "rules", "completion"),
    [
        (PAGE, ("viewed",), {"tracking": "automatic", "view": True}),
        (LINK, ("viewed",), {"tracking": "automatic", "view": True}),
        (FILE, ("marked",), {"tracking": "manual", "view": False}),
        (FORUM, (), {"tracking": "none", "view": False}),
        (FEEDBACK, ("marked",), {"tracking": "manual", "view": False, "submit": False}),
        (FEEDBACK, ("viewed", "submitted"), {"tracking": "automatic", "view": True, "submit": True}),
    ],
)
def test_fields_completion_has_the_conditions_that_the_module_has(
    activity: AnyActivity, rules: tuple[str, ...], completion: dict[str, Any]
) -> None:
    material = Material(
        {},
        {"avis": survey(SurveyItem(key="fin", type="pagebreak"))},
        {"files/fiche.bin": SpecFile("files/fiche.bin", "fiche.bin", CONTENT)},
    )
    assert made(activity.model_copy(update={"complete_when": rules}), material)["completion"] == completion
