"""``local_moodlesync_*``: the functions of the companion, as ``docs/reference/companion.md`` promises them."""

from __future__ import annotations

import hashlib
from typing import Any

from moodle_sync.sandbox.companion_activities import Activities, Index
from moodle_sync.sandbox.companion_calendar import Events, Groups
from moodle_sync.sandbox.companion_completion import CourseCompletion
from moodle_sync.sandbox.companion_frame import Baseline, Item, Outcome, Scope, pack, require_system, run, write
from moodle_sync.sandbox.companion_links import Links
from moodle_sync.sandbox.companion_payload import DIGEST, Payload, bad, check_namespace, decode
from moodle_sync.sandbox.companion_people import Enrolments
from moodle_sync.sandbox.companion_rubrics import Rubrics
from moodle_sync.sandbox.companion_sections import Sections
from moodle_sync.sandbox.contracts import PLUGIN_VERSIONS, RELEASES
from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.push_site import COMPANION_VERSION
from moodle_sync.sandbox.rows_site import CourseModule
from moodle_sync.sandbox.world import COURSE_LEVEL, MODULE_LEVEL, SYSTEM, World

RELEASE = "0.4.0"
SITE_KINDS = ("category", "course", "framework", "competency", "course_competency")
TOLD = """local/moodlesync:read local/moodlesync:write webservice/rest:use moodle/category:manage moodle/course:create
moodle/course:view moodle/course:viewhiddencourses moodle/course:viewhiddensections
moodle/course:viewhiddenactivities moodle/course:update moodle/course:changecategory
moodle/course:changefullname moodle/course:changeshortname moodle/course:changeidnumber
moodle/course:changesummary moodle/course:visibility moodle/course:sectionvisibility
moodle/course:movesections moodle/course:manageactivities moodle/course:activityvisibility
moodle/course:viewparticipants moodle/course:managegroups moodle/grade:managegradingforms
moodle/competency:competencymanage moodle/competency:coursecompetencymanage
moodle/competency:coursecompetencyconfigure moodle/user:viewdetails moodle/user:viewalldetails
moodle/site:viewuseridentity enrol/manual:enrol moodle/role:assign moodle/calendar:manageentries
mod/page:addinstance mod/page:view mod/assign:addinstance mod/assign:view mod/quiz:addinstance mod/quiz:view
mod/feedback:addinstance mod/feedback:edititems mod/url:addinstance mod/url:view mod/forum:addinstance
mod/resource:addinstance mod/resource:view mod/label:addinstance mod/label:view moodle/question:add
moodle/question:managecategory moodle/question:useall moodle/question:editall mod/quiz:manage
moodle/course:ignoreavailabilityrestrictions moodle/course:enrolreview moodle/course:viewsuspendedusers
moodle/role:review moodle/site:accessallgroups report/progress:view report/completion:view
moodle/grade:viewall moodle/grade:viewhidden gradereport/user:view mod/quiz:viewreports
mod/assign:viewgrades mod/feedback:view mod/feedback:viewreports moodle/competency:usercompetencyview
moodle/competency:planview"""
"""The capabilities that ``get_status`` tells of."""
NEVER_IN_A_COURSE = ("coursecreator", "guest", "user", "frontpage")
"""Roles that Moodle lets nobody give in a course."""


