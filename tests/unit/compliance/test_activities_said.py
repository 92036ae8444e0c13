"""What a cell of the activity table says in each case: verdict, sentence, the entries it rests on, the date."""

import pytest

from moodle_sync.compliance import Verdict, sentences
from moodle_sync.compliance.view import ActivityState as State

IN_TIME, TOO_LATE = "2026-03-28T10:00:00", "2026-03-30T10:00:00"
DUE = "29 mars 2026 à 23 h 59"
QUIZ = "modules__0__activities__4__"


def learner(scene, **changes):
    item = scene.small(**changes)
    item.person(scene.SUBJECT, 41, "Inès Abara")
    item.enrol(scene.SUBJECT)
    return item


@pytest.fixture
def one(scene):
    return learner(scene)


def cell(item, activity, as_of=None):
    view = item.view(as_of) if as_of else item.view()
    return next(found for found in view.learners[0].activities if found.finding.activity == activity)


def answer(item, activity, as_of=None):
    found = cell(item, activity, as_of)
    return found.state, found.finding.verdict, found.finding.sentence, found.finding.entries


def done(scene, item, activity="M1.carte", at=IN_TIME, **over):
    return item.complete(scene.SUBJECT, activity, at and scene.utc(at), **over)


def attempt(scene, item, number=1, at=IN_TIME, activity="M1.notions", **over):
    return item.attempt(scene.SUBJECT, activity, scene.utc(at), over.pop("grade", "8"), attempt=number, **over)


# ---- by completion -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "over", "expected"),
    [
        (IN_TIME, {}, (State.DONE, Verdict.OK, f"fait le 28 mars 2026 à 11 h (échéance : {DUE})")),
        (TOO_LATE, {}, (State.DONE_LATE, Verdict.LATE, f"fait le 30 mars 2026 à 12 h, après l'échéance du {DUE}")),
        (None, {}, (State.DONE_UNDATED, Verdict.UNKNOWN, sentences.DONE_UNDATED)),
        (
            IN_TIME,
            {"overridden_by": 12},
            (
                State.DONE,
                Verdict.OK,
                f"fait le 28 mars 2026 à 11 h (échéance : {DUE}) ; "
                "marqué comme achevé par l'utilisateur Moodle n° 12",
            ),
        ),
        (
            IN_TIME,
            {"state": "complete_fail"},  # nothing asks that it be passed
            (State.DONE, Verdict.OK, f"fait le 28 mars 2026 à 11 h (échéance : {DUE})"),
        ),
        (None, {"state": "incomplete"}, (State.MISSING, Verdict.GAP, f"non fait à l'échéance du {DUE}")),
    ],
)  # fmt: skip
def test_completion_says_when_by_when_and_by_whom(scene, one, at, over, expected):
    entry = done(scene, one, at=at, **over)
    assert answer(one, "M1.carte") == (*expected, (entry,))


def test_completion_says_nothing_of_a_due_date_that_there_is_not(scene, one):
    entry = done(scene, one, "M1.lecture")
    assert answer(one, "M1.lecture") == (State.DONE, Verdict.OK, "fait le 28 mars 2026 à 11 h", (entry,))
    assert cell(one, "M1.lecture").finding.due == scene.utc("2026-03-30T15:00:00")  # the end of the session


def test_completion_that_needs_a_grade_says_so_after_the_due_date(scene, one):
    entry = done(scene, one, "M1.plan", "2026-03-30T15:00:01")
    assert answer(one, "M1.plan") == (State.DONE_UNDATED, Verdict.UNKNOWN, sentences.DONE_WITH_GRADING, (entry,))


def test_completion_that_needs_a_grade_to_pass_says_so_too(scene):
    item = learner(scene, modules__0__activities__1__complete_when=["passed"])
    done(scene, item, at=TOO_LATE, state="complete_pass")
    assert answer(item, "M1.carte")[2] == sentences.DONE_WITH_GRADING


def test_activity_that_is_due_and_not_followed_says_so(scene):
    item = learner(scene, modules__0__activities__3__due="end")
    assert answer(item, "M1.oral") == (State.NOT_TRACKED, Verdict.UNKNOWN, sentences.NOT_FOLLOWED, ())
    assert cell(item, "M1.oral").result == ""


def test_completion_that_vanished_says_both_entries(scene, one):
    entry = done(scene, one)
    gone = one.vanish(entry)
    said = f"observé au n° {entry}, disparu de Moodle au n° {gone}"
    assert answer(one, "M1.carte") == (State.VANISHED, Verdict.GAP, said, (entry, gone))


