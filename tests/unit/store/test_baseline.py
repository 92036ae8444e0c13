from __future__ import annotations

import pytest

from moodle_sync.store import Store
from moodle_sync.store.baseline import Baselines

NAME = {"name": {"desired": "aa", "observed": "E\u0301valuation"}}
GRADE = {"grade": {"desired": "bb", "observed": 12.5}}


def test_put_merges_by_field_and_keeps_values_exactly(store: Store) -> None:
    baselines = Baselines(store)
    baselines.put("main", "course", "sag:a@1", NAME)
    baselines.put("main", "course", "sag:a@1", GRADE)
    baselines.put("main", "course", "sag:a@1", {"name": {"desired": "cc", "observed": None}})
    expected = {"name": {"desired": "cc", "observed": None}, **GRADE}
    assert baselines.get("main", "course", ["sag:a@1", "sag:b@1"]) == {"sag:a@1": expected}
    baselines.put("main", "course", "sag:a@1", NAME)
    assert baselines.get("main", "course", ["sag:a@1"])["sag:a@1"]["name"] == NAME["name"]


def test_get_other_site_or_kind_is_apart(store: Store) -> None:
    baselines = Baselines(store)
    baselines.put("main", "course", "k", NAME)
    assert baselines.get("other", "course", ["k"]) == {}
    assert baselines.get("main", "category", ["k"]) == {}
    assert baselines.get("main", "course", []) == {}


def test_get_more_keys_than_one_statement_takes_finds_all(store: Store) -> None:
    baselines = Baselines(store)
    for key in ("k0", "k700", "k39999"):
        baselines.put("main", "course", key, NAME)
    assert sorted(baselines.get("main", "course", [f"k{n}" for n in range(40000)])) == ["k0", "k39999", "k700"]


def test_drop_forgets_one_object_only(store: Store) -> None:
    baselines = Baselines(store)
    baselines.put("main", "course", "k", NAME)
    baselines.put("main", "course", "l", NAME)
    baselines.drop("main", "course", "k")
    baselines.drop("main", "course", "never there")
    assert baselines.get("main", "course", ["k", "l"]) == {"l": NAME}


def test_put_value_that_json_cannot_hold_stores_nothing(store: Store) -> None:
    baselines = Baselines(store)
    with pytest.raises(ValueError, match="JSON compliant"):
        baselines.put("main", "course", "k", {"name": {"desired": "aa", "observed": float("nan")}})
    assert baselines.get("main", "course", ["k"]) == {}
