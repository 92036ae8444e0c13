"""Who is in a course, what changed since a time, and that all of it survives being written to a file."""

from pathlib import Path
from typing import Any

import pytest
from sandboxscene import Scene

from moodle_sync.sandbox import persistence
from moodle_sync.sandbox import rows_site as site
from moodle_sync.sandbox.world import World

USERS = "core_enrol_get_enrolled_users"
UPDATES = "core_course_get_updates_since"


@pytest.fixture(params=["4.5", "5.1"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


def users(scene: Scene, **options: Any) -> list[dict[str, Any]]:
    pairs = [{"name": name, "value": str(value)} for name, value in options.items()]
    found: list[dict[str, Any]] = scene.pull(USERS, courseid=scene.course.id, options=pairs)
    return found


def ids(rows: list[dict[str, Any]]) -> set[int]:
    return {row["id"] for row in rows}


def make_group(scene: Scene, *members: dict[str, Any]) -> int:
    group = scene.world.groups.add(site.Group(courseid=scene.course.id, name="A & B"))
    for member in members:
        scene.world.group_members.add(site.GroupMember(groupid=group.id, userid=member["id"]))
    return group.id


def test_state_of_an_enrolment_is_the_difference_of_two_lists(scene: Scene) -> None:
    ann, bob, cleo, dan, _ = scene.learners[:5]
    scene.set_enrolment(ann, status=1)
    scene.set_enrolment(bob, timeend=scene.now - 1)
    scene.set_enrolment(cleo, timestart=scene.now + 60)
    scene.world.users[dan["id"]].suspended = True
    everybody, active, suspended = users(scene), users(scene, onlyactive=1), users(scene, onlysuspended=1)
    assert len(everybody) == 7
    assert ids(everybody) - ids(active) == ids(suspended) == {ann["id"], bob["id"], cleo["id"]}
    assert dan["id"] in ids(active), "an account that is suspended on the site still has an active enrolment"
    scene.world.users[dan["id"]].deleted = True
    assert dan["id"] not in ids(users(scene))


def test_fields_are_those_asked_for_and_two_more(scene: Scene) -> None:
    ann = scene.learners[0]
    make_group(scene, ann)
    assert {frozenset(row) for row in users(scene, userfields="id")} == {frozenset({"id", "fullname"})}
    asked = "id,username,idnumber,email,fullname,groups,roles"
    rows = {row["id"]: row for row in users(scene, userfields=asked)}
    assert rows[ann["id"]]["groups"][0]["name"] == "A & B"
    assert "groups" not in rows[scene.learners[1]["id"]]
    assert rows[scene.trainers[1]["id"]]["roles"] == [
        {
            "roleid": rows[scene.trainers[1]["id"]]["roles"][0]["roleid"],
            "name": "",
            "shortname": "teacher",
            "sortorder": 0,
        }
    ]


def test_pages_and_order_are_as_asked(scene: Scene) -> None:
    by_id = [row["id"] for row in users(scene)]
    assert by_id == sorted(by_id)
    assert [row["id"] for row in users(scene, limitfrom=2, limitnumber=3)] == by_id[2:5]
    names = [row["lastname"] for row in users(scene, sortby="lastname", sortdirection="DESC")]
    assert names == sorted(names, reverse=True)
    graders = users(scene, withcapability="mod/assign:grade")
    assert ids(graders) == {trainer["id"] for trainer in scene.trainers}
    pairs = [{"name": "sortby", "value": "shoe size"}]
    assert scene.refusal(scene.puller, USERS, courseid=scene.course.id, options=pairs) == "invalidparameter"


def test_separate_groups_leave_an_outsider_with_nobody(scene: Scene) -> None:
    ann = scene.learners[0]
    group = make_group(scene, ann)
    assert ids(users(scene, groupid=group)) == {ann["id"]}
    scene.course.groupmode = 1
    assert len(users(scene)) == 7
    scene.faults.lack("moodle/site:accessallgroups")
    assert users(scene) == []


@pytest.mark.parametrize(
    ("capability", "gone"),
    [
        ("moodle/user:viewalldetails", {"username", "idnumber", "department"}),
        ("moodle/site:viewuseridentity", {"email"}),
    ],
)
def test_missing_capability_leaves_fields_out_without_a_word(scene: Scene, capability: str, gone: set[str]) -> None:
    before = set(users(scene)[0])
    scene.faults.lack(capability)
    assert set(users(scene)[0]) == before - gone


@pytest.mark.parametrize(
    ("capability", "options", "errorcode"),
    [
        ("moodle/course:enrolreview", {"onlyactive": 1}, "nopermissions"),
        ("moodle/role:review", {"withcapability": "mod/assign:grade"}, "nopermissions"),
        ("moodle/course:view", {}, "errorcoursecontextnotvalid"),
    ],
)
def test_missing_capability_is_refused(scene: Scene, capability: str, options: dict[str, Any], errorcode: str) -> None:
    scene.faults.lack(capability)
    pairs = [{"name": name, "value": str(value)} for name, value in options.items()]
    assert scene.refusal(scene.puller, USERS, courseid=scene.course.id, options=pairs) == errorcode


def test_people_are_listed_to_who_sees_participants_or_reviews_enrolments(scene: Scene) -> None:
    everybody = users(scene)
    scene.faults.lack("moodle/course:viewparticipants")
    assert users(scene) == everybody
    scene.faults.lack("moodle/course:enrolreview")
    assert scene.refusal(scene.puller, USERS, courseid=scene.course.id, options=[]) == "nopermissions"


def test_people_of_a_group_that_is_not_ones_own_need_all_groups_in_any_course(scene: Scene) -> None:
    options = [{"name": "groupid", "value": "999"}]
    assert scene.pull(USERS, courseid=scene.course.id, options=options) == []
    scene.faults.lack("moodle/site:accessallgroups")
    assert scene.refusal(scene.puller, USERS, courseid=scene.course.id, options=options) == "nopermissions"


def test_missing_view_of_people_leaves_nobody(scene: Scene) -> None:
    scene.faults.lack("moodle/user:viewdetails")
    assert users(scene) == []


def test_updates_since_are_ids_of_what_is_later(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.hand_in(ann, "plain")
    before = scene.now
    scene.later()
    scene.grade(scene.trainers[0], "plain", ann, 40)
    scene.call(ann, "mod_quiz_start_attempt", quizid=scene.instance("quiz"))
    found = {
        row["id"]: {update["name"]: update.get("itemids") for update in row["updates"]}
        for row in scene.pull(UPDATES, courseid=scene.course.id, since=before)["instances"]
    }
    assert found == {scene.cm("plain"): {"usergrades": [1]}, scene.cm("quiz"): {"userattempts": [1]}}
    scene.world.attempts.remove(*scene.world.attempts)
    later = scene.pull(UPDATES, courseid=scene.course.id, since=scene.now)
    assert later["instances"] == [], "what was deleted is not told"


def test_draft_areas_are_new_each_time_and_the_callers_own(scene: Scene) -> None:
    ann = scene.learners[0]
    first, second = (scene.call(ann, "core_files_get_unused_draft_itemid") for _ in range(2))
    assert first["itemid"] != second["itemid"]
    assert (first["userid"], first["filearea"]) == (ann["id"], "draft")


def test_world_read_from_its_file_answers_the_same(scene: Scene, tmp_path: Path) -> None:
    ann = scene.learners[0]
    scene.hand_in(ann, "plain")
    scene.fill_rubric(scene.trainers[0], ann, 5, 2, 1)
    started = scene.call(ann, "mod_quiz_start_attempt", quizid=scene.instance("quiz"))["attempt"]["id"]
    questions = [scene.call(ann, "mod_quiz_get_attempt_data", attemptid=started, page=page) for page in range(6)]
    before = (scene.grades(ann), scene.states(ann), questions)
    persistence.save(scene.world, tmp_path / "state.json")
    again = World(scene.world.version, now=lambda: scene.moment)
    persistence.load(again, tmp_path / "state.json")
    scene.dispatcher.world = scene.world = again
    questions = [scene.call(ann, "mod_quiz_get_attempt_data", attemptid=started, page=page) for page in range(6)]
    assert (scene.grades(ann), scene.states(ann), questions) == before
