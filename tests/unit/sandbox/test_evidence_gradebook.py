"""The grade book: totals, weights, times, what is hidden, and who is told of it."""

import pytest
from sandboxscene import Scene

from moodle_sync.sandbox import evidence_gradebook

ITEMS = "gradereport_user_get_grade_items"


@pytest.fixture(params=["4.5", "5.1"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


def test_learner_without_a_grade_has_lines_and_nothing_in_them(scene: Scene) -> None:
    items = scene.grades(scene.learners[0])
    assert list(items) == ["Rubric A", "Plain", "Quiz", "Quiz attempts", None]
    for row in items.values():
        assert (row["graderaw"], row["gradedategraded"], row["gradedatesubmitted"]) == (None, None, None)
        assert "weightraw" not in row
    assert items[None]["grademax"] == 140
    assert items["Rubric A"]["idnumber"] == f"{scene.course.idnumber}:rub"
    assert items["Rubric A"]["cmid"] == scene.cm("rub")


def test_first_grade_makes_a_total_and_weights_of_what_is_graded(scene: Scene) -> None:
    ann, trainer = scene.learners[0], scene.trainers[0]
    scene.fill_rubric(trainer, ann, 5, 1, 1)
    items = scene.grades(ann)
    assert (items[None]["graderaw"], items[None]["grademax"], items[None]["percentageformatted"]) == (
        17.5,
        20,
        "87.50 %",
    )
    assert items["Rubric A"]["weightraw"] == 1
    assert (items["Plain"]["weightraw"], items["Plain"]["status"]) == (0, "novalue")
    scene.grade(trainer, "plain", ann, 40)
    items = scene.grades(ann)
    assert (items[None]["graderaw"], items[None]["grademax"]) == (57.5, 120)
    assert (items["Rubric A"]["weightraw"], items["Rubric A"]["weightformatted"]) == (0.16667, "16.67 %")
    assert "status" not in items["Plain"]


def test_same_grade_given_again_is_dated_again_and_the_total_is_not(scene: Scene) -> None:
    ann, trainer = scene.learners[0], scene.trainers[0]
    scene.fill_rubric(trainer, ann, 5, 1, 1)
    first = scene.now
    again = scene.later()
    scene.fill_rubric(trainer, ann, 5, 1, 1)
    items = scene.grades(ann)
    assert items["Rubric A"]["gradedategraded"] == again
    assert items[None]["gradedategraded"] == first


def test_work_handed_in_is_dated_and_grading_forgets_when(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.hand_in(ann, "plain")
    item = scene.grades(ann)["Plain"]
    assert (item["gradedatesubmitted"], item["gradedategraded"], item["status"]) == (scene.now, None, "novalue")
    scene.later()
    scene.grade(scene.trainers[0], "plain", ann, 40)
    assert scene.grades(ann)["Plain"]["gradedatesubmitted"] is None


def test_pass_and_fail_show_only_where_there_is_a_grade_to_pass(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.fill_rubric(scene.trainers[0], ann, 0, 0, 0)
    assert 'title="Fail"' in scene.grades(ann)["Rubric A"]["gradeformatted"]
    scene.fill_rubric(scene.trainers[0], ann, 5, 2, 1)
    assert 'title="Pass"' in scene.grades(ann)["Rubric A"]["gradeformatted"]
    scene.grade(scene.trainers[0], "plain", ann, 40)
    assert scene.grades(ann)["Plain"]["gradeformatted"] == "40.00"


def test_names_in_the_grade_book_are_raw(scene: Scene) -> None:
    scene.world.grade_items.one(itemname="Plain").itemname = 'Note <span lang="fr">x</span> & co'
    assert 'Note <span lang="fr">x</span> & co' in scene.grades(scene.learners[0])


def test_all_learners_leave_out_inactive_enrolments_unless_the_account_prefers_otherwise(scene: Scene) -> None:
    bob = scene.learners[1]
    scene.set_enrolment(bob, status=1)
    account = scene.world.users.one(username="ws_pull")

    def told() -> set[int]:
        return {book["userid"] for book in scene.pull(ITEMS, courseid=scene.course.id, userid=0)["usergrades"]}

    learners = {learner["id"] for learner in scene.learners[:5]}
    account.preferences["grade_report_showonlyactiveenrol"] = "1"
    assert told() == learners - {bob["id"]}
    account.preferences["grade_report_showonlyactiveenrol"] = "0"
    assert told() == learners
    assert scene.grades(bob), "one person is told whatever the enrolment"


@pytest.mark.parametrize(
    ("capability", "gone"),
    [
        ("moodle/grade:viewhidden", {"Quiz"}),
        ("moodle/course:viewhiddenactivities", {"Plain"}),
        ("mod/assign:view", {"Rubric A", "Plain"}),
    ],
)
def test_missing_capability_leaves_items_out_without_a_word(scene: Scene, capability: str, gone: set[str]) -> None:
    scene.modules["plain"].visible = False
    scene.world.grade_items.one(itemname="Quiz").hidden = 1
    everything = set(scene.grades(scene.learners[0]))
    assert len(everything) == 5
    assert scene.grades(scene.learners[0])["Quiz"]["gradeishidden"]
    scene.faults.lack(capability)
    assert set(scene.grades(scene.learners[0])) == everything - gone


@pytest.mark.parametrize(
    ("capability", "errorcode"),
    [("moodle/grade:viewall", "nopermissiontoviewgrades"), ("gradereport/user:view", "nopermissions")],
)
def test_missing_grade_capability_is_refused(scene: Scene, capability: str, errorcode: str) -> None:
    scene.faults.lack(capability)
    arguments = {"courseid": scene.course.id, "userid": scene.learners[0]["id"]}
    assert scene.refusal(scene.puller, ITEMS, **arguments) == errorcode


def test_learner_is_told_of_their_own_grades_alone(scene: Scene) -> None:
    ann, bob = scene.learners[:2]
    scene.fill_rubric(scene.trainers[0], ann, 5, 2, 1)
    [book] = scene.call(ann, ITEMS, courseid=scene.course.id, userid=ann["id"])["usergrades"]
    [item] = [row for row in book["gradeitems"] if row["itemname"] == "Rubric A"]
    assert (item["graderaw"], item["locked"], item["gradeislocked"]) == (20, None, None)
    assert scene.refusal(ann, ITEMS, courseid=scene.course.id, userid=bob["id"]) == "nopermissiontoviewgrades"


def test_items_are_named_without_totals_and_their_ids_are_text(scene: Scene) -> None:
    answer = scene.pull("core_grades_get_gradeitems", courseid=scene.course.id)
    assert [item["itemname"] for item in answer["gradeItems"]] == ["Rubric A", "Plain", "Quiz", "Quiz attempts"]
    assert all(isinstance(item["id"], str) for item in answer["gradeItems"])


def test_item_that_goes_changes_every_total(scene: Scene) -> None:
    ann, trainer = scene.learners[0], scene.trainers[0]
    scene.fill_rubric(trainer, ann, 5, 2, 1)
    scene.grade(trainer, "plain", ann, 40)
    scene.world.grade_items.remove(scene.world.grade_items.one(itemname="Plain"))
    when = scene.later()
    evidence_gradebook.regrade(scene.world, scene.course.id)
    total = scene.grades(ann)[None]
    assert (total["graderaw"], total["grademax"], total["gradedategraded"]) == (20, 20, when)


def test_activity_that_is_not_graded_sends_no_grade(scene: Scene) -> None:
    scene.world.grade_items.one(itemname="Plain").gradetype = 0
    scene.grade(scene.trainers[0], "plain", scene.learners[0], 40)
    assert "Plain" not in scene.grades(scene.learners[0])
    assert len(scene.world.grades) == 0
