"""Reads questions out of a GIFT file: choices, several answers, true or false, numbers, short answers, missing words.

Each question carries an id in the comment above it (``// [id:N01]``). What Moodle reads beyond that (matching, essays,
formats) is refused here. Refusals are ``badquestions``.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from moodle_sync.sandbox.companion_payload import failure, is_key

FRACTIONS = (
    *(1, 0.9, 0.8333333, 0.8, 0.75, 0.7, 0.6666667, 0.6, 0.5, 0.4, 0.3333333, 0.3),
    *(0.25, 0.2, 0.1666667, 0.1428571, 0.125, 0.1111111, 0.1, 0.05, 0),
)
"""What an answer may be worth, in Moodle; below zero as well."""
_ID = re.compile(r"\[id:((?:\\]|[^]])+)]")
_NAME = re.compile(r"^::(.*?)(?<!\\)::", re.DOTALL)
_ANSWER = re.compile(r"(?<!\\)([=~])(?:%(-?[\d.]+)%)?((?:\\.|[^=~\\])*)", re.DOTALL)
_BRACES = re.compile(r"(?<!\\)\{((?:\\.|[^}\\])*)(?<!\\)\}", re.DOTALL)


@dataclass(frozen=True)
class Parsed:
    """A question of a file. ``answers``: ``{"text", "fraction", "feedback", "tolerance"}`` in the order of the file."""

    id: str
    qtype: str
    name: str
    text: str
    single: bool = True
    answers: list[dict[str, Any]] = field(default_factory=list)

    def digest(self) -> str:
        """SHA-256 over everything that the file says of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_gift(text: str, path: str) -> list[Parsed]:
    """The questions of a file in order. Raises ``badquestions``."""
    found: list[Parsed] = []
    for block in re.split(r"\n[ \t]*\n", re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))):
        lines = block.strip().split("\n")
        comments = [line for line in lines if line.lstrip().startswith("//")]
        body = "\n".join(line for line in lines if not line.lstrip().startswith("//")).strip()
        given = [match.group(1) for line in comments for match in _ID.finditer(line)]
        if body and not body.startswith("$CATEGORY"):
            found.append(_question(body, given[-1] if given else "", path))
    ids = [one.id for one in found]
    for one in found:
        if not is_key(one.id):
            problem = f"has an id that is no key: {one.id}" if one.id else "has no id"
            raise _bad(path, f'"{one.name}" {problem}')
        if ids.count(one.id) > 1:
            raise _bad(path, f"the id {one.id} is there twice")
    return found


def _question(body: str, given: str, path: str) -> Parsed:
    match = _NAME.match(body)
    name = _plain(match.group(1)) if match else ""
    rest = body[match.end() :] if match else body
    braces = _BRACES.search(rest)
    if braces is None:
        raise _bad(path, f"Could not find a {{...}} around the answers of: {body[:60]}")
    before, after = rest[: braces.start()].strip(), rest[braces.end() :].strip()
    text = _plain(f"{before} _____ {after}" if after else before)
    answers = braces.group(1).strip()
    qtype, single, parsed = _answers(answers, name or text, path)
    return Parsed(given, qtype, name or text[:80], text, single, parsed)


def _answers(inner: str, name: str, path: str) -> tuple[str, bool, list[dict[str, Any]]]:
    word = re.match(r"(TRUE|FALSE|T|F)(?=#|$)", inner)
    if word:
        return "truefalse", True, _true_or_false(inner, right=word.group(1)[0] == "T")
    if inner.startswith("#"):
        return "numerical", True, [_number(one, name, path) for one in _each(inner[1:], name, path)]
    if not inner or "->" in inner:
        raise _bad(path, f'"{name}": this sandbox reads neither essays nor matching')
    found = list(_ANSWER.finditer(inner))
    if not found or inner[: found[0].start()].strip():
        raise _bad(path, f'"{name}": the answers must start with = or ~')
    marks = [match.group(1) for match in found]
    answers = [_choice(match, name, path) for match in found]
    if "~" not in marks:
        return "shortanswer", True, answers
    return "multichoice", "=" in marks, answers


def _true_or_false(inner: str, *, right: bool) -> list[dict[str, Any]]:
    # The first feedback is for the wrong answer, the second for the right one.
    wrong, correct, *_ = [*[_plain(part) for part in re.split(r"(?<!\\)#", inner)[1:]], "", ""]
    said = {right: correct, not right: wrong}
    return [
        {"text": text, "fraction": float(value is right), "feedback": said[value], "tolerance": None}
        for text, value in (("True", True), ("False", False))
    ]


def _each(inner: str, name: str, path: str) -> list[tuple[float, str]]:
    if not re.search(r"(?<!\\)[=~]", inner):
        return [(1.0, inner)]
    return [(_worth(match, name, path), match.group(3)) for match in _ANSWER.finditer(inner)]


def _number(answer: tuple[float, str], name: str, path: str) -> dict[str, Any]:
    worth, said = answer
    text, _, feedback = said.strip().partition("#")
    value, _, tolerance = text.strip().partition(":")
    low, dots, high = value.partition("..")
    try:
        if dots:
            middle = (float(low) + float(high)) / 2
            value, tolerance = f"{middle:g}", f"{float(high) - middle:g}"
        float(value), float(tolerance or 0)
    except ValueError as error:
        raise _bad(path, f'"{name}": {text.strip()} is no number') from error
    near = float(tolerance or 0)
    return {"text": value.strip(), "fraction": worth, "feedback": _plain(feedback), "tolerance": near}


def _choice(match: re.Match[str], name: str, path: str) -> dict[str, Any]:
    text, *feedback = re.split(r"(?<!\\)#", match.group(3), maxsplit=1)
    told = {"text": _plain(text), "fraction": _worth(match, name, path), "tolerance": None}
    return told | {"feedback": _plain(feedback[0]) if feedback else ""}


def _worth(match: re.Match[str], name: str, path: str) -> float:
    if match.group(2) is None:
        return 1.0 if match.group(1) == "=" else 0.0
    worth = float(match.group(2)) / 100
    for known in FRACTIONS:
        if abs(abs(worth) - known) < 0.00001:
            return known if worth >= 0 else -known
    raise _bad(path, f'"{name}": Moodle knows no answer worth {worth}')


def _plain(text: str) -> str:
    resolved = re.sub(r"\\n", "\n", text.strip())
    return re.sub(r"\\([~=#{}:\\])", r"\1", resolved).strip()


def _bad(path: str, reason: str) -> Exception:
    return failure("badquestions", f"The file of questions cannot be used: {reason}. Correct the file.", path)
