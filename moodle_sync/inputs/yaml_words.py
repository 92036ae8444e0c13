"""What the YAML parser complains of, as a sentence that says what to do."""

from __future__ import annotations

from ruamel.yaml.error import MarkedYAMLError

_TAB = "a tab stands where YAML wants spaces: indent with spaces"
_COLON = 'a second ": " or a wrong indent: put the text in quotes, or align this line with its neighbours'
_BLOCK = "this line does not line up with the ones above: check its indent (and the quotes above it)"
_SENTENCES = (
    ("mapping values are not allowed", _COLON),
    ("found unexpected end of stream", "a quote is opened on line {context} and never closed: add the closing quote"),
    ("could not find expected ':'", 'a ":" is missing after the name, or a text above is not indented'),
    ("expected ',' or ']'", 'the "[" of line {context} is not closed, or a comma is missing'),
    ("expected ',' or '}'", 'the "{{" of line {context} is not closed, or a comma is missing'),
    ("but found ']'", 'this "]" has no "[" before it'),
    ("but found '}'", 'this "}}" has no "{{" before it'),
    ("expected <block end>", _BLOCK),
    ("unknown escape character", "a backslash in double quotes: use single quotes, or write it twice"),
    ("expected alphabetic or numeric character", '"&" or "*" at the start of a text: put the text in quotes'),
    ("expected the node content", "a value is expected here"),
)


def in_plain_words(problem: str, error: MarkedYAMLError, text: str) -> str:
    """One sentence for a parser's complaint; the parser's own words when there is none."""
    if "cannot start any token" in problem:
        return _bad_start(problem, error, text)
    context = error.context_mark.line + 1 if error.context_mark else 0
    for part, sentence in _SENTENCES:
        if part in problem:
            return sentence.format(context=context)
    return f"this is not YAML: {problem}"


def _bad_start(problem: str, error: MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    line = text.split("\n")[mark.line] if mark is not None else ""
    character = line[mark.column : mark.column + 1] if mark is not None else ""
    if character == "\t" or "\\t" in problem:
        return _TAB
    return f'a text cannot begin with "{character}": put it in quotes'
