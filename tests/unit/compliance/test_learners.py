from dataclasses import replace

import pytest

from moodle_sync.compliance import Verdict, sentences

# enrol_by is start-7d: 20 March 2026 at 23:59:59 in Paris, 22:59:59 UTC


def enrolled(scene, **over):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT, **over)
    return item


def finding(item):
    return item.view().learners[0].enrolment


LIMIT = "20 mars 2026 à 23 h 59"


@pytest.mark.parametrize(
    ("over", "verdict", "sentence"),
    [
        ({}, Verdict.OK, f"inscrit au plus tard le 15 mars 2026 à 9 h (date limite : {LIMIT})"),
        (
            {"occurred_at": "2026-03-14T10:00:00"},
            Verdict.OK,
            f"inscrit au plus tard le 14 mars 2026 à 11 h (date limite : {LIMIT})",
        ),
        (
            {
                "occurred_at": "2026-03-18T10:00:00"
            },  # by a clock that is not the ledger's: the earlier of the two counts
            Verdict.OK,
            f"inscrit au plus tard le 15 mars 2026 à 9 h (date limite : {LIMIT})",
        ),
        (
            {"occurred_at": "2026-03-21T10:00:00", "observed_at": "2026-03-22T02:00:00"},
            Verdict.BREACH,
            f"inscrit le 21 mars 2026 à 11 h, après la date limite du {LIMIT}",
        ),
        (
            {"observed_at": "2026-03-22T02:00:00"},
            Verdict.UNKNOWN,
            f"inscription observée pour la première fois le 22 mars 2026 à 3 h, après la date limite du {LIMIT}"
            " ; sa date n'est pas connue",
        ),
        ({"active": False}, Verdict.GAP, sentences.ENROLMENT_INACTIVE),
    ],
)
def test_enrolment_says_when_by_when_and_rests_on_its_entry(scene, over, verdict, sentence):
    moments = {name: scene.utc(value) for name, value in over.items() if isinstance(value, str)}
    found = finding(enrolled(scene, **over | moments))
    assert (found.verdict, found.sentence, found.entries) == (verdict, sentence, ("2026/11",))
    assert (found.learner, found.due) == (scene.SUBJECT, None if verdict == Verdict.GAP else scene.DUE_PLACEMENT)


def test_enrolment_not_observed_or_erased_says_so(scene):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    entry = item.course_done(scene.SUBJECT, scene.utc("2026-03-30T14:00:00"))
    found = finding(item)
    assert (found.verdict, found.sentence, found.entries) == (Verdict.UNKNOWN, sentences.ENROLMENT_NOT_OBSERVED, ())
    item.erase(scene.SUBJECT)
    found = finding(item)
    assert (found.verdict, found.sentence, found.entries) == (Verdict.ERASED, sentences.ERASED, (entry,))


@pytest.mark.parametrize(("second", "verdict"), [("22:59:59", Verdict.OK), ("23:00:00", Verdict.BREACH)])
def test_enrolment_with_a_date_goes_by_it(scene, second, verdict):
    at = scene.utc(f"2026-03-20T{second}")
    assert finding(enrolled(scene, occurred_at=at, observed_at=scene.NIGHT)).verdict == verdict


@pytest.mark.parametrize(("second", "verdict"), [("22:59:59", Verdict.OK), ("23:00:00", Verdict.UNKNOWN)])
def test_enrolment_without_a_date_goes_by_when_it_was_first_seen(scene, second, verdict):
    assert finding(enrolled(scene, observed_at=scene.utc(f"2026-03-20T{second}"))).verdict == verdict


def test_enrolment_that_changed_since_rests_on_its_first_sighting_too(scene):
    item = enrolled(scene)
    first = item.evidence[0].entry
    second = item.enrol(scene.SUBJECT, scene.NIGHT, groups=("A",))
    assert (finding(item).verdict, finding(item).entries) == (Verdict.OK, (first, second))


def test_enrolment_that_was_gone_in_between_counts_from_its_return(scene):
    item = enrolled(scene)
    item.vanish(item.evidence[0].entry, scene.utc("2026-03-19T02:00:00"))
    item.enrol(scene.SUBJECT, scene.utc("2026-03-25T02:00:00"))
    assert finding(item).verdict == Verdict.UNKNOWN


