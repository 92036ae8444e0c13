from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.state.flat import flat_baseline, flatten, is_structural, to_path, unflatten

KEYS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,5}|\?[0-9]{1,4}", fullmatch=True)
LEVELS = st.lists(
    st.fixed_dictionaries(
        {"key": KEYS, "score": st.sampled_from(["0", "1", "2.5"]), "definition": st.text(max_size=5)}
    ),
    unique_by=lambda level: level["key"],
    max_size=4,
)
RUBRICS = st.fixed_dictionaries(
    {
        "name": st.text(max_size=5),
        "description": st.text(max_size=5),
        "criteria": st.lists(
            st.fixed_dictionaries({"key": KEYS, "description": st.text(max_size=5), "levels": LEVELS}),
            unique_by=lambda criterion: criterion["key"],
            max_size=4,
        ),
    }
)


@given(RUBRICS)
def test_flatten_and_back_is_the_same_rubric(rubric: dict[str, Any]) -> None:
    assert unflatten(flatten(rubric)) == rubric


@given(RUBRICS)
def test_flat_baseline_of_what_the_companion_keeps_has_the_flat_names(rubric: dict[str, Any]) -> None:
    flat = flatten(rubric)
    kept = {to_path(name): {"desired": "d", "observed": value} for name, value in flat.items()}
    kept["criteria"]["observed"] = rubric["criteria"]
    for criterion in rubric["criteria"]:
        kept[f"criteria/{criterion['key']}/levels"]["observed"] = criterion["levels"]
    assert {name: entry["observed"] for name, entry in flat_baseline(kept).items()} == flat


def test_is_structural_tells_texts_from_what_changes_a_result() -> None:
    assert [is_structural(name) for name in ("criteria", "criteria.a.levels", "criteria.a.levels.1.score")] == [
        True
    ] * 3
    assert not is_structural("criteria.a.levels.1.definition")
    assert not is_structural("criteria.a.description")
    assert not is_structural("name")
