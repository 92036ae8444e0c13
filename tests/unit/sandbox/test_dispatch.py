"""dispatch: who may call what, what a missing capability leaves out in silence, and batches."""

from __future__ import annotations

import json
from typing import Any

import pytest

BATCH = "tool_mobile_call_external_functions"


def test_function_of_another_service_and_unknown_function_differ(site: Any) -> None:
    assert site.refused("pull", "core_course_create_categories").errorcode == "accessexception"
    unknown = {"4.5": "invalidrecord", "5.1": "invalidrecordunknown"}
    assert site.refused("pull", "no_such_function").errorcode == unknown[site.world.version]


def test_suspended_account_is_refused(site: Any) -> None:
    site.world.users.one(username="ws_pull").suspended = True
    assert site.refused("pull", "core_webservice_get_site_info").errorcode == "wsaccessusersuspended"


def test_account_without_the_protocol_is_refused_as_if_it_had_no_function(site: Any) -> None:
    site.faults.lack("webservice/rest:use", "pull")
    assert site.refused("pull", "core_webservice_get_site_info").errorcode == "accessexception"


@pytest.mark.parametrize(
    ("capability", "field", "value"),
    [
        ("moodle/user:viewdetails", "id", "6"),
        ("moodle/user:viewalldetails", "idnumber", "AP-002"),
        ("moodle/site:viewuseridentity", "email", "apprenant02@example.invalid"),
    ],
)
def test_people_not_found_for_want_of_a_capability_are_no_error(
    site: Any, capability: str, field: str, value: str
) -> None:
    function = "core_user_get_users_by_field"
    assert len(site("pull", function, field=field, values=[value])) == 1
    site.faults.lack(capability)
    assert site("pull", function, field=field, values=[value]) == []


def test_hidden_course_is_not_there_for_who_may_not_see_it(site: Any) -> None:
    courseid = site.course
    site("push", "core_course_update_courses", courses=[{"id": courseid, "visible": 0}])
    function = "core_course_get_courses_by_field"
    assert len(site("pull", function, field="id", value=courseid)["courses"]) == 1
    site.faults.lack("moodle/course:viewhiddencourses")
    assert site("pull", function, field="id", value=courseid) == {"courses": [], "warnings": []}
    assert site.refused("pull", "core_course_get_contents", courseid=courseid).errorcode == "errorcoursecontextnotvalid"


def test_course_without_course_update_shows_no_idnumber(site: Any) -> None:
    function = "core_course_get_courses_by_field"
    [pulled] = site("pull", function, field="id", value=site.course)["courses"]
    [pushed] = site("push", function, field="id", value=site.course)["courses"]
    assert ("idnumber" in pulled, "idnumber" in pushed) == (False, True)
    site.faults.lack("moodle/course:view", "push")
    [outside] = site("push", function, field="id", value=site.course)["courses"]
    assert "format" not in outside


@pytest.mark.parametrize(
    ("capability", "gone"),
    [
        ("moodle/course:viewhiddenactivities", {"hidden"}),
        ("mod/quiz:view", {"quiz"}),
        ("mod/page:view", {"hidden", "shown"}),
    ],
)
def test_activities_vanish_in_silence(site: Any, capability: str, gone: set[str]) -> None:
    site.activity("shown")
    site.activity("hidden", visible=False)
    site.activity("quiz", "quiz")

    def names() -> set[str]:
        sections = site("pull", "core_course_get_contents", courseid=site.course)
        return {module["name"] for section in sections for module in section["modules"]} - {"Announcements"}

    assert names() == {"shown", "hidden", "quiz"}
    site.faults.lack(capability)
    assert names() == {"shown", "hidden", "quiz"} - gone


def test_hidden_section_vanishes_in_silence(site: Any) -> None:
    site.one("upsert_sections", key="A", fields={"name": "A", "visible": False})
    assert len(site("push", "core_course_get_contents", courseid=site.course)) == 2
    site.faults.lack("moodle/course:viewhiddensections", "push")
    assert len(site("push", "core_course_get_contents", courseid=site.course)) == 1


def test_batch_stops_at_the_first_error_and_undoes_nothing(site: Any) -> None:
    def request(name: str, **arguments: Any) -> dict[str, str]:
        return {"function": name, "arguments": json.dumps(arguments)}

    create = "core_course_create_categories"
    asked = [
        request(create, categories=[{"name": "Un", "idnumber": "tt:1"}]),
        request(create, categories=[{"name": "Deux", "idnumber": "tt:1"}]),
        request(create, categories=[{"name": "Trois"}]),
    ]
    first, second = site("push", BATCH, requests=asked)["responses"]
    assert json.loads(first["data"])[0]["name"] == "Un"
    assert json.loads(second["exception"])["errorcode"] == "categoryidnumbertaken"
    assert [row.name for row in site.world.categories][1:] == ["Un"]


def test_batch_with_a_function_of_another_service_is_refused_inside(site: Any) -> None:
    [answer] = site("pull", BATCH, requests=[{"function": "core_course_create_courses"}])["responses"]
    assert json.loads(answer["exception"]) == {"errorcode": "accessexception", "module": "webservice"}


def test_batch_asks_raw_text_call_by_call(site: Any) -> None:
    site("push", "core_course_create_categories", categories=[{"name": "A & B", "idnumber": "tt:a"}])
    arguments = json.dumps({"criteria": [{"key": "idnumber", "value": "tt:a"}]})
    name = "core_course_get_categories"
    asked = [{"function": name, "arguments": arguments, "settingraw": raw} for raw in (0, 1)]
    shown = [json.loads(one["data"])[0]["name"] for one in site("push", BATCH, requests=asked)["responses"]]
    assert shown == ["A &amp; B", "A & B"]


def test_exactly_the_calls_made_are_kept_in_order(site: Any) -> None:
    site("pull", BATCH, requests=[{"function": "core_webservice_get_site_info"}])
    assert site.sandbox.calls == [BATCH, "core_webservice_get_site_info"]
