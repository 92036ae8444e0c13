"""``core_course_*_courses``: created all or none, updated one by one, shown as far as the caller may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import MoodleError, invalid_parameter, missing_record, write_error
from moodle_sync.sandbox.rows_site import Course
from moodle_sync.sandbox.structure import add_course, delete_course
from moodle_sync.sandbox.world import CATEGORY_LEVEL, COURSE_LEVEL, World

YEAR = int(timedelta(days=365).total_seconds())
LONGEST = {("4.5", "fullname"): 254, ("5.1", "fullname"): 1333}
FILTERS = ("displayh5p", "activitynames", "mathjaxloader", "emoticon", "urltolink", "mediaplugin")
# What each field of an update asks for beside moodle/course:update.
CHANGES = {
    "fullname": "moodle/course:changefullname",
    "shortname": "moodle/course:changeshortname",
    "idnumber": "moodle/course:changeidnumber",
    "summary": "moodle/course:changesummary",
    "summaryformat": "moodle/course:changesummary",
    "visible": "moodle/course:visibility",
    "categoryid": "moodle/course:changecategory",
}
PLAIN = [
    "fullname",
    "shortname",
    "idnumber",
    "summary",
    "summaryformat",
    "format",
    "startdate",
    "enddate",
    "showgrades",
    "newsitems",
    "groupmode",
    "groupmodeforce",
    "defaultgroupingid",
    "showreports",
    "completionnotify",
    "maxbytes",
    "lang",
]


@function("core_course_create_courses")
def create_courses(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """All of them or none. Formats, custom fields and format options that do not exist are taken without a word."""
    with world.transaction():
        return [_create(world, caller, wanted) for wanted in params["courses"]]


@function("core_course_update_courses")
def update_courses(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Each on its own: one that is refused is a warning, and the others go on."""
    warnings = []
    for wanted in params["courses"]:
        try:
            with world.transaction():
                _update(world, caller, wanted)
        except MoodleError as error:
            told = {"warningcode": error.errorcode, "message": error.message}
            warnings.append({"item": "course", "itemid": wanted["id"], **told})
    return {"warnings": warnings}


