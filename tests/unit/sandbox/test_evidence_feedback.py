"""Questionnaires: page by page, what is not accepted, what is told of named and anonymous answers; links and forums."""

from typing import Any

import pytest
from sandboxscene import Scene

from moodle_sync.sandbox import rows_site as site

STATUS = "core_completion_get_activities_completion_status"
ANALYSIS = "mod_feedback_get_responses_analysis"
MISSING = "mod_feedback_get_non_respondents"


@pytest.fixture(params=["4.5", "5.1"])
def scene(request: pytest.FixtureRequest) -> Scene:
    made = Scene(request.param)
    made.add_questionnaires()
    return made


def fields(scene: Scene, key: str) -> list[str]:
    items = scene.pull("mod_feedback_get_items", feedbackid=scene.instance(key))["items"]
    return [f"{item['typ']}_{item['id']}" for item in items]


def process(scene: Scene, learner: dict[str, Any], key: str, page: int, *pairs: tuple[str, str]) -> tuple[Any, bool]:
    responses = [{"name": name, "value": value} for name, value in pairs]
    answer = scene.call(
        learner, "mod_feedback_process_page", feedbackid=scene.instance(key), page=page, responses=responses
    )
    return answer["jumpto"], answer["completed"]


def answer_all(scene: Scene, learner: dict[str, Any], key: str, choice: str = "2") -> None:
    which, several, number, _, text, scale, name = fields(scene, key)
    first = [(which, choice), (f"{several}[1]", "1"), (f"{several}[3]", "3"), (number, "7")]
    assert process(scene, learner, key, 0, *first) == (1, False)
    last = [(text, "Texte <b>x</b>"), (scale, "2"), (name, "")]
    assert process(scene, learner, key, 1, *last) == (0, True)


def test_questionnaire_is_sent_after_its_last_page_and_completes(scene: Scene) -> None:
    ann = scene.learners[0]
    assert scene.call(ann, "mod_feedback_launch_feedback", feedbackid=scene.instance("fb"))["gopage"] == 0
    answer_all(scene, ann, "fb")
    assert scene.states(ann)["fb"] == (1, scene.now)
    [row] = scene.pull(ANALYSIS, feedbackid=scene.instance("fb"))["attempts"]
    assert (row["userid"], row["timemodified"]) == (ann["id"], scene.now)
    assert [(one["printval"], one["rawval"]) for one in row["responses"]] == [
        ("Deux", "2"),
        ("a\nc", "1|3"),
        ("7", "7"),
        ("Texte x", "Texte x"),
        ("Bien", "2"),
        ("", ""),
    ]
    for function in ("mod_feedback_launch_feedback", "mod_feedback_get_page_items"):
        arguments = {"feedbackid": scene.instance("fb"), **({"page": 0} if "page" in function else {})}
        assert scene.refusal(ann, function, **arguments) == "this_feedback_is_already_submitted"
    scene.world.feedbacks[scene.instance("fb")].multiple_submit = True
    assert scene.call(ann, "mod_feedback_launch_feedback", feedbackid=scene.instance("fb"))["gopage"] == 0


def test_page_with_a_required_question_unanswered_is_not_accepted(scene: Scene) -> None:
    ann = scene.learners[0]
    assert process(scene, ann, "fb", 0) == (None, False)
    assert process(scene, ann, "fb", 0, (fields(scene, "fb")[0], "9")) == (None, False), "no such option"
    number = (fields(scene, "fb")[2], "beaucoup")
    assert process(scene, ann, "fb", 0, (fields(scene, "fb")[0], "1"), number) == (None, False)
    assert len(scene.world.feedback_drafts) == 0


def test_page_with_questions_left_out_is_never_left(scene: Scene) -> None:
    ann = scene.learners[0]
    which, *_, name = fields(scene, "fb")
    assert process(scene, ann, "fb", 0, (which, "1")) == (0, False)
    assert process(scene, ann, "fb", 1, (name, "moi")) == (0, False)
    assert scene.states(ann)["fb"] == (0, 0)


def test_draft_goes_on_where_it_was_and_tells_that_one_has_begun(scene: Scene) -> None:
    ann = scene.learners[0]
    which, several, number, *_ = fields(scene, "fb")
    process(scene, ann, "fb", 0, (which, "1"), (f"{several}[1]", "0"), (number, ""))
    assert scene.call(ann, "mod_feedback_launch_feedback", feedbackid=scene.instance("fb"))["gopage"] == 1
    answer = scene.pull(MISSING, feedbackid=scene.instance("fb"), perpage=100)
    assert {user["userid"]: user["started"] for user in answer["users"]}[ann["id"]]
    assert len([user for user in answer["users"] if user["started"]]) == 1
    previous = {"feedbackid": scene.instance("fb"), "page": 1, "goprevious": 1}
    assert scene.call(ann, "mod_feedback_process_page", **previous)["jumpto"] == 0


