"""Filled rubrics: joined with their learners, their definition, and the people who filled them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from moodle_sync.canonical import digest
from moodle_sync.collect import collect_course
from moodle_sync.facts.models import RubricFilling, Snapshot
from moodle_sync.moodle.pull import PullClient


def pull(client: PullClient) -> Snapshot:
    return collect_course(client, "sagiterre", "sag:pull1@2026-02", datetime(2026, 11, 22, 3, tzinfo=UTC))


def fillings(snapshot: Snapshot, userid: int | None = None) -> list[RubricFilling]:
    found = [fact for fact in snapshot.facts if isinstance(fact, RubricFilling)]
    return [fact for fact in found if userid is None or fact.userid == userid]


def test_rubric_filling_holds_texts_points_rater_and_definition(client: PullClient, moodle: Any) -> None:
    snapshot = pull(client)
    (fact,) = fillings(snapshot, userid=moodle.users["pull_u001"])
    assert (fact.activity, fact.attempt, fact.grade) == ("M1.A2", 0, Decimal(100))
    assert fact.rater == moodle.users["pull_t2"]
    assert [(line.criterion, line.level, line.score, line.remark) for line in fact.criteria] == [
        ("Safety <b>rules</b>", "Fully", Decimal(10), "2nd"),
        ("Procedure", "Good", Decimal(10), "2nd"),
        ("Reporting", "Good", Decimal(10), "2nd"),
    ]
    definition = snapshot.definitions[fact.definition_digest]
    assert digest(definition) == fact.definition_digest
    assert definition[0] == {
        "description": "Safety <b>rules</b>",
        "levels": [
            {"definition": "Not at all", "score": "0"},
            {"definition": "Partly", "score": "5"},
            {"definition": "Fully", "score": "10"},
        ],
    }


def test_rubric_filling_that_is_archived_is_not_read(client: PullClient, moodle: Any) -> None:
    def archived(answer: Any, arguments: Any) -> Any:
        for instance in answer["instances"]:
            instance["status"] = 3
        return answer

    moodle.changes["core_grading_get_gradingform_instances"] = archived
    snapshot = pull(client)
    assert fillings(snapshot) == []
    assert snapshot.definitions == {}
    assert "rubric_filling" in snapshot.complete


def orphans(answer: Any, arguments: Any) -> Any:
    """No grade row matches any more, as after a reset."""
    for one in answer["assignments"]:
        one["grades"] = []
    return answer


def first_attempts(number: int) -> Callable[[Any, Any], Any]:
    def change(answer: Any, arguments: Any) -> Any:
        for row in (row for one in answer["assignments"] for row in one["submissions"]):
            row["attemptnumber"] = number
        return answer

    return change


@pytest.mark.parametrize(("latest", "complete"), [(0, True), (1, False)])
def test_rubric_fillings_without_a_grade_are_orphans_unless_there_were_attempts_before(
    client: PullClient, moodle: Any, latest: int, complete: bool
) -> None:
    moodle.changes["mod_assign_get_grades"] = orphans
    moodle.changes["mod_assign_get_submissions"] = first_attempts(latest)
    snapshot = pull(client)
    assert fillings(snapshot) == []
    assert ("rubric_filling" in snapshot.complete) is complete


def test_rubric_fillings_all_matched_do_not_ask_for_submissions(client: PullClient, moodle: Any) -> None:
    pull(client)
    assert moodle.count("mod_assign_get_submissions") == 0


def test_rubric_filling_of_a_removed_criterion_is_kept_without_its_text(client: PullClient, moodle: Any) -> None:
    def removed(answer: Any, arguments: Any) -> Any:
        for area in answer["areas"]:
            del area["definitions"][0]["rubric"]["rubric_criteria"][0]
        return answer

    moodle.changes["core_grading_get_definitions"] = removed
    snapshot = pull(client)
    (fact,) = fillings(snapshot, userid=moodle.users["pull_u001"])
    assert [line.criterion for line in fact.criteria] == ["Procedure", "Reporting", ""]
    assert fact.criteria[-1].score is None
    assert "rubric_filling" not in snapshot.complete
    assert any("removed" in warning for warning in snapshot.warnings)


def test_rubric_filling_without_points_has_no_grade(client: PullClient, moodle: Any) -> None:
    def ungraded(answer: Any, arguments: Any) -> Any:
        for row in (row for one in answer["assignments"] for row in one["grades"]):
            row["grade"] = "-1.00000"
        return answer

    moodle.changes["mod_assign_get_grades"] = ungraded
    assert {fact.grade for fact in fillings(pull(client))} == {None}


def test_rubric_rater_who_is_not_enrolled_is_looked_up(client: PullClient, moodle: Any) -> None:
    def foreign(answer: Any, arguments: Any) -> Any:
        for instance in answer["instances"]:
            instance["raterid"] = 99
        return answer

    moodle.changes["core_grading_get_gradingform_instances"] = foreign
    assert pull(client).people[99].fullname == "Somebody"
