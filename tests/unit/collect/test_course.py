"""collect_course: a snapshot of what real sites answered, and what makes it incomplete."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from moodle_sync.collect import CallEstimate, collect_course, estimate
from moodle_sync.collect.enrolments import read_enrolments
from moodle_sync.collect.survey import survey
from moodle_sync.errors import DoneInPart, MoodleRefused, NotFound, Unreachable
from moodle_sync.facts.models import KINDS, Snapshot, parse
from moodle_sync.moodle.pull import PullClient

COURSE = "sag:pull1@2026-02"
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ALL = frozenset(KINDS)


def pull(client: PullClient, **settings: Any) -> Snapshot:
    return collect_course(client, "sagiterre", COURSE, NOW, **settings)


def of(snapshot: Snapshot, kind: str, **wanted: Any) -> list[Any]:
    return [
        fact
        for fact in snapshot.facts
        if fact.kind == kind and all(getattr(fact, name) == value for name, value in wanted.items())
    ]


def everybody_active(moodle: Any) -> None:
    """As if nobody's enrolment were suspended."""
    moodle.changes["core_enrol_get_enrolled_users"] = lambda answer, arguments: [
        user for user in moodle.body("enrolled_users") if user["username"] != "pull_x_susp_enrol"
    ]


def test_collect_course_gives_every_kind_of_fact(client: PullClient, moodle: Any) -> None:
    snapshot = pull(client)
    assert (snapshot.site, snapshot.course, snapshot.observed_at) == ("sagiterre", COURSE, NOW)
    assert snapshot.release.startswith(("4.5", "5.1"))
    # what a questionnaire gave as a whole is in test_feedback_analyses: those of this course never close
    assert {fact.kind for fact in snapshot.facts} == set(KINDS) - {"feedback_analysis"}
    assert {fact.course for fact in snapshot.facts} == {COURSE}
    learners = {userid for name, userid in moodle.users.items() if name != "pull_t2"}
    assert {fact.userid for fact in snapshot.facts} == learners
    assert len({fact.object_id for fact in snapshot.facts}) == len(snapshot.facts)
    assert set(snapshot.people) == set(moodle.users.values())  # the trainer as a rater
    assert snapshot.people[moodle.users["pull_u001"]].idnumber == "PULL_U001"
    for fact in snapshot.facts:
        assert parse(fact.payload()) == fact


def test_collect_course_twice_gives_the_same_values(client: PullClient) -> None:
    first, second = pull(client), pull(client)
    assert first.facts == second.facts
    assert first.definitions == second.definitions


def test_collect_course_without_a_suspended_learner_is_complete(client: PullClient, moodle: Any) -> None:
    everybody_active(moodle)
    snapshot = pull(client)
    assert snapshot.complete == ALL
    assert snapshot.warnings == ()


def test_collect_course_of_a_suspended_learner_moodle_tells_no_course_completion(
    client: PullClient, moodle: Any
) -> None:
    snapshot = pull(client)
    assert snapshot.complete == ALL
    inactive = {fact.userid for fact in of(snapshot, "enrolment") if not fact.active}
    assert snapshot.untold == {("course_completion", userid) for userid in inactive}
    assert inactive


def test_enrolments_tell_active_from_not_active(client: PullClient, moodle: Any) -> None:
    facts = {fact.userid: fact for fact in of(pull(client), "enrolment")}
    assert facts[moodle.users["pull_u001"]].active
    assert facts[moodle.users["pull_u001"]].groups == ("Group 1 & more",)
    assert not facts[moodle.users["pull_x_susp_enrol"]].active
    assert moodle.users["pull_t2"] not in facts


def test_enrolments_with_other_learner_roles_are_of_those(client: PullClient, moodle: Any) -> None:
    found = survey(client, COURSE, frozenset({"teacher"}), dict)
    assert [fact.userid for fact in read_enrolments(found).facts] == [moodle.users["pull_t2"]]


def test_activity_completions_are_those_that_moodle_has_a_row_of(client: PullClient, moodle: Any) -> None:
    learner = moodle.users["pull_u001"]
    facts = {fact.cmid: fact for fact in of(pull(client), "activity_completion", userid=learner)}
    rows = {row["cmid"]: row for row in moodle.body("activities_completion_learner1")["statuses"]}
    touched = {cmid for cmid, row in rows.items() if row["state"] or row["timecompleted"]}
    assert set(facts) == touched
    assert len(touched) == len(rows) - 1
    first, _, quiz, *_ = moodle.cmids
    assert (facts[first].activity, facts[first].state) == ("M1.A1", "complete")
    assert (facts[quiz].activity, facts[quiz].state) == ("M1.Q1", "complete_pass")
    assert facts[moodle.cmids[5]].activity is None
    assert not facts[moodle.cmids[6]].automatic
    assert facts[first].occurred_at == datetime.fromtimestamp(rows[first]["timecompleted"], UTC)


