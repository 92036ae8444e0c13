from dataclasses import replace
from decimal import Decimal

import pytest

from moodle_sync.compliance import EvidenceIndex
from moodle_sync.compliance.evidence import History
from moodle_sync.compliance.lines import entries, lines
from moodle_sync.facts.models import (
    ActivityCompletion,
    BaseFact,
    CourseCompletion,
    Enrolment,
    Grade,
    QuizAttempt,
    RubricFilling,
)

AT = "2026-03-28T10:00:00"


@pytest.fixture
def one(scene):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    return item


def texts(scene, one, kind):
    return [line.text for line in lines(EvidenceIndex(one.evidence).of(scene.SUBJECT, kind))]


def test_lines_say_what_each_kind_of_fact_says(scene, one):
    at = scene.utc(AT)
    one.enrol(scene.SUBJECT, active=False, roles=())
    one.complete(scene.SUBJECT, "M1.carte", at, state="complete_fail", overridden_by=12)
    one.course_done(scene.SUBJECT, at)
    one.attempt(scene.SUBJECT, "M1.notions", at, "7.50", state="abandoned")
    one.grade(scene.SUBJECT, "M1.oral", "12", at, grade_max=Decimal(20), overridden=True, hidden=True)
    assert texts(scene, one, Enrolment) == ["inscription non active, rôle aucun"]
    assert texts(scene, one, ActivityCompletion) == [
        "activité achevée, note insuffisante, par l'utilisateur Moodle n° 12"
    ]
    assert texts(scene, one, CourseCompletion) == ["cours achevé"]
    assert texts(scene, one, QuizAttempt) == ["tentative 1 abandonnée : 7,5 sur 10"]
    assert texts(scene, one, Grade) == ["note au carnet : 12 sur 20, modifiée à la main, masquée au stagiaire"]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("incomplete", "activité non achevée"),
        ("complete", "activité achevée"),
        ("complete_pass", "activité achevée, note suffisante"),
        ("complete_fail", "activité achevée, note insuffisante"),
    ],
)
def test_lines_say_each_state_of_a_completion(scene, one, state, text):
    one.complete(scene.SUBJECT, "M1.carte", scene.utc(AT), state=state)
    assert texts(scene, one, ActivityCompletion) == [text]


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("notstarted", "non commencée"),
        ("inprogress", "en cours"),
        ("overdue", "hors délai"),
        ("submitted", "remise"),
        ("finished", "terminée"),
        ("abandoned", "abandonnée"),
    ],
)
def test_lines_say_each_state_of_an_attempt_and_its_number(scene, one, state, word):
    one.attempt(scene.SUBJECT, "M1.notions", scene.utc(AT), None, state=state, attempt=3)
    assert texts(scene, one, QuizAttempt) == [f"tentative 3 {word}"]


@pytest.mark.parametrize(
    ("grade", "over", "text"),
    [
        (None, {}, "note au carnet : aucune"),
        ("0", {}, "note au carnet : 0 sur 10"),
        ("7.5", {"overridden": True}, "note au carnet : 7,5 sur 10, modifiée à la main"),
        ("7.5", {"hidden": True}, "note au carnet : 7,5 sur 10, masquée au stagiaire"),
    ],
)
def test_lines_say_the_grade_and_what_was_done_to_it(scene, one, grade, over, text):
    one.grade(scene.SUBJECT, "M1.notions", grade, scene.utc(AT), **over)
    assert texts(scene, one, Grade) == [text]


def test_lines_say_roles_fillings_and_what_is_gone(scene, one):
    one.enrol(scene.SUBJECT, roles=("student", "guest"))
    one.course_done(scene.SUBJECT, scene.utc(AT), completed=False)
    one.vanish(one.fill(scene.SUBJECT, "M1.carte", {}, scene.utc(AT), attempt=1))
    assert texts(scene, one, Enrolment) == ["inscription active, rôle student, guest"]
    assert texts(scene, one, CourseCompletion) == ["cours non achevé"]
    assert texts(scene, one, RubricFilling) == ["grille remplie, tentative 2", "n'est plus dans Moodle"]


def test_lines_of_what_says_nothing_are_refused(scene, one):
    one.complete(scene.SUBJECT, "M1.carte", scene.utc(AT))
    erased = replace(one.evidence[0], fact=None)
    with pytest.raises(ValueError, match=r"entry 2026/11 was erased"):
        lines([History((erased,))])
    with pytest.raises(TypeError, match="no words for a BaseFact"):
        lines([History((replace(erased, fact=BaseFact(course="c", userid=1, wsfunction="w", occurred_at=None)),))])


def test_entries_of_what_is_gone_name_both_states_in_ledger_order(scene, one):
    filled = one.fill(scene.SUBJECT, "M1.carte", {}, scene.utc(AT))
    done = one.complete(scene.SUBJECT, "M1.carte", scene.utc(AT))
    gone = one.vanish(filled)
    index = EvidenceIndex(one.evidence)
    histories = (*index.of(scene.SUBJECT, ActivityCompletion), *index.of(scene.SUBJECT, RubricFilling))
    assert entries(*histories) == (filled, done, gone)
    assert entries() == ()


def test_lines_of_a_state_that_moodle_may_add_later_keep_its_word(scene, one):
    one.attempt(scene.SUBJECT, "M1.notions", scene.utc(AT), None, state="paused")
    assert texts(scene, one, QuizAttempt) == ["tentative 1 paused"]


def test_lines_of_several_objects_are_in_ledger_order(scene, one):
    one.number = 8  # the entries cross from one digit to two
    for state in ("incomplete", "complete"):
        one.complete(scene.SUBJECT, "M1.carte", scene.utc(AT), state=state)
        one.complete(scene.SUBJECT, "M1.lecture", scene.utc(AT), state=state)
    histories = EvidenceIndex(one.evidence).of(scene.SUBJECT, ActivityCompletion)
    found = lines(histories)
    assert [line.entry for line in found] == ["2026/9", "2026/10", "2026/11", "2026/12"]
    assert [line.superseded for line in found] == [True, True, False, False]
    assert entries(*reversed(histories)) == ("2026/11", "2026/12")


def test_lines_show_when_it_happened_when_it_was_seen_and_who_said_so(scene, one):
    one.complete(scene.SUBJECT, "M1.carte", scene.utc(AT))
    (line,) = lines(EvidenceIndex(one.evidence).of(scene.SUBJECT, ActivityCompletion))
    assert (line.occurred_at, line.observed_at) == (scene.utc(AT), scene.utc("2026-03-29T02:00:00"))
    assert line.source == "core_completion_get_activities_completion_status"
