"""pydantic's complaints as Problems: which file, which line, which field, and a plain sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin

import orjson
from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from moodle_sync.errors import Problem
from moodle_sync.inputs.document import Document, Field
from moodle_sync.inputs.suggest import closest, did_you_mean, one_of

ModelT = TypeVar("ModelT", bound=BaseModel)


def parse(
    document: Document, model: type[ModelT], patterns: Mapping[str, str] | None = None
) -> tuple[ModelT | None, list[Problem]]:
    """The document as a model, or None and every problem of its fields.

    ``patterns`` gives, for a regular expression used in the models, the words for what it wants.
    """
    if not isinstance(document.data, Mapping):
        return None, [document.problem((), f'the file should begin with a line such as "{_first(model)}: …"')]
    try:
        # JSON mode: strict about types, yet dates, enumerations and tuples are written as text and lists
        return model.model_validate_json(orjson.dumps(document.data)), []
    except ValidationError as error:
        found = [_Complaint(*_locate(model, detail["loc"]), detail) for detail in error.errors(include_url=False)]
        return None, [
            document.problem(one.path, _sentence(document, one, patterns or {}))
            for one in found
            if not any(_echoes(document, one, other) for other in found)
        ]


@dataclass(frozen=True)
class _Complaint:
    path: Field
    fields: Mapping[str, Any]
    detail: ErrorDetails


def _echoes(document: Document, one: _Complaint, other: _Complaint) -> bool:
    """Whether a complaint only repeats another one: one mistake is told once."""
    if one.detail["type"] == "too_short":
        # a list whose items are wrong has, to pydantic, no items
        return len(other.path) > len(one.path) and other.path[: len(one.path)] == one.path
    if one.detail["type"] == "missing" and other.detail["type"] == "extra_forbidden":
        # the missing field is there, under a name with a slip in it
        return one.path[:-1] == other.path[:-1] and _meant(document, other) == one.path[-1]
    return False


def _meant(document: Document, unknown: _Complaint) -> str | None:
    return closest(str(unknown.path[-1]), _unwritten(document, unknown))


def _unwritten(document: Document, one: _Complaint) -> set[str]:
    return set(one.fields) - set(_value(document, one.path[:-1]) or {})


# ---- where ------------------------------------------------------------------------------------------------------


def _locate(model: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[Field, dict[str, Any]]:
    """The path in the file for a pydantic location, and the fields that are known at its last mapping.

    A location also names the member of a union that was tried (``activities, 0, page, text``): that step is not in the
    file, and is told apart from a field by walking the model beside the data.
    """
    path: list[str | int] = []
    annotation: Any = model
    fields = _fields(model)
    for step in loc:
        members = dict(_tagged(annotation))
        if isinstance(step, str) and step in members:
            annotation = members[step]
            fields = _fields(annotation)
            continue
        if isinstance(step, str) and isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields = _fields(annotation)
            annotation = _bare(fields.get(step))
        else:
            annotation = _item(annotation)
        path.append(step)
        if dict(_tagged(annotation)):
            fields = {name: None for name, _ in _tagged(annotation)}
    return tuple(path), fields


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _bare(annotation: Any) -> Any:
    """The annotation without ``Annotated`` and without ``None``."""
    if get_origin(annotation) is Annotated and not dict(_tagged(annotation)):
        return _bare(get_args(annotation)[0])
    options = [option for option in get_args(annotation) if option is not type(None)]
    if type(None) in get_args(annotation) and len(options) == 1:
        return _bare(options[0])
    return annotation


def _item(annotation: Any) -> Any:
    """What a list (``tuple[X, ...]``) holds."""
    return _bare(get_args(annotation)[0]) if get_origin(annotation) is tuple else None


def _tagged(annotation: Any) -> Iterator[tuple[str, Any]]:
    """The members of a union told apart by a tag."""
    if get_origin(annotation) is not Annotated:
        return
    for member in get_args(get_args(annotation)[0]):
        tags = [extra.tag for extra in getattr(member, "__metadata__", ()) if isinstance(extra, Tag)]
        if tags:
            yield tags[0], get_args(member)[0]


def _first(model: type[BaseModel]) -> str:
    return next(iter(_fields(model)))


# ---- what -------------------------------------------------------------------------------------------------------


def _sentence(document: Document, one: _Complaint, patterns: Mapping[str, str]) -> str:
    kind, context, given = one.detail["type"], one.detail.get("ctx", {}), one.detail["input"]
    name = str(one.path[-1]) if one.path else ""
    if kind == "extra_forbidden":
        return f'there is no field "{name}" here' + did_you_mean(name, _unwritten(document, one))
    if kind == "missing":
        return f'"{name}" is missing: add the line "{name}: …"'
    if kind == "union_tag_not_found":
        return _which(given, list(one.fields))
    if kind == "string_pattern_mismatch":
        wanted = patterns.get(str(context["pattern"]), f"of the form {context['pattern']}")
        return f'"{given}" is not {wanted}'
    if kind in ("literal_error", "enum"):
        known = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
        guess = closest(given, known) if isinstance(given, str) else None
        hint = f'; did you mean "{guess}"?' if guess else ""
        return f"{_shown(given)} is not known here: write {one_of(known)}{hint}"
    return _KINDS[kind](given, context) if kind in _KINDS else _fallback(one.detail)


def _which(given: Any, kinds: list[str]) -> str:
    if not isinstance(given, Mapping):
        return f"a group is expected here, with one of the names {one_of(kinds)}; this is {_shown(given)}"
    named = [kind for kind in kinds if kind in given]
    if named:
        return f"this is {one_of(named, 'and')} at once: keep one of them"
    guesses = {word: closest(word, kinds) for word in given}
    hints = [f'did you mean "{kind}" for "{word}"?' for word, kind in guesses.items() if kind]
    return f"nothing says what this is: write {one_of(kinds)} with its key" + (f"; {hints[0]}" if hints else "")


def _text_expected(given: Any, _: Mapping[str, Any]) -> str:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return f'a text is expected, and YAML reads a number here: write it in quotes, as "{given}"'
    if isinstance(given, bool):
        return f'a text is expected, and YAML reads true or false here: write "{str(given).lower()}" in quotes'
    return f"a text is expected, not {_shown(given)}"


def _too_long(given: Any, context: Mapping[str, Any]) -> str:
    what = "characters" if isinstance(given, str) else "items"
    return f"this has {len(given)} {what}, at most {context['max_length']} fit"


def _shown(given: Any) -> str:
    if given is None:
        return "nothing"
    if isinstance(given, Mapping):
        return "a group of fields"
    if isinstance(given, list):
        return "a list"
    text = str(given).lower() if isinstance(given, bool) else str(given)
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'


def _fallback(detail: ErrorDetails) -> str:
    # our own validators' words, which pydantic prefixes, or pydantic's for what is not in the table
    error = detail.get("ctx", {}).get("error")
    return str(error) if error is not None else detail["msg"]


def _value(document: Document, path: Field) -> Any:
    value = document.data
    for step in path:
        value = value[step]
    return value


_Words = Callable[[Any, Mapping[str, Any]], str]


def _expected(what: str) -> _Words:
    return lambda given, _: f"{what} is expected, not {_shown(given)}"


_KINDS: dict[str, _Words] = {
    "string_type": _text_expected,
    "string_too_short": lambda given, context: "this is empty: write something, or take the line out",
    "string_too_long": _too_long,
    "too_long": _too_long,
    "number": _expected("a number"),
    "int_type": _expected("a whole number"),
    "int_from_float": _expected("a whole number"),
    "int_parsing": _expected("a whole number"),
    "bool_type": _expected("true or false"),
    "bool_parsing": _expected("true or false"),
    "date_type": _expected("a date such as 2026-02-03"),
    "date_parsing": _expected("a date such as 2026-02-03 that is in the calendar"),
    "date_from_datetime_parsing": _expected("a date such as 2026-02-03 that is in the calendar"),
    "date_from_datetime_inexact": _expected("a date such as 2026-02-03 without a time"),
    "tuple_type": _expected('a list (lines that begin with "- ")'),
    "dict_type": _expected("a group of fields"),
    "model_type": _expected("a group of fields"),
    "model_attributes_type": _expected("a group of fields"),
    "too_short": lambda given, context: "the list is empty: write at least one item",
    "greater_than": lambda given, context: f"{_shown(given)} is too small: more than {context['gt']} is expected",
    "greater_than_equal": lambda given, context: f"{_shown(given)} is too small: at least {context['ge']} is expected",
    "less_than": lambda given, context: f"{_shown(given)} is too big: less than {context['lt']} is expected",
    "less_than_equal": lambda given, context: f"{_shown(given)} is too big: at most {context['le']} is expected",
}
