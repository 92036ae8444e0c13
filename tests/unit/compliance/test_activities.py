import pytest

from moodle_sync.compliance import Verdict
from moodle_sync.compliance.view import ActivityState as State


@pytest.fixture
def one(scene):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    return item


def cell(item, activity, as_of=None):
    view = item.view(as_of) if as_of else item.view()
    return next(found for found in view.learners[0].activities if found.finding.activity == activity)


def answer(item, activity, as_of=None):
    found = cell(item, activity, as_of)
    return found.state, found.finding.verdict


# ---- a due date in summer time, the day the clocks change: 29 March 23:59:59 in Paris is 21:59:59 UTC -----------


@pytest.mark.parametrize(
    ("second", "state", "verdict"),
    [
        ("21:59:58", State.DONE, Verdict.OK),
        ("21:59:59", State.DONE, Verdict.OK),
        ("22:00:00", State.DONE_LATE, Verdict.LATE),
    ],
)
def test_completion_around_the_due_date_is_in_time_until_its_very_second(scene, one, second, state, verdict):
    entry = one.complete(scene.SUBJECT, "M1.carte", scene.utc(f"2026-03-29T{second}"))
    assert answer(one, "M1.carte") == (state, verdict)
    assert cell(one, "M1.carte").finding.entries == (entry,)


@pytest.mark.parametrize(
    ("second", "state", "verdict"),
    [("21:59:59", State.PENDING, Verdict.PENDING), ("22:00:00", State.MISSING, Verdict.GAP)],
)
def test_nothing_observed_is_pending_until_the_due_date_and_missing_after(scene, one, second, state, verdict):
    assert answer(one, "M1.carte", scene.utc(f"2026-03-29T{second}")) == (state, verdict)


def test_completion_state_incomplete_is_missing_and_names_its_entry(scene, one):
    entry = one.complete(scene.SUBJECT, "M1.carte", None, state="incomplete")
    assert answer(one, "M1.carte") == (State.MISSING, Verdict.GAP)
    assert cell(one, "M1.carte").finding.entries == (entry,)


@pytest.mark.parametrize(
    ("observed", "state", "verdict"),
    [
        ("2026-03-29T21:59:59", State.DONE, Verdict.OK),  # seen by then, so done by then
        ("2026-03-29T22:00:00", State.DONE_UNDATED, Verdict.UNKNOWN),
    ],
)
def test_completion_without_a_time_is_known_by_when_it_was_seen(scene, one, observed, state, verdict):
    one.complete(scene.SUBJECT, "M1.carte", None, observed_at=scene.utc(observed))
    assert answer(one, "M1.carte") == (state, verdict)


def test_completion_that_needs_a_grade_is_undated_after_the_due_date(scene, one):
    one.complete(scene.SUBJECT, "M1.plan", scene.utc("2026-03-30T15:00:01"))
    assert answer(one, "M1.plan") == (State.DONE_UNDATED, Verdict.UNKNOWN)


def test_completion_that_needs_a_grade_is_in_time_before_the_due_date(scene, one):
    one.complete(scene.SUBJECT, "M1.plan", scene.utc("2026-03-30T15:00:00"))
    assert answer(one, "M1.plan") == (State.DONE, Verdict.OK)


def test_completion_by_hand_says_who(scene, one):
    one.complete(scene.SUBJECT, "M1.carte", scene.utc("2026-03-28T10:00:00"), overridden_by=12)
    assert "utilisateur Moodle n° 12" in cell(one, "M1.carte").finding.sentence


def test_completion_that_vanished_is_a_gap_with_both_entries(scene, one):
    done = one.complete(scene.SUBJECT, "M1.carte", scene.utc("2026-03-28T10:00:00"))
    gone = one.vanish(done)
    assert answer(one, "M1.carte") == (State.VANISHED, Verdict.GAP)
    assert cell(one, "M1.carte").finding.entries == (done, gone)


def test_completions_of_two_copies_of_an_activity_are_unknown(scene, one):
    for cmid in (1, 2):
        one.complete(scene.SUBJECT, "M1.carte", scene.utc("2026-03-28T10:00:00"), cmid=cmid)
    assert answer(one, "M1.carte") == (State.UNKNOWN, Verdict.UNKNOWN)


