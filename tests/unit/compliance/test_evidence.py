import pytest

from moodle_sync.compliance import Evidence, EvidenceIndex
from moodle_sync.facts.models import ActivityCompletion, Enrolment, RubricFilling

POINTS = {"synergies": 4, "note": 1}


@pytest.fixture
def one(scene):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    return item


def test_index_of_a_changed_value_keeps_the_last_one_and_all_states(scene, one):
    at = scene.utc("2026-03-28T10:00:00")
    entries = [one.complete(scene.SUBJECT, "M1.carte", at, state=s) for s in ("complete", "incomplete", "complete")]
    (history,) = EvidenceIndex(one.evidence).of(scene.SUBJECT, ActivityCompletion, "M1.carte")
    assert history.known.entry == entries[2]
    assert [state.entry for state in history.states] == entries
    assert history.vanished is None


def test_index_of_a_vanished_object_names_both_entries(scene, one):
    filled = one.fill(scene.SUBJECT, "M1.carte", POINTS, scene.utc("2026-03-28T10:00:00"))
    gone = one.vanish(filled)
    index = EvidenceIndex(one.evidence)
    (history,) = index.of(scene.SUBJECT, RubricFilling, "M1.carte")
    assert (history.known.entry, history.vanished.entry) == (filled, gone)
    assert index.current(scene.SUBJECT, RubricFilling, "M1.carte") == ()


def test_index_of_an_object_that_came_back_is_current(scene, one):
    filled = one.fill(scene.SUBJECT, "M1.carte", POINTS, scene.utc("2026-03-28T10:00:00"))
    one.vanish(filled)
    back = one.fill(scene.SUBJECT, "M1.carte", POINTS, scene.utc("2026-03-28T10:00:00"))
    (history,) = EvidenceIndex(one.evidence).current(scene.SUBJECT, RubricFilling, "M1.carte")
    assert history.known.entry == back


def test_index_of_an_object_only_seen_to_vanish_holds_nothing(scene, one):
    filled = one.fill(scene.SUBJECT, "M1.carte", POINTS, scene.utc("2026-03-28T10:00:00"))
    one.vanish(filled)
    index = EvidenceIndex(one.without(filled).evidence)
    assert index.of(scene.SUBJECT, RubricFilling) == ()


def test_index_of_what_follows_an_object_only_seen_to_vanish_is_kept(scene, one):
    filled = one.fill(scene.SUBJECT, "M1.carte", POINTS, scene.utc("2026-03-28T10:00:00"))
    one.vanish(filled)
    kept = {key: one.complete(scene.SUBJECT, key, scene.utc("2026-03-28T10:00:00")) for key in ("M1.carte", "M1.plan")}
    index = EvidenceIndex(one.without(filled).evidence)
    for ask in (index.of, index.current):
        for key, entry in kept.items():
            (history,) = ask(scene.SUBJECT, ActivityCompletion, key)
            assert history.known.entry == entry
        assert len(ask(scene.SUBJECT, ActivityCompletion)) == 2


def test_index_of_another_subject_holds_nothing_of_this_one(scene, one):
    one.person("bb22", 42, "Marc Olin")
    one.enrol("bb22")
    one.complete(scene.SUBJECT, "M1.carte", scene.utc("2026-03-28T10:00:00"))
    index = EvidenceIndex(one.evidence)
    assert index.subjects == ("bb22", scene.SUBJECT)
    assert [index.enrolled(subject) for subject in index.subjects] == [True, False]
    assert [len(index.of(subject, ActivityCompletion)) for subject in index.subjects] == [0, 1]


def test_is_learner_of_a_trainer_who_left_is_false(scene, one):
    one.vanish(one.enrol(scene.SUBJECT, roles=("editingteacher",)))
    assert not EvidenceIndex(one.evidence).is_learner(scene.SUBJECT, frozenset({"student"}))


@pytest.mark.parametrize("entries", [("2026/10", "2026/9"), ("2026/9", "2026/9"), ("2026/1", "2025/9")])
def test_index_of_evidence_out_of_order_is_refused(scene, entries):
    items = [Evidence(entry, None, scene.BEFORE, None, "a") for entry in entries]
    with pytest.raises(ValueError, match=f"entry {entries[1]} is not after the one before it"):
        EvidenceIndex(items)


def test_index_orders_entries_as_numbers_and_not_as_text(scene):
    items = [Evidence(entry, None, scene.BEFORE, None, "a") for entry in ("2026/9", "2026/10", "2027/0")]
    assert EvidenceIndex(items).erased("a") == ("2026/9", "2026/10", "2027/0")


@pytest.mark.parametrize(("roles", "is_learner"), [(("student",), True), (("editingteacher",), False), ((), False)])
def test_is_learner_goes_by_the_roles_ever_held(scene, one, roles, is_learner):
    one.enrol(scene.SUBJECT, roles=roles)
    assert EvidenceIndex(one.evidence).is_learner(scene.SUBJECT, frozenset({"student"})) is is_learner


def test_is_learner_of_a_person_without_enrolment_is_true(scene, one):
    one.complete(scene.SUBJECT, "M1.carte", scene.utc("2026-03-28T10:00:00"))
    index = EvidenceIndex(one.evidence)
    assert index.of(scene.SUBJECT, Enrolment) == ()
    assert index.is_learner(scene.SUBJECT, frozenset({"student"}))
