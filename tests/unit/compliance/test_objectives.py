from decimal import Decimal

import pytest

from moodle_sync.compliance import Verdict
from moodle_sync.compliance.objectives import combined
from moodle_sync.compliance.view import ObjectiveState as State

AT = "2026-03-29T10:00:00"


@pytest.fixture
def one(scene):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    return item


def cell(item, objective, as_of=None):
    view = item.view(as_of) if as_of else item.view()
    return next(found for found in view.learners[0].cells if found.finding.objective == objective)


def fill(scene, item, activity, points, **over):
    return item.fill(scene.SUBJECT, activity, points, scene.utc(AT), **over)


# ---- the rule on one criterion -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("synergies", "state", "verdict"),
    [(3, State.NOT_ACQUIRED, Verdict.GAP), (4, State.ACQUIRED, Verdict.OK), (5, State.ACQUIRED, Verdict.OK)],
)
def test_criterion_rule_at_its_threshold_decides(scene, one, synergies, state, verdict):
    entry = fill(scene, one, "M1.carte", {"synergies": synergies, "note": 0})
    found = cell(one, "O1")
    assert (found.state, found.finding.verdict, found.finding.entries) == (state, verdict, (entry,))


def test_count_criterion_is_shown_as_a_count(scene, one):
    fill(scene, one, "M1.carte", {"synergies": 4, "note": 0})
    (assessment,) = cell(one, "O1").assessments
    assert [(line.level, line.met) for line in assessment.criteria] == [("4 synergies", True), ("absente", None)]
    assert assessment.rule == "« Synergies argumentées » : au moins 4 synergies"
    assert assessment.definition_digest == scene.DIGEST
    assert assessment.grader == "utilisateur Moodle n° 12"


def test_count_criterion_at_its_last_level_says_or_more(scene, one):
    fill(scene, one, "M1.carte", {"synergies": 5, "note": 0})
    assert cell(one, "O1").assessments[0].criteria[0].level == "5 synergies ou plus"


def test_grader_who_is_enrolled_is_named(scene, one):
    one.person("f00dcafe", scene.TRAINER, "Claire Morel")
    one.enrol("f00dcafe", roles=("editingteacher",))
    fill(scene, one, "M1.carte", {"synergies": 4, "note": 0})
    assert cell(one, "O1").assessments[0].grader == "Claire Morel (utilisateur Moodle n° 12)"


# ---- every criterion, grades, several conditions -----------------------------------------------------------------


@pytest.mark.parametrize(("cadre", "state"), [(0, State.NOT_ACQUIRED), (1, State.ACQUIRED)])
def test_every_criterion_rule_needs_each_of_them(scene, one, cadre, state):
    fill(scene, one, "M1.plan", {"clarte": 2, "cadre": cadre})
    assert cell(one, "O2").state == state


@pytest.mark.parametrize(("grade", "state"), [("11.99", State.NOT_ACQUIRED), ("12", State.ACQUIRED)])
def test_grade_rule_at_its_threshold_decides(scene, one, grade, state):
    one.grade(scene.SUBJECT, "M1.oral", grade, scene.utc(AT), grade_max=Decimal(20))
    assert cell(one, "O3").state == state


def test_grade_on_another_scale_is_unknown(scene, one):
    one.grade(scene.SUBJECT, "M1.oral", "60", scene.utc(AT), grade_max=Decimal(100))
    found = cell(one, "O3")
    assert found.finding.verdict == Verdict.UNKNOWN
    said = "O3 inconnu : la note est sur 100, le programme attend une note sur 20"
    assert found.finding.sentence == said


def test_two_grades_for_one_activity_are_unknown(scene, one):
    for item_id in (1, 2):
        one.grade(scene.SUBJECT, "M1.oral", "15", scene.utc(AT), grade_max=Decimal(20), item_id=item_id)
    assert cell(one, "O3").state == State.UNKNOWN


def test_grade_of_an_outcome_is_not_the_grade_of_the_activity(scene, one):
    one.grade(scene.SUBJECT, "M1.oral", "15", scene.utc(AT), grade_max=Decimal(20), item_type="outcome")
    assert cell(one, "O3").state == State.NOT_ASSESSED


