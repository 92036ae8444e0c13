from decimal import Decimal

import pytest

from moodle_sync.compliance import rule as rules
from moodle_sync.compliance.filling import Reading
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
