"""What one activity says on an objective: on what it rests, and which of two objects counts."""

from decimal import Decimal

import pytest

from moodle_sync.compliance import Verdict, sentences
from moodle_sync.compliance.view import ObjectiveState as State

AT = "2026-03-29T10:00:00"


def learner(scene, **changes):
    item = scene.small(**changes)
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    return item


@pytest.fixture
def one(scene):
    return learner(scene)


@pytest.fixture
def say(scene):
    """What happened at one moment, to the one learner."""

    def said(item, what, activity, *values, **over):
        return getattr(item, what)(scene.SUBJECT, activity, *values, scene.utc(AT), **over)

    return said


def attempt(scene, item, number, state="finished", grade="8", **over):
    at = scene.utc(AT)
    return item.attempt(scene.SUBJECT, "M1.notions", at, grade, attempt=number, state=state, **over)


def answer(item, column):
    """State, reason and entries of the one activity that assesses an objective."""
    (found,) = item.view().learners[0].cells[column].assessments
    return found.state, found.reason, found.entries


# ---- rubrics -----------------------------------------------------------------------------------------------------


def criteria(item, column=0):
    (found,) = item.view().learners[0].cells[column].assessments
    return [(line.title, line.level, line.points, line.met) for line in found.criteria]


def test_criteria_of_a_filling_below_the_rule_say_which_one_fails(one, say):
    say(one, "fill", "M1.carte", {"synergies": 3, "note": 1})
    assert criteria(one) == [
        ("Synergies argumentées", "3 synergies", 3, False),
        ("Note de synthèse", "lisible", 1, None),
    ]


def test_criteria_left_open_are_neither_met_nor_missed(one, say):
    say(one, "fill", "M1.plan", {"clarte": None, "cadre": 1})
    assert criteria(one, 1) == [("Clarté", "", None, None), ("Cadre", "oui", 1, True)]
    say(one, "fill", "M1.carte", {"synergies": None, "note": 1})
    assert criteria(one)[0] == ("Synergies argumentées", "", None, None)


def test_criteria_of_a_filling_that_cannot_be_judged_are_not_judged(scene, one, say):
    say(one, "fill", "M1.carte", {"synergies": 5, "note": 1}, rater=41)
    assert answer(one, 0)[:2] == (State.UNKNOWN, sentences.SELF_GRADED)
    assert {met for *_, met in criteria(one)} == {None}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_copies_that_are_both_gone_name_the_one_that_went_last(one, say, order):
    filled = [say(one, "fill", "M1.carte", {"synergies": 5, "note": 1}, cmid=cmid) for cmid in (998, 999)]
    gone = [one.vanish(filled[number]) for number in order][-1]
    last = filled[order[-1]]
    assert answer(one, 0) == (State.VANISHED, sentences.vanished(last, gone), (last, gone))


def test_gradebook_line_without_a_grade_is_no_assessment(one, say):
    for column, activity in ((0, "M1.carte"), (2, "M1.oral")):
        say(one, "grade", activity, None)
        assert answer(one, column) == (State.NOT_ASSESSED, sentences.NOT_ASSESSED, ())


# ---- a rubric with a rule on the grade ---------------------------------------------------------------------------

GRADE_AND_POINTS = {"all_of": [{"criterion": "clarte", "at_least": 1}, {"grade_at_least": 50}]}
TWO_GRADES = {"all_of": [{"grade_at_least": 50}, {"grade_at_least": 30}]}
GOOD = {"clarte": 2, "cadre": 1}


def ruled(scene, say, rule, filling, grade, **over):
    """A filled plan, worth a grade, and what the gradebook says beside it; with their entries."""
    item = learner(scene, modules__0__activities__2__acquired_when=rule)
    filled = say(item, "fill", "M1.plan", GOOD, grade=None if filling is None else Decimal(filling))
    graded = say(item, "grade", "M1.plan", grade, grade_max=Decimal(100), **over)
    return item, filled, graded


@pytest.mark.parametrize(
    ("rule", "filling", "grade", "state"),
    [
        (GRADE_AND_POINTS, "75", "75", State.ACQUIRED),
        (GRADE_AND_POINTS, "75", "50", State.ACQUIRED),
        (GRADE_AND_POINTS, "50", "75", State.ACQUIRED),
        (GRADE_AND_POINTS, None, "75", State.ACQUIRED),  # the filling says no grade: there is nothing to compare
        (GRADE_AND_POINTS, None, "40", State.NOT_ACQUIRED),
        (GRADE_AND_POINTS, "49", "50", State.UNKNOWN),
        (GRADE_AND_POINTS, "50", "49", State.UNKNOWN),
        (TWO_GRADES, "60", "40", State.UNKNOWN),  # they agree on 30 and not on 50
        (TWO_GRADES, "40", "45", State.NOT_ACQUIRED),
    ],
)
def test_grade_rule_beside_a_rubric_rests_on_both(scene, say, rule, filling, grade, state):
    item, filled, graded = ruled(scene, say, rule, filling, grade)
    found, reason, entries = answer(item, 1)
    assert (found, entries) == (state, (filled, graded))
    assert (reason == sentences.GRADES_DISAGREE) is (state == State.UNKNOWN)


