"""The GIFT format, as Moodle's importer reads it (question/format/gift/format.php): blocks between blank lines.

A block may begin with comment lines (``// [id:Q1]``), then ``::name::``, a text, and answers in braces. A backslash
takes the meaning from ``~ = # { } :``. Only the frame of a question is checked, not its teaching.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from moodle_sync.spec.question import FormatError, Question

_ID = re.compile(r"\[id:((?:\\\]|[^\]\[])+)\]")
_ESCAPED = re.compile(r"\\[~=#{}:n\\]")
_TRUE_FALSE = {"T", "TRUE", "F", "FALSE"}
_WEIGHT = re.compile(r"^%(-?[0-9]+(?:\.[0-9]+)?)%")
_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_NUMERICAL = re.compile(rf"(?:%[0-9.]+%)?{_NUMBER}(?:(?:\.\.|:){_NUMBER})?")


@dataclass(frozen=True)
class _Block:
    line: int
    """Line of the first line that is not a comment, or of the first comment when there is nothing else."""
    ids: tuple[str, ...]
    text: str


def questions(text: str) -> Iterator[Question | FormatError]:
    """Every question of a GIFT text in order, and every complaint beside the question that it is about."""
    for block in _blocks(text):
        if not block.text.strip():
            if block.ids:
                alone = f'the id "{block.ids[0]}" stands alone'
                yield FormatError(block.line, 1, f"{alone}: an empty line ends a question; take that line out")
            continue
        if block.text.lstrip().startswith("$CATEGORY:"):
            yield FormatError(block.line, 1, "take the $CATEGORY line out: questions go to the course's own category")
            continue
        if len(block.ids) > 1:
            message = f"this question has {len(block.ids)} ids: keep one, or is an empty line missing?"
            yield FormatError(block.line, 1, message)
            continue
        try:
            qtype = _qtype(block)
        except FormatError as error:
            yield error
            qtype = ""
        yield Question(block.ids[0] if block.ids else "", qtype, block.line)


def _blocks(text: str) -> Iterator[_Block]:
    lines: list[tuple[int, str]] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            lines.append((number, line))
        elif lines:
            comments = [line for _, line in lines if line.lstrip().startswith("//")]
            rest = [(n, line) for n, line in lines if not line.lstrip().startswith("//")]
            found = tuple(match.strip() for comment in comments for match in _ID.findall(comment))
            yield _Block((rest or lines)[0][0], found, "\n".join(line for _, line in rest))
            lines = []


def _qtype(block: _Block) -> str:
    """Moodle's type of a question, told from its answers as the importer tells it."""
    # escaped characters are masked by two of no meaning, so that places stay the same
    text = _ESCAPED.sub("  ", block.text)
    opens, closes = text.count("{"), text.count("}")
    if opens == closes == 0:
        raise FormatError(block.line, 1, "no answers in braces { }: Moodle would take this for a mere text")
    if opens != 1 or closes != 1 or text.index("}") < text.index("{"):
        raise FormatError(
            block.line,
            1,
            f'{opens} "{{" and {closes} "}}": one pair holds the answers; write \\{{ and \\}} in a text, '
            "and put an empty line between questions",
        )
    if text.lstrip().startswith("::") and "::" not in text.lstrip()[2:]:
        raise FormatError(block.line, 1, 'the name begins with "::" and does not end with "::"')
    before = re.sub(r"^\s*::.*?::", "", text[: text.index("{")], flags=re.DOTALL)
    if not (before + text[text.index("}") + 1 :]).strip():
        raise FormatError(block.line, 1, "this question has answers and no text")
    return _answers(block, text[text.index("{") + 1 : text.index("}")].split("####")[0].strip())


def _answers(block: _Block, answers: str) -> str:
    if not answers:
        return "essay"
    if answers.startswith("#"):
        return _numerical(block, answers[1:])
    if "~" in answers:
        return _multichoice(block, answers)
    if answers.split("#")[0].strip().upper() in _TRUE_FALSE:
        return "truefalse"
    if "=" not in answers:
        raise FormatError(block.line, 1, 'no answer is marked: write "=" before a right one, "~" before a wrong one')
    if "->" in answers:
        if answers.count("->") < 2 or answers.count("->") != answers.count("="):
            raise FormatError(block.line, 1, 'a matching question needs two pairs or more, each "=question -> answer"')
        return "match"
    return "shortanswer"


def _numerical(block: _Block, answers: str) -> str:
    choices = [part.split("#")[0].strip() for part in re.split(r"[=~]", answers)]
    for choice in filter(None, choices):
        if not _NUMERICAL.fullmatch(re.sub(r"\s", "", choice)):
            raise FormatError(block.line, 1, f'"{choice}" is no number: write {{#8}}, {{#8:0.5}} or {{#7..9}}')
    if not any(choices):
        raise FormatError(block.line, 1, "a numerical question needs a number after the #")
    return "numerical"


def _multichoice(block: _Block, answers: str) -> str:
    choices = [(mark, body.strip()) for mark, body in re.findall(r"([=~])([^=~]*)", answers)]
    rights = [body for mark, body in choices if mark == "="]
    weights = [Decimal(found[1]) for _, body in choices if (found := _WEIGHT.match(body))]
    if len(choices) < 2:
        raise FormatError(block.line, 1, "a choice needs two answers or more")
    if any(not _WEIGHT.sub("", body).split("#")[0].strip() for _, body in choices):
        raise FormatError(block.line, 1, 'an answer is empty: write its text after "=" or "~"')
    if len(rights) > 1:
        raise FormatError(block.line, 1, f'{len(rights)} answers are marked "=": mark one, or give weights (~%50%)')
    total = sum((weight for weight in weights if weight > 0), Decimal(0))
    if not rights and abs(total - 100) > 1:
        raise FormatError(block.line, 1, f'no answer is marked "=" and the weights make {total} %, not 100 %')
    return "multichoice"
