"""companion_gift: what the GIFT files of the project hold, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodle_sync.sandbox.companion_gift import read_gift
from moodle_sync.sandbox.moodle_errors import MoodleError

FILES = sorted((Path(__file__).resolve().parents[3] / "course_specs" / "questions").glob("*.gift"))


def test_questions_of_the_shipped_programme_are_all_read() -> None:
    counts = {path.stem: len(read_gift(path.read_text(encoding="utf-8"), "text")) for path in FILES}
    assert counts == {path.stem: path.read_text(encoding="utf-8").count("[id:") for path in FILES}
    assert counts


def one(body: str) -> tuple[str, str, str, list[tuple[str, float, str]]]:
    [question] = read_gift(f"// [id:Q1]\n{body}\n", "text")
    answers = [(answer["text"], answer["fraction"], answer["feedback"]) for answer in question.answers]
    return question.qtype, question.name, question.text, answers


def test_choice_has_one_right_answer_and_feedback() -> None:
    assert one("::N::Laquelle ?{\n\t=a#oui\n\t~b#non \\: vraiment\n}") == (
        "multichoice",
        "N",
        "Laquelle ?",
        [("a", 1.0, "oui"), ("b", 0.0, "non : vraiment")],
    )


def test_weights_make_a_question_of_several_answers() -> None:
    [question] = read_gift("// [id:Q]\n::N::x{~%50%a ~%50%b ~%-100%c}", "text")
    assert (question.qtype, question.single) == ("multichoice", False)
    assert [answer["fraction"] for answer in question.answers] == [0.5, 0.5, -1]


def test_true_or_false_puts_true_first_and_the_wrong_feedback_first() -> None:
    assert one("::N::x{FALSE#faux#juste}")[3] == [("True", 0.0, "faux"), ("False", 1.0, "juste")]
    assert one("::N::x{T}")[3] == [("True", 1.0, ""), ("False", 0.0, "")]


@pytest.mark.parametrize(
    ("body", "value", "tolerance"), [("{#6}", "6", 0), ("{#6:0.5}", "6", 0.5), ("{#=6:1}", "6", 1), ("{#1..3}", "2", 1)]
)
def test_number_has_a_tolerance(body: str, value: str, tolerance: float) -> None:
    [question] = read_gift(f"// [id:Q]\nx{body}", "text")
    assert question.qtype == "numerical"
    assert [(answer["text"], answer["tolerance"]) for answer in question.answers] == [(value, tolerance)]


def test_missing_word_leaves_a_gap() -> None:
    qtype, _, text, answers = one("::N::une {=un =une} fin")
    assert (qtype, text) == ("shortanswer", "une _____ fin")
    assert [answer[0] for answer in answers] == ["un", "une"]


def test_question_without_a_name_is_called_by_its_text() -> None:
    assert one("Combien ?{#6}")[1] == "Combien ?"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("::N::x{T}", "has no id"),
        ("// [id:a b]\n::N::x{T}", "is no key"),
        ("// [id:Q]\n::N::x{T}\n\n// [id:Q]\n::M::y{T}", "is there twice"),
        ("// [id:Q]\n::N::x", "around the answers"),
        ("// [id:Q]\n::N::x{}", "neither essays nor matching"),
        ("// [id:Q]\n::N::x{=a -> b}", "neither essays nor matching"),
        ("// [id:Q]\n::N::x{~%17%a =b}", "no answer worth 0.17"),
        ("// [id:Q]\n::N::x{#six}", "six is no number"),
        ("// [id:Q]\n::N::x{a =b}", "must start with = or ~"),
    ],
)
def test_file_that_cannot_be_used_is_refused_by_its_reason(text: str, reason: str) -> None:
    with pytest.raises(MoodleError) as caught:
        read_gift(text, "items[0].fields.questions.text")
    assert (caught.value.errorcode, caught.value.where) == ("badquestions", "items[0].fields.questions.text")
    assert reason in caught.value.message
