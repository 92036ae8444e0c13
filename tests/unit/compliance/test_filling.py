"""A filled rubric against the programme's: what can be read of it, and what is said where it cannot."""

from decimal import Decimal

import pytest

from moodle_sync.compliance.filling import Reading, criterion_of, read
from moodle_sync.facts.models import CriterionFilling, RubricFilling
from moodle_sync.spec.models import Rubric

TITLES = ("Synergies argumentées", "Note de synthèse")


@pytest.fixture
def rubric(scene):
    found: Rubric = scene.model(Rubric, scene.RUBRICS[0])
    return found


def line(title, score):
    points = None if score is None else Decimal(score)
    return CriterionFilling(criterion_id=1, criterion=title, level_id=None, level="", score=points, remark="")


def filling(*lines):
    return RubricFilling(
        course="sag:essai@2026-03", userid=41, wsfunction="w", occurred_at=None, instance_id=1, cmid=1,
        activity="M1.carte", attempt=0, rater=12, definition_id=7, definition_digest="d", grade=None,
        criteria=tuple(line(*one) for one in lines),
    )  # fmt: skip


@pytest.mark.parametrize("order", [1, -1])
def test_read_gives_points_by_key_whatever_the_order_of_the_lines(rubric, order):
    lines = list(zip(TITLES, (4, 1), strict=True))[::order]
    found = read(filling(*lines), rubric)
    assert found == Reading("", {"synergies": Decimal(4), "note": Decimal(1)}, 2)
    assert found.complete


@pytest.mark.parametrize(
    ("scores", "points"), [((None, 1), {"note": 1}), ((4, None), {"synergies": 4}), ((None, None), {})]
)
def test_read_of_open_criteria_leaves_them_out_and_is_not_complete(rubric, scores, points):
    found = read(filling(*zip(TITLES, scores, strict=True)), rubric)
    assert (found.problem, dict(found.points), found.total, found.complete) == ("", points, 2, False)


@pytest.mark.parametrize(
    ("titles", "problem"),
    [
        (TITLES[:1], "il y manque « Note de synthèse »"),
        ((), "il y manque « Note de synthèse » et « Synergies argumentées »"),
        ((*TITLES, "Zèle", "Ardeur"), "elle contient en plus « Ardeur » et « Zèle »"),
        ((*TITLES, TITLES[0]), "elle contient en plus « Synergies argumentées »"),
        (
            (TITLES[0], "note de synthèse"),
            "il y manque « Note de synthèse » ; elle contient en plus « note de synthèse »",
        ),
    ],
)
def test_read_of_another_rubric_names_what_differs_and_reads_nothing(rubric, titles, problem):
    found = read(filling(*((title, 1) for title in titles)), rubric)
    assert found == Reading(f"la grille remplie n'est pas celle du programme : {problem}", {}, 2)
    assert not found.complete


@pytest.mark.parametrize("repeated", [2, 3])
def test_read_of_a_rubric_that_repeats_a_criterion_reads_nothing(rubric, repeated):
    twins = tuple(rubric.criteria[0].model_copy(update={"key": f"k{number}"}) for number in range(repeated))
    doubled = rubric.model_copy(update={"criteria": (*twins, rubric.criteria[1])})
    found = read(filling(*[(TITLES[0], 5)] * repeated, (TITLES[1], 1)), doubled)
    said = "la grille remplie n'est pas celle du programme : des critères s'y répètent"
    assert found == Reading(said, {}, repeated + 1)


@pytest.mark.parametrize(
    ("scores", "title", "points"),
    [((6, 1), TITLES[0], "6 points"), ((5, "0.5"), TITLES[1], "0,5 point"), ((-1, 1), TITLES[0], "-1 point")],
)
def test_read_of_a_level_that_the_rubric_has_not_reads_nothing(rubric, scores, title, points):
    found = read(filling(*zip(TITLES, scores, strict=True)), rubric)
    assert found == Reading(f"« {title} » : le niveau à {points} n'existe pas dans la grille du programme", {}, 2)


def test_criterion_of_a_line_is_found_by_its_text(rubric):
    assert criterion_of(line("Note  de\nsynthe\u0300se", 1), rubric) == rubric.criteria[1]
    assert criterion_of(line("Autre", 1), rubric) is None
    assert criterion_of(line(TITLES[0], 1), None) is None
