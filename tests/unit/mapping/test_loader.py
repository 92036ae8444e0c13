"""Mappings: the shipped ones say what their sources say, and a broken one is refused with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from moodle_sync.errors import SpecError
from moodle_sync.mapping.loader import Mappings, load_mappings

SHIPPED = Path(__file__).resolve().parents[3] / "mappings"
EDITION = "qualiopi/V9-2024-01-08.yaml"


@pytest.fixture(scope="module")
def shipped() -> Mappings:
    return load_mappings(SHIPPED)


def test_mappings_referential_has_32_indicators_in_7_criteria(shipped: Mappings) -> None:
    referential = shipped.referential()
    assert referential.rnq == "V9-2024-01-08"
    assert [one.indicator for one in referential.indicators] == list(range(1, 33))
    bounds = {1: (1, 3), 2: (4, 8), 3: (9, 16), 4: (17, 20), 5: (21, 22), 6: (23, 29), 7: (30, 32)}
    for one in referential.indicators:
        first, last = bounds[one.criterion]
        assert first <= one.indicator <= last


def test_mappings_plain_training_organisation_has_22_indicators(shipped: Mappings) -> None:
    always = [one.indicator for one in shipped.referential().indicators if one.applies == "always"]
    assert always == [1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 17, 18, 19, 21, 22, 23, 24, 25, 26, 30, 31, 32]


def test_mappings_severity_is_that_of_the_transcriptions(shipped: Mappings) -> None:
    graded = {one.indicator for one in shipped.referential().indicators if one.severity == "graded"}
    assert graded == {1, 2, 3, 8, 9, 12, 13, 17, 18, 19, 23, 24, 25, 28, 30}


def test_mappings_indicator_12_needs_more_than_two_days(shipped: Mappings) -> None:
    limited = {one.indicator: one.more_than_days for one in shipped.referential().indicators if one.more_than_days}
    assert limited == {12: 2}


def test_mappings_watch_indicators_are_outside_the_lms(shipped: Mappings) -> None:
    outside = [one.indicator for one in shipped.referential().indicators if one.lms == "outside"]
    assert outside == [23, 24, 25, 28, 29]


@pytest.mark.parametrize(
    ("role", "indicator", "may"),
    [
        ("placement_test", 8, True),
        ("placement_test", 11, False),
        ("learning_assessment", 11, True),
        ("learning_assessment", 30, False),
        ("satisfaction_survey", 30, True),
        ("satisfaction_survey", 11, False),
        ("attendance_trace", 12, True),
        ("self_profile", 11, False),
        ("no_such_role", 11, False),
    ],
)
def test_mappings_role_evidences_only_what_it_may(shipped: Mappings, role: str, indicator: int, may: bool) -> None:
    assert shipped.may_evidence(role, indicator) is may


def test_mappings_category_guard_is_written_out(shipped: Mappings) -> None:
    assert 11 in shipped.roles["placement_test"].never
    assert 11 in shipped.roles["satisfaction_survey"].never
    assert 30 in shipped.roles["learning_assessment"].never


def test_mappings_graded_work_without_role_assesses_learning_and_a_quiz_must_say(shipped: Mappings) -> None:
    role = shipped.default_role("assignment")
    assert role is not None
    assert role.role == "learning_assessment"
    assert shipped.default_role("quiz") is None


def test_mappings_scale_goes_up_to_acquired(shipped: Mappings) -> None:
    means = [item.means for item in shipped.scales["acquisition"].items]
    assert means == ["not_acquired", "in_progress", "acquired"]


def test_mappings_unknown_edition_names_those_that_are_known(shipped: Mappings) -> None:
    with pytest.raises(SpecError, match=r'no edition "V10".*known: V9-2024-01-08'):
        shipped.referential("V10")


def test_mappings_without_edition_gives_the_one_in_force_last(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "m")
    text = (tmp_path / "m" / EDITION).read_text(encoding="utf-8")
    later = text.replace('rnq: "V9-2024-01-08"', 'rnq: "V8"').replace("2024-01-08\n", "2023-11-23\n", 1)
    (tmp_path / "m/qualiopi/V8.yaml").write_text(later, encoding="utf-8")
    mappings = load_mappings(tmp_path / "m")
    assert set(mappings.referentials) == {"V8", "V9-2024-01-08"}
    assert mappings.referential().rnq == "V9-2024-01-08"
    assert mappings.referential("V8").in_force_from.year == 2023


CASES = [
    ("roles.yaml", "evidences: [8]", "evidences: [8, 11]", "roles.placement_test", "indicator 11 stands under"),
    ("roles.yaml", "evidences: [8]", "evidences: [33]", "roles.placement_test.evidences.1", "at most 32"),
    ("roles.yaml", "role: need_analysis", "role: placement_test", "roles.placement_test.role", "already there"),
    ("roles.yaml", "role: need_analysis", "role: Besoin", "roles.Besoin.role", "small letters, digits and underscores"),
    (
        "roles.yaml",
        "default_for: [page]",
        "default_for: [assignment]",
        "roles.learning_resource.default_for",
        "already the role",
    ),
    ("roles.yaml", "known: unverified", "known: peut-être", "roles.self_profile.known", '"primary", "secondary" or'),
    ("roles.yaml", "    title: Trace d'assiduité\n", "", "roles.attendance_trace.title", '"title" is missing'),
    ("scales.yaml", "key: in_progress", "key: acquired", "scales.acquisition.items.acquired.key", "already there"),
    (
        "scales.yaml",
        "scale: moodle_default_competence",
        "scale: acquisition",
        "scales.acquisition.scale",
        "already there",
    ),
    (
        "scales.yaml",
        "means: in_progress",
        "means: bof",
        "scales.acquisition.items.in_progress.means",
        "is not known here",
    ),
    (EDITION, "  - indicator: 32\n", "  - indicator: 31\n", "indicators.31.indicator", '"31" is already there'),
    (EDITION, 'rnq: "V9-2024-01-08"', 'rnq: "V10"', "rnq", "make them the same"),
    (EDITION, "severity: major", "severity: grave", "indicators.4.severity", '"graded" or "major"'),
    (EDITION, "in_force_from: 2024-01-08", "in_force_from: 2024-13-08", "in_force_from", "in the calendar"),
]


@pytest.mark.parametrize(("file", "old", "new", "where", "words"), CASES, ids=[f"{c[0]}-{c[3]}" for c in CASES])
def test_load_mappings_one_mistake_gives_its_place(
    tmp_path: Path, file: str, old: str, new: str, where: str, words: str
) -> None:
    shutil.copytree(SHIPPED, tmp_path / "m")
    text = (tmp_path / "m" / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "m" / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_mappings(tmp_path / "m")
    problem = caught.value.problems[0]
    assert problem.file == tmp_path / "m" / file
    assert problem.where == where
    assert words in problem.message
    assert problem.line > 0


def test_load_mappings_indicator_left_out_is_a_problem(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "m")
    text = (tmp_path / "m" / EDITION).read_text(encoding="utf-8")
    (tmp_path / "m" / EDITION).write_text(text[: text.index("  - indicator: 32")], encoding="utf-8")
    with pytest.raises(SpecError, match="indicators without a line: 32"):
        load_mappings(tmp_path / "m")


def test_load_mappings_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_mappings(tmp_path)
    assert {one.file.name for one in caught.value.problems} == {"roles.yaml", "scales.yaml", "retention.yaml"}


def test_load_mappings_without_edition_of_the_referential_says_so(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "m")
    shutil.rmtree(tmp_path / "m/qualiopi")
    with pytest.raises(SpecError, match=r"put one in qualiopi/<edition>\.yaml"):
        load_mappings(tmp_path / "m")
