"""One field of each managed kind, changed in Moodle behind the tool's back: the next plan has to name exactly these."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moodle_sync.workflows.demo.people import Course, Ws

STUDENT = 5
"""Moodle's number of the role student, as Moodle is installed."""
Edit = tuple[str, str, str]
"""Kind, key and field, as a plan names them."""


@dataclass(frozen=True)
class Names:
    """Idnumbers of one course and of what it shares with others."""

    namespace: str
    course: str
    framework: str
    category: str
    group: str
    """Local key of a group of the course."""


def edit_by_hand(ws: Ws, push: Ws, names: Names, course: Course) -> set[Edit]:
    """Change fields of every managed kind but two: see :func:`aggregate` and :func:`suspend`.

    Args:
        ws: somebody who may edit courses.
        push: the push token, for what no core function writes: without a digest, no baseline goes with it.
        names: idnumbers of the course and of what it shares.
        course: the course.

    Returns:
        What was changed, as a plan has to name it.
    """
    return (
        _shared(ws, names, course) | _in_course(ws, push, names, course) | _through_the_companion(push, names, course)
    )


def aggregate(push: Ws, names: Names, course: Course, how: str) -> Edit:
    """Let all or any of the activities complete the course. Moodle locks this once somebody has completed it."""
    item = {"key": "completion", "fields": {"aggregation": how}}
    write_behind(push, names.namespace, course, "set_course_completion", item)
    return "course_completion", f"{names.course}:completion", "aggregation"


def suspend(ws: Ws, names: Names, course: Course, userid: int, person: str) -> Edit:
    """Suspend a learner's enrolment. ``person`` is what stands for the learner in plans."""
    away = {"roleid": STUDENT, "userid": userid, "courseid": course.id, "suspend": 1}
    ws("enrol_manual_enrol_users", enrolments=[away])
    return "enrolment", f"{names.course}:{person}", "status"


def _shared(ws: Ws, names: Names, course: Course) -> set[Edit]:
    [category] = ws("core_course_get_categories", criteria=[{"key": "idnumber", "value": names.category}])
    ws("core_course_update_categories", categories=[{"id": category["id"], "name": "Formations (bis)"}])
    ws("core_course_update_courses", courses=[{"id": course.id, "fullname": "Un autre titre"}])

    place = {"contextlevel": "system", "instanceid": 0}
    [framework] = ws(
        "core_competency_list_competency_frameworks",
        sort="id",
        order="ASC",
        context=place,
        includes="children",
        query=names.framework,
    )
    ws("core_competency_update_competency_framework", competencyframework={"id": framework["id"], "shortname": "Autre"})
    linked = ws("core_competency_list_course_competencies", id=course.id)
    by_key = {row["competency"]["idnumber"]: row for row in linked}
    first, second = f"{names.framework}:O1", f"{names.framework}:O2"
    ws("core_competency_update_competency", competency={"id": by_key[first]["competency"]["id"], "shortname": "O1 bis"})
    link = by_key[second]["coursecompetency"]["id"]
    ws("core_competency_set_course_competency_ruleoutcome", coursecompetencyid=link, ruleoutcome=3)
    return {
        ("category", names.category, "name"),
        ("course", names.course, "fullname"),
        ("framework", names.framework, "name"),
        ("competency", first, "name"),
        ("course_competency", f"{names.course}~{second}", "outcome"),
    }


def _in_course(ws: Ws, push: Ws, names: Names, course: Course) -> set[Edit]:
    child = f"{names.course}:"
    sections = ws("core_course_get_contents", courseid=course.id)
    inplace = {"component": "format_topics", "itemtype": "sectionname", "itemid": sections[2]["id"]}
    ws("core_update_inplace_editable", **inplace, value="Module renommé")
    renamed_keys = ("bienvenue", "M1.besoins", "positionnement")
    for key in renamed_keys:
        cmid = course.modules[key].cmid
        renamed = {"component": "core_course", "itemtype": "activityname", "itemid": cmid, "value": f"{key} renommé"}
        ws("core_update_inplace_editable", **renamed)
        groups = ws("core_group_get_course_groups", courseid=course.id)
    [group] = [one for one in groups if one["idnumber"] == child + names.group]
    ws("core_group_update_groups", groups=[{"id": group["id"], "name": "Groupe renommé"}])
    _edit_quiz_marks(ws, push, names, course)
    _edit_rubric(ws, course)
    return {
        ("section", f"{child}M1", "name"),
        *(("activity", child + key, "name") for key in renamed_keys),
        ("group", child + names.group, "name"),
        ("activity", f"{child}positionnement", "questions"),
        ("rubric", f"{child}M2.gouvernance", "criteria.roles.levels.1.definition"),
    }


