"""How many learners are enrolled, against how many the programme or the session takes. Rule ``capacity``."""

from dataclasses import replace

import pytest

from moodle_sync.compliance import Verdict


def group(scene, learners, **changes):
    item = scene.small(**changes)
    for number in range(learners):
        item.person(f"a{number}", 50 + number, f"Personne {number}")
        item.enrol(f"a{number}")
    return item


def capacity(item, as_of=None):
    view = item.view(as_of) if as_of else item.view()
    return [found for found in view.findings if found.rule == "capacity"]


def said(item):
    (found,) = capacity(item)
    return found.verdict, found.sentence, found.entries


@pytest.mark.parametrize(
    ("learners", "verdict"), [(0, Verdict.GAP), (1, Verdict.OK), (3, Verdict.OK), (4, Verdict.BREACH)]
)
def test_capacity_counts_active_learners(scene, learners, verdict):
    item = group(scene, learners)
    item.person("b0", 60, "Partie")
    item.enrol("b0", active=False)
    item.person("c0", 61, "Claire Morel")
    item.enrol("c0", roles=("editingteacher",))
    assert [finding.verdict for finding in capacity(item)] == [verdict]


@pytest.mark.parametrize(
    ("learners", "expected"),
    [
        (1, (Verdict.GAP, "effectif : 1 stagiaire inscrit, pour un minimum de 2")),
        (2, (Verdict.OK, "effectif : 2 stagiaires inscrits (de 2 à 3)")),
        (3, (Verdict.OK, "effectif : 3 stagiaires inscrits (de 2 à 3)")),
        (4, (Verdict.BREACH, "effectif : 4 stagiaires inscrits, pour 3 places au plus")),
    ],
)
def test_capacity_says_how_many_of_how_many_and_rests_on_their_enrolments(scene, learners, expected):
    item = group(scene, learners, capacity={"min": 2, "max": 3})
    assert said(item) == (*expected, tuple(evidence.entry for evidence in item.evidence))


@pytest.mark.parametrize(("second", "verdict"), [("08:00:00", Verdict.PENDING), ("08:00:01", Verdict.GAP)])
def test_capacity_not_reached_is_a_gap_once_the_training_has_begun(scene, second, verdict):
    (found,) = capacity(group(scene, 0), scene.utc(f"2026-03-27T{second}"))
    assert (found.verdict, found.due) == (verdict, scene.utc("2026-03-27T08:00:00"))


def test_capacity_of_the_session_goes_before_that_of_the_programme(scene):
    session = scene.SESSION | {"capacity": {"min": 2, "max": 2}}
    assert said(group(scene, 3, session_data=session))[0] == Verdict.BREACH
    assert said(group(scene, 2, session_data=session, capacity=None))[0] == Verdict.OK


def test_capacity_that_nobody_names_is_not_judged(scene):
    assert capacity(group(scene, 9, capacity=None)) == []


def test_capacity_with_an_erased_or_unobserved_enrolment_is_unknown_and_a_lower_bound(scene):
    item = group(scene, 2)
    first, second = (evidence.entry for evidence in item.evidence)
    lost = "effectif : 1 inscription active observée ; d'autres sont effacées ou n'ont pas été observées"
    other = item.without(second)
    other.complete("a1", "M1.carte", scene.utc("2026-03-28T10:00:00"))
    assert said(other) == (Verdict.UNKNOWN, lost, (first,))
    item.erase("a1")
    assert said(item) == (Verdict.UNKNOWN, lost, (first,))


def test_capacity_that_is_exceeded_stays_so_whatever_was_erased(scene):
    item = group(scene, 5)
    item.erase("a4")
    assert said(item)[:2] == (Verdict.BREACH, "effectif : 4 stagiaires inscrits, pour 3 places au plus")


def test_capacity_does_not_count_who_is_no_learner_any_more(scene):
    item = group(scene, 3)
    item.enrol("a0", scene.NIGHT, roles=("guest",))
    item.enrol("a1", scene.NIGHT, roles=("guest", "student"))
    assert said(item)[:2] == (Verdict.OK, "effectif : 2 stagiaires inscrits (de 1 à 3)")


def test_capacity_with_anything_erased_of_a_learner_is_unknown(scene):
    item = group(scene, 2)
    item.course_done("a1", scene.utc("2026-03-30T14:00:00"))
    item.evidence[-1] = replace(item.evidence[-1], fact=None)
    assert said(item)[0] == Verdict.UNKNOWN
