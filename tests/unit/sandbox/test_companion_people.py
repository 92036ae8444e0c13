"""Questionnaires, rubrics, links, people, events and groups, as the companion writes them."""

from __future__ import annotations

from typing import Any

import pytest

from moodle_sync.sandbox.rows_site import UserEnrolment
from moodle_sync.sandbox.rows_work import AssignGrade, FeedbackCompleted, GradingInstance

ACTIVITIES = "upsert_activities"


def levels(*scores: str) -> list[dict[str, str]]:
    return [{"key": f"n{place}", "score": score, "definition": score} for place, score in enumerate(scores)]


def criterion(key: str, *scores: str) -> dict[str, Any]:
    return {"key": key, "description": key, "levels": levels(*scores)}


# ---- questionnaires --------------------------------------------------------------------------------------------------

ITEMS = [
    {"key": "a", "type": "scale", "question": "Note ?", "options": ["bas", "haut"], "required": True},
    {"key": "b", "type": "choices", "question": "Quoi ?", "options": ["x"], "required": False},
    {"key": "c", "type": "pagebreak", "question": "", "required": False},
    {"key": "d", "type": "label", "question": "<p>Merci</p>", "required": False},
]


def test_questionnaire_items_are_stored_as_moodle_does_and_read_back(site: Any) -> None:
    state = site.activity("f", "feedback", items=ITEMS, anonymous=False)["state"]
    assert (state["items"], state["anonymous"], state["multiple"]) == (ITEMS, False, False)
    rows = list(site.world.feedback_items)
    assert [row.presentation for row in rows] == ["r>>>>>1####bas|2####haut", "c>>>>>x", "", "<p>Merci</p>"]
    assert [row.typ for row in rows] == ["multichoicerated", "multichoice", "pagebreak", "label"]
    fewer = {"items": [ITEMS[1], ITEMS[0]]}
    site.one(ACTIVITIES, key="f", modname="feedback", fields=fewer)
    assert [row.id for row in sorted(site.world.feedback_items, key=lambda row: row.position)] == [2, 1]


def test_answered_questionnaire_keeps_its_questions(site: Any) -> None:
    site.activity("f", "feedback", items=ITEMS)
    site.world.feedback_completed.add(FeedbackCompleted(feedback=1, userid=5))
    fewer = {"key": "f", "modname": "feedback", "fields": {"items": ITEMS[:1]}}
    assert site.failed(ACTIVITIES, **fewer) == ("feedbackused", "items[0].fields.items")
    told = {"key": "f", "modname": "feedback", "fields": {"anonymous": False}}
    assert site.failed(ACTIVITIES, **told) == ("feedbackused", "items[0].fields.anonymous")
    words = [ITEMS[0] | {"question": "Quelle note ?"}, *ITEMS[1:]]
    assert site.one(ACTIVITIES, key="f", modname="feedback", fields={"items": words})["action"] == "updated"


def test_item_that_somebody_made_is_kept_when_sent_back(site: Any) -> None:
    site.activity("f", "feedback", items=ITEMS[:1])
    [row] = site.world.feedback_items
    row.presentation = "r>>>>>5####seul|9####points"
    site.world.map.remove(*site.world.map.where(kind="item"))
    [read] = site.state()["activities"][0]["state"]["items"]
    assert (read["key"], read["type"]) == (f"?{row.id}", "other")
    told = {"key": "f", "modname": "feedback", "fields": {"items": [read, ITEMS[1]]}}
    assert [one["type"] for one in site.one(ACTIVITIES, **told)["state"]["items"]] == ["other", "choices"]
    told["fields"] = {"items": [read | {"question": "x"}]}
    assert site.failed(ACTIVITIES, **told) == ("badpayload", "items[0].fields.items[0].type")
    told["fields"] = {"items": [read | {"key": "?99"}]}
    assert site.failed(ACTIVITIES, **told) == ("nosuchkey", "items[0].fields.items[0].key")


# ---- rubrics ---------------------------------------------------------------------------------------------------------


