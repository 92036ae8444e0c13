"""The columns of the activity table, and what is said of the course's own completion."""

import pytest

from moodle_sync.compliance import Verdict, sentences


@pytest.fixture
def one(scene):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    return item


def test_activity_heads_are_what_is_followed_with_its_own_due_date(scene):
    dated = {"due": "start-1d", "opens": "start-14d"}
    survey = {"feedback": "avis", "title": "Avis", "survey": "chaud", "role": "satisfaction_survey"} | dated
    heads = scene.small(outside_modules__0=survey).view().activities
    assert [(head.key, head.title, head.due, head.placement, head.survey) for head in heads] == [
        ("M1.lecture", "Lecture", None, False, False),
        ("M1.carte", "Carte des synergies", scene.DUE_CARTE, False, False),
        ("M1.plan", "Plan", scene.DUE_PLAN, False, False),
        ("M1.notions", "Notions", scene.utc("2026-03-30T21:59:59"), False, False),
        ("avis", "Avis", scene.utc("2026-03-26T22:59:59"), False, True),
    ]
    last = scene.small(outside_modules__0__due=None).view().activities[-1]
    assert (last.key, last.due, last.placement) == ("positionnement", scene.utc("2026-03-27T08:00:00"), True)


def course(item, as_of=None):
    found = (item.view(as_of) if as_of else item.view()).learners[0].completion
    return found.verdict, found.sentence, found.entries


def test_course_completion_says_what_moodle_says(scene, one):
    assert course(one) == (Verdict.UNKNOWN, sentences.COURSE_NOT_OBSERVED, ())
    at = scene.utc("2026-03-30T14:00:00")
    entry = one.course_done(scene.SUBJECT, at, completed=False)
    assert course(one) == (Verdict.GAP, sentences.COURSE_NOT_COMPLETED, (entry,))
    entry = one.course_done(scene.SUBJECT, at)
    assert course(one) == (Verdict.OK, sentences.COURSE_COMPLETED, (entry,))
    gone = one.vanish(entry)
    assert course(one) == (Verdict.GAP, sentences.vanished(entry, gone), (entry, gone))


def test_course_completion_of_an_erased_learner_rests_on_what_was_erased(scene, one):
    erased = one.evidence[0].entry
    one.erase(scene.SUBJECT)
    one.course_done(scene.SUBJECT, scene.utc("2026-03-30T14:00:00"))
    assert course(one) == (Verdict.ERASED, sentences.ERASED, (erased,))


@pytest.mark.parametrize(
    ("completed", "verdict", "said"),
    [
        (True, Verdict.UNKNOWN, sentences.ENROLMENT_NOT_OBSERVED),
        (False, Verdict.GAP, sentences.COURSE_NOT_COMPLETED),
    ],
)
def test_course_completion_of_a_person_without_enrolment_is_never_ok(scene, completed, verdict, said):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    entry = item.course_done(scene.SUBJECT, scene.utc("2026-03-30T14:00:00"), completed=completed)
    assert course(item) == (verdict, said, (entry,))
