"""What real sites answered, and what the sandbox answers in such a state: keys, types, errorcodes and warnings."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from sandboxscene import Scene

from moodle_sync.sandbox import rows_site as site
from moodle_sync.sandbox import rows_work as work
from moodle_sync.sandbox.moodle_errors import MoodleError

RECORDINGS = Path(__file__).resolve().parents[2] / "fixtures" / "recordings"
VERSIONS = ["4.5", "5.1"]

# Recorded failures and warnings of the functions that tell of people's work, by file.
REFUSED = {
    "activities_completion_deleted": "deleted",
    "course_completion_deleted": "deleted",
    "course_completion_suspended": "suspended",
    "course_completion_unenrolled": "unenrolled",
}
TRIMMED = {"mod_assign_get_submissions": (".assignments[].submissions[].plugins[]",)}
"""What was cut out of a recording to keep texts out of the repository."""


def recording(version: str, stem: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / version / f"{stem}.json").read_text(encoding="utf-8"))
    return found


def shapes(value: Any, path: str, found: dict[str, set[str]]) -> None:
    """Types by path; items of a list share one. PHP's floats without a fraction are whole numbers in JSON."""
    kind = {int: "number", float: "number", bool: "bool", type(None): "null"}.get(type(value), type(value).__name__)
    found.setdefault(path, set()).add(kind)
    if isinstance(value, dict):
        for key, item in value.items():
            shapes(item, f"{path}.{key}", found)
    elif isinstance(value, list):
        for item in value:
            shapes(item, f"{path}[]", found)


def answers(version: str, wsfunction: str) -> list[Any]:
    """Every recorded answer of a function that is no error."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((RECORDINGS / version).glob("*.json"))]
    mine = [one["body"] for one in found if one["wsfunction"] == wsfunction]
    return [body for body in mine if not (isinstance(body, dict) and "exception" in body)]


def worked(version: str) -> Scene:
    """A course in which everything that the recorded one holds has happened."""
    scene = Scene(version)
    ann, bob, cleo, dan, eve = scene.learners[:5]
    trainer = scene.trainers[0]
    scene.world.completion_criteria.add(
        work.CompletionCriterion(course=scene.course.id, criteriatype=6, moduleinstance=None, gradepass=40)
    )
    scene.world.grade_items.add(
        work.GradeItem(courseid=scene.course.id, itemtype="manual", itemname="By hand", categoryid=41, sortorder=99)
    )
    scene.call(ann, "mod_page_view_page", pageid=scene.instance("page"))
    for learner in (ann, bob):
        for key in ("quiz", "quiz2"):
            attempt = scene.call(learner, "mod_quiz_start_attempt", quizid=scene.instance(key))["attempt"]["id"]
            finish = int(key == "quiz")
            scene.call(learner, "mod_quiz_process_attempt", attemptid=attempt, data=[], finishattempt=finish, timeup=0)
        scene.hand_in(learner, "rub")
        scene.fill_rubric(trainer, learner, 5, 1, 1)
    scene.grade(trainer, "plain", ann, 50, "<p>Good</p>")
    override = "core_completion_override_activity_completion_status"
    scene.call(trainer, override, userid=bob["id"], cmid=scene.cm("man"), newstate=1)
    scene.set_enrolment(cleo, status=1)
    scene.world.enrolments.remove(scene.world.enrolments.one(userid=dan["id"]))
    scene.world.users[eve["id"]].deleted = True
    group = scene.world.groups.add(site.Group(courseid=scene.course.id, name="A & B"))
    scene.world.group_members.add(site.GroupMember(groupid=group.id, userid=ann["id"]))
    return scene


def asked(scene: Scene, version: str, wsfunction: str) -> list[dict[str, Any]]:
    """The arguments that were recorded, with the ids of the scene's course and of each of its learners."""
    course, everybody = scene.course.id, [learner["id"] for learner in scene.learners[:4]]
    [recorded, *_] = [
        one["params"]
        for path in sorted((RECORDINGS / version).glob("*.json"))
        if (one := json.loads(path.read_text(encoding="utf-8")))["wsfunction"] == wsfunction
    ]
    assignments = [scene.instance("rub"), scene.instance("plain")]
    known = {
        "courseid": [course],
        "courseids": [[course]],
        "assignmentids": [assignments],
        "definitionid": [scene.definition.id],
        "quizid": [scene.instance("quiz"), scene.instance("quiz2")],
        "userid": [0] if recorded.get("userid") == 0 else everybody,
    }
    calls: list[dict[str, Any]] = [{}]
    for name, value in recorded.items():
        calls = [{**call, name: choice} for call in calls for choice in known.get(name, [value])]
    return calls


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "wsfunction",
    [
        "core_completion_get_activities_completion_status",
        "core_completion_get_course_completion_status",
        "core_enrol_get_enrolled_users",
        "core_grading_get_gradingform_instances",
        "gradereport_user_get_grade_items",
        "mod_assign_get_assignments",
        "mod_assign_get_grades",
        "mod_assign_get_submissions",
        "mod_quiz_get_quizzes_by_courses",
        "mod_quiz_get_user_attempts",
        "mod_quiz_get_user_quiz_attempts",
    ],
)
def test_recorded_answers_and_the_sandboxs_have_the_same_keys_and_types(version: str, wsfunction: str) -> None:
    bodies = answers(version, wsfunction)
    if not bodies:
        assert (version, wsfunction) == ("4.5", "mod_quiz_get_user_quiz_attempts")
        return
    scene = worked(version)
    real: dict[str, set[str]] = {}
    ours: dict[str, set[str]] = {}
    for body in bodies:
        shapes(body, "", real)
    for arguments in asked(scene, version, wsfunction):
        # People who are not learners of the course now have no course completion: that is another test.
        with contextlib.suppress(MoodleError):
            shapes(scene.call(scene.puller, wsfunction, **arguments), "", ours)
    # Warnings have a test of their own.
    cut = (".warnings[]", *TRIMMED.get(wsfunction, ()))
    real, ours = ({path: kinds for path, kinds in all_.items() if not path.startswith(cut)} for all_ in (real, ours))
    assert set(ours) == set(real)
    for path, kinds in real.items():
        assert ours[path] & kinds, path
        assert ours[path] <= kinds | {"null"}, path


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("stem", sorted(REFUSED))
def test_recorded_refusal_is_the_sandboxs(version: str, stem: str) -> None:
    scene = worked(version)
    userid = scene.learners[{"suspended": 2, "unenrolled": 3, "deleted": 4}[REFUSED[stem]]]["id"]
    recorded = recording(version, stem)
    caller = scene.dispatcher.login(scene.puller["token"], raw=False)
    with pytest.raises(MoodleError) as caught:
        scene.dispatcher.call(caller, recorded["wsfunction"], {"courseid": scene.course.id, "userid": userid})
    body = recorded["body"]
    assert (caught.value.errorcode, caught.value.message) == (body["errorcode"], body["message"])
    assert caught.value.cls == body["exception"]


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_warning_is_the_sandboxs(version: str) -> None:
    scene = worked(version)
    recorded = recording(version, "assignments_not_enrolled_warning")
    answer = scene.pull(recorded["wsfunction"], courseids=[scene.course.id])
    [warning] = recorded["body"]["warnings"]
    assert answer == {"courses": [], "warnings": [{**warning, "itemid": scene.course.id}]}
