"""Completion of activities and of the course: states, times, ticks, overrides, and what unenrolment takes back."""

from typing import Any

import pytest
from sandboxscene import Scene

from moodle_sync.sandbox import evidence_gradebook
from moodle_sync.sandbox.evidence_completion import recompute_module

STATUS = "core_completion_get_activities_completion_status"
COURSE_STATUS = "core_completion_get_course_completion_status"
TICK = "core_completion_update_activity_completion_status_manually"
OVERRIDE = "core_completion_override_activity_completion_status"


@pytest.fixture(params=["4.5", "5.1"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


def rules(scene: Scene, learner: dict[str, Any], key: str) -> dict[str, int]:
    rows = scene.pull(STATUS, courseid=scene.course.id, userid=learner["id"])["statuses"]
    [row] = [row for row in rows if row["cmid"] == scene.cm(key)]
    return {detail["rulename"]: detail["rulevalue"]["status"] for detail in row["details"]}


def overall(scene: Scene, learner: dict[str, Any], key: str) -> bool:
    rows = scene.pull(STATUS, courseid=scene.course.id, userid=learner["id"])["statuses"]
    [row] = [row for row in rows if row["cmid"] == scene.cm(key)]
    return bool(row["isoverallcomplete"])


def test_page_viewed_is_complete_once_and_keeps_its_first_time(scene: Scene) -> None:
    ann = scene.learners[0]
    assert scene.states(ann)["page"] == (0, 0)
    scene.call(ann, "mod_page_view_page", pageid=scene.instance("page"))
    first = scene.now
    scene.later()
    scene.call(ann, "mod_page_view_page", pageid=scene.instance("page"))
    assert scene.states(ann)["page"] == (1, first)
    assert scene.criteria(ann)[0] == (True, first)
    assert scene.states(scene.learners[1])["page"] == (0, 0)


def test_tick_taken_back_is_dated_and_its_criterion_stays_met(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.call(ann, TICK, cmid=scene.cm("man"), completed=1)
    ticked = scene.now
    scene.later()
    scene.call(ann, TICK, cmid=scene.cm("man"), completed=0)
    assert scene.states(ann)["man"] == (0, scene.now)
    assert scene.criteria(ann)[1] == (True, ticked)
    assert scene.refusal(ann, TICK, cmid=scene.cm("page"), completed=1) == "cannotmanualctrack"


def test_submitted_work_is_one_condition_of_two(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.hand_in(ann, "rub")
    assert rules(scene, ann, "rub") == {"completionsubmit": 0, "completionusegrade": 0}
    scene.call(ann, "mod_assign_submit_for_grading", assignmentid=scene.instance("rub"), acceptsubmissionstatement=0)
    assert rules(scene, ann, "rub") == {"completionsubmit": 1, "completionusegrade": 0}
    assert scene.states(ann)["rub"] == (0, 0)
    when = scene.later()
    scene.fill_rubric(scene.trainers[0], ann, 5, 1, 1)
    assert rules(scene, ann, "rub") == {"completionsubmit": 1, "completionusegrade": 2}
    assert scene.states(ann)["rub"] == (2, when)
    scene.later()
    scene.fill_rubric(scene.trainers[0], ann, 3, 2, 1)
    assert scene.states(ann)["rub"] == (2, when), "the same state keeps its time"


def test_failing_grade_without_the_work_is_incomplete_and_says_why(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.fill_rubric(scene.trainers[0], ann, 0, 0, 0)
    assert rules(scene, ann, "rub") == {"completionsubmit": 0, "completionusegrade": 3}
    assert scene.states(ann)["rub"] == (0, 0)
    assert not overall(scene, ann, "rub")


def test_failing_grade_counts_for_the_course_only_where_passing_is_no_condition(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.hand_in(ann, "rub")
    scene.call(ann, "mod_assign_submit_for_grading", assignmentid=scene.instance("rub"), acceptsubmissionstatement=0)
    scene.fill_rubric(scene.trainers[0], ann, 0, 0, 1)
    assert scene.states(ann)["rub"][0] == 3
    assert not overall(scene, ann, "rub"), "a condition of its own type makes Moodle strict"
    assert scene.criteria(ann)[2][0], "the criterion of the course asks for passing only where the activity does"


def test_override_shows_on_every_condition_but_the_passing_grade(scene: Scene) -> None:
    ann, trainer = scene.learners[0], scene.trainers[0]
    answer = scene.call(trainer, OVERRIDE, userid=ann["id"], cmid=scene.cm("quiz"), newstate=1)
    assert answer == {
        "cmid": scene.cm("quiz"),
        "userid": ann["id"],
        "state": 1,
        "timecompleted": scene.now,
        "overrideby": trainer["id"],
        "tracking": 2,
    }
    assert rules(scene, ann, "quiz") == {"completionusegrade": 1, "completionpassgrade": 0}
    assert scene.refusal(ann, OVERRIDE, userid=ann["id"], cmid=scene.cm("quiz"), newstate=0) == "nopermission"


def test_overridden_complete_holds_against_what_the_learner_does(scene: Scene) -> None:
    ann, trainer = scene.learners[0], scene.trainers[0]
    scene.call(trainer, OVERRIDE, userid=ann["id"], cmid=scene.cm("rub"), newstate=1)
    when = scene.now
    scene.later()
    scene.fill_rubric(trainer, ann, 0, 0, 0)
    assert scene.states(ann)["rub"] == (1, when)


def test_unenrolment_takes_back_what_grades_gave_and_nothing_else(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.call(ann, "mod_page_view_page", pageid=scene.instance("page"))
    viewed = scene.now
    scene.hand_in(ann, "plain")
    scene.hand_in(ann, "rub")
    scene.call(ann, "mod_assign_submit_for_grading", assignmentid=scene.instance("rub"), acceptsubmissionstatement=0)
    scene.fill_rubric(scene.trainers[0], ann, 5, 2, 1)
    gone = scene.later()
    evidence_gradebook.unenrolled(scene.world, scene.course.id, ann["id"])
    states = scene.states(ann)
    assert states["rub"] == (0, gone)
    assert states["page"] == states["plain"] == (1, viewed)
    assert {row["graderaw"] for row in scene.grades(ann).values()} == {None}
    assert "weightraw" not in scene.grades(ann)["Rubric A"]
    assert rules(scene, ann, "rub") == {"completionsubmit": 1, "completionusegrade": 0}


def test_course_completion_of_an_inactive_enrolment_is_refused(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.set_enrolment(ann, status=1)
    arguments = {"courseid": scene.course.id, "userid": ann["id"]}
    assert scene.refusal(scene.puller, COURSE_STATUS, **arguments) == "usernotenroled"
    rows = scene.pull(STATUS, **arguments)["statuses"]
    assert {row["istrackeduser"] for row in rows} == {False}


def test_course_is_complete_with_the_last_of_all_or_the_first_of_any(scene: Scene) -> None:
    ann = scene.learners[0]
    for row in list(scene.world.completion_criteria)[2:]:
        scene.world.completion_criteria.remove(row)
    arguments = {"courseid": scene.course.id, "userid": ann["id"]}
    scene.call(ann, "mod_page_view_page", pageid=scene.instance("page"))
    with_rubric = scene.pull(COURSE_STATUS, **arguments)["completionstatus"]
    assert (with_rubric["completed"], with_rubric["aggregation"]) == (False, 1)
    scene.hand_in(ann, "rub")
    scene.call(ann, "mod_assign_submit_for_grading", assignmentid=scene.instance("rub"), acceptsubmissionstatement=0)
    scene.fill_rubric(scene.trainers[0], ann, 5, 2, 1)
    assert scene.pull(COURSE_STATUS, **arguments)["completionstatus"]["completed"]
    scene.course.criteria_aggregation = scene.course.activity_aggregation = 2
    bob = scene.learners[1]
    scene.call(bob, "mod_page_view_page", pageid=scene.instance("page"))
    answer = scene.pull(COURSE_STATUS, courseid=scene.course.id, userid=bob["id"])["completionstatus"]
    assert (answer["completed"], answer["aggregation"]) == (True, 2)


def test_course_without_criteria_is_an_error_of_its_own(scene: Scene) -> None:
    scene.world.completion_criteria.remove(*scene.world.completion_criteria)
    arguments = {"courseid": scene.course.id, "userid": scene.learners[0]["id"]}
    assert scene.refusal(scene.puller, COURSE_STATUS, **arguments) == "nocriteriaset"


def test_criterion_names_its_activity_in_a_link_and_says_what_it_asks(scene: Scene) -> None:
    status = scene.pull(COURSE_STATUS, courseid=scene.course.id, userid=scene.learners[0]["id"])["completionstatus"]
    links = [row["details"]["criteria"] for row in status["completions"]]
    assert f"/mod/page/view.php?id={scene.cm('page')}" in links[0]
    assert links[0].endswith(">Page &amp; co</a>")
    assert [row["details"]["requirement"] for row in status["completions"]] == [
        "Viewing the page",
        "Marking yourself complete",
        "Achieving grade",
        "",
        "Achieving grade, Achieving passing grade",
    ]


def test_changed_conditions_compute_everybody_again_dated_now(scene: Scene) -> None:
    ann, bob = scene.learners[:2]
    scene.call(ann, "mod_page_view_page", pageid=scene.instance("page"))
    scene.call(ann, TICK, cmid=scene.cm("man"), completed=1)
    when = scene.later()
    recompute_module(scene.world, scene.modules["page"])
    assert scene.states(ann)["page"] == (1, when)
    assert scene.states(bob)["page"] == (0, 0)
    assert scene.criteria(ann)[0] == (True, when)
    recompute_module(scene.world, scene.modules["man"])
    assert scene.states(ann)["man"] == (0, 0), "ticks cannot be computed again"


@pytest.mark.parametrize(
    ("capability", "left"),
    [("moodle/course:viewhiddenactivities", 5), ("mod/assign:view", 4), ("mod/quiz:view", 4)],
)
def test_missing_capability_leaves_activities_out_without_a_word(scene: Scene, capability: str, left: int) -> None:
    scene.modules["page"].visible = False
    arguments = {"courseid": scene.course.id, "userid": scene.learners[0]["id"]}
    assert len(scene.pull(STATUS, **arguments)["statuses"]) == 6
    scene.faults.lack(capability)
    answer = scene.pull(STATUS, **arguments)
    assert (len(answer["statuses"]), answer["warnings"]) == (left, [])


@pytest.mark.parametrize(
    ("function", "capability", "errorcode"),
    [(STATUS, "report/progress:view", "nopermissions"), (COURSE_STATUS, "report/completion:view", "cannotviewreport")],
)
def test_missing_report_capability_is_refused(scene: Scene, function: str, capability: str, errorcode: str) -> None:
    scene.faults.lack(capability)
    arguments = {"courseid": scene.course.id, "userid": scene.learners[0]["id"]}
    assert scene.refusal(scene.puller, function, **arguments) == errorcode


def test_deleted_person_is_refused_and_a_separate_group_too(scene: Scene) -> None:
    ann = scene.learners[0]
    arguments = {"courseid": scene.course.id, "userid": ann["id"]}
    scene.course.groupmode = 1
    assert scene.pull(STATUS, **arguments)["statuses"]
    scene.faults.lack("moodle/site:accessallgroups")
    assert scene.refusal(scene.puller, STATUS, **arguments) == "accessdenied"
    scene.world.users[ann["id"]].deleted = True
    assert scene.refusal(scene.puller, STATUS, **arguments) == "userdeleted"
