"""One byte form for each value (RFC 8785), and digests over it.

Text is brought to Unicode NFC here, because RFC 8785 leaves "é" and "e + accent" different. Floats are refused:
grades and hours travel as decimal strings, times as RFC 3339 strings. What is plain enough (nearly everything is) is
written by orjson, the rest by rfc8785: the same bytes, many times faster.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
import rfc8785

JSON = Any
"""A JSON value without floats: None, bool, int, str, list, dict with str keys."""

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER  # refuses integers past 53 bits, as RFC 8785 does
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_APPEND_NEWLINE  # cut off again below
)
_ATOMS = frozenset({type(None), bool, int, str})
_OUTSIDE_BMP = re.compile(rb"[\xf0-\xf4]")  # what UTF-8 begins a character of more than 16 bits with


def nfc(value: JSON) -> JSON:
    """The same value with every text in NFC. Raises TypeError for a float or anything that is not JSON."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {unicodedata.normalize("NFC", key): nfc(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [nfc(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form: use a decimal or RFC 3339 string")


def canonical(value: JSON) -> bytes:
    """RFC 8785 bytes of an NFC value. Equal values give equal bytes, on every machine and for ever."""
    data = _quick(value)
    return rfc8785.dumps(nfc(value)) if data is None else data


def _quick(value: JSON) -> bytes | None:
    """The canonical bytes of a value that orjson writes as RFC 8785 does, None for any other.

    Such a value is made of JSON's own types exactly (orjson would also take floats, UUIDs, enumerations), has no
    integer past 53 bits and no lone surrogate (both raise here, and are refused by rfc8785), has its text in NFC, and
    no character past U+FFFF: there the order of keys by UTF-16 units (RFC 8785) is that by code points (orjson).
    """
    return written(value) if _is_plain(value) else None


def written(value: Any, part: Callable[[Any], Any] | None = None) -> bytes | None:
    """The canonical bytes of a value, of which ``part`` makes JSON where it is not; None if that takes the slow way.

    For values without floats, UUIDs and enumerations: orjson would write those without asking.
    """
    try:
        # A slice is a copy of the right size. What orjson gives was cut down from a kilobyte and more, and where many
        # are kept, returning what was cut off to the system costs ten times the writing.
        data = orjson.dumps(value, part, _OPTIONS)[:-1]
    except TypeError:
        return None
    if data.isascii():
        return data
    # Each text is NFC if all of them in a row are: a part of an NFC text is NFC.
    if _OUTSIDE_BMP.search(data) is None and unicodedata.is_normalized("NFC", data.decode()):
        return data
    return None


def _is_plain(value: JSON) -> bool:
    kind = type(value)
    if kind is dict:
        parts = value.values()  # that keys are text is orjson's to refuse
    elif kind is list or kind is tuple:
        parts = value
    else:
        return kind in _ATOMS
    return _ATOMS.issuperset(map(type, parts)) or all(map(_is_plain, parts))


def digest(value: JSON) -> str:
    """SHA-256 of the canonical bytes, in hex. Not for personal data, which is found again by trying."""
    return hashlib.sha256(canonical(value)).hexdigest()


@lru_cache(maxsize=1024)  # most are 0, 20, 100: an equal number has an equal text, whatever its type
def decimal_text(value: Decimal | int | str) -> str:
    """A number of points or hours as plain decimal text without trailing zeros: ``"12.5"``, ``"20"``, ``"0"``."""
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text
