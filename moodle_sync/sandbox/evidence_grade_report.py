"""What the grade book shows: ``gradereport_user_get_grade_items`` and ``core_grades_get_gradeitems``.

Reads only. What the caller may not see is left out without a word.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import (
    course_context,
    course_of,
    enrolled_ids,
    groups_of,
    is_learner,
    number,
    person,
    same_groups,
    sees,
)
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.rows_site import Course, CourseModule, User
from moodle_sync.sandbox.rows_work import Grade, GradeItem
from moodle_sync.sandbox.world import World

_ICONS = {True: ("check text-success", "Pass"), False: ("xmark text-danger", "Fail")}


@function("gradereport_user_get_grade_items")
def get_grade_items(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Every line of the grade book, for one person or (``userid`` 0) for the learners."""
    course = course_of(world, params["courseid"])
    caller.require_course(course.id)
    context = course_context(world, course.id)
    caller.require("gradereport/user:view", context)
    userid = params["userid"]
    user = person(world, userid) if userid else None
    if not caller.can("moodle/grade:viewall", context):
        own = user is not None and user.id == caller.user.id
        if not own or not caller.can("moodle/grade:view", context) or not course.showgrades:
            raise MoodleError("nopermissiontoviewgrades", "Cannot view grades.")
    if user is not None:
        if not same_groups(world, caller, course, user.id):
            raise MoodleError("notingroup", "Sorry, but you need to be part of a group to see this page.")
        users = [user]
    else:
        users = _learners(world, caller, course, params["groupid"])
    books = [_book(world, caller, course, one) for one in users]
    return {"usergrades": books, "warnings": []}


