"""A stand-in for the HTTP client, which reads forms as PHP does, and Moodle's contracts to check requests against.

Nothing here shares code with the package: a stand-in that used its encoder would prove nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

import pytest

CONTRACTS = resources.files("moodle_sync.sandbox") / "contracts"


def php_form(body: bytes) -> dict[str, Any]:
    """The nested arrays that PHP makes of a form; a list where the keys are 0, 1, 2 …"""
    root: dict[str, Any] = {}
    for key, value in parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True):
        names = [key.partition("[")[0], *re.findall(r"\[([^\]]*)\]", key)]
        at = root
        for name in names[:-1]:
            at = at.setdefault(name, {})
        assert names[-1] not in at, f"{key} was sent twice"
        at[names[-1]] = value
    listed = _lists(root)
    assert isinstance(listed, dict)
    return listed


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(item) for key, item in value.items()}
    return list(inner.values()) if inner and list(inner) == [str(index) for index in range(len(inner))] else inner


@dataclass
class Site:
    """Answers in place of the network. ``answers`` are taken in turn: JSON values, bytes, or errors to raise."""

    answers: list[Any] = field(default_factory=list)
    forms: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    writes: list[bool] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    responder: Callable[[str, dict[str, Any]], Any] | None = None

    def post_form(self, url: str, body: bytes, *, write: bool) -> bytes:
        self.urls.append(url)
        self.bodies.append(body)
        self.writes.append(write)
        form = php_form(body)
        self.forms.append(form)
        answer = self.responder(form["wsfunction"], form) if self.responder else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@pytest.fixture
def site() -> Site:
    return Site()


@dataclass(frozen=True)
class Contracts:
    """The signatures of one version, and whether arguments fit them as Moodle's ``validate_parameters`` would say."""

    functions: dict[str, Any]

    def problems(self, wsfunction: str, arguments: dict[str, Any]) -> list[str]:
        if wsfunction not in self.functions:
            return [f"{wsfunction} is not in this version"]
        return list(_object(self.functions[wsfunction]["params"], arguments, wsfunction))


def _object(fields: dict[str, Any], value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        yield f"{path}: a structure is expected"
        return
    for key in value:
        if key not in fields:
            yield f"{path}.{key}: not in the contract"
    for key, described in fields.items():
        if key in value:
            yield from _value(described, value[key], f"{path}.{key}")
        elif not described.get("optional") and "default" not in described:
            yield f"{path}.{key}: missing"


def _value(described: dict[str, Any], value: Any, path: str) -> Any:
    if "object" in described:
        yield from _object(described["object"], value, path)
    elif "list" in described:
        if not isinstance(value, list):
            yield f"{path}: a list is expected"
            return
        for index, item in enumerate(value):
            yield from _value(described["list"], item, f"{path}[{index}]")
    elif isinstance(value, dict | list):
        yield f"{path}: a single value is expected"
    elif not _fits(described["type"], value):
        yield f"{path}: {value!r} is no {described['type']}"


_PATTERNS = {
    "int": r"-?\d+",
    "bool": r"[01]",
    "float": r"-?\d+(\.\d+)?",
    "alpha": r"[A-Za-z]*",
    "alphanumext": r"[A-Za-z0-9_-]*",
    "area": r"[a-z][a-z0-9_]*",
    "plugin": r"[a-z][a-z0-9_]*",
    "text": r"[^<>]*",
}


def _fits(kind: str, value: Any) -> bool:
    # Inside a batch the arguments are JSON, with true, false and numbers of their own.
    text = {True: "1", False: "0"}[value] if isinstance(value, bool) else str(value)
    pattern = _PATTERNS.get(kind)
    return pattern is None or re.fullmatch(pattern, text) is not None


@pytest.fixture(params=["4.5", "5.1"])
def contracts(request: pytest.FixtureRequest) -> Contracts:
    """The contracts of each version in turn, the companion's among them."""
    functions: dict[str, Any] = {}
    for name in (request.param, "companion"):
        text = (CONTRACTS / f"{name}.json").read_text(encoding="utf-8")
        functions |= json.loads(text, parse_float=Decimal)["functions"]
    return Contracts(functions)