def test_completions_of_two_copies_that_are_gone_name_the_second(scene, one):
    first, second = (done(scene, one, cmid=cmid) for cmid in (1, 2))
    one.vanish(first)
    gone = one.vanish(second)
    assert answer(one, "M1.carte")[2:] == (sentences.vanished(second, gone), (second, gone))


def test_completions_of_two_copies_say_so(scene, one):
    both = tuple(done(scene, one, cmid=cmid) for cmid in (1, 2))
    assert answer(one, "M1.carte") == (State.UNKNOWN, Verdict.UNKNOWN, sentences.TWO_OBJECTS, both)


@pytest.mark.parametrize(
    ("state", "expected"),
    [("complete_pass", (State.DONE, Verdict.OK)), ("complete_fail", (State.FAILED, Verdict.GAP))],
)
def test_assignment_to_be_passed_goes_by_the_state_of_its_completion(scene, state, expected):
    item = learner(scene, modules__0__activities__1__complete_when=["passed"])
    entry = done(scene, item, state=state)
    found = answer(item, "M1.carte")
    assert (found[:2], found[3]) == (expected, (entry,))
    assert (found[2] == sentences.NOT_PASSED) is (state == "complete_fail")


@pytest.mark.parametrize(
    ("as_of", "verdict", "said"),
    [
        ("2026-03-29T12:00:00", Verdict.PENDING, f"pas encore fait ; échéance le {DUE}"),
        ("2026-03-30T12:00:00", Verdict.GAP, f"non fait à l'échéance du {DUE}"),
    ],
)
def test_nothing_observed_says_the_due_date(scene, one, as_of, verdict, said):
    assert answer(one, "M1.carte", scene.utc(as_of))[1:] == (verdict, said, ())


@pytest.mark.parametrize(
    ("second", "verdict", "said"),
    [
        ("15:00:00", Verdict.PENDING, "pas encore fait ; échéance le 30 mars 2026 à 17 h"),
        ("15:00:01", Verdict.GAP, "non fait à l'échéance du 30 mars 2026 à 17 h"),
    ],
)
def test_what_has_no_due_date_is_missing_at_the_end_of_the_session(scene, one, second, verdict, said):
    assert answer(one, "M1.lecture", scene.utc(f"2026-03-30T{second}"))[1:] == (verdict, said, ())


def test_person_without_enrolment_is_never_done(scene):
    item = scene.small()
    item.person(scene.SUBJECT, 41, "Inès Abara")
    for activity, at in (("M1.carte", TOO_LATE), ("M1.lecture", IN_TIME)):
        entry = done(scene, item, activity, at)
        said = (State.UNKNOWN, Verdict.UNKNOWN, sentences.ENROLMENT_NOT_OBSERVED, (entry,))
        assert answer(item, activity) == said
    assert cell(item, "M1.plan").state == State.MISSING


def test_erased_learner_rests_on_what_was_erased(scene, one):
    entry = one.evidence[0].entry
    one.erase(scene.SUBJECT)
    done(scene, one)
    for found in one.view().learners[0].activities:
        assert (found.state, found.finding.sentence) == (State.ERASED, sentences.ERASED)
        assert found.finding.entries == (entry,)


# ---- quizzes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "due", "complete_when", "state"),
    [
        (None, None, ["viewed"], State.DONE),
        (None, None, ["marked"], State.DONE),
        (None, None, ["viewed", "attempted"], State.UNKNOWN),
        (None, None, ["graded"], State.UNKNOWN),
        (None, "end", ["viewed"], State.UNKNOWN),
        ("placement_test", None, ["viewed"], State.UNKNOWN),
    ],
)
def test_quiz_that_was_only_looked_at_is_done_where_nothing_more_is_asked(scene, role, due, complete_when, state):
    changes = {"role": role, "due": due, "complete_when": complete_when, "assesses": None, "acquired_when": None}
    item = learner(scene, **{QUIZ + name: value for name, value in changes.items()})
    entry = done(scene, item, "M1.notions", "2026-03-26T10:00:00", modname="quiz")
    found = answer(item, "M1.notions")
    assert (found[0], found[3]) == (state, (entry,))
    assert (found[2] == sentences.NO_ATTEMPT) is (state == State.UNKNOWN)


