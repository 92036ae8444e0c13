from decimal import Decimal

import pytest

from moodle_sync.compliance import rule as rules
from moodle_sync.compliance import sentences
from moodle_sync.compliance.filling import Reading
from moodle_sync.facts.models import Grade
from moodle_sync.spec.models import AcquiredWhen, Rubric

NO_GRADE = None


def rule(**data):
    return AcquiredWhen(**data)


@pytest.fixture
def rubric(scene):
    found: Rubric = scene.model(Rubric, scene.RUBRICS[0])
    return found


def reading(synergies, note):
    return Reading("", {"synergies": Decimal(synergies), "note": Decimal(note)}, 2)


def grade(points):
    return Grade(
        course="sag:essai@2026-03", userid=41, wsfunction="w", occurred_at=None, item_id=1, item_type="mod",
        modname="assign", cmid=1, activity="M1.oral", grade=None if points is None else Decimal(points),
        grade_min=Decimal(0), grade_max=Decimal(20), overridden=False, hidden=False, locked=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [
        rule(criterion="gone", at_least=Decimal(1)),
        rule(grade_at_least=Decimal(10)),
        rule(all_of=(rule(criterion="note", at_least=Decimal(1)), rule(criterion="gone", at_least=Decimal(1)))),
    ],
)
def test_apply_where_something_is_missing_neither_holds_nor_fails(rubric, wanted):
    assert rules.apply(wanted, rubric, reading(5, 1), NO_GRADE).holds is None


def test_apply_without_a_rubric_neither_holds_nor_fails():
    assert rules.apply(rule(criterion="note", at_least=Decimal(1)), None, None, NO_GRADE).holds is None


@pytest.mark.parametrize("found", [NO_GRADE, grade(None)])
def test_apply_of_a_grade_rule_without_a_grade_says_that_the_grade_is_missing(found):
    assert rules.apply(rule(grade_at_least=Decimal(0)), None, None, found) == rules.Answer(
        None, sentences.FILLING_WITHOUT_GRADE
    )


def test_apply_of_a_criterion_rule_to_an_activity_without_rubric_says_so(rubric):
    wanted = rule(criterion="note", at_least=Decimal(0))
    missing = rules.Answer(None, sentences.RULE_WITHOUT_RUBRIC)
    assert rules.apply(wanted, rubric, None, NO_GRADE) == missing
    assert rules.apply(wanted, None, reading(5, 1), NO_GRADE) == missing


@pytest.mark.parametrize(
    ("points", "answer"),
    [
        ((0, 1), (False, "sous le seuil : « Synergies argumentées »")),
        ((1, 0), (False, "sous le seuil : « Note de synthèse »")),
        ((0, 0), (False, "sous le seuil : « Synergies argumentées » et « Note de synthèse »")),
        ((1, 1), (True, "chaque critère atteint le seuil")),
    ],
)
def test_apply_of_the_rule_on_every_criterion_names_those_below_it(rubric, points, answer):
    found = rules.apply(rule(every_criterion=True, at_least=Decimal(1)), rubric, reading(*points), NO_GRADE)
    assert (found.holds, found.text) == answer


def test_apply_says_everything_that_holds(rubric):
    wanted = rule(
        all_of=(
            rule(criterion="synergies", at_least=Decimal(4)),
            rule(criterion="note", at_least=Decimal(1)),
            rule(grade_at_least=Decimal(12)),
        )
    )
    text = "« Synergies argumentées » : 4 synergies ; « Note de synthèse » : 1 point ; note de 12 sur 20"
    assert rules.apply(wanted, rubric, reading(4, 1), grade("12")) == rules.Answer(True, text)


def test_wants_grade_as_soon_as_one_condition_is_on_it():
    on_points = rule(criterion="note", at_least=Decimal(1))
    assert not rules.wants_grade(on_points)
    assert rules.wants_grade(rule(all_of=(on_points, rule(grade_at_least=Decimal(12)))))


def test_apply_names_what_fails_and_only_that(rubric):
    wanted = rule(
        all_of=(rule(criterion="synergies", at_least=Decimal(4)), rule(criterion="note", at_least=Decimal(1)))
    )
    answer = rules.apply(wanted, rubric, reading(5, 0), NO_GRADE)
    assert (answer.holds, answer.text) == (False, "« Note de synthèse » : 0 point")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (None, ""),
        (rule(criterion="synergies", at_least=Decimal(4)), "« Synergies argumentées » : au moins 4 synergies"),
        (rule(criterion="note", at_least=Decimal("1.5")), "« Note de synthèse » : au moins 1,5 point"),
        (rule(criterion="gone", at_least=Decimal(2)), "« gone » : au moins 2 points"),
        (rule(every_criterion=True, at_least=Decimal(1)), "chaque critère : au moins 1 point"),
        (rule(grade_at_least=Decimal(12)), "note d'au moins 12 sur 20"),
        (
            rule(all_of=(rule(grade_at_least=Decimal(12)), rule(every_criterion=True, at_least=Decimal(0)))),
            "note d'au moins 12 sur 20 ; chaque critère : au moins 0 point",
        ),
    ],
)
def test_in_words_says_each_form(rubric, wanted, words):
    assert rules.in_words(wanted, rubric, Decimal(20)) == words


def test_wanted_points_are_the_greatest_asked_of_a_criterion():
    wanted = rule(all_of=(rule(every_criterion=True, at_least=Decimal(1)), rule(criterion="note", at_least=Decimal(2))))
    assert rules.wanted_points(wanted, "note") == 2
    assert rules.wanted_points(wanted, "synergies") == 1
    assert rules.wanted_points(rule(grade_at_least=Decimal(2)), "note") is None
    assert rules.wanted_points(None, "note") is None
    beside = rule(all_of=(rule(grade_at_least=Decimal(12)), rule(criterion="note", at_least=Decimal(1))))
    assert rules.wanted_points(beside, "note") == 1
    assert rules.wanted_points(beside, "synergies") is None