@function("core_course_get_courses_by_field")
def get_courses_by_field(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """An empty list says that there is none, or that the caller may not see it."""
    courses = _matching(world, params["field"], params["value"])
    return {"courses": [shown for course in courses if (shown := _shown(world, caller, course))], "warnings": []}


@function("core_course_delete_courses")
def delete_courses(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Each on its own; what is not there, or may not be deleted, is a warning."""
    warnings = []
    for number in params["courseids"]:
        course = world.courses.get(number)
        if course is not None:
            caller.require_course(number)
        if course is None:
            told = {"warningcode": "unknowncourseidnumber", "message": f"Unknown course ID {number}"}
        elif not caller.can("moodle/course:delete", world.context(COURSE_LEVEL, number)):
            told = {
                "warningcode": "cannotdeletecourse",
                "message": f"You do not have the permission to delete {number}",
            }
        else:
            delete_course(world, course)
            continue
        warnings.append({"item": "course", "itemid": number, **told})
    return {"warnings": warnings}


def _create(world: World, caller: Caller, wanted: dict[str, Any]) -> dict[str, Any]:
    if wanted["categoryid"] not in world.categories.rows:
        raise MoodleError("errorcatcontextnotvalid", _no_category(wanted["categoryid"]))
    caller.require("moodle/course:create", world.context(CATEGORY_LEVEL, wanted["categoryid"]))
    for name in ("fullname", "shortname"):
        if not wanted[name].strip():
            raise MoodleError("errorinvalidparam", f'The param "{name}" is invalid.')
    course = Course(category=wanted["categoryid"])
    for name in PLAIN:
        if wanted.get(name) is not None:
            setattr(course, name, wanted[name])
    if wanted.get("startdate") is None:
        course.startdate = _midnight(world)
    if wanted.get("enddate") is None:
        course.enddate = course.startdate + YEAR
    for name in ("visible", "enablecompletion"):
        if wanted.get(name) is not None:
            setattr(course, name, bool(wanted[name]))
    _check(world, course)
    add_course(world, course, sections=wanted.get("numsections") or 0)
    return {"id": course.id, "shortname": course.shortname}


def _update(world: World, caller: Caller, wanted: dict[str, Any]) -> None:
    course = caller.require_course(wanted["id"])
    contextid = world.context(COURSE_LEVEL, course.id)
    caller.require("moodle/course:update", contextid)
    for name, capability in CHANGES.items():
        current = course.category if name == "categoryid" else getattr(course, name)
        if wanted.get(name) is not None and wanted[name] != current:
            caller.require(capability, contextid)
    for name in ("fullname", "shortname"):
        if wanted.get(name) is not None and not wanted[name].strip():
            raise MoodleError("errorinvalidparam", f'The param "{name}" is invalid.')
    if wanted.get("enddate") and wanted.get("startdate") is None:
        raise MoodleError("nostartdatenoenddate", "A course end date can only be set if a start date is also set.")
    for name in PLAIN:
        if wanted.get(name) is not None:
            setattr(course, name, wanted[name])
    for name in ("visible", "enablecompletion"):
        if wanted.get(name) is not None:
            setattr(course, name, bool(wanted[name]))
    if wanted.get("categoryid") is not None:
        course.category = wanted["categoryid"]
    _check(world, course)
    course.timemodified = world.now()


def _check(world: World, course: Course) -> None:
    for other in world.courses:
        if other.id != course.id and other.shortname == course.shortname:
            raise MoodleError("shortnametaken", f"Short name is already used for another course ({other.shortname})")
        if other.id != course.id and course.idnumber and other.idnumber == course.idnumber:
            raise MoodleError("courseidnumbertaken", f"ID number is already used for another course ({other.idnumber})")
    if course.enddate and course.enddate < course.startdate:
        raise MoodleError("enddatebeforestartdate", "The course end date must be after the start date.")
    too_long = len(course.fullname) > LONGEST[world.version, "fullname"] or len(course.shortname) > 255
    if too_long or len(course.idnumber) > 100:
        raise write_error()


def _no_category(number: int) -> str:
    where = f"You cannot execute functions in the category context (category id:{number})."
    return f"{where} The context error message was: Invalid parameter value detected"


def _midnight(world: World) -> int:
    now = datetime.fromtimestamp(world.now(), UTC)
    return int(now.replace(hour=0, minute=0, second=0).timestamp())


def _matching(world: World, field: str, value: str) -> list[Course]:
    if not field:
        return list(world.courses)
    if field == "ids":
        return [course for course in world.courses if str(course.id) in value.split(",")]
    if field in ("id", "category"):
        return [course for course in world.courses if str(getattr(course, field)) == value]
    if field == "sectionid":
        section = world.sections.get(int(value)) if value.isdecimal() else None
        return [world.courses[section.course]] if section else []
    if field in ("shortname", "idnumber"):
        return world.courses.where(**{field: value})
    raise invalid_parameter("field")


def _shown(world: World, caller: Caller, course: Course) -> dict[str, Any] | None:
    contextid = world.context(COURSE_LEVEL, course.id)
    manages = caller.can("moodle/course:update", contextid)
    if not course.visible and not caller.can("moodle/course:viewhiddencourses", contextid):
        return None
    shown = _public(world, caller, course, contextid)
    if not caller.sees_course(course):
        return shown
    names = [*PLAIN[5:], "visible", "enablecompletion", "theme", "marker"]
    shown |= {name: getattr(course, name) for name in names}
    shown |= {name: int(shown[name]) for name in ("visible", "enablecompletion")}
    shown["format"] = course.format
    shown["filters"] = [{"filter": name, "localstate": 0, "inheritedstate": 1} for name in FILTERS]
    if manages:
        shown |= {"idnumber": course.idnumber, "legacyfiles": 0, "calendartype": "", "requested": 0}
        shown |= {"timecreated": course.timecreated, "timemodified": course.timemodified, "cacherev": world.now()}
    shown["courseformatoptions"] = [{"name": name, "value": value} for name, value in course.formatoptions.items()]
    return shown


def _public(world: World, caller: Caller, course: Course, contextid: int) -> dict[str, Any]:
    category = world.categories.get(course.category)
    if category is None:
        raise missing_record(world.version, "course_categories")
    shown: dict[str, Any] = {
        "id": course.id,
        "fullname": caller.text(course.fullname),
        "displayname": caller.text(course.fullname),
        "shortname": caller.text(course.shortname),
        "courseimage": f"{world.url}/pluginfile.php/{contextid}/course/generated/course.svg",
        "categoryid": course.category,
        "categoryname": caller.text(category.name),
        "sortorder": course.sortorder,
        "summary": caller.html(course.summary),
        "summaryformat": course.summaryformat,
        "summaryfiles": [],
        "overviewfiles": [],
        "showactivitydates": course.showactivitydates,
        "showcompletionconditions": course.showcompletionconditions,
        "contacts": _contacts(world, contextid),
        "enrollmentmethods": [row.enrol for row in world.enrol_instances.where(courseid=course.id, status=0)],
    }
    if course.customfields:
        shown["customfields"] = course.customfields
    return shown


def _contacts(world: World, contextid: int) -> list[dict[str, Any]]:
    teaches = world.roles.one(shortname="editingteacher")
    if teaches is None:
        return []
    rows = world.role_assignments.where(contextid=contextid, roleid=teaches.id)
    return [{"id": row.userid, "fullname": world.users[row.userid].fullname} for row in rows]
