"""Question files: ids that are there, once, and questions that Moodle's importers take."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodle_sync.spec.gift import questions as gift_questions
from moodle_sync.spec.question import Question
from moodle_sync.spec.questions import read_questions

GIFT_CASES = [
    ("no-id", "Vrai ?{T}\n", 1, "question 1 has no id"),
    ("id-cut-off", "// [id:Q1]\n\n// [id:Q2]\nVrai ?{T}\n", 1, 'the id "Q1" stands alone'),
    ("two-ids", "// [id:Q1]\nVrai ?{T}\n// [id:Q2]\n", 2, "2 ids"),
    ("bad-id", "// [id:é1]\nVrai ?{T}\n", 2, '"é1" is no id'),
    ("repeated-id", "// [id:Q1]\nA ?{T}\n\n// [id:Q1]\nB ?{F}\n", 5, "already used on line 2"),
    ("no-answers", "// [id:Q1]\nUn texte.\n", 2, "no answers in braces"),
    ("open-brace", "// [id:Q1]\nVrai ?{T\n", 2, '1 "{" and 0 "}"'),
    ("two-pairs", "// [id:Q1]\nVrai ?{T}\nFaux ?{F}\n", 2, "an empty line between questions"),
    ("no-text", "// [id:Q1]\n{T}\n", 2, "no text"),
    ("no-text-but-name", "// [id:Q1]\n::Nom::{T}\n", 2, "no text"),
    ("open-name", "// [id:Q1]\n::Nom Vrai ?{T}\n", 2, 'does not end with "::"'),
    ("unmarked", "// [id:Q1]\nQui ?{Moi}\n", 2, "no answer is marked"),
    ("one-pair", "// [id:Q1]\nReliez.{=a -> b}\n", 2, "two pairs or more"),
    ("no-number", "// [id:Q1]\nCombien ?{#beaucoup}\n", 2, '"beaucoup" is no number'),
    ("empty-number", "// [id:Q1]\nCombien ?{#}\n", 2, "needs a number after the #"),
    ("french-decimal", "// [id:Q1]\nCombien ?{#3,5}\n", 2, '"3,5" is no number'),
    ("one-choice", "// [id:Q1]\nQui ?{~moi}\n", 2, "two answers or more"),
    ("empty-choice", "// [id:Q1]\nQui ?{=moi ~}\n", 2, "an answer is empty"),
    ("two-rights", "// [id:Q1]\nQui ?{=moi =toi ~lui}\n", 2, '2 answers are marked "="'),
    ("no-right", "// [id:Q1]\nQui ?{~moi ~toi}\n", 2, "weights make 0 %"),
    ("half-weights", "// [id:Q1]\nQui ?{~%25%moi ~%25%toi ~lui}\n", 2, "weights make 50 %"),
    ("category", "$CATEGORY: a/b\n\n// [id:Q1]\nVrai ?{T}\n", 1, "take the $CATEGORY line out"),
    ("only-comments", "// rien\n", 1, "no question in this file"),
    ("empty", "", 1, "empty"),
]

_QUESTION = '<question type="truefalse"><name><text>a</text></name><idnumber>Q1</idnumber></question>'
XML_CASES = [
    ("no-id", "<quiz>\n<question type='essay'></question></quiz>", 2, "question 1 has no id"),
    ("nested-id", "<quiz><question type='essay'><a><idnumber>Q1</idnumber></a></question></quiz>", 1, "no id"),
    ("repeated-id", f"<quiz>\n{_QUESTION}\n{_QUESTION}</quiz>", 3, "already used on line 2"),
    ("unclosed", f"<quiz>\n{_QUESTION}\n", 3, "not well-formed: no element found"),
    ("mismatch", "<quiz>\n<question></quiz>", 2, "mismatched tag"),
    ("undefined-entity", f"<quiz>&nbsp;{_QUESTION}</quiz>", 1, "undefined entity"),
    ("bomb", '<!DOCTYPE a [<!ENTITY x "xx">]>\n<quiz>&x;</quiz>', 1, "document type is declared"),
    ("outside-file", '<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd">\n<quiz/>', 2, "document type"),
    ("html", "<html></html>", 1, "should begin with <quiz>"),
    ("type", _QUESTION.join(["<quiz>", "</quiz>"]).replace("truefalse", "vraifaux"), 1, '"vraifaux" is no question'),
    ("category", f"<quiz><question type='category'></question>{_QUESTION}</quiz>", 1, "take this category out"),
    ("none", "<quiz></quiz>", 1, "no question in this file"),
]


def _read(folder: Path, name: str, text: str) -> tuple[object, list[tuple[int, str]]]:
    (folder / name).write_text(text, encoding="utf-8")
    found, problems = read_questions(folder / name, f"questions/{name}")
    return found, [(one.line, one.message) for one in problems]


@pytest.mark.parametrize(("text", "line", "words"), [c[1:] for c in GIFT_CASES], ids=[c[0] for c in GIFT_CASES])
def test_read_questions_broken_gift_gives_one_problem(tmp_path: Path, text: str, line: int, words: str) -> None:
    found, problems = _read(tmp_path, "x.gift", text)
    assert found is None
    assert [one[0] for one in problems] == [line], problems
    assert words in problems[0][1]


@pytest.mark.parametrize(("text", "line", "words"), [c[1:] for c in XML_CASES], ids=[c[0] for c in XML_CASES])
def test_read_questions_broken_xml_gives_one_problem(tmp_path: Path, text: str, line: int, words: str) -> None:
    found, problems = _read(tmp_path, "x.xml", text)
    assert found is None
    assert [one[0] for one in problems] == [line], problems
    assert words in problems[0][1]


@pytest.mark.parametrize(
    ("answers", "qtype"),
    [
        ("{}", "essay"),
        ("{T}", "truefalse"),
        ("{false#Non.#Oui.}", "truefalse"),
        ("{#4}", "numerical"),
        ("{#3.5:0.1}", "numerical"),
        ("{#1..5}", "numerical"),
        ("{#=12:0 #Oui. =%50%12:2 #Presque.}", "numerical"),
        ("{=un =deux}", "shortanswer"),
        ("{=un -> a =deux -> b}", "match"),
        ("{=oui ~non ~peut-être}", "multichoice"),
        ("{~%50%a ~%50%b ~%-100%c}", "multichoice"),
        ("{~%33.33333%a ~%33.33333%b ~%33.33333%c ~d}", "multichoice"),
        ("{\n\t=oui#Bien \\{vu\\} \\= juste\n\t~non\n####Voilà.\n}", "multichoice"),
        ("{T####Vrai \\= toujours.}", "truefalse"),
    ],
)
def test_gift_question_has_the_type_that_moodle_gives_it(answers: str, qtype: str) -> None:
    assert list(gift_questions(f"// [id:Q1] [tag:a]\n::Nom \\: ici::Texte{answers}")) == [Question("Q1", qtype, 2)]


def test_read_questions_several_mistakes_gives_all(tmp_path: Path) -> None:
    _, problems = _read(tmp_path, "x.gift", "A ?{T}\n\n// [id:Q2]\nB ?\n\n// [id:Q2]\nC ?{T}\n")
    assert [one[0] for one in problems] == [4, 1, 7]


def test_read_questions_gift_keeps_ids_in_order_and_text_as_written(tmp_path: Path) -> None:
    text = "// [id:Q2]\nA ?{T}\n\n\n// note\n// [id:Q1]\nB ?{F}"
    (tmp_path / "x.gift").write_bytes(text.replace("\n", "\r\n").encode())
    found, problems = read_questions(tmp_path / "x.gift", "questions/x.gift")
    assert problems == []
    assert found is not None
    assert (found.ids, found.text, found.format) == (("Q2", "Q1"), text, "gift")


def test_read_questions_xml_gives_its_ids(tmp_path: Path) -> None:
    second = _QUESTION.replace("Q1", " Q2 ").replace("<text>a", "<text><![CDATA[<p>é]]>")
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<quiz>{_QUESTION}{second}</quiz>'
    (tmp_path / "x.xml").write_text(text, encoding="utf-8")
    found, problems = read_questions(tmp_path / "x.xml", "questions/x.xml")
    assert problems == []
    assert found is not None
    assert (found.ids, found.format) == (("Q1", "Q2"), "xml")


def test_read_questions_not_utf8_gives_the_place(tmp_path: Path) -> None:
    (tmp_path / "x.gift").write_bytes(b"// [id:Q1]\nVrai caf\xe9 ?{T}\n")
    _, problems = read_questions(tmp_path / "x.gift", "questions/x.gift")
    assert [(one.line, one.column) for one in problems] == [(2, 9)]
