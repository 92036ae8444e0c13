"""Handing in and grading: drafts, refusals that are warnings, rubrics, attempts, and what is read of it."""

from typing import Any

import pytest
from sandboxscene import Scene

SUBMIT = "mod_assign_submit_for_grading"
INSTANCES = "core_grading_get_gradingform_instances"


@pytest.fixture(params=["4.5", "5.1"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


def submit(scene: Scene, learner: dict[str, Any], key: str = "rub") -> list[Any]:
    found: list[Any] = scene.call(learner, SUBMIT, assignmentid=scene.instance(key), acceptsubmissionstatement=0)
    return found


def submissions(scene: Scene, key: str = "rub") -> dict[int, dict[str, Any]]:
    answer = scene.pull("mod_assign_get_submissions", assignmentids=[scene.instance(key)], status="", since=0)
    return {row["userid"]: row for row in answer["assignments"][0]["submissions"]}


def grade_rows(scene: Scene, key: str = "rub", since: int = 0) -> Any:
    return scene.pull("mod_assign_get_grades", assignmentids=[scene.instance(key)], since=since)


def instances(scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scene.pull(INSTANCES, definitionid=scene.definition.id, since=0)["instances"]
    return found


def test_draft_is_handed_in_by_a_second_call_and_then_closed(scene: Scene) -> None:
    ann = scene.learners[0]
    assert scene.hand_in(ann, "rub") == []
    assert submissions(scene)[ann["id"]]["status"] == "draft"
    when = scene.later()
    assert submit(scene, ann) == []
    row = submissions(scene)[ann["id"]]
    assert (row["status"], row["timemodified"], row["gradingstatus"]) == ("submitted", when, "notgraded")
    assert row["plugins"][0]["editorfields"][0]["text"] == "<p>Texte</p>"
    assert [warning["warningcode"] for warning in submit(scene, ann)] == ["couldnotsubmitforgrading"]
    assert [warning["warningcode"] for warning in scene.hand_in(ann, "rub")] == ["couldnotsavesubmission"]


def test_without_a_button_work_is_handed_in_at_once_and_may_be_written_again(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.hand_in(ann, "plain")
    assert submissions(scene, "plain")[ann["id"]]["status"] == "submitted"
    assert scene.grades(ann)["Plain"]["gradedatesubmitted"] == scene.now
    when = scene.later()
    assert scene.hand_in(ann, "plain", "<p>Mieux</p>") == []
    assert submissions(scene, "plain")[ann["id"]]["timemodified"] == when
    assert scene.states(ann)["plain"] == (1, when - 60)


@pytest.mark.parametrize(
    "fields", [{"cutoffdate": 1}, {"allowsubmissionsfromdate": 4102444800}, {"nosubmissions": True}]
)
def test_work_that_is_early_or_late_is_refused_with_a_warning(scene: Scene, fields: dict[str, Any]) -> None:
    ann = scene.learners[0]
    for name, value in fields.items():
        setattr(scene.world.assigns[scene.instance("plain")], name, value)
    [warning] = scene.hand_in(ann, "plain")
    assert (warning["warningcode"], warning["itemid"]) == ("couldnotsavesubmission", scene.instance("plain"))
    assert submissions(scene, "plain") == {}


def test_empty_work_is_refused_and_leaves_a_row(scene: Scene) -> None:
    ann = scene.learners[0]
    [warning] = scene.hand_in(ann, "plain", "<p> </p>")
    assert (warning["item"], warning["warningcode"]) == ("Nothing was submitted", "couldnotsavesubmission")
    assert submissions(scene, "plain")[ann["id"]]["status"] == "new"
    assert scene.states(ann)["plain"] == (0, 0)


def test_rubric_filled_scales_its_score_to_the_maximum_of_the_assignment(scene: Scene) -> None:
    ann, (trainer, second) = scene.learners[0], scene.trainers
    scene.fill_rubric(trainer, ann, 5, 1, 1, remark="bien <b>")
    first = scene.now
    [row] = grade_rows(scene)["assignments"][0]["grades"]
    assert (row["grade"], row["grader"], row["timecreated"]) == ("17.50000", trainer["id"], first)
    [form] = instances(scene)
    assert (form["raterid"], form["itemid"], form["status"], form["rawgrade"]) == (trainer["id"], row["id"], 1, None)
    assert [line["remark"] for line in form["rubric"]["criteria"]] == ["bien <b>"] * 3
    when = scene.later()
    scene.fill_rubric(second, ann, 3, 1, 1)
    [again] = grade_rows(scene)["assignments"][0]["grades"]
    assert (again["id"], again["grade"], again["timecreated"], again["timemodified"]) == (
        row["id"],
        "12.50000",
        first,
        when,
    )
    [newer] = instances(scene)
    assert newer["id"] > form["id"], "the form before it is put away"
    assert newer["raterid"] == second["id"]


def test_rubric_score_from_the_least_when_zero_points_are_not_locked(scene: Scene) -> None:
    ann = scene.learners[0]
    for criterion in scene.world.criteria:
        scene.world.levels.remove(scene.world.levels.where(criterionid=criterion.id)[0])
    scene.definition.options = '{"lockzeropoints": 0}'
    scene.fill_rubric(scene.trainers[0], ann, 1, 1, 1)
    assert scene.grades(ann)["Rubric A"]["graderaw"] == 0
    scene.definition.options = ""
    scene.fill_rubric(scene.trainers[0], ann, 1, 1, 1)
    assert scene.grades(ann)["Rubric A"]["graderaw"] == 7.5


def test_empty_rubric_is_no_grade(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.grade(scene.trainers[0], "rub", ann, 12)
    assert grade_rows(scene)["assignments"][0]["grades"][0]["grade"] == "-1.00000"
    assert scene.grades(ann)["Rubric A"]["graderaw"] is None


def test_grade_given_by_hand_comes_with_its_comment_and_is_held_to_the_maximum(scene: Scene) -> None:
    ann, trainer = scene.learners[0], scene.trainers[1]
    scene.grade(trainer, "plain", ann, 55.5, "<p>ok</p>")
    item = scene.grades(ann)["Plain"]
    assert (item["graderaw"], item["feedback"], item["feedbackformat"]) == (55.5, "<p>ok</p>", 1)
    assert submissions(scene, "plain")[ann["id"]]["status"] == "new"
    scene.grade(trainer, "plain", ann, 555)
    assert scene.grades(ann)["Plain"]["graderaw"] == 100
    arguments = {"assignmentid": scene.instance("plain"), "userid": ann["id"], "grade": 100, "attemptnumber": -1}
    rest = {"addattempt": 0, "workflowstate": "", "applytoall": 0}
    assert scene.refusal(ann, "mod_assign_save_grade", **arguments, **rest) == "nopermissions"


def test_another_attempt_hides_the_grade_of_the_one_before(scene: Scene) -> None:
    ann = scene.learners[0]
    assign = scene.world.assigns[scene.instance("rub")]
    assign.maxattempts, assign.attemptreopenmethod = 2, "untilpass"
    scene.hand_in(ann, "rub")
    submit(scene, ann)
    scene.fill_rubric(scene.trainers[0], ann, 0, 0, 1)
    row = submissions(scene)[ann["id"]]
    assert (row["status"], row["attemptnumber"], row["gradingstatus"]) == ("reopened", 1, "notgraded")
    answer = grade_rows(scene)
    assert (answer["assignments"], [warning["warningcode"] for warning in answer["warnings"]]) == ([], ["3"])
    assert len(instances(scene)) == 1, "its form is still told, and is an orphan to a reader"
    scene.hand_in(ann, "rub")
    submit(scene, ann)
    scene.fill_rubric(scene.trainers[0], ann, 0, 0, 1)
    [graded] = grade_rows(scene)["assignments"][0]["grades"]
    assert graded["attemptnumber"] == 1
    assert submissions(scene)[ann["id"]]["attemptnumber"] == 1, "no third attempt"


def test_submissions_of_people_who_left_are_not_told_and_their_grades_are(scene: Scene) -> None:
    ann, bob = scene.learners[:2]
    for learner in (ann, bob):
        scene.hand_in(learner, "rub")
        scene.fill_rubric(scene.trainers[0], learner, 5, 2, 1)
    scene.set_enrolment(bob, status=1)
    assert set(submissions(scene)) == {ann["id"], bob["id"]}
    scene.faults.lack("moodle/course:viewsuspendedusers")
    assert set(submissions(scene)) == {ann["id"]}
    scene.world.enrolments.remove(scene.world.enrolments.one(userid=ann["id"]))
    answer = scene.pull("mod_assign_get_submissions", assignmentids=[scene.instance("rub")], status="", since=0)
    assert answer["assignments"] == [{"assignmentid": scene.instance("rub"), "submissions": []}]
    assert [warning["warningcode"] for warning in answer["warnings"]] == ["3"]
    assert {row["userid"] for row in grade_rows(scene)["assignments"][0]["grades"]} == {ann["id"], bob["id"]}


def test_grades_since_are_those_of_that_second_or_later(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.fill_rubric(scene.trainers[0], ann, 5, 2, 1)
    assert grade_rows(scene, since=scene.now)["assignments"]
    assert grade_rows(scene, since=scene.now + 1)["assignments"] == []


def test_assignments_of_a_course_that_one_is_not_in_have_to_be_asked_for(scene: Scene) -> None:
    function, courses = "mod_assign_get_assignments", [scene.course.id]
    answer = scene.pull(function, courseids=courses)
    assert (answer["courses"], [warning["warningcode"] for warning in answer["warnings"]]) == ([], ["2"])
    answer = scene.pull(function, courseids=courses, includenotenrolledcourses=1)
    [course] = answer["courses"]
    assert [row["cmid"] for row in course["assignments"]] == [scene.cm("rub"), scene.cm("plain")]
    assert ("gradepenalty" in course["assignments"][0]) == (scene.world.version == "5.1")
    scene.faults.lack("mod/assign:view")
    answer = scene.pull(function, courseids=courses, includenotenrolledcourses=1)
    assert answer["courses"][0]["assignments"] == []
    assert [warning["warningcode"] for warning in answer["warnings"]] == ["1", "1"]


def test_missing_capability_to_see_grades_is_a_warning(scene: Scene) -> None:
    scene.fill_rubric(scene.trainers[0], scene.learners[0], 5, 2, 1)
    scene.faults.lack("mod/assign:viewgrades")
    answer = grade_rows(scene)
    assert (answer["assignments"], [warning["warningcode"] for warning in answer["warnings"]]) == ([], ["1"])
    scene.faults.lack("moodle/grade:managegradingforms")
    arguments = {"definitionid": scene.definition.id, "since": 0}
    assert scene.refusal(scene.puller, INSTANCES, **arguments) == "nopermissions"


def test_definition_that_is_not_there_is_a_missing_record(scene: Scene) -> None:
    assert scene.refusal(scene.puller, INSTANCES, definitionid=999, since=0).startswith("invalidrecord")