def _edit_quiz_marks(ws: Ws, push: Ws, names: Names, course: Course) -> None:
    """Give one question of a quiz that nobody attempted another mark."""
    answer = push("local_moodlesync_get_course_state", courseid=course.id, namespace=names.namespace)
    [quiz] = [one for one in json.loads(answer["json"])["activities"] if one["key"] == "positionnement"]
    slot = {"id": quiz["state"]["questions"][0]["slot_id"], "maxmark": 3}
    ws("mod_quiz_update_slots", quizid=course.modules["positionnement"].instance, slots=[slot])


def _edit_rubric(ws: Ws, course: Course) -> None:
    """Change one text of an unused rubric, with every id sent back: without them Moodle makes new lines."""
    cmid = course.modules["M2.gouvernance"].cmid
    [area] = ws("core_grading_get_definitions", cmids=[cmid], areaname="submissions", activeonly=1)["areas"]
    [definition] = area["definitions"]
    criteria = definition["rubric"]["rubric_criteria"]
    criteria[0]["levels"][1]["definition"] = "texte changé à la main"
    kept = {name: definition[name] for name in ("id", "method", "name", "description", "descriptionformat", "status")}
    times = dict.fromkeys(("timecreated", "usercreated", "timemodified", "usermodified"), 0)
    ws(
        "core_grading_save_definitions",
        areas=[
            {
                "cmid": cmid,
                "contextid": area["contextid"],
                "component": "mod_assign",
                "areaname": "submissions",
                "activemethod": "rubric",
                "definitions": [{**kept, **times, "rubric": {"rubric_criteria": criteria}}],
            }
        ],
    )


def write_behind(push: Ws, namespace: str, course: Course, function: str, item: dict[str, Any]) -> None:
    """One write through the companion that leaves no baseline, as a person's edit leaves none.

    Raises:
        ValueError: the companion did not change anything.
    """
    answer = push(f"local_moodlesync_{function}", courseid=course.id, namespace=namespace, items=json.dumps([item]))
    [written] = json.loads(answer["json"])["items"]
    if written["action"] != "updated":
        raise ValueError(f"{function} of {item['key']}: {written}")


def _through_the_companion(push: Ws, names: Names, course: Course) -> set[Edit]:
    child = f"{names.course}:"

    def write(function: str, item: dict[str, Any]) -> None:
        write_behind(push, names.namespace, course, function, item)

    link = f"M1.durable~{names.framework}:O8"
    write("link_competencies", {"key": link, "fields": {"outcome": "complete"}})
    write("upsert_activities", {"key": "M1.durable", "modname": "assign", "fields": {"due": 1893456000}})
    write("upsert_activities", {"key": "M2.methodes", "modname": "page", "fields": {"content": "<p>Autre</p>"}})
    write("upsert_activities", {"key": "evaluation", "modname": "page", "fields": {"visible": False}})
    write("upsert_sections", {"key": "M2", "fields": {"summary": "<p>Résumé changé</p>"}})
    write("upsert_events", {"key": "demi-journee-03", "fields": {"location": "Ailleurs"}})
    return {
        ("activity_competency", child + link, "outcome"),
        ("activity", f"{child}M1.durable", "due"),
        ("activity", f"{child}M2.methodes", "content"),
        ("activity", f"{child}evaluation", "visible"),
        ("section", f"{child}M2", "summary"),
        ("event", f"{child}demi-journee-03", "location"),
    }