def test_activity_without_a_due_date_is_never_late(scene, one):
    one.complete(scene.SUBJECT, "M1.lecture", scene.utc("2026-04-01T10:00:00"))
    assert answer(one, "M1.lecture") == (State.DONE, Verdict.OK)


def test_activity_without_completion_nor_due_date_is_not_in_the_table(scene, one):
    assert "M1.oral" not in [head.key for head in one.view().activities]


def test_assignment_with_a_due_date_and_no_completion_is_not_tracked(scene):
    item = scene.small(modules__0__activities__3__due="end")
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    assert answer(item, "M1.oral") == (State.NOT_TRACKED, Verdict.UNKNOWN)


# ---- quizzes -----------------------------------------------------------------------------------------------------


def notions(scene, item, grade, state, at="2026-03-30T14:00:00"):
    item.attempt(scene.SUBJECT, "M1.notions", scene.utc(at), grade)
    item.complete(scene.SUBJECT, "M1.notions", scene.utc(at), state=state, modname="quiz")


def test_quiz_passed_is_done_and_shows_the_attempt(scene, one):
    notions(scene, one, "6", "complete_pass")
    found = cell(one, "M1.notions")
    assert (found.state, found.result) == (State.DONE, "tentative 1 : 6 sur 10, réussie")


@pytest.mark.parametrize(
    ("as_of", "verdict"), [("2026-03-30T21:59:59", Verdict.PENDING), ("2026-03-30T22:00:00", Verdict.GAP)]
)
def test_quiz_failed_can_be_tried_again_until_its_due_date(scene, one, as_of, verdict):
    at = scene.utc("2026-03-30T14:00:00")
    seen = scene.utc("2026-03-30T18:00:00")
    one.attempt(scene.SUBJECT, "M1.notions", at, "5.99", observed_at=seen)
    one.complete(scene.SUBJECT, "M1.notions", at, state="complete_fail", modname="quiz", observed_at=seen)
    found = cell(one, "M1.notions", scene.utc(as_of))
    assert (found.state, found.finding.verdict) == (State.FAILED, verdict)
    assert found.result == "tentative 1 : 5,99 sur 10, non réussie"


def test_quiz_attempt_that_is_not_finished_is_unfinished(scene, one):
    entry = one.attempt(
        scene.SUBJECT, "M1.notions", scene.utc("2026-03-30T14:00:00"), None, state="inprogress", finished_at=None
    )
    found = cell(one, "M1.notions")
    assert (found.state, found.finding.verdict, found.finding.entries) == (State.UNFINISHED, Verdict.GAP, (entry,))


def test_quiz_completed_without_an_attempt_is_unknown(scene, one):
    one.complete(scene.SUBJECT, "M1.notions", scene.utc("2026-03-30T14:00:00"), state="complete_pass", modname="quiz")
    assert answer(one, "M1.notions") == (State.UNKNOWN, Verdict.UNKNOWN)


def test_quiz_attempt_without_its_completion_is_unknown(scene, one):
    one.attempt(scene.SUBJECT, "M1.notions", scene.utc("2026-03-30T14:00:00"), "8")
    assert answer(one, "M1.notions") == (State.UNKNOWN, Verdict.UNKNOWN)


def test_quiz_with_a_due_date_and_no_completion_goes_by_its_attempt(scene):
    item = scene.small(outside_modules__0__complete_when=[])
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    entry = item.attempt(scene.SUBJECT, "positionnement", scene.utc("2026-03-16T10:00:00"), "3")
    assert answer(item, "positionnement") == (State.DONE, Verdict.OK)
    assert cell(item, "positionnement").finding.entries == (entry,)


def test_quiz_attempt_with_a_completion_that_is_not_passed_has_failed(scene, one):
    notions(scene, one, "5", "incomplete")
    assert answer(one, "M1.notions") == (State.FAILED, Verdict.GAP)


def test_quiz_with_completions_of_two_copies_is_unknown(scene, one):
    notions(scene, one, "8", "complete_pass")
    one.complete(scene.SUBJECT, "M1.notions", scene.utc("2026-03-30T14:00:00"), state="complete_pass", cmid=999)
    assert answer(one, "M1.notions") == (State.UNKNOWN, Verdict.UNKNOWN)


def test_assignment_below_the_grade_that_completes_it_has_failed(scene):
    item = scene.small(modules__0__activities__1__complete_when=["passed"])
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    item.complete(scene.SUBJECT, "M1.carte", scene.utc("2026-03-28T10:00:00"), state="complete_fail")
    assert answer(item, "M1.carte") == (State.FAILED, Verdict.GAP)


