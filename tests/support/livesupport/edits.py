"""What a person with the rights of a manager does by hand, through core web services: enrolments, and edits of every
field of every kind that the core route writes. The next plan has to name exactly those."""

from collections.abc import Iterable

from livesupport.folder import Folder
from livesupport.ws import Ws
from moodle_sync.workflows.demo.edits import Edit
from moodle_sync.workflows.demo.people import Actor, Course

ROLES = {"student": 5, "teacher": 4}
"""Moodle's ids of the roles, as it is installed."""
DAY = 86400


def enrol_by_hand(ws: Ws, course: Course, role: str, people: Iterable[Actor], *, suspend: bool = False) -> None:
    """Enrol people in the course, or change the state of their enrolment."""
    named = {"roleid": ROLES[role], "courseid": course.id, "suspend": suspend}
    ws("enrol_manual_enrol_users", enrolments=[{**named, "userid": person.userid} for person in people])


def edit_core_kinds(ws: Ws, folder: Folder, course: Course) -> set[Edit]:
    """Change every field of a category, a framework, a competency, the course and a link between the two last.

    Returns:
        What was changed, as (kind, key, field).
    """
    [category] = ws("core_course_get_categories", criteria=[{"key": "idnumber", "value": folder.category}])
    ws("core_course_update_categories", categories=[{"id": category["id"], "name": "Formations (bis)"}])
    [row] = ws("core_course_get_courses_by_field", field="idnumber", value=folder.course)["courses"]
    other = ws("core_course_get_categories")[0]["id"]
    moved = {
        "fullname": "Un autre titre",
        "shortname": f"{folder.namespace} bis",
        "categoryid": other,
        "summary": "<p>Un autre résumé</p>",
        "startdate": row["startdate"] - DAY,
        "enddate": row["enddate"] + DAY,
        "visible": 1 - row["visible"],
    }
    ws("core_course_update_courses", courses=[{"id": course.id, **moved}])
    links = ws("core_competency_list_course_competencies", id=course.id)
    linked = {one["competency"]["idnumber"]: one for one in links}
    first, second = f"{folder.framework}:O1", f"{folder.framework}:O2"
    framework = linked[first]["competency"]["competencyframeworkid"]
    other_words = {"shortname": "Autre", "description": "<p>Autre</p>"}
    ws("core_competency_update_competency_framework", competencyframework={"id": framework, **other_words})
    ws("core_competency_update_competency", competency={"id": linked[first]["competency"]["id"], **other_words})
    link = linked[second]["coursecompetency"]["id"]
    ws("core_competency_set_course_competency_ruleoutcome", coursecompetencyid=link, ruleoutcome=3)
    course_fields = ("fullname", "shortname", "category", "summary", "startdate", "enddate", "visible")
    return {
        ("category", folder.category, "name"),
        ("framework", folder.framework, "name"),
        ("framework", folder.framework, "description"),
        ("competency", first, "name"),
        ("competency", first, "description"),
        ("course_competency", f"{folder.course}~{second}", "outcome"),
        *(("course", folder.course, field) for field in course_fields),
    }
