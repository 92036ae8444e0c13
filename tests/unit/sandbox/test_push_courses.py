"""Categories, courses and what a course page shows, as core's functions write and read them."""

from __future__ import annotations

from typing import Any

import pytest


def category(site: Any, **fields: Any) -> int:
    [made] = site("push", "core_course_create_categories", categories=[{"name": "Cat", **fields}])
    return int(made["id"])


def by_idnumber(site: Any, value: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site("push", "core_course_get_courses_by_field", field="idnumber", value=value)[
        "courses"
    ]
    return found


def course(site: Any, **fields: Any) -> int:
    told = {"fullname": "C", "shortname": "c", "categoryid": 1, **fields}
    [made] = site("push", "core_course_create_courses", courses=[told])
    return int(made["id"])


def test_category_without_an_idnumber_is_made_again_by_a_retry(site: Any) -> None:
    assert category(site) != category(site)
    assert len(site.world.categories.where(name="Cat")) == 2


def test_categories_are_created_all_or_none(site: Any) -> None:
    wanted = [{"name": "a", "idnumber": "tt:a"}, {"name": "b", "parent": 99}]
    assert site.refused("push", "core_course_create_categories", categories=wanted).errorcode == "unknowcategory"
    assert site.world.categories.one(name="a") is None
    category(site, idnumber="tt:a")
    taken = site.refused("push", "core_course_create_categories", categories=wanted[:1])
    assert taken.errorcode == "categoryidnumbertaken"


def test_category_is_found_with_those_below_it_by_who_may_manage(site: Any) -> None:
    above = category(site, idnumber="tt:a")
    below = category(site, parent=above)
    criteria = [{"key": "idnumber", "value": "tt:a"}]
    found = site("push", "core_course_get_categories", criteria=criteria)
    assert [(one["id"], one["depth"], one["path"]) for one in found] == [
        (above, 1, f"/{above}"),
        (below, 2, f"/{above}/{below}"),
    ]
    alone = site("push", "core_course_get_categories", criteria=criteria, addsubcategories=0)
    assert [one["id"] for one in alone] == [above]
    site.faults.lack("moodle/category:manage", "push")
    refused = site.refused("push", "core_course_get_categories", criteria=criteria)
    assert refused.errorcode == "criteriaerror"


def test_category_update_writes_what_is_sent(site: Any) -> None:
    number = category(site, idnumber="tt:a", description="<p>d</p>")
    site("push", "core_course_update_categories", categories=[{"id": number, "name": "Autre"}])
    row = site.world.categories[number]
    assert (row.name, row.idnumber, row.description) == ("Autre", "tt:a", "<p>d</p>")


def test_category_deleted_with_everything_or_emptied_into_another(site: Any) -> None:
    full, other = category(site, parent=0), category(site)
    kept = course(site, categoryid=full)
    wrong = site.refused("editor", "core_course_delete_categories", categories=[{"id": full, "recursive": 0}])
    assert wrong.errorcode == "movecatcontentstoroot"
    site("editor", "core_course_delete_categories", categories=[{"id": full, "newparent": other, "recursive": 0}])
    assert site.world.courses[kept].category == other
    site("editor", "core_course_delete_categories", categories=[{"id": other, "recursive": 1}])
    assert kept not in site.world.courses.rows
    assert len(site.world.sections) == 0


@pytest.mark.parametrize(
    ("fields", "errorcode"),
    [
        ({"shortname": "taken"}, "shortnametaken"),
        ({"idnumber": "tt:taken"}, "courseidnumbertaken"),
        ({"categoryid": 99}, "errorcatcontextnotvalid"),
        ({"startdate": 200, "enddate": 100}, "enddatebeforestartdate"),
        ({"fullname": " "}, "errorinvalidparam"),
        ({"shortname": "s" * 256}, "dmlwriteexception"),
        ({"fullname": "<b>x</b>"}, "invalidparameter"),
    ],
)
def test_course_is_refused(site: Any, fields: dict[str, Any], errorcode: str) -> None:
    course(site, shortname="taken", idnumber="tt:taken")
    wanted = [
        {"fullname": "A", "shortname": "a", "categoryid": 1},
        {"fullname": "B", "shortname": "b", "categoryid": 1},
    ]
    refused = site.refused("push", "core_course_create_courses", courses=[wanted[0], wanted[1] | fields])
    assert refused.errorcode == errorcode
    assert len(site.world.courses) == 1, "all or none"


def test_course_full_name_is_as_long_as_its_column(site: Any) -> None:
    wanted = {"fullname": "f" * 300, "shortname": "long", "categoryid": 1}
    if site.world.version == "4.5":
        assert site.refused("push", "core_course_create_courses", courses=[wanted]).errorcode == "dmlwriteexception"
    else:
        assert site("push", "core_course_create_courses", courses=[wanted])


def test_course_without_dates_starts_today_for_a_year(site: Any) -> None:
    row = site.world.courses[course(site)]
    assert row.enddate - row.startdate == 365 * 86400
    assert 0 <= site.world.now() - row.startdate < 86400


def test_courses_updated_one_by_one_with_warnings(site: Any) -> None:
    number = course(site, idnumber="tt:c")
    wanted = [
        {"id": 99, "summary": "x"},
        {"id": number, "enddate": 2_000_000_000},
        {"id": number, "summary": "<p>s</p>"},
    ]
    answer = site("push", "core_course_update_courses", courses=wanted)
    absent = {"4.5": "invalidrecord", "5.1": "invalidrecordunknown"}[site.world.version]
    assert [(one["itemid"], one["warningcode"]) for one in answer["warnings"]] == [
        (99, absent),
        (number, "nostartdatenoenddate"),
    ]
    assert site.world.courses[number].summary == "<p>s</p>"
    site.faults.lack("moodle/course:changefullname", "push")
    both = [{"id": number, "fullname": "Autre", "summary": "x"}]
    [warning] = site("push", "core_course_update_courses", courses=both)["warnings"]
    assert warning["warningcode"] == "nopermissions"
    assert site.world.courses[number].summary == "<p>s</p>", "nothing of it"


def test_course_shown_raw_or_escaped(site: Any) -> None:
    course(site, fullname="A & B", idnumber="tt:c", summary="<p>x</p><script>1</script>")
    [raw] = by_idnumber(site, "tt:c")
    assert (raw["fullname"], raw["summary"]) == ("A & B", "<p>x</p><script>1</script>")
    told = {"field": "idnumber", "value": "tt:c"}
    [shown] = site("push", "core_course_get_courses_by_field", raw=False, **told)["courses"]
    assert (shown["fullname"], shown["summary"]) == ("A &amp; B", "<p>x</p>")
    assert by_idnumber(site, "tt:none") == []


def test_courses_deleted_with_warnings_for_what_is_not_there(site: Any) -> None:
    number = course(site)
    answer = site("editor", "core_course_delete_courses", courseids=[number, 99])
    assert [one["warningcode"] for one in answer["warnings"]] == ["unknowncourseidnumber"]
    assert len(site.world.courses) == len(site.world.modules) == len(site.world.enrol_instances) == 0
    other = course(site)
    [warning] = site("push", "core_course_delete_courses", courseids=[other])["warnings"]
    assert warning["warningcode"] == "cannotdeletecourse"


def test_contents_show_sections_and_activities_in_order(site: Any) -> None:
    site.activity("un")
    site.activity("deux", "url", url="https://example.org/a")
    site.activity("trois", "resource", file={"name": "a.csv", "base64": "YSxi"})
    general, ours = site("push", "core_course_get_contents", courseid=site.course)
    assert (general["name"], ours["name"]) == ("General", "Section")
    assert [module["name"] for module in ours["modules"]] == ["un", "deux", "trois"]
    assert ours["modules"][1]["contents"][0]["fileurl"] == "https://example.org/a"
    assert ours["modules"][2]["contentsinfo"]["mimetypes"] == ["text/csv"]
    options = [{"name": "excludecontents", "value": 1}]
    [_, without] = site("push", "core_course_get_contents", courseid=site.course, options=options)
    assert [module["contents"] for module in without["modules"]] == [[], [], []]


def test_course_module_tells_its_idnumber_to_managers_alone(site: Any) -> None:
    cmid = site.activity("note", "assign", grade_max="20", grade_pass="10")["id"]
    pushed = site("push", "core_course_get_course_module", cmid=cmid)["cm"]
    pulled = site("pull", "core_course_get_course_module", cmid=cmid)["cm"]
    assert pushed["idnumber"] == "tt:cours@s1:note"
    assert (pushed["grade"], pushed["gradepass"]) == (20, "10.00")
    assert "idnumber" not in pulled
    assert site.refused("push", "core_course_get_course_module", cmid=999).errorcode == "invalidrecordunknown"
    assert site.refused("learner", "core_course_get_course_module", cmid=cmid).errorcode == "requireloginerror"


def test_names_edited_in_place_lose_their_tags(site: Any) -> None:
    cmid = site.activity("note", "assign")["id"]
    section = site.state()["sections"][0]["id"]
    edit = "core_update_inplace_editable"
    for told, number in (
        ({"component": "core_course", "itemtype": "activityname"}, cmid),
        ({"component": "format_topics", "itemtype": "sectionname"}, section),
    ):
        answer = site("editor", edit, itemid=str(number), value="<b>Nom</b> & co", **told)
        assert answer["value"] == "Nom & co"
    assert site.world.grade_items.one(itemname="Nom & co"), "the grade book follows"
    assert site.world.sections[section].name == "Nom & co"
    wrong = {"component": "format_weeks", "itemtype": "sectionname", "itemid": str(section), "value": "x"}
    assert site.refused("editor", edit, **wrong).errorcode == "invalidrecordunknown"
    unknown = {"component": "core_course", "itemtype": "idnumber", "itemid": str(cmid), "value": "x"}
    assert site.refused("editor", edit, **unknown).errorcode == "inplaceeditableerror"


def test_duplicated_course_copies_the_idnumbers_in_it(site: Any) -> None:
    rubric = [
        {"key": "k", "description": "d", "levels": [{"key": str(n), "score": str(n), "definition": ""} for n in (0, 1)]}
    ]
    site.activity("note", "assign")
    site.one("upsert_rubrics", key="note", fields={"name": "G", "criteria": rubric})
    site.one("upsert_groups", key="nord", fields={"name": "Nord"})
    source = site.course
    told = {"courseid": source, "fullname": "Copie", "shortname": "copie", "categoryid": 1}
    copy = site("editor", "core_course_duplicate_course", **told)["id"]
    assert site.world.courses[copy].idnumber == ""
    twins = site.world.modules.where(idnumber="tt:cours@s1:note")
    assert {row.course for row in twins} == {source, copy}
    assert len(site.world.groups.where(idnumber="tt:cours@s1:nord")) == 2
    site("editor", "core_course_update_courses", courses=[{"id": copy, "idnumber": "tt:autre@s1"}])
    state = site.state()
    assert [one["key"] for one in state["activities"]] == ["note"]
    site._course = copy
    other = site.state()
    assert (other["sections"], other["activities"], other["groups"]) == ([], [], [])
    assert [one["idnumber"] for one in other["copies"]] == ["tt:cours@s1:note"]
    again = site.refused("editor", "core_course_duplicate_course", **told)
    assert again.errorcode == "shortnametaken"
