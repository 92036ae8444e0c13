"""What each of Moodle's parameter types takes: a value passes when cleaning it would change nothing.

The rules of Moodle's ``validate_param``, as far as the functions of the sandbox use them. No state, no HTTP.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

_PATTERNS: dict[str, str] = {
    "int": r"-?(0|[1-9]\d*)",
    "float": r"[+-]?\d*\.?\d*(e[-+]?\d+)?",
    "alpha": r"[A-Za-z]*",
    "alphaext": r"[A-Za-z_-]*",
    "alphanum": r"[A-Za-z0-9]*",
    "alphanumext": r"[A-Za-z0-9_-]*",
    "area": r"([a-z]([a-z0-9_]*[a-z0-9])?)?",
    "plugin": r"([a-z]([a-z0-9_]*[a-z0-9])?)?",
    "component": r"([a-z][a-z0-9]*(_[a-z][a-z0-9_]*)?[a-z0-9]*)?",
    "safedir": r"[a-zA-Z0-9_-]*",
    "sequence": r"[0-9,]*",
    "username": r"[-.@_a-z0-9]*",
    "auth": r"[a-z0-9_]*",
    "theme": r"[a-z0-9_]*",
    "lang": r"[a-z0-9_]*",
    "capability": r"([a-z0-9_]+/[a-z0-9_]+:[a-z0-9_]+)?",
    "email": r"([^@\s<>]+@[^@\s<>]+)?",
    "url": r"(|/?[^\s<>\"]+)",
}
_MULTILANG = re.compile(r'<(span|lang)((?: (?:lang="[\w-]+"|class="multilang"))+)>|</(?:span|lang)>')
_TAG = re.compile(r"<(?!\s)")
_ENTITY = re.compile(r"&(?!(amp|lt|gt|quot|#\d+);)")
_BROKEN = re.compile("[\ud800-\udfff]")
"""What a form holds in place of bytes that are no UTF-8."""
_VOID = {"br", "hr", "img"}


def takes(kind: str, value: Any) -> bool:
    """Whether a parameter of this type takes the value (text from a form, or a scalar from JSON)."""
    if isinstance(value, bool):
        return kind in ("bool", "raw", "int") or _fits(kind, "1" if value else "")
    if kind == "bool":
        return value in (0, 1, "0", "1")
    if kind == "float" and isinstance(value, int | float):
        return True
    return _fits(kind, str(value))


def typed(kind: str, value: Any) -> Any:
    """The value as PHP holds it after cleaning: an int, a bool, a float, or text."""
    if kind == "int":
        return int(value)
    if kind == "bool":
        return value in (1, "1", True)
    if kind == "float":
        return float(value)
    return value if isinstance(value, str) else str(value)


def _fits(kind: str, text: str) -> bool:
    if "\0" in text or _BROKEN.search(text):
        return False
    if kind == "text":
        return not _TAG.search(_MULTILANG.sub("", text))
    if kind == "notags":
        return not _TAG.search(text)
    if kind == "raw_trimmed":
        return text == text.strip()
    if kind == "cleanhtml":
        return is_clean_html(text)
    if kind == "float":
        return bool(re.search(r"\d", text)) and re.fullmatch(_PATTERNS[kind], text, re.IGNORECASE) is not None
    pattern = _PATTERNS.get(kind)
    return pattern is None or re.fullmatch(pattern, text) is not None


class _Purity(HTMLParser):
    """Finds what HTMLPurifier would change."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.clean = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID or tag in ("script", "iframe", "style", "object"):
            self.clean = False
        for name, value in attrs:
            styled = name == "style" and not (value or "").rstrip().endswith(";")
            if styled or name == "target" or name.startswith("on"):
                self.clean = False
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag not in _VOID or (tag == "img" and "alt" not in names):
            self.clean = False

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.clean = False

    def handle_data(self, data: str) -> None:
        if "<" in data:
            self.clean = False


def is_clean_html(text: str) -> bool:
    """Whether HTMLPurifier would leave this as it is: entities, closed tags and attributes as it writes them."""
    if _ENTITY.search(text):
        return False
    parser = _Purity()
    parser.feed(text)
    parser.close()
    return parser.clean and not parser.open
