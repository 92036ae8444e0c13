"""A form body as PHP reads it: nested arrays out of ``a[0][b]=``, and what is past ``max_input_vars`` dropped silently.

And an answer as Moodle writes it: JSON with every non-ASCII letter and slash escaped and whole numbers without a point,
or XML for whoever forgot ``moodlewsrestformat``.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, quoteattr

MAX_INPUT_VARS = 1000
"""PHP's default. The rest of a longer form is gone, without an error."""

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_STEP = re.compile(r"\[([^\[\]]*)\]")


def read_form(body: bytes, limit: int = MAX_INPUT_VARS) -> dict[str, Any]:
    """The form as nested dicts; a list where PHP has the keys 0, 1, 2 … Later values of a key replace earlier ones.

    Bytes that are no UTF-8 become lone surrogates, which no parameter takes.
    """
    root: dict[str, Any] = {}
    text = body.decode("utf-8", "surrogateescape")
    pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="surrogateescape")
    for name, value in pairs[:limit]:
        match = _KEY.fullmatch(name)
        if match is None:
            root[name.replace(".", "_").replace(" ", "_")] = value
            continue
        steps = [match.group(1).replace(".", "_").replace(" ", "_"), *_STEP.findall(match.group(2))]
        _put(root, steps, value)
    return {name: _lists(value) for name, value in root.items()}


def _put(at: dict[str, Any], steps: list[str], value: str) -> None:
    for step in steps[:-1]:
        inner = at.get(step or str(len(at)))
        if not isinstance(inner, dict):
            inner = at[step or str(len(at))] = {}
        at = inner
    at[steps[-1] or str(len(at))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(item) for key, item in value.items()}
    return list(inner.values()) if list(inner) == [str(index) for index in range(len(inner))] else inner


def write_json(value: Any) -> str:
    """JSON as PHP's ``json_encode`` writes it."""
    return json.dumps(_php(value), ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")


def _php(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _php(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_php(item) for item in value]
    return value


def write_xml(value: Any, *, error: bool) -> str:
    """The XML that Moodle answers when no JSON was asked for."""
    head = '<?xml version="1.0" encoding="UTF-8" ?>\n'
    if error:
        parts = "".join(f"<{name.upper()}>{escape(str(text))}</{name.upper()}>\n" for name, text in value.items())
        return f"{head}<EXCEPTION class={quoteattr(str(value.get('exception', '')))}>\n{parts}</EXCEPTION>\n"
    return f"{head}<RESPONSE>\n{_xml(_php(value))}</RESPONSE>\n" if value is not None else head


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(f"<KEY name={quoteattr(str(key))}>{_xml(item)}</KEY>\n" for key, item in value.items())
        return f"<SINGLE>\n{inner}</SINGLE>\n"
    if isinstance(value, list):
        return f"<MULTIPLE>\n{''.join(_xml(item) for item in value)}</MULTIPLE>\n"
    if value is None:
        return '<VALUE null="null"/>\n'
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return f"<VALUE>{escape(text)}</VALUE>\n"