def test_quiz_attempt_that_vanished_is_a_gap(scene, one):
    done = one.attempt(scene.SUBJECT, "M1.notions", scene.utc("2026-03-30T14:00:00"), "8")
    one.vanish(done)
    assert answer(one, "M1.notions") == (State.VANISHED, Verdict.GAP)


# ---- the positioning: due on 20 March at 23:59:59 in Paris, still in winter time ---------------------------------


@pytest.mark.parametrize(
    ("second", "verdict"),
    [("22:59:58", Verdict.OK), ("22:59:59", Verdict.OK), ("23:00:00", Verdict.LATE)],
)
def test_placement_around_its_due_date_goes_by_the_attempt(scene, one, second, verdict):
    at = scene.utc(f"2026-03-20T{second}")
    one.attempt(scene.SUBJECT, "positionnement", at, "3")
    one.complete(scene.SUBJECT, "positionnement", at, modname="quiz")
    found = cell(one, "positionnement")
    assert (found.finding.rule, found.finding.verdict) == ("placement_done", verdict)


def test_placement_without_a_due_date_must_come_before_the_first_half_day(scene):
    item = scene.small(outside_modules__0__due=None)
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    at = scene.utc("2026-03-27T08:00:01")
    item.attempt(scene.SUBJECT, "positionnement", at, "3")
    item.complete(scene.SUBJECT, "positionnement", at, modname="quiz")
    assert answer(item, "positionnement") == (State.DONE_LATE, Verdict.LATE)


def test_placement_that_was_only_looked_at_is_not_done(scene):
    item = scene.small(outside_modules__0__complete_when=["viewed"])
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    item.complete(scene.SUBJECT, "positionnement", scene.utc("2026-03-16T10:00:00"), modname="quiz")
    assert answer(item, "positionnement") == (State.UNKNOWN, Verdict.UNKNOWN)


def asked(scene, **over):
    """A questionnaire in place of the quiz outside the modules."""
    data = {"feedback": "positionnement", "title": "Questionnaire", "survey": "avant", "complete_when": ["submitted"]}
    item = scene.small(outside_modules__0=data | over)
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    return item


@pytest.mark.parametrize(("second", "verdict"), [("22:59:59", Verdict.OK), ("23:00:00", Verdict.LATE)])
def test_placement_by_questionnaire_goes_by_its_completion(scene, second, verdict):
    item = asked(scene, role="placement_test", due="start-7d")
    item.complete(scene.SUBJECT, "positionnement", scene.utc(f"2026-03-20T{second}"), modname="feedback")
    found = cell(item, "positionnement")
    assert (found.finding.rule, found.finding.verdict) == ("placement_done", verdict)


def test_placement_by_questionnaire_that_was_only_looked_at_is_not_tracked(scene):
    item = asked(scene, role="placement_test", complete_when=["viewed"])
    item.complete(scene.SUBJECT, "positionnement", scene.utc("2026-03-16T10:00:00"), modname="feedback")
    assert answer(item, "positionnement") == (State.NOT_TRACKED, Verdict.UNKNOWN)


def test_survey_that_opens_after_the_session_without_a_due_date_is_never_missing(scene):
    item = asked(scene, role="satisfaction_survey", opens="end+1mo")
    assert answer(item, "positionnement", scene.utc("2027-01-01T00:00:00")) == (State.PENDING, Verdict.PENDING)


# ---- course completion -------------------------------------------------------------------------------------------


def test_course_completion_goes_by_what_moodle_says(scene, one):
    before, after = scene.utc("2026-03-30T15:00:00"), scene.NIGHT

    def verdict(moment):
        return one.view(moment).learners[0].completion.verdict

    assert (verdict(before), verdict(after)) == (Verdict.PENDING, Verdict.UNKNOWN)
    one.course_done(scene.SUBJECT, scene.utc("2026-03-29T10:00:00"), completed=False)
    assert (verdict(before), verdict(after)) == (Verdict.PENDING, Verdict.GAP)
    done = one.course_done(scene.SUBJECT, scene.utc("2026-03-30T14:00:00"))
    assert verdict(after) == Verdict.OK
    one.vanish(done)
    assert verdict(after) == Verdict.GAP
