"""What the two accounts need and which Moodle is supported, read from the package's own data. Asks nobody."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal

Role = Literal["push", "pull"]


@dataclass(frozen=True)
class Capability:
    """A capability, and what happens without it; ``silent``: no error, an answer is shorter."""

    name: str
    breaks: str
    silent: bool = False


@dataclass(frozen=True)
class Needs:
    """What one account needs: the functions of its service, and one of each row of ``one_of``.

    Of such a row the first is the better one where a site has both. ``companion`` are the functions that are there once
    the plugin is.
    """

    role: Role
    capabilities: tuple[Capability, ...]
    functions: tuple[str, ...]
    companion: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...] = ()
    roles_to_assign: tuple[str, ...] = ()

    def without_companion(self) -> Needs:
        """The same on a site that has no companion, and so none of its capabilities."""
        core = tuple(one for one in self.capabilities if not one.name.startswith("local/moodlesync:"))
        return replace(self, capabilities=core, companion=())


@dataclass(frozen=True)
class ReleaseLine:
    """A line of Moodle releases (``5.1``) and its dates."""

    name: str
    released: date
    security_until: date
    lts: bool
    tested: bool

    @property
    def number(self) -> tuple[int, int]:
        """For comparing: ``(5, 1)``."""
        major, minor = self.name.split(".")
        return int(major), int(minor)


def needs(role: Role) -> Needs:
    """What the account of this role needs."""
    part = _data("capabilities.toml")[role]
    return Needs(
        role=role,
        capabilities=tuple(Capability(**row) for row in part["capabilities"]),
        functions=tuple(part["functions"]),
        companion=tuple(part["companion"]),
        one_of=tuple(tuple(names) for names in part.get("one_of", ())),
        roles_to_assign=tuple(part.get("roles_to_assign", ())),
    )


def page(name: str) -> str:
    """The path of a page of Moodle's administration, as its menus show it in English."""
    found: str = _data("capabilities.toml")["pages"][name]
    return found


def release_lines() -> tuple[ReleaseLine, ...]:
    """The release lines that this program knows, oldest first."""
    lines = [ReleaseLine(name, **row) for name, row in _data("releases.toml")["lines"].items()]
    return tuple(sorted(lines, key=lambda line: line.number))


@cache
def _data(name: str) -> dict[str, Any]:
    text = (resources.files("moodle_sync") / "data" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)
