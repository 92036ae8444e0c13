"""Rubric lines unfolded into levels."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from moodle_sync.spec.grid import ExpandedLevel, expand, level_key, maximum
from moodle_sync.spec.models import Criterion, Level


def _criterion(**fields: object) -> Criterion:
    return Criterion.model_validate_json(json.dumps({"key": "a", "title": "A", **fields}))


@pytest.mark.parametrize(("points", "key"), [("1", "1"), ("1.5", "1-5"), ("1.50", "1-5"), ("2.0", "2"), ("0", "0")])
def test_level_key_without_own_key_is_its_points(points: str, key: str) -> None:
    assert level_key(Level(points=Decimal(points), text="x")) == key


def test_level_key_with_own_key_is_that_key() -> None:
    assert level_key(Level(points=Decimal(1), text="x", key="bien")) == "bien"


def test_expand_count_gives_one_level_a_count_and_says_or_more_last() -> None:
    levels = expand(_criterion(count={"unit": "synergies", "from": 0, "to": 3}))
    assert [(one.key, one.points, one.text) for one in levels] == [
        ("0", Decimal(0), "0"),
        ("1", Decimal(1), "1"),
        ("2", Decimal(2), "2"),
        ("3", Decimal(3), "3 ou plus"),
    ]


def test_expand_levels_keeps_order_and_points() -> None:
    criterion = _criterion(
        levels=[{"points": 2, "text": "bien"}, {"points": 0, "text": "rien"}, {"points": 0.5, "text": "peu"}]
    )
    assert expand(criterion) == (
        ExpandedLevel("2", Decimal(2), "bien"),
        ExpandedLevel("0", Decimal(0), "rien"),
        ExpandedLevel("0-5", Decimal("0.5"), "peu"),
    )
    assert maximum(criterion) == 2