@function("local_moodlesync_get_status")
def get_status(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """What this site is, and what the caller may do at system level."""
    require_system(caller, "local/moodlesync:read")
    age = caller.faults.cron_age
    return pack(
        {
            "release": RELEASE,
            "version": int(COMPANION_VERSION),
            "moodle_release": RELEASES[world.version],
            "moodle_version": PLUGIN_VERSIONS[world.version],
            "site_id": hashlib.sha256(world.identifier.encode()).hexdigest(),
            "wwwroot": world.url,
            "servertime": world.now(),
            "userid": caller.user.id,
            "capabilities": {name: caller.can(name) for name in TOLD.split()},
            "assigns": _assigns(world, caller),
            "languages": ["en"] if "french" in caller.faults.off else ["en", "fr"],
            "lastcron": None if age is None else world.now() - age,
        }
    )


def _assigns(world: World, caller: Caller) -> list[str]:
    """The roles that the caller's own roles let it give in a course, whether or not it may give any."""
    own = world.roles_of(caller.user.id, world.context(SYSTEM))
    names = {world.roles[number].shortname for role in own for number in role.assigns}
    return sorted(names - set(NEVER_IN_A_COURSE))


@function("local_moodlesync_get_course_state")
def get_course_state(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Everything of ours in a course; nothing is written."""
    caller.require_course(params["courseid"])
    caller.require("local/moodlesync:read", world.context(COURSE_LEVEL, params["courseid"]))
    scope = Scope(caller, params["courseid"], params["namespace"])
    ours, copies, conflicts = Index(scope).all()
    activities = Activities(scope)
    assigns = {key: module for key, module in ours.items() if module.modname == "assign"}
    return pack(
        {
            "course": {"id": scope.courseid, "idnumber": scope.course.idnumber, "servertime": world.now()},
            "sections": list(Sections(scope).states().values()),
            "activities": [
                {
                    "key": key,
                    "id": module.id,
                    "modname": module.modname,
                    "instance": module.instance,
                    "contextid": world.context(MODULE_LEVEL, module.id),
                    "state": activities.state(module),
                    "learners": len(_learners(world, module)),
                }
                for key, module in ours.items()
            ],
            "rubrics": Rubrics(scope).states(assigns),
            "competencies": Links(scope).states(ours),
            "completion": CourseCompletion(scope).state(),
            "enrolments": Enrolments(scope).states(),
            "events": Events(scope).states(),
            "groups": Groups(scope).states(),
            "baseline": Baseline(world, params["namespace"], scope.courseid).all(),
            "copies": [{"idnumber": module.idnumber, "id": module.id} for module in copies],
            "conflicts": [{"idnumber": idnumber, "ids": ids} for idnumber, ids in conflicts.items()],
        }
    )


@function("local_moodlesync_upsert_sections")
def upsert_sections(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Sections by key."""
    return write(caller, params, Sections, "moodle/course:update")


@function("local_moodlesync_upsert_activities")
def upsert_activities(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Activities by key."""
    return write(caller, params, Activities, "moodle/course:manageactivities")


@function("local_moodlesync_upsert_rubrics")
def upsert_rubrics(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Rubrics by the key of their activity."""
    return write(caller, params, Rubrics)


@function("local_moodlesync_link_competencies")
def link_competencies(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Competencies of activities."""
    return write(caller, params, Links, "moodle/competency:coursecompetencymanage")


@function("local_moodlesync_set_course_completion")
def set_course_completion(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Which activities complete the course."""
    return write(caller, params, CourseCompletion, "moodle/course:update")


@function("local_moodlesync_upsert_enrolments")
def upsert_enrolments(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Enrolments by key."""
    return write(caller, params, Enrolments, "enrol/manual:enrol")


@function("local_moodlesync_upsert_events")
def upsert_events(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Calendar events of the course by key."""
    return write(caller, params, Events, "moodle/calendar:manageentries")


@function("local_moodlesync_upsert_groups")
def upsert_groups(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Groups by key, with the members that they are given."""
    return write(caller, params, Groups, "moodle/course:managegroups")


@function("local_moodlesync_get_baseline")
def get_baseline(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """What the core route last wrote, of objects that belong to no course."""
    require_system(caller, "local/moodlesync:read")
    check_namespace(params["namespace"])
    if params["kind"] not in SITE_KINDS:
        raise bad("kind", f"must be one of {', '.join(SITE_KINDS)}")
    keys = decode(params["keys"], "keys")
    for number, key in enumerate(keys):
        if not isinstance(key, str):
            raise bad(f"keys[{number}]", "must be a string")
    return pack(Baseline(world, params["namespace"]).of(params["kind"], keys))


@function("local_moodlesync_set_baseline")
def set_baseline(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Keep what the core route wrote, merged by field; ``fields: null`` forgets the object."""
    require_system(caller, "local/moodlesync:write")
    check_namespace(params["namespace"])
    baseline = Baseline(world, params["namespace"])
    return pack(run(world, SiteBaseline(baseline), baseline, params["items"]))


class SiteBaseline:
    """Baselines of what belongs to no course, as items."""

    name = "site"

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline

    def parse(self, payload: Payload) -> Item:
        """``{"kind", "key", "fields": {"<field>": {"desired", "observed"}} | null}``."""
        payload.only("kind", "key", "fields")
        kind, key = payload.choice("kind", SITE_KINDS), payload.html("key")
        if not 1 <= len(key) <= 255 or any(ord(one) < 32 for one in key):
            raise bad(payload.at("key"), "must be 1 to 255 characters")
        fields: dict[str, Any] = {}
        drop = payload.raw("fields") is None
        for name in [] if drop else payload.inner("fields").names():
            entry = payload.inner("fields").inner(name).only("desired", "observed")
            if not DIGEST.fullmatch(entry.html("desired")):
                raise bad(entry.at("desired"), "must be a sha256 digest in lower case hex")
            fields[name] = {"desired": entry.html("desired"), "observed": entry.raw("observed")}
        return Item(key, fields, {}, payload.path, {"kind": kind, "drop": drop})

    def apply(self, item: Item) -> Outcome:
        """Merge or forget."""
        kind = item.more["kind"]
        done = self._baseline.drop(kind, item.key) if item.more["drop"] else None
        changed = self._baseline.merge(kind, item.key, item.fields) if done is None else done
        state = self._baseline.of(kind, [item.key]).get(item.key, {})
        return Outcome("updated" if changed else "unchanged", None, state, {"kind": kind}, ours=False)


def _learners(world: World, module: CourseModule) -> set[int]:
    """Who left something in an activity: a submission, an attempt, a grade or a completion."""
    completions = world.module_completions.where(coursemoduleid=module.id)
    found = {row.userid for row in completions if row.completionstate}
    if module.modname == "assign":
        submissions = world.submissions.where(assignment=module.instance)
        found |= {row.userid for row in submissions if row.status != "new" and row.userid}
    if module.modname == "quiz":
        found |= {row.userid for row in world.attempts.where(quiz=module.instance, preview=0)}
    if module.modname == "feedback":
        found |= {row.userid for row in world.feedback_completed.where(feedback=module.instance)}
    if module.modname == "forum":
        found |= {row.userid for row in world.forum_posts.where(forum=module.instance)}
    for item in world.grade_items.where(itemtype="mod", itemmodule=module.modname, iteminstance=module.instance):
        found |= {row.userid for row in world.grades.where(itemid=item.id) if row.finalgrade is not None}
    return found
