"""Attempts at a quiz: pages as HTML, saving, sequence checks, marks, limits, and the grade that comes of it."""

import re
from typing import Any

import pytest
from sandboxscene import Scene

from moodle_sync.sandbox.evidence_gradebook import quiz_graded
from moodle_sync.sandbox.evidence_quiz_marks import fraction
from moodle_sync.sandbox.rows_work import Question

RIGHT = {"numerical": "6", "truefalse": "0", "shortanswer": "Plan de participation "}
ATTEMPTS = "mod_quiz_get_user_attempts"


@pytest.fixture(params=["4.5", "5.1"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


def start(scene: Scene, learner: dict[str, Any], key: str = "quiz") -> int:
    attempt = scene.call(learner, "mod_quiz_start_attempt", quizid=scene.instance(key))["attempt"]
    return int(attempt["id"])


def page(scene: Scene, learner: dict[str, Any], attemptid: int, number: int) -> dict[str, Any]:
    answer = scene.call(learner, "mod_quiz_get_attempt_data", attemptid=attemptid, page=number)
    [question] = answer["questions"]
    return {**question, "nextpage": answer["nextpage"]}


def responses(scene: Scene, learner: dict[str, Any], attemptid: int, correct: int) -> list[dict[str, str]]:
    """The first questions answered right, the others wrong, as a client that only reads the pages would post it."""
    data = []
    for number in range(6):
        question = page(scene, learner, attemptid, number)
        [(check, sequence)] = re.findall(r'name="(q\d+:\d+_:sequencecheck)" value="(\d+)"', question["html"])
        good = number < correct
        if question["type"] == "multichoice":
            buttons = re.findall(
                r'type="radio" name="q\d+:\d+_answer" value="(\d)".*?flex-fill ms-1">(.*?)</div>', question["html"]
            )
            wanted = [
                value
                for value, text in buttons
                if ("chaque lien" in text or "dire" in text or "nombre" in text) == good
            ]
            value = wanted[0]
        else:
            value = RIGHT[question["type"]] if good else {"truefalse": "1"}.get(question["type"], "7")
        data += [
            {"name": check, "value": sequence},
            {"name": check.replace(":sequencecheck", "answer"), "value": value},
        ]
    return data


def finish(scene: Scene, learner: dict[str, Any], correct: int, key: str = "quiz") -> int:
    attemptid = start(scene, learner, key)
    data = responses(scene, learner, attemptid, correct)
    arguments = {"attemptid": attemptid, "data": data, "finishattempt": 1, "timeup": 0}
    assert scene.call(learner, "mod_quiz_process_attempt", **arguments)["state"] == "finished"
    return attemptid


def attempts(scene: Scene, learner: dict[str, Any], key: str = "quiz", **more: Any) -> list[dict[str, Any]]:
    arguments = {"quizid": scene.instance(key), "userid": learner["id"], "status": "all", **more}
    found: list[dict[str, Any]] = scene.pull(ATTEMPTS, **arguments)["attempts"]
    return found


def test_attempt_walks_through_its_pages_and_is_marked_at_the_end(scene: Scene) -> None:
    ann = scene.learners[0]
    attemptid = start(scene, ann)
    first = page(scene, ann, attemptid, 0)
    assert (first["state"], first["sequencecheck"], first["nextpage"], first["maxmark"]) == ("todo", 1, 1, 1)
    assert page(scene, ann, attemptid, 5)["nextpage"] == -1
    assert scene.refusal(ann, "mod_quiz_get_attempt_data", attemptid=attemptid, page=6) == "Invalid page number"
    data = responses(scene, ann, attemptid, 3)
    scene.later()
    scene.call(ann, "mod_quiz_process_attempt", attemptid=attemptid, data=data, finishattempt=1, timeup=0)
    [row] = attempts(scene, ann)
    assert (row["state"], row["sumgrades"], row["timefinish"]) == ("finished", 3, scene.now)
    assert row["layout"] == "1,0,2,0,3,0,4,0,5,0,6,0"
    assert scene.refusal(ann, "mod_quiz_get_attempt_data", attemptid=attemptid, page=0) == "attemptalreadyclosed"


def test_saved_responses_change_no_time_and_count_when_the_attempt_is_finished_without_them(scene: Scene) -> None:
    ann = scene.learners[0]
    attemptid = start(scene, ann)
    [before] = attempts(scene, ann)
    data = responses(scene, ann, attemptid, 6)
    scene.later()
    scene.call(ann, "mod_quiz_save_attempt", attemptid=attemptid, data=data)
    assert attempts(scene, ann) == [before]
    shown = page(scene, ann, attemptid, 1)
    assert (shown["state"], shown["hasautosavedstep"], shown["sequencecheck"]) == ("complete", True, 1)
    assert 'value="6"' in shown["html"]
    scene.call(ann, "mod_quiz_process_attempt", attemptid=attemptid, data=[], finishattempt=1, timeup=0)
    assert attempts(scene, ann)[0]["sumgrades"] == 6


def test_stale_sequence_check_is_refused_and_nothing_is_kept(scene: Scene) -> None:
    ann = scene.learners[0]
    attemptid = start(scene, ann)
    data = responses(scene, ann, attemptid, 6)
    arguments = {"attemptid": attemptid, "data": data, "finishattempt": 0, "timeup": 0}
    scene.call(ann, "mod_quiz_process_attempt", **arguments)
    assert page(scene, ann, attemptid, 0)["sequencecheck"] == 2
    assert scene.refusal(ann, "mod_quiz_process_attempt", **arguments) == "submissionoutofsequencefriendlymessage"


def test_second_attempt_waits_for_the_first_and_a_limit_is_a_warning(scene: Scene) -> None:
    ann = scene.learners[0]
    start(scene, ann)
    assert scene.refusal(ann, "mod_quiz_start_attempt", quizid=scene.instance("quiz")) == "attemptstillinprogress"
    finish(scene, ann, 1, "quiz2")
    answer = scene.call(ann, "mod_quiz_start_attempt", quizid=scene.instance("quiz2"))
    [warning] = answer["warnings"]
    assert (answer["attempt"], warning["message"]) == ([], "No more attempts are allowed")
    access = scene.call(ann, "mod_quiz_get_attempt_access_information", quizid=scene.instance("quiz2"))
    assert access["isfinished"]
    assert access["preventnewattemptreasons"] == ["No more attempts are allowed"]


def test_attempt_of_another_learner_is_not_shown(scene: Scene) -> None:
    ann, bob = scene.learners[:2]
    attemptid = start(scene, ann)
    assert scene.refusal(bob, "mod_quiz_get_attempt_data", attemptid=attemptid, page=0) == "notyourattempt"
    arguments = {"quizid": scene.instance("quiz"), "userid": ann["id"], "status": "all"}
    assert scene.refusal(bob, ATTEMPTS, **arguments) == "nopermissions"
    stranger = scene.learners[7]
    assert scene.refusal(stranger, "mod_quiz_start_attempt", quizid=scene.instance("quiz")) == "requireloginerror"


def test_grade_follows_the_method_of_the_quiz(scene: Scene) -> None:
    ann = scene.learners[0]
    quiz = scene.world.quizzes[scene.instance("quiz")]
    methods = {1: 10, 2: 5, 3: 0, 4: 5}
    for correct in (0, 6, 3):
        finish(scene, ann, correct)
        scene.later()
    for method, grade in methods.items():
        quiz.grademethod = method
        quiz_graded(scene.world, quiz, ann["id"])
        assert scene.grades(ann)["Quiz"]["graderaw"] == grade, method


def test_passing_quiz_is_complete_with_pass_and_a_worse_attempt_changes_only_times(scene: Scene) -> None:
    ann = scene.learners[0]
    finish(scene, ann, 2)
    assert scene.states(ann)["quiz"] == (3, scene.now)
    passed = scene.later()
    finish(scene, ann, 6)
    assert scene.states(ann)["quiz"] == (2, passed)
    again = scene.later()
    finish(scene, ann, 0)
    assert scene.states(ann)["quiz"] == (2, passed)
    grade = scene.grades(ann)["Quiz"]
    assert (grade["graderaw"], grade["gradedategraded"], grade["gradedatesubmitted"]) == (10, again, again)


def test_minimal_number_of_attempts_completes(scene: Scene) -> None:
    ann = scene.learners[0]
    start(scene, ann, "quiz2")
    assert scene.states(ann)["quiz2"] == (0, 0)
    [attempt] = scene.world.attempts
    scene.call(ann, "mod_quiz_process_attempt", attemptid=attempt.id, data=[], finishattempt=1, timeup=0)
    assert scene.states(ann)["quiz2"] == (1, scene.now)
    assert attempts(scene, ann, "quiz2")[0]["sumgrades"] == 0


def test_preview_of_a_trainer_is_told_only_when_asked_for_and_gives_no_grade(scene: Scene) -> None:
    trainer = scene.trainers[0]
    finish(scene, trainer, 6)
    finish(scene, trainer, 6)
    assert attempts(scene, trainer) == []
    [row] = attempts(scene, trainer, includepreviews=1)
    assert (row["preview"], row["attempt"]) == (1, 1)
    assert scene.world.grades.where(userid=trainer["id"]) == []


def test_time_limit_submits_what_was_saved_at_the_deadline(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.world.quizzes[scene.instance("quiz")].timelimit = 600
    attemptid = start(scene, ann)
    end = scene.now + 600
    scene.call(ann, "mod_quiz_save_attempt", attemptid=attemptid, data=responses(scene, ann, attemptid, 6))
    assert attempts(scene, ann)[0]["timecheckstate"] == end
    scene.later(601)
    [row] = attempts(scene, ann)
    assert (row["state"], row["timefinish"], row["sumgrades"]) == ("finished", end, 6)


def test_closed_quiz_abandons_where_it_says_so_and_takes_no_new_attempt(scene: Scene) -> None:
    ann = scene.learners[0]
    quiz = scene.world.quizzes[scene.instance("quiz")]
    quiz.timeclose, quiz.overduehandling = scene.now + 60, "autoabandon"
    start(scene, ann)
    scene.later(61)
    [row] = attempts(scene, ann)
    assert (row["state"], row["sumgrades"], row["timefinish"]) == ("abandoned", None, 0)
    [warning] = scene.call(ann, "mod_quiz_start_attempt", quizid=quiz.id)["warnings"]
    assert warning["message"] == "This quiz is currently not available."


def test_old_function_hides_states_that_came_later(scene: Scene) -> None:
    ann = scene.learners[0]
    finish(scene, ann, 6)
    [attempt] = scene.world.attempts
    attempt.state = "submitted"
    [row] = attempts(scene, ann)
    assert (row["state"], row["sumgrades"]) == ("finished", None)
    if scene.world.version == "5.1":
        arguments = {"quizid": scene.instance("quiz"), "userid": ann["id"], "status": "all"}
        [row] = scene.pull("mod_quiz_get_user_quiz_attempts", **arguments)["attempts"]
        assert (row["state"], row["sumgrades"]) == ("submitted", 6)
    attempt.state = "notstarted"
    assert attempts(scene, ann) == []


def test_status_of_attempts_is_finished_unless_asked(scene: Scene) -> None:
    ann = scene.learners[0]
    finish(scene, ann, 1)
    start(scene, ann)
    arguments = {"quizid": scene.instance("quiz"), "userid": ann["id"]}
    assert [row["attempt"] for row in scene.pull(ATTEMPTS, **arguments)["attempts"]] == [1]
    assert [row["attempt"] for row in attempts(scene, ann, status="unfinished")] == [2]
    assert scene.refusal(scene.puller, ATTEMPTS, **arguments, status="some") == "invalidparameter"


def test_other_mark_of_a_slot_changes_attempts_and_keeps_the_grade_that_comes_out_the_same(scene: Scene) -> None:
    ann, bob = scene.learners[:2]
    finish(scene, ann, 6)
    finish(scene, bob, 3)
    graded = scene.now
    [slot, *_] = scene.world.slots.where(quizid=scene.instance("quiz"))
    change = {"quizid": scene.instance("quiz"), "slots": [{"id": slot.id, "maxmark": 3}]}
    assert scene.refusal(ann, "mod_quiz_update_slots", **change) == "nopermissions"
    scene.later()
    scene.call(scene.editor, "mod_quiz_update_slots", **change)
    assert [row["sumgrades"] for row in attempts(scene, ann)] == [8]
    assert [row["sumgrades"] for row in attempts(scene, bob)] == [5]
    assert (scene.grades(ann)["Quiz"]["graderaw"], scene.grades(ann)["Quiz"]["gradedategraded"]) == (10, graded)
    assert (scene.grades(bob)["Quiz"]["graderaw"], scene.grades(bob)["Quiz"]["gradedategraded"]) == (6.25, scene.now)
    unknown = {"quizid": scene.instance("quiz"), "slots": [{"id": 999, "maxmark": 3}]}
    assert scene.refusal(scene.editor, "mod_quiz_update_slots", **unknown) == "codingerror"


def test_quizzes_are_told_with_points_and_without_what_the_caller_may_not_see(scene: Scene) -> None:
    function, arguments = "mod_quiz_get_quizzes_by_courses", {"courseids": [scene.course.id]}
    quizzes = scene.pull(function, **arguments)["quizzes"]
    assert [(quiz["sumgrades"], quiz["grade"], quiz["hasquestions"]) for quiz in quizzes] == [(6, 10, 1)] * 2
    assert ("enableaitools" in quizzes[0]) == (scene.world.version == "5.1")
    assert "shuffleanswers" not in quizzes[0]
    scene.faults.lack("mod/quiz:view")
    assert scene.pull(function, **arguments) == {"quizzes": [], "warnings": []}
    scene.faults.clear()
    scene.faults.lack("moodle/course:view")
    answer = scene.pull(function, **arguments)
    assert (answer["quizzes"], [row["warningcode"] for row in answer["warnings"]]) == ([], ["1"])


CHOICE = Question(
    qtype="multichoice",
    single=False,
    answers=[
        {"id": 1, "text": "a", "fraction": 0.5},
        {"id": 2, "text": "b", "fraction": 0.5},
        {"id": 3, "text": "c", "fraction": -0.5},
    ],
)
NUMBER = Question(
    qtype="numerical",
    answers=[{"id": 1, "text": "2.5", "fraction": 1, "tolerance": 0.1}, {"id": 2, "text": "*", "fraction": 0.25}],
)
SHORT = Question(qtype="shortanswer", answers=[{"id": 1, "text": "éco*ville", "fraction": 1}])
ESSAY = Question(qtype="essay")


@pytest.mark.parametrize(
    ("question", "response", "worth"),
    [
        (CHOICE, {"choice0": "1", "choice1": "1"}, 1.0),
        (CHOICE, {"choice0": "1", "choice2": "1"}, 0.0),
        (CHOICE, {"choice2": "1"}, 0.0),
        (CHOICE, {}, 0.0),
        (NUMBER, {"answer": "2,6"}, 1.0),
        (NUMBER, {"answer": "3"}, 0.25),
        (NUMBER, {"answer": "deux"}, 0.0),
        (SHORT, {"answer": " ÉCO-quartier en VILLE "}, 1.0),
        (SHORT, {"answer": "ville"}, 0.0),
        (ESSAY, {"answer": "long"}, None),
    ],
)
def test_response_is_worth_what_moodle_gives(question: Question, response: dict[str, str], worth: float | None) -> None:
    assert fraction(question, response, [1, 2, 3]) == worth
