"""Frameworks, competencies, and the competencies of a course."""

from __future__ import annotations

from typing import Any

import pytest

SCALE = '[{"scaleid": "2"}, {"id": 1, "scaledefault": 1, "proficient": 0}, {"id": 2, "proficient": 1}]'
FRAMEWORK = {"shortname": "F", "idnumber": "tt:f", "scaleid": 2, "scaleconfiguration": SCALE, "contextid": 1}
CREATE = "core_competency_create_competency"
UPDATE = "core_competency_update_competency"


def framework(site: Any, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = site(
        "push", "core_competency_create_competency_framework", competencyframework=FRAMEWORK | fields
    )
    return made


def competency(site: Any, idnumber: str, **fields: Any) -> int:
    told = {"shortname": idnumber, "idnumber": idnumber, "competencyframeworkid": 1, **fields}
    return int(site("push", CREATE, competency=told)["id"])


@pytest.mark.parametrize(
    ("fields", "errorcode"),
    [
        ({}, "invalidpersistenterror"),
        ({"idnumber": "tt:g", "scaleconfiguration": "[]"}, "invalidpersistenterror"),
        ({"idnumber": "tt:g", "scaleconfiguration": "no json"}, "invalidpersistenterror"),
        ({"idnumber": "tt:g", "scaleid": 77}, "invalidpersistenterror"),
        ({"idnumber": "tt:g", "shortname": "s" * 101}, "dmlwriteexception"),
        ({"idnumber": "tt:g", "description": "a & b"}, "invalidparameter"),
    ],
)
def test_framework_is_refused(site: Any, fields: dict[str, Any], errorcode: str) -> None:
    framework(site)
    name = "core_competency_create_competency_framework"
    assert site.refused("push", name, competencyframework=FRAMEWORK | fields).errorcode == errorcode
    assert len(site.world.frameworks) == 1


def test_framework_updated_and_found_by_its_names(site: Any) -> None:
    made = framework(site)
    site(
        "push", "core_competency_update_competency_framework", competencyframework={"id": made["id"], "shortname": "G"}
    )
    place = {"contextlevel": "system", "instanceid": 0}
    name = "core_competency_list_competency_frameworks"
    [found] = site("push", name, context=place, query="TT:F")
    assert (found["shortname"], found["idnumber"], found["competenciescount"]) == ("G", "tt:f", 0)
    assert site("push", name, context=place, query="none") == []
    assert site.refused("push", name, context={"contextlevel": "nope"}).errorcode == "invalidparameter"


def test_competency_idnumber_is_unique_in_its_framework(site: Any) -> None:
    framework(site)
    framework(site, idnumber="tt:g")
    competency(site, "C1")
    told = {"shortname": "C1", "idnumber": "C1", "competencyframeworkid": 1}
    assert site.refused("push", CREATE, competency=told).errorcode == "invalidpersistenterror"
    assert competency(site, "C1", competencyframeworkid=2)


def test_competency_update_takes_another_parent_and_writes_none(site: Any) -> None:
    framework(site)
    first, second = competency(site, "C1"), competency(site, "C2")
    assert site("push", UPDATE, competency={"id": first, "shortname": "Un", "parentid": second, "sortorder": 9})
    row = site.world.competencies[first]
    assert (row.shortname, row.parentid, row.sortorder) == ("Un", 0, 0)


def test_new_child_takes_its_parents_rule_away(site: Any) -> None:
    framework(site)
    parent = competency(site, "C1", ruletype="core_competency\\competency_rule_all", ruleoutcome=1)
    child = competency(site, "C1.1", parentid=parent)
    rows = site.world.competencies
    assert (rows[parent].ruletype, rows[parent].ruleoutcome) == (None, 0)
    assert rows[child].path == f"/0/{parent}/"


def test_competencies_listed_by_filter_and_order(site: Any) -> None:
    framework(site)
    numbers = [competency(site, f"C{number}") for number in (1, 2, 3)]
    filters = [{"column": "competencyframeworkid", "value": "1"}]
    name = "core_competency_list_competencies"
    found = site("push", name, filters=filters, sort="sortorder", order="DESC", skip=1)
    assert [one["id"] for one in found] == numbers[1::-1]
    assert site.refused("push", name, filters=[{"column": "nope", "value": "1"}]).errorcode == "invalidparameter"


def test_competency_linked_to_a_course_once(site: Any) -> None:
    framework(site)
    number = competency(site, "C1")
    told = {"courseid": site.course, "competencyid": number}
    assert site("push", "core_competency_add_competency_to_course", **told) is True
    assert site("push", "core_competency_add_competency_to_course", **told) is False
    [row] = site("push", "core_competency_list_course_competencies", id=site.course)
    link = row["coursecompetency"]["id"]
    name = "core_competency_set_course_competency_ruleoutcome"
    assert site("push", name, coursecompetencyid=link, ruleoutcome=3) is True
    assert site.world.course_competencies[link].ruleoutcome == 3
    assert site.refused("push", name, coursecompetencyid=link, ruleoutcome=7).errorcode == "invalidpersistenterror"


def test_framework_with_a_linked_competency_is_not_deleted(site: Any) -> None:
    framework(site)
    number = competency(site, "C1")
    site("push", "core_competency_add_competency_to_course", courseid=site.course, competencyid=number)
    delete = "core_competency_delete_competency_framework"
    assert site("editor", delete, id=1) is False
    site("editor", "core_course_delete_courses", courseids=[site.course])
    assert site("editor", delete, id=1) is True
    assert len(site.world.competencies) == 0


def test_unknown_scale_is_a_php_error_without_an_errorcode(site: Any) -> None:
    names = [one["name"] for one in site("push", "core_competency_get_scale_values", scaleid=2)]
    assert names == ["Not yet competent", "Competent"]
    error = site.refused("push", "core_competency_get_scale_values", scaleid=77)
    assert (error.errorcode, error.cls) == ("", "Error")