def test_quiz_grade_without_a_finished_attempt_is_unknown(scene, one):
    one.grade(scene.SUBJECT, "M1.notions", "8", scene.utc(AT))
    assert cell(one, "O4").state == State.UNKNOWN


def test_quiz_grade_overridden_by_a_trainer_counts_and_says_so(scene, one):
    one.grade(scene.SUBJECT, "M1.notions", "8", scene.utc(AT), overridden=True)
    found = cell(one, "O4")
    assert found.state == State.ACQUIRED
    assert "modifiée à la main" in found.finding.sentence


def test_quiz_attempt_that_is_not_finished_is_in_progress(scene, one):
    one.attempt(scene.SUBJECT, "M1.notions", scene.utc(AT), None, state="inprogress", finished_at=None)
    assert cell(one, "O4").state == State.IN_PROGRESS


def test_grade_that_vanished_is_a_gap_that_names_both_entries(scene, one):
    graded = one.grade(scene.SUBJECT, "M1.oral", "15", scene.utc(AT), grade_max=Decimal(20))
    gone = one.vanish(graded)
    found = cell(one, "O3")
    assert (found.state, found.finding.entries) == (State.VANISHED, (graded, gone))


def test_quiz_attempt_that_waits_for_its_grade_is_in_progress(scene, one):
    one.attempt(scene.SUBJECT, "M1.notions", scene.utc(AT), None, state="submitted")
    one.grade(scene.SUBJECT, "M1.notions", None, scene.utc(AT))
    assert cell(one, "O4").state == State.IN_PROGRESS


def test_quiz_attempt_that_vanished_takes_its_grade_with_it(scene, one):
    done = one.attempt(scene.SUBJECT, "M1.notions", scene.utc(AT), "8")
    one.grade(scene.SUBJECT, "M1.notions", "8", scene.utc(AT))
    gone = one.vanish(done)
    found = cell(one, "O4")
    assert (found.state, found.finding.entries) == (State.VANISHED, (done, gone))


RULES = {"all_of": [{"criterion": "synergies", "at_least": 4}, {"criterion": "note", "at_least": 1}]}


@pytest.mark.parametrize(
    ("points", "state"),
    [
        ({"synergies": 4, "note": 1}, State.ACQUIRED),
        ({"synergies": 4, "note": 0}, State.NOT_ACQUIRED),
        ({"synergies": 3, "note": 1}, State.NOT_ACQUIRED),
    ],
)
def test_all_of_needs_every_condition(scene, points, state):
    item = scene.small(modules__0__activities__1__acquired_when=RULES)
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    fill(scene, item, "M1.carte", points)
    assert cell(item, "O1").state == state


@pytest.fixture
def graded(scene):
    """A rubric with a rule on the grade."""
    item = scene.small(modules__0__activities__2__acquired_when={"grade_at_least": 50})
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    fill(scene, item, "M1.plan", {"clarte": 2, "cadre": 1}, grade=Decimal(75))
    return item


def test_grade_rule_on_a_rubric_without_gradebook_grade_is_unknown(graded):
    assert cell(graded, "O2").state == State.UNKNOWN


@pytest.mark.parametrize(
    ("grade", "overridden", "state"),
    [
        ("75", False, State.ACQUIRED),
        ("40", False, State.UNKNOWN),  # the same filling gave 75: one of the two is wrong
        ("40", True, State.NOT_ACQUIRED),
    ],
)
def test_grade_rule_on_a_rubric_compares_filling_and_gradebook(scene, graded, grade, overridden, state):
    graded.grade(scene.SUBJECT, "M1.plan", grade, scene.utc(AT), grade_max=Decimal(100), overridden=overridden)
    assert cell(graded, "O2").state == state


# ---- what cannot be read -----------------------------------------------------------------------------------------


