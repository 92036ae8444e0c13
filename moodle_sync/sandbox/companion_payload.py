"""What the companion takes: one JSON string, read field by field; types are strict, unknown fields are refused.

Every refusal names the path (``items[2].fields.due``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from moodle_sync.sandbox.cleaning import takes
from moodle_sync.sandbox.moodle_errors import MoodleError

FAILURE = "local_moodlesync\\local\\failure"
KEY = re.compile(r"[^\s\x00-\x1f:~/?][^\s\x00-\x1f:~/]{0,99}")
DECIMAL = re.compile(r"-?(0|[1-9]\d{0,9})(\.\d{0,4}[1-9])?")
DIGEST = re.compile(r"[0-9a-f]{64}")
NAMESPACE = re.compile(r"[a-z0-9-]{2,12}")

Reader = Callable[["Payload", str], Any]


def failure(errorcode: str, message: str, path: str = "") -> MoodleError:
    """A refusal of the companion, for the whole call or for one item; ``where`` is its path."""
    return MoodleError(errorcode, message, cls=FAILURE, where=path)


def bad(path: str, reason: str) -> MoodleError:
    """``badpayload``: the request is not as agreed."""
    hint = "Correct the client, or use a client of the same schema as this plugin."
    return failure("badpayload", f"The request is not as agreed at {path}: {reason}. {hint}", path)


def check_namespace(namespace: str) -> None:
    """Raises ``badnamespace``."""
    if not NAMESPACE.fullmatch(namespace):
        hint = 'Use 2 to 12 characters out of a-z, 0-9 and "-".'
        raise failure("badnamespace", f'"{namespace}" is no namespace. {hint}', "namespace")


def decode(text: str, name: str) -> list[Any]:
    """A JSON array. Raises ``badpayload``."""
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise bad(name, "not JSON: Syntax error") from error
    if not isinstance(found, list):
        raise bad(name, "must be a JSON array")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def decode_items(text: str) -> list[Payload]:
    """A JSON array of objects. Raises ``badpayload``."""
    found = []
    for number, value in enumerate(decode(text, "items")):
        if not isinstance(value, dict):
            raise bad(f"items[{number}]", "must be an object")
        found.append(Payload(value, f"items[{number}]"))
    return found


def is_key(text: str) -> bool:
    """Whether a text may be the local key of a child."""
    return KEY.fullmatch(text) is not None


class Payload:
    """One object of a request; every reader raises ``badpayload`` with the path of what is wrong."""

    def __init__(self, data: dict[str, Any], path: str) -> None:
        self._data = data
        self.path = path

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}"

    def only(self, *names: str) -> Payload:
        """Refuse any other field."""
        for name in self._data:
            if name not in names:
                raise bad(self.at(name), "no such field")
        return self

    def names(self) -> list[str]:
        """The fields that are there."""
        return list(self._data)

    def has(self, name: str) -> bool:
        """Whether a field is there (null counts)."""
        return name in self._data

    def raw(self, name: str) -> Any:
        """The value as decoded; it must be there."""
        if name not in self._data:
            raise bad(self.at(name), "is missing")
        return self._data[name]

    def read(self, readers: Mapping[str, Reader]) -> dict[str, Any]:
        """The fields that are there, each by its reader; others are refused."""
        self.only(*readers)
        return {name: reader(self, name) for name, reader in readers.items() if self.has(name)}

    def inner(self, name: str) -> Payload:
        """An object within this one."""
        value = self.raw(name)
        if not isinstance(value, dict):
            raise bad(self.at(name), "must be an object")
        return Payload(value, self.at(name))

    def inners(self, name: str) -> list[Payload]:
        """A list of objects."""
        value = self.raw(name)
        if not isinstance(value, list):
            raise bad(self.at(name), "must be an array")
        found = []
        for number, one in enumerate(value):
            if not isinstance(one, dict):
                raise bad(f"{self.at(name)}[{number}]", "must be an object")
            found.append(Payload(one, f"{self.at(name)}[{number}]"))
        return found

    def words(self, name: str, choices: Sequence[str] | None = None) -> list[str]:
        """A list of different words (or keys), sorted."""
        value = self.raw(name)
        if not isinstance(value, list):
            raise bad(self.at(name), "must be an array")
        for number, one in enumerate(value):
            if not isinstance(one, str) or not (is_key(one) if choices is None else one in choices):
                reason = "must be a key" if choices is None else f"must be one of {', '.join(choices)}"
                raise bad(f"{self.at(name)}[{number}]", reason)
        if len(dict.fromkeys(value)) != len(value):
            raise bad(self.at(name), "names something twice")
        return sorted(value)

    def html(self, name: str) -> str:
        """Any text."""
        value = self.raw(name)
        if not isinstance(value, str):
            raise bad(self.at(name), "must be a string")
        if "\0" in value:
            raise bad(self.at(name), "holds a NUL character")
        return value

    def text(self, name: str, longest: int) -> str:
        """One line of text without tags, not empty."""
        value = self.html(name)
        if not takes("text", value):
            raise bad(self.at(name), "must be plain text, without tags")
        if len(value) > longest:
            raise bad(self.at(name), f"is longer than {longest} characters")
        if not value.strip() or value == "0":
            raise bad(self.at(name), "is empty")
        return value

    def key(self, name: str) -> str:
        """The key of a child of the course."""
        value = self.html(name)
        if not is_key(value):
            rule = 'must be a key: up to 100 characters, without space, ":", "~", "/", and no "?" in front'
            raise bad(self.at(name), rule)
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of a few words."""
        value = self.raw(name)
        if not isinstance(value, str) or value not in choices:
            raise bad(self.at(name), f"must be one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.raw(name)
        if not isinstance(value, bool):
            raise bad(self.at(name), "must be true or false")
        return value

    def whole(self, name: str, least: int = 0, most: int = 9999999999) -> int:
        """A whole number."""
        value = self.raw(name)
        if not isinstance(value, int) or value is True or value is False or not least <= value <= most:
            raise bad(self.at(name), f"must be a whole number from {least} to {most}")
        return value

    def moment(self, name: str) -> int | None:
        """Epoch seconds, or null for none."""
        return None if self.raw(name) is None else self.whole(name, 1)

    def decimal(self, name: str, *, negative: bool = False) -> str:
        """A decimal number in a string, in its shortest writing."""
        value = self.raw(name)
        good = isinstance(value, str) and DECIMAL.fullmatch(value) and value != "-0"
        if not good or (value.startswith("-") and not negative):
            raise bad(self.at(name), 'must be a decimal number in a string, like "12.5", without trailing zeros')
        return str(value)

    def digests(self, name: str) -> dict[str, str]:
        """Field to SHA-256 in hex; may be absent."""
        if not self.has(name):
            return {}
        inner = self.inner(name)
        for field in inner.names():
            value = inner.raw(field)
            if not isinstance(value, str) or not DIGEST.fullmatch(value):
                raise bad(inner.at(field), "must be a sha256 digest in lower case hex")
        return {field: str(inner.raw(field)) for field in inner.names()}