def test_quiz_passed_says_when_it_was_and_rests_on_attempt_and_completion(scene, one):
    first = attempt(scene, one)
    entry = done(scene, one, "M1.notions", state="complete_pass")
    said = "fait le 28 mars 2026 à 11 h (échéance : 30 mars 2026 à 23 h 59)"
    assert answer(one, "M1.notions") == (State.DONE, Verdict.OK, said, (first, entry))
    assert [line.entry for line in cell(one, "M1.notions").lines] == [first, entry]


@pytest.mark.parametrize(("second", "state"), [("21:59:59", State.DONE), ("22:00:00", State.DONE_LATE)])
def test_quiz_to_be_passed_goes_by_the_moment_it_was_passed(scene, one, second, state):
    attempt(scene, one)
    done(scene, one, "M1.notions", f"2026-03-30T{second}", state="complete_pass")
    assert answer(one, "M1.notions")[0] == state


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_quiz_to_be_attempted_goes_by_the_first_finished_attempt(scene, order):
    item = learner(scene, **{QUIZ + "complete_when": ["attempted"], QUIZ + "due": "start+2d"})
    at = {1: IN_TIME, 2: TOO_LATE}
    attempts = {number: attempt(scene, item, number, at[number]) for number in order}
    entry = done(scene, item, "M1.notions", TOO_LATE)
    state, verdict, _, entries = answer(item, "M1.notions")
    assert (state, verdict, entries) == (State.DONE, Verdict.OK, (attempts[1], entry))


@pytest.mark.parametrize(("first", "second"), [(IN_TIME, None), (None, TOO_LATE)])
def test_quiz_attempt_that_was_finished_first_counts_however_late_it_was_seen(scene, first, second):
    item = learner(scene, **{QUIZ + "complete_when": [], QUIZ + "due": "start+2d"})
    seen = {IN_TIME: "2026-04-01T02:00:00", TOO_LATE: "2026-03-31T02:00:00", None: "2026-03-29T08:00:00"}
    entries = []
    for number, at in enumerate((second, first)):
        over = {"finished_at": at and scene.utc(at), "observed_at": scene.utc(seen[at])}
        entries.append(attempt(scene, item, number, **over))
    assert answer(item, "M1.notions")[3] == (entries[1],)


def test_quiz_attempts_finished_at_the_same_second_count_in_ledger_order(scene):
    item = learner(scene, **{QUIZ + "complete_when": ["attempted"]})
    first, _ = (attempt(scene, item, number) for number in (2, 1))
    entry = done(scene, item, "M1.notions")
    assert answer(item, "M1.notions")[3] == (first, entry)


@pytest.mark.parametrize(
    ("finished", "seen", "state"),
    [
        (IN_TIME, "2026-04-01T02:00:00", State.DONE),
        (TOO_LATE, "2026-04-01T02:00:00", State.DONE_LATE),
        (None, "2026-03-29T02:00:00", State.DONE),
        (None, "2026-04-01T02:00:00", State.DONE_UNDATED),
    ],
)
def test_quiz_without_completion_goes_by_the_end_of_its_attempt_or_when_it_was_seen(scene, finished, seen, state):
    item = learner(scene, **{QUIZ + "complete_when": [], QUIZ + "due": "start+2d"})
    over = {"finished_at": finished and scene.utc(finished), "observed_at": scene.utc(seen)}
    entry = attempt(scene, item, **over)
    found = answer(item, "M1.notions")
    assert (found[0], found[3]) == (state, (entry,))


def test_quiz_with_completions_of_two_copies_says_so(scene, one):
    attempt(scene, one)
    both = tuple(done(scene, one, "M1.notions", state="complete_pass", cmid=cmid) for cmid in (1, 2))
    assert answer(one, "M1.notions")[1:] == (Verdict.UNKNOWN, sentences.TWO_OBJECTS, both)


@pytest.mark.parametrize(
    ("complete_when", "state"), [(["attempted"], State.UNKNOWN), (["attempted", "passed"], State.FAILED)]
)
def test_quiz_with_an_attempt_and_an_open_completion_rests_on_both(scene, complete_when, state):
    item = learner(scene, **{QUIZ + "complete_when": complete_when})
    first = attempt(scene, item)
    entry = done(scene, item, "M1.notions", None, state="incomplete")
    found = answer(item, "M1.notions")
    assert (found[0], found[3]) == (state, (first, entry))
    assert found[2] == (sentences.NO_COMPLETION if state == State.UNKNOWN else sentences.NOT_PASSED)