def test_filling_without_a_rule_is_never_acquired(scene):
    item = scene.small(modules__0__activities__1__acquired_when=None)
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    fill(scene, item, "M1.carte", {"synergies": 5, "note": 1})
    found = cell(item, "O1")
    assert (found.state, found.finding.verdict) == (State.RULE_MISSING, Verdict.UNKNOWN)


def test_filling_of_another_rubric_is_unknown_and_says_which_criterion(scene, one):
    lines = one.criteria("M1.carte", {"synergies": 5, "note": 1})
    other = (lines[0].model_copy(update={"criterion": "Synergies"}), lines[1])
    fill(scene, one, "M1.carte", {}, criteria=other)
    found = cell(one, "O1")
    assert found.finding.verdict == Verdict.UNKNOWN
    assert "il y manque « Synergies argumentées »" in found.finding.sentence
    assert {line.met for line in found.assessments[0].criteria} == {None}


def test_filling_with_a_criterion_too_many_is_unknown(scene, one):
    lines = one.criteria("M1.carte", {"synergies": 5, "note": 1})
    extra = lines[0].model_copy(update={"criterion": "Présentation"})
    fill(scene, one, "M1.carte", {}, criteria=(*lines, extra))
    assert cell(one, "O1").state == State.UNKNOWN


def test_filling_with_decomposed_letters_and_other_spaces_is_the_same_rubric(scene, one):
    lines = one.criteria("M1.carte", {"synergies": 5, "note": 1})
    same = (lines[0].model_copy(update={"criterion": "Synergies  argumente\u0301es "}), lines[1])
    fill(scene, one, "M1.carte", {}, criteria=same)
    assert cell(one, "O1").state == State.ACQUIRED


def test_filling_with_a_level_that_the_rubric_has_not_is_unknown(scene, one):
    lines = one.criteria("M1.carte", {"synergies": 5, "note": 1})
    other = (lines[0].model_copy(update={"score": Decimal(7)}), lines[1])
    fill(scene, one, "M1.carte", {}, criteria=other)
    assert "7 points" in cell(one, "O1").finding.sentence


def test_filling_with_a_criterion_left_open_is_in_progress(scene, one):
    fill(scene, one, "M1.carte", {"synergies": 5, "note": None})
    assert cell(one, "O1").state == State.IN_PROGRESS


def test_filling_by_the_learner_is_unknown(scene, one):
    fill(scene, one, "M1.carte", {"synergies": 5, "note": 1}, rater=41)
    assert cell(one, "O1").state == State.UNKNOWN


def test_filling_of_a_rubric_that_is_not_given_is_unknown(scene, one):
    fill(scene, one, "M1.carte", {"synergies": 5, "note": 1})
    one.rubrics = {}
    assert cell(one, "O1").state == State.UNKNOWN


def test_grade_without_the_filling_is_unknown(scene, one):
    one.grade(scene.SUBJECT, "M1.carte", "100", scene.utc(AT), grade_max=Decimal(100))
    assert cell(one, "O1").state == State.UNKNOWN


def test_fillings_of_two_copies_of_an_activity_are_unknown(scene, one):
    fill(scene, one, "M1.carte", {"synergies": 5, "note": 1})
    fill(scene, one, "M1.carte", {"synergies": 5, "note": 1}, cmid=999)
    assert cell(one, "O1").state == State.UNKNOWN


# ---- which filling counts ----------------------------------------------------------------------------------------


