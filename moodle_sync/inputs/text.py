"""A file of text as a person saved it, or the one problem that keeps it from being read.

Size, encoding and characters are checked here, before any parser sees the text.
"""

from __future__ import annotations

import re
from pathlib import Path

from moodle_sync.errors import Problem

SIZE_LIMIT = 2_000_000
"""Bytes. A spec file is some thousand: a bigger one is a mistake (a picture, an export), not a course."""

# what YAML 1.2 and XML 1.0 both allow; a form feed or a NUL comes from a word processor or a broken copy
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_text(file: Path) -> str | Problem:
    """The text of a UTF-8 file (byte order mark dropped, line ends as ``\\n``), or the problem with it."""
    try:
        if file.stat().st_size > SIZE_LIMIT:
            return _problem(file, f"the file has more than {SIZE_LIMIT // 1_000_000} MB: this is no spec file")
        raw = file.read_bytes()
    except OSError as error:
        return _problem(file, f"the file cannot be read: {error.strerror}")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Problem(file, 1, 1, "", "the file is saved as UTF-16: save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = position(raw[: error.start].decode("utf-8-sig", errors="replace"))
        return Problem(file, line, column, "", "the file is not UTF-8 from here on: save it as UTF-8")
    found = _UNPRINTABLE.search(text)
    if found:
        line, column = position(text[: found.start()])
        name = "a NUL character" if found.group() == "\0" else f"the control character U+{ord(found.group()):04X}"
        return Problem(file, line, column, "", f"{name} stands here: delete it")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        return Problem(file, 1, 1, "", "the file is empty")
    return text


def position(before: str) -> tuple[int, int]:
    """Line and column, from 1, of the character that follows ``before``."""
    lines = re.split(r"\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1


def _problem(file: Path, message: str) -> Problem:
    return Problem(file=file, line=0, column=0, where="", message=message)
