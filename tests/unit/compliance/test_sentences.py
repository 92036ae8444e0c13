"""Sentences that say a number: one of something and several, at the border of both."""

import pytest

from moodle_sync.compliance import sentences
from moodle_sync.compliance.view import ActivityState, ObjectiveState


@pytest.mark.parametrize(
    ("state", "one", "two"),
    [
        ("NOT_ASSESSED", "1 évaluation non observée", "2 évaluations non observées"),
        ("IN_PROGRESS", "1 évaluation commencée, non terminée", "2 évaluations commencées, non terminées"),
        ("NOT_ACQUIRED", "1 stagiaire ne l'a pas acquis", "2 stagiaires ne l'ont pas acquis"),
        (
            "RULE_MISSING",
            "règle d'acquisition à confirmer, 1 stagiaire déjà évalué",
            "règle d'acquisition à confirmer, 2 stagiaires déjà évalués",
        ),
        ("VANISHED", "1 évaluation disparue de Moodle", "2 évaluations disparues de Moodle"),
        ("UNKNOWN", "1 évaluation qui ne peut être lue : R", "2 évaluations qui ne peuvent être lues : R"),
    ],
)
def test_about_objective_counts(state, one, two):
    for n, text in ((1, one), (2, two)):
        said = sentences.about_objective("O1", ObjectiveState[state], n, rubric=False, reason="R")
        assert said == f"objectif O1 : {text}"


@pytest.mark.parametrize(("n", "text"), [(1, "1 grille non remplie"), (2, "2 grilles non remplies")])
def test_about_objective_with_a_rubric_counts_rubrics_where_nothing_was_assessed_only(n, text):
    said = sentences.about_objective("O1", ObjectiveState.NOT_ASSESSED, n, rubric=True, reason="")
    assert said == f"objectif O1 : {text}"
    other = sentences.about_objective("O1", ObjectiveState.VANISHED, n, rubric=True, reason="")
    assert other == sentences.about_objective("O1", ObjectiveState.VANISHED, n, rubric=False, reason="")


@pytest.mark.parametrize(
    ("state", "one", "two"),
    [
        ("MISSING", "1 stagiaire n'a pas achevé", "2 stagiaires n'ont pas achevé"),
        ("PENDING", "1 stagiaire n'a pas achevé", "2 stagiaires n'ont pas achevé"),
        ("UNFINISHED", "1 stagiaire n'a pas terminé", "2 stagiaires n'ont pas terminé"),
        (
            "FAILED",
            "1 stagiaire n'a pas atteint la note pour passer",
            "2 stagiaires n'ont pas atteint la note pour passer",
        ),
        ("NOT_TRACKED", "R", "R"),
        ("VANISHED", "trace disparue de Moodle pour 1 stagiaire", "trace disparue de Moodle pour 2 stagiaires"),
        (
            "UNKNOWN",
            "trace qui ne permet pas de conclure pour 1 stagiaire (R)",
            "trace qui ne permet pas de conclure pour 2 stagiaires (R)",
        ),
    ],
)
def test_about_activity_counts(state, one, two):
    for n, text in ((1, one), (2, two)):
        for placement in (False, True):
            missing = placement and state in ("MISSING", "PENDING")
            expected = text.split(" n'")[0] + " sans positionnement" if missing else f"« T » : {text}"
            said = sentences.about_activity("T", ActivityState[state], n, placement=placement, reason="R")
            assert said == expected


@pytest.mark.parametrize(
    ("function", "one", "two"),
    [
        (
            sentences.late_enrolments,
            "1 stagiaire inscrit après la date limite : dérogation à consigner",
            "2 stagiaires inscrits après la date limite : dérogation à consigner",
        ),
        (
            sentences.undated_enrolments,
            "1 stagiaire dont on ne sait pas si l'inscription précède la date limite",
            "2 stagiaires dont on ne sait pas si l'inscription précède la date limite",
        ),
        (
            sentences.confirmations,
            "1 décision de l'organisme reste à confirmer",
            "2 décisions de l'organisme restent à confirmer",
        ),
        (
            sentences.capacity_unknown,
            "effectif : 1 inscription active observée ; d'autres sont effacées ou n'ont pas été observées",
            "effectif : 2 inscriptions actives observées ; d'autres sont effacées ou n'ont pas été observées",
        ),
        (
            lambda n: sentences.over_capacity(n, 0),
            "effectif : 1 stagiaire inscrit, pour 0 places au plus",
            "effectif : 2 stagiaires inscrits, pour 0 places au plus",
        ),
        (
            lambda n: sentences.under_capacity(n, 9),
            "effectif : 1 stagiaire inscrit, pour un minimum de 9",
            "effectif : 2 stagiaires inscrits, pour un minimum de 9",
        ),
        (
            lambda n: sentences.within_capacity(n, 0, 9),
            "effectif : 1 stagiaire inscrit (de 0 à 9)",
            "effectif : 2 stagiaires inscrits (de 0 à 9)",
        ),
        (
            lambda n: sentences.incomplete_filling(n, 9),
            "grille incomplète : 1 critère rempli sur 9",
            "grille incomplète : 2 critères remplis sur 9",
        ),
        (lambda n: sentences.deadline(n, "W"), "dans 1 jour (W)", "dans 2 jours (W)"),
        (lambda n: sentences.overdue(n, "W"), "dépassée depuis 1 jour (W)", "dépassée depuis 2 jours (W)"),
    ],
)
def test_sentence_counts_one_and_several(function, one, two):
    assert (function(1), function(2)) == (one, two)


def test_deadline_of_the_day_itself_is_today_or_passed_today():
    assert (sentences.deadline(0, "W"), sentences.overdue(0, "W")) == ("aujourd'hui (W)", "dépassée aujourd'hui (W)")


def test_objectives_assessed_are_listed_or_not_spoken_of():
    listed = [sentences.objectives_assessed(keys) for keys in ((), ("O1",), ("O1", "O2"))]
    assert listed == ["", "évalue O1", "évalue O1 et O2"]