def test_regrading_counts_and_the_first_one_is_shown_as_superseded(scene, one):
    first = fill(scene, one, "M1.carte", {"synergies": 5, "note": 1})
    second = fill(scene, one, "M1.carte", {"synergies": 2, "note": 1})
    found = cell(one, "O1")
    assert (found.state, found.finding.entries) == (State.NOT_ACQUIRED, (second,))
    shown = [(line.entry, line.superseded) for line in found.assessments[0].lines]
    assert shown == [(first, True), (second, False)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_latest_attempt_counts_even_when_it_is_the_weaker(scene, one, order):
    points = {0: {"synergies": 5, "note": 1}, 1: {"synergies": 1, "note": 1}}
    entries = {attempt: fill(scene, one, "M1.carte", points[attempt], attempt=attempt) for attempt in order}
    found = cell(one, "O1")
    assert (found.state, found.finding.entries) == (State.NOT_ACQUIRED, (entries[1],))


def test_filling_that_vanished_is_a_gap_that_names_both_entries(scene, one):
    filled = fill(scene, one, "M1.carte", {"synergies": 5, "note": 1})
    gone = one.vanish(filled)
    found = cell(one, "O1")
    assert (found.finding.verdict, found.finding.entries) == (Verdict.GAP, (filled, gone))
    assert filled in found.finding.sentence
    assert gone in found.finding.sentence


def test_activity_made_again_after_its_deletion_counts(scene, one):
    old = fill(scene, one, "M1.carte", {"synergies": 5, "note": 1}, cmid=998, attempt=3)
    one.vanish(old)
    new = fill(scene, one, "M1.carte", {"synergies": 4, "note": 1})
    assert cell(one, "O1").finding.entries == (new,)


# ---- dates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "verdict"),
    [("21:59:58", Verdict.PENDING), ("21:59:59", Verdict.PENDING), ("22:00:00", Verdict.GAP)],
)
def test_not_assessed_is_a_gap_one_second_after_the_due_date_in_summer_time(scene, one, second, verdict):
    # due on 29 March at 23:59:59 in Paris, some hours after the clocks changed
    found = cell(one, "O1", scene.utc(f"2026-03-29T{second}"))
    assert (found.state, found.finding.verdict) == (State.NOT_ASSESSED, verdict)


@pytest.mark.parametrize(("second", "verdict"), [("15:00:00", Verdict.PENDING), ("15:00:01", Verdict.GAP)])
def test_not_assessed_without_a_due_date_is_a_gap_once_the_session_is_over(scene, one, second, verdict):
    assert cell(one, "O3", scene.utc(f"2026-03-30T{second}")).finding.verdict == verdict


# ---- the programme and the roles ---------------------------------------------------------------------------------


def test_objective_that_nothing_assesses_is_a_gap_of_the_programme_said_once(scene):
    item = scene.green(scene.small(modules__0__activities__3__assesses=[]))
    item = scene.green(item, "bb22", 42, "Marc Olin")
    view = item.view()
    about = [finding for finding in view.findings if finding.objective == "O3"]
    assert [(finding.verdict, finding.learner) for finding in about] == [(Verdict.GAP, None)]
    assert about[0].sentence == "aucune activité n'évalue O3"
    assert {row.cells[2].finding.verdict for row in view.learners} == {Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("role", ["placement_test", "satisfaction_survey", "self_profile"])
def test_quiz_of_another_role_never_evidences_an_objective(scene, role):
    item = scene.green(scene.small(modules__0__activities__4__role=role))
    view = item.view()
    assert view.learners[0].cells[3].state == State.NO_ACTIVITY
    assert [finding.objective for finding in view.findings if finding.verdict == Verdict.GAP] == ["O4"]


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([State.ACQUIRED, State.ACQUIRED], State.ACQUIRED),
        ([State.ACQUIRED, State.NOT_ASSESSED], State.IN_PROGRESS),
        ([State.NOT_ASSESSED, State.NOT_ASSESSED], State.NOT_ASSESSED),
        ([State.ACQUIRED, State.NOT_ACQUIRED], State.NOT_ACQUIRED),
        ([State.ACQUIRED, State.RULE_MISSING], State.RULE_MISSING),
        ([State.NOT_ACQUIRED, State.VANISHED], State.VANISHED),
        ([State.ACQUIRED, State.VANISHED, State.UNKNOWN], State.UNKNOWN),
        ([], State.NO_ACTIVITY),
    ],
)
def test_combined_of_several_activities_is_the_state_that_most_needs_somebody(states, state):
    assert combined(states) == state
    assert combined(states[::-1]) == state


def test_rule_that_is_still_to_confirm_is_marked(scene):
    item = scene.green(scene.small(to_confirm=["modules.M1.activities.carte.acquired_when"]))
    cells = item.view().learners[0].cells
    assert [found.provisional for found in cells] == [True, False, False, False]
