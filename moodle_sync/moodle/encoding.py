"""Arguments of a web service function, in the two forms that Moodle reads: PHP-style form keys, and JSON text.

Moodle ignores JSON bodies and drops, without a word, every form variable past PHP's ``max_input_vars``: what cannot be
sent faithfully is refused here, before anything leaves. Messages name the path of a value, never the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

VARIABLE_LIMIT = 900
"""PHP's default for ``max_input_vars`` is 1000; the rest is a margin."""

_KEY = re.compile(r"[A-Za-z0-9_]+")


class EncodingError(ValueError):
    """These arguments have no faithful form: a mistake of the caller, found before anything was sent."""


def flatten(params: Mapping[str, Any], *, drop_none: bool = False) -> list[tuple[str, str]]:
    """The arguments as PHP form variables: ``{"a": [{"b": True}]}`` gives ``[("a[0][b]", "1")]``.

    Args:
        params: names and values: bool, int, Decimal, str, and mappings or sequences of them.
        drop_none: leave None out instead of refusing it (an optional argument that is not given).

    Raises:
        EncodingError: None, an empty list, a float or another type, a NUL or broken text, or too many variables.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        _flatten(_key(name, ""), value, pairs, drop_none=drop_none)
    if len(pairs) > VARIABLE_LIMIT:
        raise EncodingError(
            f"{len(pairs)} form variables are more than the {VARIABLE_LIMIT} that every Moodle reads: send less at once"
        )
    return pairs


def form_body(pairs: Sequence[tuple[str, str]]) -> bytes:
    """The variables as an ``application/x-www-form-urlencoded`` body in UTF-8."""
    return urlencode(pairs, encoding="utf-8").encode("ascii")


def to_json(params: Mapping[str, Any]) -> str:
    """The arguments as JSON text for a call inside a batch. Decimals travel as text; empty lists are allowed.

    Raises:
        EncodingError: as :func:`flatten`, save for empty lists.
    """
    return json.dumps({_key(name, ""): _plain(name, value) for name, value in params.items()}, ensure_ascii=False)


def _flatten(path: str, value: Any, pairs: list[tuple[str, str]], *, drop_none: bool) -> None:
    if value is None and drop_none:
        return
    if isinstance(value, Mapping):
        items = [(f"{path}[{_key(key, path)}]", item) for key, item in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        pairs.append((path, _text(path, value)))
        return
    if not items:
        raise EncodingError(f"{path} is empty, and a form cannot say so: leave the argument out or do not call")
    for item_path, item in items:
        _flatten(item_path, item, pairs, drop_none=drop_none)


def _plain(path: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_key(key, path): _plain(f"{path}[{key}]", item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [_plain(f"{path}[{index}]", item) for index, item in enumerate(value)]
    text = _text(path, value)
    return value if isinstance(value, bool | int) else text


def _text(path: str, value: Any) -> str:
    if value is None:
        raise EncodingError(f"{path} is None: leave it out, or send the value that means none in Moodle")
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise EncodingError(f"{path} is not a finite number")
        return format(value, "f")
    if isinstance(value, str):
        if "\0" in value:
            raise EncodingError(f"{path} holds a NUL character, which Moodle refuses")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise EncodingError(f"{path} holds a lone surrogate, which is not text") from error
        return value
    raise EncodingError(f"{path} is a {type(value).__name__}: send text, an int, a bool or a Decimal")


def _key(key: object, path: str) -> str:
    if isinstance(key, str) and _KEY.fullmatch(key):
        return key
    raise EncodingError(f"a key under {path or 'the arguments'} is not a plain name")
