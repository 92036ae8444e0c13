"""Objectives that several activities assess, and what a column and a cell say besides their state."""

from decimal import Decimal

import pytest

from moodle_sync.compliance import Verdict
from moodle_sync.compliance.view import ObjectiveState as State

AT = "2026-03-29T10:00:00"
GOOD, WEAK = {"clarte": 1, "cadre": 1}, {"clarte": 0, "cadre": 1}


@pytest.fixture
def both(scene):
    """O1 is assessed by the card (due on the 29th) and by the plan (due on the 30th); nothing assesses O2."""
    item = scene.small(modules__0__activities__2__assesses=["O1"])
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    return item


def cell(item, as_of=None):
    view = item.view(as_of) if as_of else item.view()
    return view.learners[0].cells[0]


def card(scene, item, synergies=4, note=1):
    return item.fill(scene.SUBJECT, "M1.carte", {"synergies": synergies, "note": note}, scene.utc(AT))


def plan(scene, item, points):
    return item.fill(scene.SUBJECT, "M1.plan", points, scene.utc(AT))


def test_objective_acquired_in_two_activities_rests_on_both_in_ledger_order(scene, both):
    both.number = 98  # the entries cross from two digits to three, and the plan is graded first
    second, first = plan(scene, both, GOOD), card(scene, both)
    found = cell(both)
    assert (second, first) == ("2026/99", "2026/100")
    assert (found.state, found.finding.entries) == (State.ACQUIRED, (second, first))
    assert found.finding.sentence == (
        "O1 acquis : « Synergies argumentées » : 4 synergies ; chaque critère atteint le seuil"
    )


def test_objective_not_acquired_in_one_of_two_rests_on_that_one(scene, both):
    card(scene, both)
    failed = plan(scene, both, WEAK)
    found = cell(both)
    assert (found.state, found.finding.verdict, found.finding.entries) == (State.NOT_ACQUIRED, Verdict.GAP, (failed,))


def test_objective_acquired_in_one_and_open_in_the_other_is_in_progress_and_names_what_is_there(scene, both):
    first = card(scene, both)
    found = cell(both, scene.utc("2026-03-30T12:00:00"))
    assert (found.state, found.finding.entries) == (State.IN_PROGRESS, (first,))
    assert (found.finding.verdict, found.finding.due) == (Verdict.PENDING, scene.DUE_PLAN)


def test_objective_is_a_gap_from_the_first_date_of_what_is_not_acquired(scene, both):
    plan(scene, both, GOOD)
    found = cell(both, scene.utc("2026-03-30T12:00:00"))
    assert (found.finding.verdict, found.finding.due) == (Verdict.GAP, scene.DUE_CARTE)


@pytest.mark.parametrize(
    ("as_of", "verdict"), [("2026-03-29T21:59:59", Verdict.PENDING), ("2026-03-29T22:00:00", Verdict.GAP)]
)
def test_objective_in_progress_is_a_gap_once_its_date_has_passed(scene, as_of, verdict):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    item.fill(scene.SUBJECT, "M1.carte", {"synergies": 5, "note": None}, scene.utc(AT), observed_at=scene.BEFORE)
    found = cell(item, scene.utc(as_of))
    assert (found.state, found.finding.verdict) == (State.IN_PROGRESS, verdict)
    assert found.assessments[0].reason == "grille incomplète : 1 critère rempli sur 2"


def test_objective_with_one_rule_to_confirm_among_two_is_provisional(scene):
    path = "modules.M1.activities.carte.acquired_when"
    item = scene.green(scene.small(modules__0__activities__2__assesses=["O1"], to_confirm=[path]))
    found = cell(item)
    assert (found.provisional, [one.provisional for one in found.assessments]) == (True, [True, False])


def test_objective_without_a_rule_is_never_provisional(scene):
    path = "modules.M1.activities.carte.acquired_when"
    item = scene.green(scene.small(modules__0__activities__1__acquired_when=None, to_confirm=[path]))
    assert not cell(item).provisional


@pytest.mark.parametrize(
    ("synergies", "state", "verdict", "said"),
    [
        (4, State.UNKNOWN, Verdict.UNKNOWN, "O1 inconnu : aucune inscription n'a été observée ; "),
        (3, State.NOT_ACQUIRED, Verdict.GAP, "O1 non acquis : "),
    ],
)
def test_objective_of_a_person_without_enrolment_loses_only_what_is_ok(scene, synergies, state, verdict, said):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    entry = card(scene, item, synergies)
    found = cell(item)
    assert (found.state, found.finding.verdict, found.finding.entries) == (state, verdict, (entry,))
    assert found.finding.sentence == f"{said}« Synergies argumentées » : {synergies} synergies"


def test_erased_objective_rests_on_the_erased_entries_and_has_no_date(scene):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    erased = item.enrol(scene.SUBJECT)
    item.erase(scene.SUBJECT)
    finding = cell(item).finding
    assert (finding.verdict, finding.entries, finding.due) == (Verdict.ERASED, (erased,), None)


def test_objective_heads_say_what_the_framework_says_and_who_assesses_it(scene):
    heads = scene.small(modules__0__activities__2__assesses=["O1"]).view().objectives
    for head, objective in zip(heads, scene.FRAMEWORK["objectives"], strict=True):
        said = {name: getattr(head, name) for name in ("key", "title", "statement", "success")}
        assert said == objective
    assert [head.activities for head in heads] == [("Carte des synergies", "Plan"), (), ("Oral",), ("Notions",)]


def test_assessment_says_where_by_when_and_by_what_rule(scene):
    (found,) = cell(scene.green()).assessments
    assert (found.activity, found.title, found.due) == ("M1.carte", "Carte des synergies", scene.DUE_CARTE)
    assert [line.points for line in found.criteria] == [Decimal(4), Decimal(1)]
    oral = scene.green().view().learners[0].cells[2].assessments[0]
    assert (oral.due, oral.rule, oral.criteria) == (None, "note d'au moins 12 sur 20", ())
    assert (oral.grader, oral.definition_digest) == ("", "")