def test_quiz_whose_completion_is_gone_has_none(scene, one):
    first = attempt(scene, one)
    one.vanish(done(scene, one, "M1.notions", state="complete_pass"))
    assert answer(one, "M1.notions") == (State.UNKNOWN, Verdict.UNKNOWN, sentences.NO_COMPLETION, (first,))


def test_quiz_failed_rests_on_attempt_and_completion(scene, one):
    first = attempt(scene, one, grade="5")
    entry = done(scene, one, "M1.notions", state="complete_fail")
    assert answer(one, "M1.notions") == (State.FAILED, Verdict.GAP, sentences.NOT_PASSED, (first, entry))


def test_quiz_failed_that_opens_after_the_session_without_a_due_date_is_never_a_gap(scene):
    dates = {QUIZ + "due": None, QUIZ + "opens": "end+1mo"}
    item = learner(scene, **dates)
    attempt(scene, item, grade="5")
    done(scene, item, "M1.notions", state="complete_fail")
    assert answer(item, "M1.notions")[:2] == (State.FAILED, Verdict.PENDING)
    assert cell(item, "M1.notions").finding.due is None


@pytest.mark.parametrize(
    ("as_of", "verdict", "said"),
    [
        (IN_TIME, Verdict.PENDING, "commencé, pas terminé ; échéance le 30 mars 2026 à 23 h 59"),
        ("2026-03-31T10:00:00", Verdict.GAP, "commencé, pas terminé à l'échéance du 30 mars 2026 à 23 h 59"),
    ],
)
def test_quiz_that_was_begun_says_so(scene, one, as_of, verdict, said):
    over = {"state": "inprogress", "grade": None, "finished_at": None}
    entry = attempt(scene, one, at="2026-03-26T10:00:00", **over)
    assert answer(one, "M1.notions", scene.utc(as_of)) == (State.UNFINISHED, verdict, said, (entry,))


def test_quiz_that_was_begun_without_any_date_waits(scene):
    item = learner(scene, **{QUIZ + "due": None, QUIZ + "opens": "end+1mo"})
    assert answer(item, "M1.notions") == (State.PENDING, Verdict.PENDING, sentences.NOT_DONE_YET, ())
    entry = attempt(scene, item, state="inprogress", grade=None)
    assert answer(item, "M1.notions") == (State.UNFINISHED, Verdict.PENDING, sentences.NOT_DONE_YET, (entry,))


def test_quiz_attempts_that_are_gone_name_the_last_finished_one(scene, one):
    early, late, open_one = (
        attempt(scene, one, n, state=s) for n, s in ((1, "finished"), (2, "finished"), (3, "overdue"))
    )
    one.vanish(early)
    gone = one.vanish(late)
    one.vanish(open_one)
    said = f"observé au n° {late}, disparu de Moodle au n° {gone}"
    assert answer(one, "M1.notions") == (State.VANISHED, Verdict.GAP, said, (late, gone))


def test_quiz_attempt_that_is_gone_unfinished_was_not_done(scene, one):
    one.vanish(attempt(scene, one, state="inprogress", grade=None))
    assert answer(one, "M1.notions")[:2] == (State.MISSING, Verdict.GAP)


def test_result_lists_finished_and_graded_attempts_that_are_there_in_their_order(scene, one):
    attempt(scene, one, 3, grade="6")
    attempt(scene, one, 1, grade="2.5")
    attempt(scene, one, 2, state="inprogress")
    attempt(scene, one, 4, grade=None, state="submitted")
    one.vanish(attempt(scene, one, 5))
    attempt(scene, one, 6, grade_max=20, grade="9")
    assert cell(one, "M1.notions").result == (
        "tentative 1 : 2,5 sur 10, non réussie ; tentative 3 : 6 sur 10, réussie ; tentative 6 : 9 sur 20"
    )


def test_result_of_a_quiz_without_a_grade_to_pass_does_not_judge(scene, one):
    attempt(scene, one, activity="positionnement", grade="0")
    assert cell(one, "positionnement").result == "tentative 1 : 0 sur 10"


# ---- the positioning ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("second", "verdict"), [("08:00:00", Verdict.PENDING), ("08:00:01", Verdict.GAP)])
def test_placement_without_a_due_date_is_missing_once_the_training_begins(scene, second, verdict):
    item = learner(scene, outside_modules__0__due=None)
    found = cell(item, "positionnement", scene.utc(f"2026-03-27T{second}"))
    assert (found.finding.verdict, found.finding.due) == (verdict, scene.utc("2026-03-27T08:00:00"))