def test_course_completions_name_their_activities(client: PullClient, moodle: Any) -> None:
    (fact,) = of(pull(client), "course_completion", userid=moodle.users["pull_u001"])
    assert [criterion.activity for criterion in fact.criteria] == ["M1.A1", "M1.Q1", "M1.P1", None]
    assert [criterion.type for criterion in fact.criteria] == [4, 4, 4, 6]
    assert fact.occurred_at == max(criterion.completed_at for criterion in fact.criteria)


def test_course_completion_of_somebody_who_met_nothing_is_no_fact(client: PullClient, moodle: Any) -> None:
    def untouched(answer: Any, arguments: Any) -> Any:
        for criterion in answer["completionstatus"]["completions"]:
            criterion |= {"complete": False, "timecompleted": None}
        return answer

    moodle.changes["core_completion_get_course_completion_status"] = untouched
    everybody_active(moodle)
    snapshot = pull(client)
    assert of(snapshot, "course_completion") == []
    assert "course_completion" in snapshot.complete


def test_course_without_completion_criteria_is_complete_after_one_call(client: PullClient, moodle: Any) -> None:
    moodle.changes["core_completion_get_course_completion_status"] = lambda answer, arguments: {
        "errorcode": "nocriteriaset",
        "message": "none",
    }
    snapshot = pull(client)
    assert of(snapshot, "course_completion") == []
    assert "course_completion" in snapshot.complete
    assert moodle.count("core_completion_get_course_completion_status") == 1


def test_quiz_attempts_are_scaled_exactly(client: PullClient, moodle: Any) -> None:
    facts = of(pull(client), "quiz_attempt", userid=moodle.users["pull_u001"])
    assert [(fact.attempt, fact.sumgrades, fact.grade) for fact in facts] == [
        (1, Decimal(3), Decimal(100)),
        (2, Decimal(1), Decimal("33.33333")),
    ]
    assert {(fact.activity, fact.sumgrades_max, fact.grade_max, fact.state) for fact in facts} == {
        ("M1.Q1", Decimal(3), Decimal(100), "finished")
    }
    names = {function["name"] for function in moodle.body("site_info")["functions"]}
    new = "mod_quiz_get_user_quiz_attempts"
    assert {fact.wsfunction for fact in facts} == {new if new in names else "mod_quiz_get_user_attempts"}


def test_quiz_attempt_unfinished_has_its_start_and_no_grade(client: PullClient, moodle: Any) -> None:
    def unfinished(answer: Any, arguments: Any) -> Any:
        for attempt in answer["attempts"]:
            attempt |= {"state": "inprogress", "timefinish": 0, "sumgrades": None}
        return answer

    for name in ("mod_quiz_get_user_quiz_attempts", "mod_quiz_get_user_attempts"):
        moodle.changes[name] = unfinished
    facts = of(pull(client), "quiz_attempt")
    assert facts
    for fact in facts:
        assert (fact.occurred_at, fact.finished_at, fact.grade) == (fact.started_at, None, None)


def change_attempts(moodle: Any, **fields: Any) -> None:
    def change(answer: Any, arguments: Any) -> Any:
        for attempt in answer["attempts"]:
            attempt |= fields
        return answer

    for name in ("mod_quiz_get_user_quiz_attempts", "mod_quiz_get_user_attempts"):
        moodle.changes[name] = change


def test_quiz_attempts_as_preview_are_no_facts(client: PullClient, moodle: Any) -> None:
    change_attempts(moodle, preview=1)
    snapshot = pull(client)
    assert of(snapshot, "quiz_attempt") == []
    assert "quiz_attempt" in snapshot.complete


def test_quiz_attempts_without_the_points_of_the_quiz_are_not_complete(client: PullClient, moodle: Any) -> None:
    def untold(answer: Any, arguments: Any) -> Any:
        for quiz in answer["quizzes"]:
            del quiz["sumgrades"]
        return answer

    moodle.changes["mod_quiz_get_quizzes_by_courses"] = untold
    snapshot = pull(client)
    assert of(snapshot, "quiz_attempt") == []
    assert "quiz_attempt" not in snapshot.complete