def test_pages_show_their_questions_and_whether_there_are_others(scene: Scene) -> None:
    arguments = {"feedbackid": scene.instance("fb")}
    first = scene.call(scene.learners[0], "mod_feedback_get_page_items", **arguments, page=0)
    last = scene.call(scene.learners[0], "mod_feedback_get_page_items", **arguments, page=1)
    assert [item["itemnumber"] for item in first["items"] + last["items"]] == [1, 2, 3, 4, 5, 6]
    assert (first["hasprevpage"], first["hasnextpage"]) == (False, True)
    assert (last["hasprevpage"], last["hasnextpage"]) == (True, False)


def test_anonymous_answers_come_without_a_person_a_time_or_an_order(scene: Scene) -> None:
    for number, learner in enumerate(scene.learners[:4]):
        answer_all(scene, learner, "anon", str(number % 3 + 1))
    answer = scene.pull(ANALYSIS, feedbackid=scene.instance("anon"))
    assert (answer["attempts"], answer["totalattempts"], answer["totalanonattempts"]) == ([], 0, 4)
    assert {frozenset(row) for row in answer["anonattempts"]} == {frozenset({"id", "courseid", "number", "responses"})}
    assert [row["number"] for row in answer["anonattempts"]] == [1, 2, 3, 4]
    assert [row["id"] for row in answer["anonattempts"]] != [1, 2, 3, 4]
    assert scene.refusal(scene.puller, MISSING, feedbackid=scene.instance("anon")) == "anonymous"
    assert scene.states(scene.learners[0])["anon"][0] == 1, "only completion tells who answered"


def test_questionnaire_that_is_not_open_takes_no_answer(scene: Scene) -> None:
    ann = scene.learners[0]
    late = {"feedbackid": scene.instance("late")}
    assert scene.refusal(ann, "mod_feedback_launch_feedback", **late) == "feedback_is_not_open"
    scene.later(86400)
    assert scene.call(ann, "mod_feedback_launch_feedback", **late)["gopage"] == 0
    scene.world.feedbacks[scene.instance("late")].timeclose = scene.now - 1
    assert scene.refusal(ann, "mod_feedback_launch_feedback", **late) == "feedback_is_not_open"
    assert scene.refusal(scene.learners[7], "mod_feedback_launch_feedback", **late) == "requireloginerror"


def test_missing_capability_to_see_reports_is_refused(scene: Scene) -> None:
    scene.faults.lack("mod/feedback:viewreports")
    for function in (ANALYSIS, MISSING):
        assert scene.refusal(scene.puller, function, feedbackid=scene.instance("fb")) == "nopermissions"


def test_questionnaires_of_a_course_are_told_with_what_completes_them(scene: Scene) -> None:
    function, arguments = "mod_feedback_get_feedbacks_by_courses", {"courseids": [scene.course.id]}
    rows = scene.pull(function, **arguments)["feedbacks"]
    assert [(row["anonymous"], row["completionsubmit"]) for row in rows] == [(2, True), (1, True), (1, True)]
    assert "timeopen" not in rows[0]
    scene.faults.lack("moodle/course:view")
    answer = scene.pull(function, **arguments)
    assert (answer["feedbacks"], len(answer["warnings"])) == ([], 1)


def test_answers_of_a_group_are_those_of_its_members(scene: Scene) -> None:
    ann, bob = scene.learners[:2]
    answer_all(scene, ann, "fb")
    answer_all(scene, bob, "fb")
    group = scene.world.groups.add(site.Group(courseid=scene.course.id, name="A"))
    scene.world.group_members.add(site.GroupMember(groupid=group.id, userid=bob["id"]))
    rows = scene.pull(ANALYSIS, feedbackid=scene.instance("fb"), groupid=group.id)["attempts"]
    assert [row["userid"] for row in rows] == [bob["id"]]
    paged = scene.pull(ANALYSIS, feedbackid=scene.instance("fb"), page=1, perpage=1)
    assert ([row["userid"] for row in paged["attempts"]], paged["totalattempts"]) == ([bob["id"]], 2)


def test_link_followed_is_complete_and_a_forum_keeps_what_is_written(scene: Scene) -> None:
    ann = scene.learners[0]
    scene.call(ann, "mod_url_view_url", urlid=scene.instance("url"))
    assert scene.states(ann)["url"] == (1, scene.now)
    scene.call(ann, "mod_forum_view_forum", forumid=scene.instance("forum"))
    arguments = {"forumid": scene.instance("forum"), "subject": "Bonjour", "message": "<p>x</p>"}
    made = scene.call(ann, "mod_forum_add_discussion", **arguments)["discussionid"]
    [post] = scene.world.forum_posts
    assert (post.discussion, post.userid, post.forum) == (made, ann["id"], scene.instance("forum"))
    scene.faults.lack("mod/forum:startdiscussion", ann["username"])
    assert scene.refusal(ann, "mod_forum_add_discussion", **arguments) == "cannotcreatediscussion"
    assert scene.refusal(ann, "mod_resource_view_resource", resourceid=1).startswith("invalidrecord")
