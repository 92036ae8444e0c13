"""``core_course_get_contents`` and ``core_course_get_course_module``: a course as its page shows it to the caller.

Hidden sections and activities are left out without a word for those who may not see them; an activity's idnumber is
shown to those alone who may manage activities.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import sees
from moodle_sync.sandbox.evidence_completion import is_tracking
from moodle_sync.sandbox.evidence_completion_ws import status_of
from moodle_sync.sandbox.moodle_errors import missing_record
from moodle_sync.sandbox.push_files import customdata, shown_files
from moodle_sync.sandbox.rows_site import CourseModule, Section
from moodle_sync.sandbox.structure import MODULE_NUMBERS, course_total, sections_of
from moodle_sync.sandbox.world import COURSE_LEVEL, MODULE_LEVEL, World

ABOUT = {
    "assign": ("assessment", "Assignments"),
    "feedback": ("communication", "Feedback"),
    "forum": ("collaboration", "Forums"),
    "label": ("content", "Text and media areas"),
    "page": ("content", "Pages"),
    "qbank": ("content", "Question banks"),
    "quiz": ("assessment", "Quizzes"),
    "resource": ("content", "Files"),
    "url": ("content", "URLs"),
}
"""What each type is for, and its name in the plural."""
_IN_STATUS = ("cmid", "modname", "instance", "tracking")


@function("core_course_get_contents")
def get_contents(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Sections in order, each with its activities in order."""
    options = {option["name"]: option["value"] for option in params["options"]}
    course = caller.require_course(params["courseid"], wrapped=True)
    contextid = world.context(COURSE_LEVEL, course.id)
    without = str(options.get("excludemodules", "0")) in ("1", "true")
    empty = str(options.get("excludecontents", "0")) in ("1", "true")
    shown = []
    for section in sections_of(world, course.id):
        if not section.visible and not caller.can("moodle/course:viewhiddensections", contextid):
            continue
        modules = [] if without else [world.modules[cmid] for cmid in section.sequence]
        modules = [module for module in modules if sees(world, caller, module)]
        rows = [_module(world, caller, module, empty=empty) for module in modules]
        shown.append(_section(caller, section) | {"modules": rows})
    return shown


@function("core_course_get_course_module")
def get_course_module(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """One activity: little for everybody, its settings for those who may manage activities."""
    module = world.modules.get(params["cmid"])
    if module is None:
        raise missing_record(world.version, "course_modules")
    caller.require_module(module.id)
    section = world.sections[module.section]
    shown: dict[str, Any] = {
        "id": module.id,
        "course": module.course,
        "module": MODULE_NUMBERS[world.version].get(module.modname, 30),
        "modname": module.modname,
        "instance": module.instance,
        "section": module.section,
        "sectionnum": section.section,
        "groupmode": module.groupmode,
        "groupingid": module.groupingid,
        "completion": module.completion,
        "downloadcontent": module.downloadcontent,
        "name": caller.text(world.instance(module).name),
    }
    if caller.can("moodle/course:manageactivities", world.context(MODULE_LEVEL, module.id)):
        shown |= _settings(world, module)
    return {"cm": shown, "warnings": []}


def _settings(world: World, module: CourseModule) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "idnumber": module.idnumber or None,
        "added": module.added,
        "score": 0,
        "indent": module.indent,
        "visible": int(module.visible),
        "visibleoncoursepage": module.visibleoncoursepage,
        "visibleold": int(module.visibleold),
        "completiongradeitemnumber": module.completiongradeitemnumber,
        "completionpassgrade": int(module.completionpassgrade),
        "completionview": int(module.completionview),
        "completionexpected": module.completionexpected,
        "showdescription": int(module.modname == "qbank"),
        "availability": module.availability,
    }
    item = world.grade_items.one(itemtype="mod", itemmodule=module.modname, iteminstance=module.instance, itemnumber=0)
    if item is not None:
        grade = world.instance(module).grade
        total = course_total(world, module.course)
        shown |= {"grade": grade, "gradepass": f"{item.gradepass:.2f}", "gradecat": total.iteminstance}
    area = {"assign": "submissions", "forum": "forum"}.get(module.modname)
    if area:
        found = world.grading_areas.one(contextid=world.context(MODULE_LEVEL, module.id), areaname=area)
        shown["advancedgrading"] = [{"area": area, "method": found.activemethod if found else None}]
    return shown


def _section(caller: Caller, section: Section) -> dict[str, Any]:
    default = "New section" if section.section else "General"
    return {
        "id": section.id,
        "name": caller.shown(section.name) if section.name else default,
        "visible": int(section.visible),
        "summary": caller.html(section.summary),
        "summaryformat": section.summaryformat,
        "section": section.section,
        "hiddenbynumsections": 0,
        "uservisible": True,
        "component": section.component,
        "itemid": section.itemid,
    }


def _module(world: World, caller: Caller, module: CourseModule, *, empty: bool) -> dict[str, Any]:
    contextid = world.context(MODULE_LEVEL, module.id)
    purpose, plural = ABOUT.get(module.modname, ("other", module.modname.capitalize()))
    modname = world.instance(module).modname if module.modname not in ABOUT else module.modname
    shown: dict[str, Any] = {
        "id": module.id,
        "url": f"{world.url}/mod/{modname}/view.php?id={module.id}",
        "name": caller.text(world.instance(module).name),
        "instance": module.instance,
        "contextid": contextid,
        "visible": int(module.visible),
        "uservisible": True,
        "visibleoncoursepage": module.visibleoncoursepage,
        "modicon": f"{world.url}/theme/image.php/boost/{modname}/1/monologo?filtericon=1",
        "modname": modname,
        "purpose": purpose,
        "branded": False,
        "modplural": plural,
        "indent": module.indent,
        "onclick": "",
        "afterlink": None,
        "customdata": customdata(world, module),
        "noviewlink": False,
        "completion": module.completion,
        "downloadcontent": module.downloadcontent,
        "dates": _dates(world, module),
        "groupmode": module.groupmode,
    }
    if caller.can("moodle/course:update", contextid) or caller.can("moodle/course:viewhiddenactivities", contextid):
        shown["availability"] = module.availability
    if is_tracking(world, module):
        status = status_of(world, module, caller.user.id)
        shown["completiondata"] = {name: value for name, value in status.items() if name not in _IN_STATUS}
    if module.modname in ("label", "qbank"):
        shown |= {"description": f'<div class="no-overflow">{caller.html(world.instance(module).intro)}</div>'}
    if module.modname == "label":
        del shown["url"]
        shown["noviewlink"] = True
    return shown | shown_files(world, module, empty=empty)


def _dates(world: World, module: CourseModule) -> list[dict[str, Any]]:
    instance, now = world.instance(module), world.now()
    labels = {
        "timeopen": ("Opens:", "Opened:"),
        "timeclose": ("Closes:", "Closed:"),
        "allowsubmissionsfromdate": ("Opens:", "Opened:"),
        "duedate": ("Due:", "Due:"),
    }
    found = []
    for name, (before, after) in labels.items():
        moment = getattr(instance, name, 0)
        if moment:
            found.append({"label": before if moment > now else after, "timestamp": moment, "dataid": name})
    return found