def rubric(site: Any, *criteria: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = site.one("upsert_rubrics", key="note", fields={"name": "G", "criteria": list(criteria)})
    return done


def graded(site: Any) -> None:
    site.world.assign_grades.add(AssignGrade(assignment=1, userid=5, grade=50))
    site.world.grading_instances.add(GradingInstance(definitionid=1, itemid=1, status=1))


@pytest.mark.parametrize(
    ("criteria", "level"),
    [
        ([criterion("a", "0", "1"), criterion("b", "0", "2")], 0),
        ([criterion("b", "0", "2"), criterion("a", "0", "1")], 1),
        ([criterion("a", "0", "1") | {"description": "x"}, criterion("b", "0", "2")], 1),
        ([criterion("a", "0", "1"), criterion("b", "0", "2", "1")], 2),
        ([criterion("a", "0", "1"), criterion("b", "0", "2", "3")], 3),
        ([criterion("a", "0", "1"), criterion("b", "0", "1.5")], 3),
        ([criterion("a", "0", "1")], 3),
        ([criterion("a", "0", "1"), criterion("b", "0", "2"), criterion("c", "0", "1")], 5),
    ],
)
def test_rubric_change_has_moodles_level_and_is_refused_from_three_when_used(
    site: Any, criteria: list[dict[str, Any]], level: int
) -> None:
    site.activity("note", "assign")
    first = rubric(site, criterion("a", "0", "1"), criterion("b", "0", "2"))
    assert (first["changed_level"], first["state"]["active"]) == (None, True)
    ids = {row.description: row.id for row in site.world.criteria}
    graded(site)
    told = {"key": "note", "fields": {"criteria": criteria}}
    if level >= 3:
        assert site.failed("upsert_rubrics", **told) == ("rubricused", "items[0].fields")
        site.world.grading_instances.rows.clear()
    done = site.one("upsert_rubrics", **told)
    assert (done["changed_level"], done["action"]) == (level, "updated" if level else "unchanged")
    after = {row.description: row.id for row in site.world.criteria}
    assert all(after[name] == ids[name] for name in ids if name in after), "ids stay by key"
    [entry] = site.state()["rubrics"]
    assert [one["key"] for one in entry["state"]["criteria"]] == [one["key"] for one in criteria]


def test_level_taken_away_is_a_change_of_level_four(site: Any) -> None:
    site.activity("note", "assign")
    rubric(site, criterion("a", "0", "1", "2"))
    assert rubric(site, criterion("a", "0", "1"))["changed_level"] == 4


def test_criterion_without_a_key_is_kept_when_sent_back_by_its_id(site: Any) -> None:
    site.activity("note", "assign")
    rubric(site, criterion("a", "0", "1"))
    site.world.map.remove(*site.world.map.where(kind="criterion"), *site.world.map.where(kind="level"))
    [entry] = site.state()["rubrics"]
    [kept] = entry["state"]["criteria"]
    assert kept["key"].startswith("?")
    done = rubric(site, kept, criterion("b", "0", "1"))
    assert [one["key"] for one in done["state"]["criteria"]] == [kept["key"], "b"]
    told = {"key": "note", "fields": {"criteria": [kept | {"key": "?999"}]}}
    assert site.failed("upsert_rubrics", **told) == ("nosuchkey", "items[0].fields.criteria[0].key")


def test_rubric_of_what_is_no_assignment_is_refused(site: Any) -> None:
    site.activity("p")
    assert site.failed("upsert_rubrics", key="p", fields={"name": "x"}) == ("norubric", "items[0].key")
    site.activity("note", "assign")
    assert site.failed("upsert_rubrics", key="note", fields={"name": "x"}) == ("badpayload", "items[0].fields.criteria")
    path = "items[0].fields.criteria[0].levels"
    assert site.bad("upsert_rubrics", {"key": "note", "fields": {"criteria": [criterion("a", "0")]}}) == path


def test_baseline_of_a_rubric_names_levels_by_path(site: Any) -> None:
    site.activity("note", "assign")
    name, digest = "criteria/a/levels/n1/score", "b" * 64
    told = {"name": "G", "criteria": [criterion("a", "0", "2.5")]}
    site.one("upsert_rubrics", key="note", fields=told, desired={name: digest})
    assert site.state()["baseline"]["rubric"]["note"][name] == {"desired": digest, "observed": "2.5"}


# ---- links, people, events, groups ---------------------------------------------------------------------------------


def test_link_adds_the_competency_to_the_course(site: Any) -> None:
    site.activity("note", "assign")
    scale = '[{"scaleid": "2"}, {"id": 1, "scaledefault": 1, "proficient": 1}]'
    told = {"shortname": "F", "idnumber": "tt:f", "scaleid": 2, "scaleconfiguration": scale, "contextid": 1}
    site("push", "core_competency_create_competency_framework", competencyframework=told)
    one = {"shortname": "C", "idnumber": "tt:f:C1", "competencyframeworkid": 1}
    site("push", "core_competency_create_competency", competency=one)
    done = site.one("link_competencies", key="note~tt:f:C1", fields={"outcome": "complete"})
    assert (done["action"], done["state"]) == ("created", {"outcome": "complete"})
    assert len(site.world.course_competencies) == 1
    assert site.failed("link_competencies", key="note~none", fields={}) == ("nosuchkey", "items[0].key")
    site.world.competencies.add(type(site.world.competencies[1])(idnumber="tt:f:C1"))
    assert site.failed("link_competencies", key="note~tt:f:C1", fields={}) == ("ambiguouskey", "items[0].key")


def test_enrolment_by_key_stands_for_one_person(site: Any) -> None:
    first, second = (learner["id"] for learner in site.learners[:2])
    write = "upsert_enrolments"
    done = site.one(write, key="e1", userid=first, fields={"role": "student", "end": 2_000_000_000})
    assert done["state"] == {"role": "student", "status": "active", "start": None, "end": 2_000_000_000}
    assert site.failed(write, key="e1", userid=second, fields={}) == ("foreignkey", "items[0].userid")
    assert site.failed(write, key="e2", userid=first, fields={}) == ("foreignkey", "items[0].userid")
    assert site.failed(write, key="e2", userid=second, fields={}) == ("badpayload", "items[0].fields.role")
    assert site.failed(write, key="e2", userid=9999, fields={"role": "student"}) == ("nosuchuser", "items[0].userid")
    refused = site.failed(write, key="e2", userid=second, fields={"role": "manager"})
    assert refused == ("rolenotassignable", "items[0].fields.role")
    changed = site.one(write, key="e1", userid=first, fields={"role": "teacher", "status": "suspended"})
    assert (changed["state"]["role"], changed["state"]["status"]) == ("teacher", "suspended")


def test_person_enrolled_by_hand_is_foreign(site: Any) -> None:
    userid = site.learners[0]["id"]
    [method] = site.world.enrol_instances.where(courseid=site.course)
    site.world.enrolments.add(UserEnrolment(enrolid=method.id, userid=userid))
    done = site.one("upsert_enrolments", key="e", userid=userid, fields={"role": "student"}, desired={"role": "a" * 64})
    assert (done["action"], done["foreign"]) == ("unchanged", True)
    state = site.state()
    assert (state["enrolments"], state["baseline"]) == ([], {})


def test_event_by_key_is_updated_in_place(site: Any) -> None:
    fields = {"name": "Jour 1", "start": 1_800_000_000, "minutes": 210, "location": "Marseille"}
    made = site.one("upsert_events", key="j1", fields=fields)
    assert made["state"] == fields | {"description": "", "visible": True}
    again = site.one("upsert_events", key="j1", fields=fields | {"minutes": 60})
    assert (again["action"], again["id"], again["state"]["minutes"]) == ("updated", made["id"], 60)
    assert site.failed("upsert_events", key="j2", fields={"name": "x"}) == ("badpayload", "items[0].fields.start")
    assert [one["key"] for one in site.state()["events"]] == ["j1"]


def test_group_keeps_members_that_somebody_added_by_hand(site: Any) -> None:
    ours, others = (learner["id"] for learner in site.learners[:2])
    for number, userid in enumerate((ours, others)):
        site.one("upsert_enrolments", key=f"e{number}", userid=userid, fields={"role": "student"})
    made = site.one("upsert_groups", key="nord", fields={"name": "Nord", "members": [ours]})
    site("editor", "core_group_add_group_members", members=[{"groupid": made["id"], "userid": others}])
    done = site.one("upsert_groups", key="nord", fields={"members": []})
    assert (done["state"]["members"], done["others"]) == ([], [others])
    stranger = {"key": "nord", "fields": {"members": [site.learners[5]["id"]]}}
    assert site.failed("upsert_groups", **stranger) == ("notenrolled", "items[0].fields.members")
