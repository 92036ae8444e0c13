"""JSON Schemas of the spec files, for editors that complete and check while one writes. Pure."""

from __future__ import annotations

from typing import Any

from moodle_sync.spec.models import Framework, Programme, Rubric, Session, Spec, Survey

_MODELS: dict[str, type[Spec]] = {
    "programme": Programme,
    "framework": Framework,
    "rubric": Rubric,
    "survey": Survey,
    "session": Session,
}


def schemas() -> dict[str, dict[str, Any]]:
    """The schema (2020-12) of each kind of file, by name: programme, framework, rubric, survey, session.

    They say what an editor can check in one file. ``load_specs`` and ``check`` say the rest.
    """
    found = {}
    for name, model in _MODELS.items():
        schema = model.model_json_schema(mode="validation", by_alias=True)
        found[name] = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return found
