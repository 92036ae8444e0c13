"""The schemas that editors read."""

from __future__ import annotations

import json
from typing import Any

from moodle_sync.spec.activity import ACTIVITY_KINDS
from moodle_sync.spec.schema import schemas


def _property(schema: dict[str, Any], model: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"][model]["properties"][name]
    return found


def test_schemas_each_kind_of_file_has_one_that_is_closed_and_dated() -> None:
    found = schemas()
    assert set(found) == {"programme", "framework", "rubric", "survey", "session"}
    for schema in found.values():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["additionalProperties"] is False
        assert json.loads(json.dumps(schema)) == schema


def test_schemas_use_the_names_that_files_use() -> None:
    count = schemas()["rubric"]["$defs"]["Count"]
    assert set(count["properties"]) == {"unit", "from", "to"}
    assert count["required"] == ["unit", "from", "to"]


def test_schemas_offer_every_kind_of_activity() -> None:
    items = _property(schemas()["programme"], "Module", "activities")["items"]
    names = {option["$ref"].rsplit("/", 1)[1] for option in items["oneOf"]}
    assert names == {kind.__name__ for kind in ACTIVITY_KINDS.values()}


def test_schemas_let_numbers_be_written_as_numbers() -> None:
    hours = schemas()["programme"]["properties"]["hours"]
    assert "number" in {option["type"] for option in hours["anyOf"]}