def test_activity_completion_in_an_unknown_state_is_not_complete(client: PullClient, moodle: Any) -> None:
    def unknown(answer: Any, arguments: Any) -> Any:
        answer["statuses"][0]["state"] = 9
        return answer

    moodle.changes["core_completion_get_activities_completion_status"] = unknown
    snapshot = pull(client)
    assert "activity_completion: unknown completion state 9 (4 times)" in snapshot.warnings
    assert moodle.cmids[0] not in {fact.cmid for fact in of(snapshot, "activity_completion")}


def test_grades_of_somebody_without_a_gradebook_are_not_complete(client: PullClient, moodle: Any) -> None:
    moodle.changes["gradereport_user_get_grade_items"] = lambda answer, arguments: {"usergrades": [], "warnings": []}
    snapshot = pull(client)
    assert "grade: no gradebook of a learner (4 times)" in snapshot.warnings


def test_collect_course_of_a_course_without_learners_is_complete_and_empty(client: PullClient, moodle: Any) -> None:
    snapshot = pull(client, learner_roles=frozenset({"nobody"}))
    assert (snapshot.facts, snapshot.people, snapshot.complete) == ((), {}, ALL)


def test_grades_are_those_that_were_given(client: PullClient, moodle: Any) -> None:
    learner = moodle.users["pull_u001"]
    facts = of(pull(client), "grade", userid=learner)
    book = next(one for one in moodle.body("grade_items_all")["usergrades"] if one["userid"] == learner)
    given = [one for one in book["gradeitems"] if one["graderaw"] is not None or one["gradedategraded"]]
    assert [fact.item_id for fact in facts] == [one["id"] for one in given]
    assert 0 < len(given) < len(book["gradeitems"])
    first = next(fact for fact in facts if fact.cmid == moodle.cmids[0])
    assert (first.activity, first.grade, first.grade_max) == ("M1.A1", Decimal("50.33333"), Decimal(100))
    (total,) = [fact for fact in facts if fact.item_type == "course"]
    assert (total.modname, total.cmid, total.activity) == (None, None, None)


@pytest.mark.parametrize(
    ("wsfunction", "kind"),
    [
        ("core_completion_get_activities_completion_status", "activity_completion"),
        ("core_completion_get_course_completion_status", "course_completion"),
        ("mod_quiz_get_quizzes_by_courses", "quiz_attempt"),
        ("mod_quiz_get_user_attempts", "quiz_attempt"),
        ("gradereport_user_get_grade_items", "grade"),
        ("mod_assign_get_assignments", "rubric_filling"),
        ("core_grading_get_definitions", "rubric_filling"),
        ("core_grading_get_gradingform_instances", "rubric_filling"),
        ("mod_assign_get_grades", "rubric_filling"),
    ],
)
def test_collect_course_denied_one_function_leaves_out_that_kind_alone(
    client: PullClient, moodle: Any, wsfunction: str, kind: str
) -> None:
    everybody_active(moodle)
    moodle.without = {wsfunction}
    if wsfunction == "mod_quiz_get_user_attempts":
        moodle.without.add("mod_quiz_get_user_quiz_attempts")
    snapshot = pull(client)
    assert snapshot.complete == ALL - {kind}
    assert of(snapshot, kind) == []
    assert any(warning.startswith(f"{kind}: not read: nopermissions") for warning in snapshot.warnings)
    asked = [name for name, _ in moodle.called if name in moodle.without]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("wsfunction", "kind"),
    [
        ("core_completion_get_activities_completion_status", "activity_completion"),
        ("core_completion_get_course_completion_status", "course_completion"),
        ("mod_quiz_get_quizzes_by_courses", "quiz_attempt"),
        ("gradereport_user_get_grade_items", "grade"),
        ("mod_assign_get_assignments", "rubric_filling"),
        ("mod_assign_get_grades", "rubric_filling"),
        ("core_grading_get_gradingform_instances", "rubric_filling"),
    ],
)
def test_collect_course_warned_about_a_kind_keeps_its_facts_and_is_not_complete(
    client: PullClient, moodle: Any, wsfunction: str, kind: str
) -> None:
    everybody_active(moodle)
    whole = of(pull(client), kind)

    def warned(answer: Any, arguments: Any) -> Any:
        return {**answer, "warnings": [{"item": "cm", "itemid": 4, "warningcode": "1", "message": "left out"}]}

    moodle.changes[wsfunction] = warned
    snapshot = pull(client)
    assert snapshot.complete == ALL - {kind}
    assert of(snapshot, kind) == whole


