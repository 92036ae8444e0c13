"""The contracts of the functions served, as real sites describe them, and the two checks made with them.

``contracts/<version>.json`` holds what Moodle's ``external_function_info`` says of every function that the client and
the live suite call, ``contracts/companion.json`` that of the companion. Every request is checked as
``validate_parameters`` does; every answer of the stand-in more strictly than Moodle checks its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from moodle_sync.sandbox.cleaning import takes, typed
from moodle_sync.sandbox.moodle_errors import SandboxDefect, invalid_parameter

VERSIONS = ("4.5", "5.1")
PLUGIN_VERSIONS = {"4.5": "2024100705.01", "5.1": "2025100600.02"}
RELEASES = {"4.5": "4.5.5+ (Build: 20250613)", "5.1": "5.1+ (Build: 20251017)"}


@cache
def _file(name: str) -> dict[str, Any]:
    text = (resources.files(__package__) / "contracts" / f"{name}.json").read_text(encoding="utf-8")
    functions: dict[str, Any] = json.loads(text)["functions"]
    return functions


@dataclass(frozen=True)
class Contracts:
    """What one site offers: a version, with or without the companion."""

    functions: dict[str, Any]

    @classmethod
    def of(cls, version: str, *, companion: bool) -> Contracts:
        """The contracts of a site. Raises KeyError for a function's name that it does not have."""
        return cls({**_file(version), **(_file("companion") if companion else {})})

    def accept(self, wsfunction: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments, typed and with defaults filled in.

        Raises:
            MoodleError: ``invalidparameter``, as Moodle says it; ``where`` names the path.
        """
        return _accept_object(self.functions[wsfunction]["params"], arguments, wsfunction)

    def answer(self, wsfunction: str, value: Any) -> Any:
        """The answer with defaults filled in.

        Raises:
            SandboxDefect: it is not what the contract says: the stand-in is wrong.
        """
        returns = self.functions[wsfunction]["returns"]
        if returns is None:
            if value is not None:
                raise SandboxDefect(f"{wsfunction} answers nothing, the sandbox gave {value!r}")
            return None
        return _answer(returns, value, wsfunction)


def _accept_object(fields: dict[str, Any], value: Any, path: str) -> dict[str, Any]:
    if value == [] or value is None:
        value = {}
    if not isinstance(value, dict):
        raise invalid_parameter(f"{path}: only arrays accepted")
    for key in value:
        if key not in fields:
            raise invalid_parameter(f"{path}: unexpected key {key}")
    found: dict[str, Any] = {}
    for key, described in fields.items():
        if key in value:
            found[key] = _accept(described, value[key], f"{path} => {key}")
        elif "default" in described:
            found[key] = _default(described, f"{path} => {key}")
        elif not described.get("optional"):
            raise invalid_parameter(f"{path}: missing required key {key}")
    return found


def _default(described: dict[str, Any], path: str) -> Any:
    default = described["default"]
    if "object" in described:
        return _accept_object(described["object"], default or {}, path)
    return default if default is None or "list" in described else typed(described["type"], default)


def _accept(described: dict[str, Any], value: Any, path: str) -> Any:
    if "object" in described:
        return _accept_object(described["object"], value, path)
    if "list" in described:
        # PHP has one kind of array: a list is what has keys of any kind.
        items = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise invalid_parameter(f"{path}: only arrays accepted")
        return [_accept(described["list"], item, f"{path}[{index}]") for index, item in enumerate(items)]
    if value is None and described.get("null"):
        return None
    if value is None or isinstance(value, dict | list) or not takes(described["type"], value):
        raise invalid_parameter(f"{path}: expected {described['type']}")
    return typed(described["type"], value)


def _answer(described: dict[str, Any], value: Any, path: str) -> Any:
    if "object" in described:
        return _answer_object(described["object"], value, path)
    if "list" in described:
        if not isinstance(value, list):
            raise SandboxDefect(f"{path}: a list is due, not {value!r}")
        return [_answer(described["list"], item, f"{path}[{index}]") for index, item in enumerate(value)]
    if not _is_due(described, value):
        raise SandboxDefect(f"{path}: {described['type']} is due, not {value!r}")
    return value


def _answer_object(fields: dict[str, Any], value: Any, path: str) -> Any:
    if value == [] and all(told.get("optional") for told in fields.values()):
        return []  # PHP's empty structure is an empty list in JSON
    if not isinstance(value, dict):
        raise SandboxDefect(f"{path}: a structure is due, not {value!r}")
    extra = sorted(set(value) - set(fields))
    if extra:
        raise SandboxDefect(f"{path}: {', '.join(extra)} not in the contract")
    found: dict[str, Any] = {}
    for key, described in fields.items():
        if key in value:
            found[key] = _answer(described, value[key], f"{path}.{key}")
        elif "default" in described:
            if "type" in described:  # of lists and structures Moodle forgets the default
                found[key] = described["default"]
        elif not described.get("optional"):
            raise SandboxDefect(f"{path}.{key} is missing")
    return found


def _is_due(described: dict[str, Any], value: Any) -> bool:
    kind = described["type"]
    if value is None:
        return bool(described.get("null"))
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "raw":
        # PARAM_RAW leaves numbers what they are: Moodle answers some ids as text, and some grades as numbers.
        return isinstance(value, str | int | float)
    return isinstance(value, str) and takes(kind, value)
