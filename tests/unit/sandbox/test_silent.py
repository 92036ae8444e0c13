"""What Moodle leaves out without a word when the pulling account lacks a capability, the sandbox leaves out too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sandboxscene import Scene

from moodle_sync.sandbox import VERSIONS, catalogue
from moodle_sync.workflows.doctor.needs import needs

Read = Callable[[Scene], set[Any]]
RESTRICTED = '{"op":"&","c":[{"type":"date","d":">=","t":4102444800}],"showc":[false]}'


def completions(scene: Scene) -> set[Any]:
    return set(scene.states(scene.learners[0]))


def grades(scene: Scene) -> set[Any]:
    return set(scene.grades(scene.learners[0]))


def contents(scene: Scene) -> set[Any]:
    sections = scene.pull("core_course_get_contents", courseid=scene.course.id)
    return {module["id"] for section in sections for module in section["modules"]}


def people(scene: Scene) -> set[Any]:
    return {row["id"] for row in scene.pull("core_enrol_get_enrolled_users", courseid=scene.course.id)}


def fields(scene: Scene) -> set[Any]:
    [first, *_] = scene.pull("core_enrol_get_enrolled_users", courseid=scene.course.id)
    return set(first)


def found(field: str) -> Read:
    def by_field(scene: Scene) -> set[Any]:
        values = [scene.learners[0][field]]
        return {row["id"] for row in scene.pull("core_user_get_users_by_field", field=field, values=values)}

    return by_field


def quizzes(scene: Scene) -> set[Any]:
    return {row["id"] for row in scene.pull("mod_quiz_get_quizzes_by_courses", courseids=[scene.course.id])["quizzes"]}


def submissions(scene: Scene) -> set[Any]:
    answer = scene.pull("mod_assign_get_submissions", assignmentids=[scene.instance("rub")], status="", since=0)
    return {row["userid"] for one in answer["assignments"] for row in one["submissions"]}


READS: dict[str, tuple[Read, ...]] = {
    "moodle/course:view": (quizzes,),
    "moodle/course:viewhiddenactivities": (completions, grades, contents),
    "moodle/course:ignoreavailabilityrestrictions": (completions,),
    "moodle/course:viewsuspendedusers": (submissions,),
    "moodle/site:accessallgroups": (people,),
    "moodle/site:viewuseridentity": (fields, found("email")),
    "moodle/user:viewdetails": (people, found("id")),
    "moodle/user:viewalldetails": (fields, found("username"), found("idnumber")),
    "moodle/grade:viewhidden": (grades,),
    "mod/quiz:view": (completions, grades, contents, quizzes),
    "mod/assign:view": (completions, grades, contents),
    "mod/feedback:view": (completions, contents),
}


@pytest.fixture(params=VERSIONS)
def scene(request: pytest.FixtureRequest) -> Scene:
    """A course in which there is something for each capability to leave out."""
    catalogue.load()
    made = Scene(request.param)
    made.add_questionnaires()
    made.modules["plain"].visible = False
    made.modules["quiz2"].availability = RESTRICTED
    made.world.grade_items.one(itemname="Quiz").hidden = 1
    for learner in made.learners[:2]:
        made.hand_in(learner, "rub")
    made.set_enrolment(made.learners[1], status=1)
    return made


def test_every_silent_capability_of_the_pulling_account_is_tried() -> None:
    assert {one.name for one in needs("pull").capabilities if one.silent} == set(READS)


@pytest.mark.parametrize("capability", READS)
def test_without_a_silent_capability_answers_are_shorter_and_nothing_is_refused(scene: Scene, capability: str) -> None:
    if capability == "moodle/site:accessallgroups":
        scene.course.groupmode = 1
    for read in READS[capability]:
        whole = read(scene)
        scene.faults.lack(capability)
        assert read(scene) < whole
        scene.faults.clear()
        assert read(scene) == whole