@pytest.mark.parametrize("before", [(), ("guest",)])
def test_enrolment_without_the_role_in_between_counts_from_its_return(scene, before):
    item = enrolled(scene)
    item.enrol(scene.SUBJECT, scene.utc("2026-03-19T02:00:00"), roles=before)
    assert finding(item).verdict == Verdict.GAP
    back = item.enrol(scene.SUBJECT, scene.utc("2026-03-25T02:00:00"))
    assert (finding(item).verdict, finding(item).entries) == (Verdict.UNKNOWN, (back,))


def test_enrolment_that_was_not_active_yet_counts_from_its_first_sighting(scene):
    item = enrolled(scene, active=False)
    item.enrol(scene.SUBJECT, scene.NIGHT)
    assert (finding(item).verdict, finding(item).entries) == (Verdict.OK, ("2026/11", "2026/12"))


def test_enrolment_that_vanished_is_a_gap_with_both_entries(scene):
    item = enrolled(scene)
    gone = item.vanish(item.evidence[0].entry)
    assert (finding(item).verdict, finding(item).entries) == (Verdict.GAP, ("2026/11", gone))


@pytest.mark.parametrize("later", [{"active": False}, {"roles": ("guest",)}])
def test_enrolment_that_no_longer_makes_a_learner_is_a_gap(scene, later):
    item = enrolled(scene)
    item.enrol(scene.SUBJECT, scene.NIGHT, **later)
    assert finding(item).verdict == Verdict.GAP


def test_facts_of_a_person_without_enrolment_give_a_row_of_unknown(scene):
    item = scene.green()
    view = item.without("2026/11").view()
    (row,) = view.learners
    verdicts = {found.finding.verdict for found in (*row.cells, *row.activities)}
    assert (row.enrolment.verdict, row.completion.verdict, verdicts) == (
        Verdict.UNKNOWN, Verdict.UNKNOWN, {Verdict.UNKNOWN},
    )  # fmt: skip


def test_trainers_are_no_learners(scene):
    item = scene.green()
    item.person("ff00", 12, "Claire Morel")
    item.enrol("ff00", roles=("editingteacher",))
    assert [row.key for row in item.view().learners] == [scene.SUBJECT]


def test_learner_roles_can_be_named(scene):
    from moodle_sync.compliance import session_view

    item = enrolled(scene, roles=("apprenant",))
    parts = (item.programme, item.framework, item.rubrics, item.session, item.evidence, scene.NIGHT)
    assert session_view(*parts).learners == ()
    assert len(session_view(*parts, learner_roles=frozenset({"apprenant"})).learners) == 1


def test_rows_are_sorted_by_name_as_in_french_then_by_pseudonym(scene):
    item = scene.small()
    people = (
        ("d1", "Zoé Petit"),
        ("c1", "Élodie Roy"),
        ("b1", "elsa Bonnet"),
        ("a2", "Elodie Roy"),
        ("a1", "Élodie Roy"),
    )
    for number, (subject, name) in enumerate(people):
        item.person(subject, 50 + number, name)
        item.enrol(subject)
    assert [row.key for row in item.view().learners] == ["a1", "a2", "c1", "b1", "d1"]


def test_learner_without_a_name_is_called_by_the_pseudonym(scene):
    item = enrolled(scene)
    item.person(scene.SUBJECT, 41, "")
    item.evidence.clear()
    item.enrol(scene.SUBJECT)
    assert item.view().learners[0].name == "stagiaire aa11bb22"


def test_learner_of_whom_nothing_says_who_it_is_is_called_by_the_pseudonym(scene):
    item = enrolled(scene)
    item.evidence = [replace(evidence, person=None) for evidence in item.evidence]
    assert item.view().learners[0].name == "stagiaire aa11bb22"


def test_erased_learner_is_erased_everywhere(scene):
    item = scene.green()
    item.erase(scene.SUBJECT)
    (row,) = item.view().learners
    findings = [row.enrolment, row.completion, *(found.finding for found in (*row.cells, *row.activities))]
    assert row.erased
    assert row.name == "effacé aa11bb22"
    assert {found.verdict for found in findings} == {Verdict.ERASED}
