"""``core_course_get_updates_since``: ids of what changed in a course since a time, activity by activity.

Only ids, and nothing of what was deleted: that is why the client does not rely on it.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import course_of, module_context, sees
from moodle_sync.sandbox.evidence_quiz_engine import latest_version, slots_of
from moodle_sync.sandbox.rows_site import CourseModule
from moodle_sync.sandbox.world import World


@function("core_course_get_updates_since")
def get_updates_since(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The activities with changes later than ``since`` (strictly)."""
    course = course_of(world, params["courseid"])
    caller.require_course(course.id)
    wanted = {entry["name"] for entry in params["filter"] if entry.get("name")}
    instances = []
    for module in world.course_modules(course.id):
        if sees(world, caller, module):
            updates = [
                one for one in _updates(world, caller, module, params["since"]) if not wanted or one["name"] in wanted
            ]
            if updates:
                instances.append({"contextlevel": "module", "id": module.id, "updates": updates})
    return {"instances": instances, "warnings": []}


def _updates(world: World, caller: Caller, module: CourseModule, since: int) -> list[dict[str, Any]]:
    row = world.instance(module)
    context = module_context(world, module)
    changed = max(module.added, row.timemodified)
    updates: list[dict[str, Any]] = [{"name": "configuration", "timeupdated": changed}] if changed > since else []

    def note(name: str, rows: list[tuple[int, int]]) -> None:
        ids = [number for number, when in rows if when > since]
        if ids:
            updates.append({"name": name, "itemids": ids})

    if module.modname == "assign" and caller.can("mod/assign:viewgrades", context):
        note("usersubmissions", [(one.id, one.timemodified) for one in world.submissions.where(assignment=row.id)])
        note("usergrades", [(one.id, one.timemodified) for one in world.assign_grades.where(assignment=row.id)])
    if module.modname == "quiz":
        questions = [latest_version(world, slot.entryid) for slot in slots_of(world, row.id)]
        note("questions", [(one.id, one.timemodified) for one in questions])
        if caller.can("mod/quiz:viewreports", context):
            attempts = world.attempts.where(quiz=row.id, preview=0)
            note("userattempts", [(one.id, one.timemodified) for one in attempts])
            note("usergrades", [(one.id, one.timemodified) for one in world.quiz_grades.where(quiz=row.id)])
    if module.modname == "feedback" and caller.can("mod/feedback:viewreports", context):
        note(
            "userattemptsfinished",
            [(one.id, one.timemodified) for one in world.feedback_completed.where(feedback=row.id)],
        )
        note(
            "userattemptsunfinished",
            [(one.id, one.timemodified) for one in world.feedback_drafts.where(feedback=row.id)],
        )
    return updates
