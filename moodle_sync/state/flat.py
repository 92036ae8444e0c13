"""A rubric as flat fields, so that a plan can name the one text that differs, and back.

``criteria`` holds the ordered criterion keys, ``criteria.<c>.description`` a text, ``criteria.<c>.levels`` the ordered
level keys, ``criteria.<c>.levels.<l>.score`` and ``.definition`` the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JSON = Any


def flatten(rubric: Mapping[str, JSON]) -> dict[str, JSON]:
    """The flat fields of a rubric structure; what is absent there is absent here."""
    flat: dict[str, JSON] = {name: rubric[name] for name in ("name", "description") if name in rubric}
    if "criteria" not in rubric:
        return flat
    flat["criteria"] = [criterion["key"] for criterion in rubric["criteria"]]
    for criterion in rubric["criteria"]:
        path = f"criteria.{criterion['key']}"
        flat[f"{path}.description"] = criterion["description"]
        flat[f"{path}.levels"] = [level["key"] for level in criterion["levels"]]
        for level in criterion["levels"]:
            flat[f"{path}.levels.{level['key']}.score"] = level["score"]
            flat[f"{path}.levels.{level['key']}.definition"] = level["definition"]
    return flat


def unflatten(flat: Mapping[str, JSON]) -> dict[str, JSON]:
    """The rubric structure of flat fields: the reverse of :func:`flatten`."""
    rubric: dict[str, JSON] = {name: flat[name] for name in ("name", "description") if name in flat}
    if "criteria" in flat:
        rubric["criteria"] = [_criterion(flat, key) for key in flat["criteria"]]
    return rubric


def _criterion(flat: Mapping[str, JSON], key: str) -> dict[str, JSON]:
    path = f"criteria.{key}"
    levels = [
        {
            "key": level,
            "score": flat[f"{path}.levels.{level}.score"],
            "definition": flat[f"{path}.levels.{level}.definition"],
        }
        for level in flat[f"{path}.levels"]
    ]
    return {"key": key, "description": flat[f"{path}.description"], "levels": levels}


def is_structural(name: str) -> bool:
    """Whether a change of this flat field changes what a filled rubric is worth: lines, levels and scores do."""
    return name == "criteria" or name.endswith((".levels", ".score"))


def to_path(name: str) -> str:
    """The companion's name of a flat field in a baseline: a path into the structure (keys hold no dot)."""
    return name.replace(".", "/")


def flat_baseline(stored: Mapping[str, JSON]) -> dict[str, JSON]:
    """A rubric's baseline as the companion keeps it (by path, lists whole), by flat field."""
    flat = {}
    for path, entry in stored.items():
        observed = entry["observed"]
        if isinstance(observed, list):
            observed = [item["key"] for item in observed]
        flat[path.replace("/", ".")] = {"desired": entry["desired"], "observed": observed}
    return flat