def test_collect_course_with_one_person_refused_keeps_the_others(client: PullClient, moodle: Any) -> None:
    everybody_active(moodle)
    gone = moodle.users["pull_u002"]

    def refuse(answer: Any, arguments: Any) -> Any:
        return {"errorcode": "userdeleted", "message": "x"} if arguments["userid"] == gone else answer

    moodle.changes["gradereport_user_get_grade_items"] = refuse
    snapshot = pull(client)
    assert "grade" not in snapshot.complete
    assert "grade: not read: userdeleted" in snapshot.warnings
    assert {fact.userid for fact in of(snapshot, "grade")} == {moodle.users["pull_u001"], moodle.users["pull_u007"]}


def test_collect_course_with_a_hidden_activity_left_out_is_not_complete(client: PullClient, moodle: Any) -> None:
    hidden = moodle.cmids[6]

    def silent(answer: Any, arguments: Any) -> Any:
        answer["statuses"] = [row for row in answer["statuses"] if row["cmid"] != hidden]
        return answer

    moodle.changes["core_completion_get_activities_completion_status"] = silent
    snapshot = pull(client)
    assert "activity_completion" not in snapshot.complete
    assert any(f"activity {hidden} (page)" in warning for warning in snapshot.warnings)


@pytest.mark.parametrize(
    ("wsfunction", "field", "kind"),
    [
        ("mod_quiz_get_quizzes_by_courses", "quizzes", "quiz_attempt"),
        ("mod_assign_get_assignments", "courses", "rubric_filling"),
    ],
)
def test_collect_course_with_activities_left_out_silently_is_not_complete(
    client: PullClient, moodle: Any, wsfunction: str, field: str, kind: str
) -> None:
    moodle.changes[wsfunction] = lambda answer, arguments: {**answer, field: []}
    snapshot = pull(client)
    assert kind not in snapshot.complete


def test_collect_course_whose_site_goes_away_raises(client: PullClient, moodle: Any) -> None:
    def away(answer: Any, arguments: Any) -> Any:
        raise Unreachable("gone")

    moodle.changes["gradereport_user_get_grade_items"] = away
    with pytest.raises(Unreachable):
        pull(client)


def test_collect_course_that_is_absent_says_what_to_check(client: PullClient) -> None:
    with pytest.raises(NotFound) as caught:
        collect_course(client, "sagiterre", "sag:absent@1", NOW)
    assert "sag:absent@1" in caught.value.message
    assert "moodle/course:viewhiddencourses" in caught.value.hint


def test_collect_course_that_is_there_twice_is_refused(client: PullClient, moodle: Any) -> None:
    moodle.changes["core_course_get_courses_by_field"] = lambda answer, arguments: {
        **answer,
        "courses": answer["courses"] * 2,
    }
    with pytest.raises(MoodleRefused, match="2 courses"):
        pull(client)


def test_estimate_is_what_the_pull_then_spends_at_most(client: PullClient, moodle: Any) -> None:
    told: list[CallEstimate] = []
    first = estimate(client, COURSE)
    snapshot = pull(client, announce=told.append)
    (cost,) = told
    assert (cost.learners, cost.activities) == (4, 7)
    assert snapshot.calls <= cost.calls
    assert snapshot.requests <= cost.requests
    # Only what hangs on rubrics, and on trainers who are not enrolled, may be left over.
    assert cost.calls - snapshot.calls <= 2 * 2 + 2
    assert first.calls == cost.calls + 1  # it asked for the site, which is remembered


def test_collect_course_beyond_its_budget_stops_after_the_survey(client: PullClient, moodle: Any) -> None:
    needed = estimate(client, COURSE).calls
    moodle.called.clear()
    with pytest.raises(DoneInPart) as caught:
        pull(client, budget=10)
    assert "budget of 10 calls" in caught.value.message
    assert f"at least {needed - 1} calls" in caught.value.hint
    assert moodle.count("gradereport_user_get_grade_items") == 0


def test_collect_course_within_its_budget_is_read(client: PullClient) -> None:
    budget = estimate(client, COURSE).calls
    assert pull(client, budget=budget).calls <= budget


def test_collect_course_counts_kinds_once_in_batches(client: PullClient, moodle: Any) -> None:
    snapshot = pull(client)
    assert snapshot.calls == len(moodle.called)
    assert snapshot.requests < snapshot.calls
    assert Counter(name for name, _ in moodle.called)["gradereport_user_get_grade_items"] == 4
