"""One byte form for each value (RFC 8785), and digests over it.

Text is brought to Unicode NFC here, because RFC 8785 leaves "é" and "e + accent" different. Floats are refused:
grades and hours travel as decimal strings, times as RFC 3339 strings.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import rfc8785

JSON = Any
"""A JSON value without floats: None, bool, int, str, list, dict with str keys."""


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
    return rfc8785.dumps(nfc(value))


def digest(value: JSON) -> str:
    """SHA-256 of the canonical bytes, in hex. Not for personal data: see :func:`keyed_digest`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def keyed_digest(key: bytes, value: JSON) -> str:
    """HMAC-SHA-256 of the canonical bytes, in hex: what stands for a person where plans and logs may be read."""
    return hmac.new(key, canonical(value), hashlib.sha256).hexdigest()


def decimal_text(value: Decimal | int | str) -> str:
    """A number of points or hours as plain decimal text without trailing zeros: ``"12.5"``, ``"20"``, ``"0"``."""
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text