@function("core_grades_get_gradeitems")
def get_gradeitems(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Ids (as text) and names of the lines of the grade book, without totals."""
    course = course_of(world, params["courseid"])
    caller.require_course(course.id)
    caller.require("moodle/grade:viewall", course_context(world, course.id))
    items = [
        {"id": str(item.id), "itemname": item.itemname or "", "category": course.fullname}
        for item in _items(world, course.id)
        if item.itemtype != "course"
    ]
    return {"gradeItems": items, "warnings": []}


def _learners(world: World, caller: Caller, course: Course, groupid: int) -> list[User]:
    context = course_context(world, course.id)
    if course.groupmode == 1 and not groupid and not caller.can("moodle/site:accessallgroups", context):
        raise MoodleError("notingroup", "Sorry, but you need to be part of a group to see this page.")
    everybody = caller.user.preferences.get("grade_report_showonlyactiveenrol", "1") == "0"
    everybody = everybody and caller.can("moodle/course:viewsuspendedusers", context)
    found = [
        world.users[userid]
        for userid in enrolled_ids(world, course.id)
        if is_learner(world, userid, course.id)
        and (everybody or world.is_enrolled(userid, course.id, active=True))
        and (not groupid or groupid in groups_of(world, course.id, userid))
    ]
    return sorted(found, key=lambda user: (user.lastname, user.firstname, user.id))


def _items(world: World, courseid: int) -> list[GradeItem]:
    items = [item for item in world.grade_items.where(courseid=courseid) if item.gradetype or item.itemtype == "course"]
    return sorted(items, key=lambda item: (item.itemtype == "course", item.sortorder, item.id))


def _book(world: World, caller: Caller, course: Course, user: User) -> dict[str, Any]:
    context = course_context(world, course.id)
    items = _items(world, course.id)
    lines = [_line(world, caller, context, item, items, user.id) for item in items]
    return {
        "courseid": course.id,
        "courseidnumber": course.idnumber,
        "userid": user.id,
        "userfullname": user.fullname,
        "useridnumber": user.idnumber,
        "maxdepth": 2,
        "gradeitems": [line for line in lines if line is not None],
    }


def _line(
    world: World, caller: Caller, context: int, item: GradeItem, items: list[GradeItem], userid: int
) -> dict[str, Any] | None:
    grade = world.grades.one(itemid=item.id, userid=userid)
    hidden = bool(item.hidden or (grade and grade.hidden))
    module = world.module_of(item.itemmodule or "", item.iteminstance) if item.itemtype == "mod" else None
    if hidden and not caller.can("moodle/grade:viewhidden", context):
        return None
    if item.itemtype == "mod" and (module is None or not sees(world, caller, module)):
        return None
    viewsall = caller.can("moodle/grade:viewall", context)
    line = _described(item, module)
    line |= _weight(world, item, items, grade, userid)
    line |= _graded(item, items, grade)
    line |= {
        "locked": bool(item.locked) if viewsall else None,
        "gradehiddenbydate": False,
        "gradeneedsupdate": bool(item.needsupdate),
        "gradeishidden": hidden,
        "gradeislocked": bool(item.locked or (grade and grade.locked)) if viewsall else None,
        "gradeisoverridden": bool(grade and grade.overridden) if viewsall else None,
        "feedback": (grade.feedback if grade else "") or "",
        "feedbackformat": grade.feedbackformat if grade else 0,
    }
    return line


def _described(item: GradeItem, module: CourseModule | None) -> dict[str, Any]:
    total = item.itemtype == "course"
    line = {
        "id": item.id,
        "itemname": None if total else item.itemname,
        "itemtype": item.itemtype,
        "itemmodule": item.itemmodule,
        "iteminstance": item.iteminstance or None,
        "itemnumber": None if total else item.itemnumber,
        "idnumber": None if total else item.idnumber,
        "categoryid": None if total else item.categoryid,
        "outcomeid": None,
        "scaleid": None,
    }
    return line | ({"cmid": module.id} if module else {})


def _weight(world: World, item: GradeItem, items: list[GradeItem], grade: Grade | None, userid: int) -> dict[str, Any]:
    if grade is None or item.itemtype == "course":
        return {}
    if grade.finalgrade is None:
        return {"weightraw": 0, "weightformatted": "0.00 %", "status": "novalue"}
    rows = {one.id: world.grades.one(itemid=one.id, userid=userid) for one in items if one.itemtype != "course"}
    most = sum(one.grademax for one in items if (row := rows.get(one.id)) is not None and row.finalgrade is not None)
    weight = item.grademax / most if most else 0
    return {"weightraw": number(weight), "weightformatted": f"{number(weight) or 0:.2%}".replace("%", " %")}


def _graded(item: GradeItem, items: list[GradeItem], grade: Grade | None) -> dict[str, Any]:
    final = grade.finalgrade if grade else None
    low, high = item.grademin, item.grademax
    if item.itemtype == "course":
        high = sum(one.grademax for one in items if one.itemtype != "course")
        if grade is not None and final is not None:
            high = grade.rawgrademax
    dated = grade is not None and (final is not None or grade.feedback is not None)
    when = (grade.overridden or grade.timemodified) if grade is not None and dated else None
    return {
        "graderaw": number(final),
        "gradedatesubmitted": grade.timecreated if grade else None,
        "gradedategraded": when,
        "gradeformatted": "-" if final is None else _icon(item, final) + f"{final:.2f}",
        "grademin": number(low),
        "grademax": number(high),
        "rangeformatted": f"{low:.0f}&ndash;{high:.0f}",
        "percentageformatted": _percentage(final, low, high),
    }


def _percentage(final: float | None, low: float, high: float) -> str:
    if final is None or high <= low:
        return "-"
    return f"{(final - low) / (high - low):.2%}".replace("%", " %")


def _icon(item: GradeItem, final: float) -> str:
    if item.gradepass <= 0:
        return ""
    look, word = _ICONS[final >= item.gradepass]
    return f'<i class="icon fa fa-{look} fa-fw inline"  title="{word}" role="img" aria-label="{word}"></i>'