def test_grade_rule_beside_a_rubric_with_two_grades_rests_on_these(scene, say):
    item, _, graded = ruled(scene, say, GRADE_AND_POINTS, "75", "75")
    other = say(item, "grade", "M1.plan", "75", grade_max=Decimal(100), item_id=9)
    assert answer(item, 1) == (State.UNKNOWN, sentences.TWO_GRADES, (graded, other))


def test_grade_rule_beside_a_rubric_without_a_grade_rests_on_the_filling(scene, say):
    item, filled, _ = ruled(scene, say, GRADE_AND_POINTS, "75", None)
    assert answer(item, 1) == (State.UNKNOWN, sentences.FILLING_WITHOUT_GRADE, (filled,))


# ---- grades and attempts -----------------------------------------------------------------------------------------


def test_grade_without_a_rule_is_never_acquired(scene, say):
    changes = {f"modules__0__activities__{number}__acquired_when": None for number in (3, 4)}
    item = learner(scene, **changes)
    oral = say(item, "grade", "M1.oral", "20", grade_max=Decimal(20))
    tried = attempt(scene, item, 1)
    notions = say(item, "grade", "M1.notions", "10")
    assert answer(item, 2) == (State.RULE_MISSING, sentences.RULE_MISSING, (oral,))
    assert answer(item, 3) == (State.RULE_MISSING, sentences.RULE_MISSING, (tried, notions))
    row = item.view().learners[0]
    assert {row.cells[column].finding.verdict for column in (2, 3)} == {Verdict.UNKNOWN}


def test_quiz_grade_rests_on_the_finished_attempts_only(scene, one, say):
    first = attempt(scene, one, 1)
    attempt(scene, one, 2, "inprogress", None)
    last = attempt(scene, one, 3, "submitted")
    graded = say(one, "grade", "M1.notions", "8")
    state, _, entries = answer(one, 3)
    assert (state, entries) == (State.ACQUIRED, (first, last, graded))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("finished", sentences.ATTEMPT_UNGRADED),
        ("submitted", sentences.ATTEMPT_UNGRADED),
        ("inprogress", sentences.ATTEMPT_UNFINISHED),
        ("abandoned", sentences.ATTEMPT_UNFINISHED),
    ],
)
def test_quiz_attempts_without_a_grade_are_in_progress_and_say_why(scene, one, state, reason):
    unfinished = attempt(scene, one, 1, "overdue", None)
    entry = attempt(scene, one, 2, state, None)
    assert answer(one, 3) == (State.IN_PROGRESS, reason, (unfinished, entry))


def test_quiz_grade_of_attempts_that_are_gone_names_the_last_finished_one(scene, one, say):
    early, late, open_one = (attempt(scene, one, n, s) for n, s in ((1, "finished"), (2, "finished"), (3, "overdue")))
    say(one, "grade", "M1.notions", "8")
    one.vanish(early)
    gone = one.vanish(late)
    one.vanish(open_one)
    assert answer(one, 3) == (State.VANISHED, sentences.vanished(late, gone), (late, gone))


def test_quiz_grade_of_an_unfinished_attempt_that_is_gone_is_unknown(scene, one, say):
    one.vanish(attempt(scene, one, 1, "inprogress", None))
    graded = say(one, "grade", "M1.notions", "8")
    assert answer(one, 3) == (State.UNKNOWN, sentences.GRADE_WITHOUT_ATTEMPT, (graded,))


def test_grades_of_two_copies_that_are_gone_name_the_last_one(one, say):
    first, second = (say(one, "grade", "M1.oral", "15", grade_max=Decimal(20), item_id=n) for n in (1, 2))
    empty = say(one, "grade", "M1.oral", None, item_id=3)
    one.vanish(first)
    gone = one.vanish(second)
    one.vanish(empty)
    assert answer(one, 2) == (State.VANISHED, sentences.vanished(second, gone), (second, gone))


def test_empty_grade_that_is_gone_is_no_assessment(one, say):
    one.vanish(say(one, "grade", "M1.oral", None))
    assert answer(one, 2)[0] == State.NOT_ASSESSED


def test_grade_of_a_copy_that_is_gone_says_nothing_beside_an_empty_one(one, say):
    old = say(one, "grade", "M1.oral", "15", grade_max=Decimal(20), item_id=1)
    say(one, "grade", "M1.oral", None, item_id=2)
    one.vanish(old)
    assert answer(one, 2) == (State.NOT_ASSESSED, sentences.NOT_ASSESSED, ())


def test_lines_of_an_assessment_hold_fillings_grades_and_attempts(scene, one, say):
    filled = say(one, "fill", "M1.carte", GOOD)
    graded = say(one, "grade", "M1.carte", "100")
    tried = attempt(scene, one, 1)
    note = say(one, "grade", "M1.notions", "8")
    row = one.view().learners[0]
    shown = [[line.entry for line in cell.assessments[0].lines] for cell in row.cells]
    assert shown == [[filled, graded], [], [], [tried, note]]
