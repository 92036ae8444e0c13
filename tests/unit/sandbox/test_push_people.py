"""People, enrolments by hand, groups, and rubrics as core saves them."""

from __future__ import annotations

from typing import Any

import pytest

PERSON = {"username": "zoe", "firstname": "Zoé", "lastname": "O’Neil", "email": "zoe@example.invalid", "password": "x"}
ENROL = "enrol_manual_enrol_users"


@pytest.mark.parametrize(
    "fields",
    [{"username": "apprenant01"}, {"email": "APPRENANT01@example.invalid"}, {"password": ""}, {"username": "ZOE"}],
)
def test_person_is_refused_without_a_word_of_why(site: Any, fields: dict[str, str]) -> None:
    other = PERSON | {"username": "first", "email": "first@example.invalid"}
    refused = site.refused("editor", "core_user_create_users", users=[other, PERSON | fields])
    assert refused.errorcode == "invalidparameter"
    assert site.world.users.one(username="first") is None, "all or none"


def test_person_with_an_idnumber_that_is_taken_is_accepted(site: Any) -> None:
    site("editor", "core_user_create_users", users=[PERSON | {"idnumber": "AP-001"}])
    assert len(site("push", "core_user_get_users_by_field", field="idnumber", values=["AP-001"])) == 2


def test_deleted_person_is_found_without_a_word_of_it(site: Any) -> None:
    row = site.world.users[site.learners[0]["id"]]
    row.deleted, row.idnumber = True, ""
    [found] = site("pull", "core_user_get_users_by_field", field="id", values=[row.id])
    assert "deleted" not in found
    assert "idnumber" not in found


def test_enrolment_called_again_resets_what_is_not_sent(site: Any) -> None:
    userid = site.learners[0]["id"]
    told = {"roleid": 5, "userid": userid, "courseid": site.course}
    site("editor", ENROL, enrolments=[told | {"suspend": 1, "timeend": 2_000_000_000}])
    [row] = site.world.enrolments
    assert (row.status, row.timeend) == (1, 2_000_000_000)
    site("editor", ENROL, enrolments=[told])
    assert (row.status, row.timeend) == (0, 0)
    assert len(site.world.enrolments) == 1


def test_enrolments_are_made_all_or_none(site: Any) -> None:
    told = {"roleid": 5, "userid": site.learners[0]["id"], "courseid": site.course}
    assert site.refused("push", ENROL, enrolments=[told, told | {"roleid": 1}]).errorcode == "wsusercannotassign"
    assert len(site.world.enrolments) == 0
    assert site.refused("learner", ENROL, enrolments=[told]).errorcode == "requireloginerror"


def test_unenrolment_takes_role_groups_and_the_companions_key(site: Any) -> None:
    userid = site.learners[0]["id"]
    digest = {"role": "a" * 64}
    site.one("upsert_enrolments", key="e", userid=userid, fields={"role": "student"}, desired=digest)
    site.one("upsert_groups", key="g", fields={"name": "G", "members": [userid]})
    for _ in range(2):  # twice is no error
        site("editor", "enrol_manual_unenrol_users", enrolments=[{"userid": userid, "courseid": site.course}])
    state = site.state()
    assert (state["enrolments"], state["groups"][0]["state"]["members"]) == ([], [])
    assert "enrolment" not in state["baseline"]
    assert site.world.role_assignments.where(userid=userid) == []


def test_groups_have_unique_names_and_idnumbers_and_enrolled_members(site: Any) -> None:
    told = {"courseid": site.course, "name": "A", "description": "", "idnumber": "x"}
    [made] = site("editor", "core_group_create_groups", groups=[told])
    assert site.refused("editor", "core_group_create_groups", groups=[told]).errorcode == "invalidparameter"
    other = told | {"name": "B"}
    assert site.refused("editor", "core_group_create_groups", groups=[other]).errorcode == "idnumbertaken"
    member = {"groupid": made["id"], "userid": site.learners[0]["id"]}
    assert site.refused("editor", "core_group_add_group_members", members=[member]).errorcode == "invalidparameter"
    site("editor", "core_group_update_groups", groups=[{"id": made["id"], "name": "C", "visibility": "0"}])
    [shown] = site("editor", "core_group_get_course_groups", courseid=site.course)
    assert (shown["name"], shown["idnumber"]) == ("C", "x")
    site("editor", "core_group_delete_groups", groupids=[made["id"]])
    assert site("editor", "core_group_get_course_groups", courseid=site.course) == []


# ---- rubrics as core saves them ------------------------------------------------------------------------------------


def rubric(site: Any, cmid: int) -> dict[str, Any]:
    told = {"cmids": [cmid], "areaname": "submissions", "activeonly": 0}
    area: dict[str, Any] = site("push", "core_grading_get_definitions", **told)["areas"][0]
    return area


def save(site: Any, area: dict[str, Any], criteria: list[dict[str, Any]]) -> None:
    definition = {"method": "rubric", "name": "G", "status": 20, "rubric": {"rubric_criteria": criteria}}
    definition |= dict.fromkeys(("timecreated", "usercreated", "timemodified", "usermodified"), 0)
    names = ("cmid", "contextid", "component", "areaname")
    told = {name: area[name] for name in names} | {"activemethod": "rubric", "definitions": [definition]}
    site("editor", "core_grading_save_definitions", areas=[told])


def cells(area: dict[str, Any]) -> list[tuple[int, list[int]]]:
    criteria = area["definitions"][0]["rubric"]["rubric_criteria"]
    return [(one["id"], [level["id"] for level in one["levels"]]) for one in criteria]


def test_rubric_saved_without_ids_has_new_ones(site: Any) -> None:
    cmid = site.activity("note", "assign")["id"]
    fresh = [
        {
            "sortorder": 1,
            "description": "d",
            "levels": [{"score": 0, "definition": "n"}, {"score": 2.5, "definition": "o"}],
        }
    ]
    area = rubric(site, cmid)
    assert (area["activemethod"], area["definitions"]) == (None, [])
    save(site, area, fresh)
    first = rubric(site, cmid)
    save(site, first, fresh)
    second = rubric(site, cmid)
    assert first["definitions"][0]["id"] == second["definitions"][0]["id"]
    assert set(dict(cells(first))) & set(dict(cells(second))) == set(), "what was graded points at nothing now"
    assert len(site.world.levels) == 2


def test_rubric_saved_with_ids_keeps_them_and_loses_what_is_not_sent(site: Any) -> None:
    cmid = site.activity("note", "assign")["id"]
    levels = [{"score": score, "definition": str(score)} for score in (0, 1, 2)]
    save(site, rubric(site, cmid), [{"sortorder": 1, "description": "d", "levels": levels}])
    area = rubric(site, cmid)
    [criterion] = area["definitions"][0]["rubric"]["rubric_criteria"]
    [(number, ids)] = cells(area)
    kept = [level for level in criterion["levels"] if level["score"] != 1]
    save(site, area, [criterion | {"description": "autre", "levels": kept}])
    assert cells(rubric(site, cmid)) == [(number, [ids[0], ids[2]])]
    assert site.world.criteria[number].description == "autre"


def test_definitions_of_an_activity_that_one_may_not_see_are_a_warning(site: Any) -> None:
    cmid = site.activity("note", "assign")["id"]
    told = {"cmids": [cmid], "areaname": "submissions", "activeonly": 1}
    answer = site("learner", "core_grading_get_definitions", **told)
    assert answer["areas"] == []
    assert [one["warningcode"] for one in answer["warnings"]] == ["1"]
