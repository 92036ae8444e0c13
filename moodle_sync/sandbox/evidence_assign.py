"""Assignments: handing in (``mod_assign_save_submission``, ``_submit_for_grading``) and grading (``_save_grade``).

What Moodle refuses a learner here comes as a warning in a list, with HTTP 200 and no exception.
"""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox import evidence_gradebook as gradebook
from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import activity, five, module_context, plain, warning
from moodle_sync.sandbox.evidence_completion import COMPLETE, grade_item_of, update_state, view
from moodle_sync.sandbox.evidence_rubric import active_rubric, fill
from moodle_sync.sandbox.moodle_errors import missing_record
from moodle_sync.sandbox.rows_site import Assign, CourseModule
from moodle_sync.sandbox.rows_work import AssignGrade, AssignSubmission
from moodle_sync.sandbox.world import World

CLOSED = "The due date for this assignment has now passed"


@function("mod_assign_view_assign")
def view_assign(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The learner opens the assignment's page."""
    module, _ = _entered(world, caller, params["assignid"])
    view(world, module, caller.user.id)
    return {"status": True, "warnings": []}


@function("mod_assign_save_submission")
def save_submission(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Keep what a learner wrote: a draft where there is a button to submit, else handed in at once."""
    module, assign = _entered(world, caller, params["assignmentid"])
    caller.require("mod/assign:submit", module_context(world, module))
    now = world.now()
    submission = latest_submission(world, assign, caller.user.id)
    if not _is_open(assign, submission, now):
        return [warning(CLOSED, assign.id, "couldnotsavesubmission", "Could not save submission.")]
    if submission is None:
        # The row is made before Moodle looks at what was sent, and stays, with the status "new", when that is nothing.
        submission = AssignSubmission(assignment=assign.id, userid=caller.user.id, timecreated=now, timemodified=now)
        world.submissions.add(submission)
    text = (params["plugindata"].get("onlinetext_editor") or {}).get("text", "")
    if not plain(text):
        return [warning("Nothing was submitted", assign.id, "couldnotsavesubmission", "Could not save submission.")]
    submission.onlinetext, submission.timemodified = text, now
    submission.status = "draft" if assign.submissiondrafts else "submitted"
    gradebook.submitted(world, module, caller.user.id, now)
    if submission.status == "submitted":
        update_state(world, module, caller.user.id, COMPLETE)
    return []


@function("mod_assign_submit_for_grading")
def submit_for_grading(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Press "submit": the draft is handed in."""
    module, assign = _entered(world, caller, params["assignmentid"])
    caller.require("mod/assign:submit", module_context(world, module))
    userid, now = caller.user.id, world.now()
    submission = latest_submission(world, assign, userid)
    statement = assign.requiresubmissionstatement and not params["acceptsubmissionstatement"]
    ready = submission is not None and submission.status in ("draft", "reopened") and assign.submissiondrafts
    if submission is None or not ready or statement or not _is_open(assign, submission, now):
        item = f"User id: {userid}, Assignment id: {assign.id} Notices:"
        return [warning(item, assign.id, "couldnotsubmitforgrading", "Could not submit assignment for grading.")]
    submission.status, submission.timemodified = "submitted", now
    gradebook.submitted(world, module, userid, now)
    update_state(world, module, userid, COMPLETE)
    return []


@function("mod_assign_save_grade")
def save_grade(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Grade a learner, with the rubric where the assignment has one; the grade is stored again each time, dated now."""
    module, assign = _entered(world, caller, params["assignmentid"])
    caller.require("mod/assign:grade", module_context(world, module))
    userid = params["userid"]
    if userid not in world.users.rows:
        raise missing_record(world.version, "user")
    now = world.now()
    submission = latest_submission(world, assign, userid)
    if submission is None:
        # Grading makes the row of a submission that there never was, with the status "new".
        new = AssignSubmission(assignment=assign.id, userid=userid, timecreated=now, timemodified=now)
        submission = world.submissions.add(new)
    number = submission.attemptnumber if params["attemptnumber"] < 0 else params["attemptnumber"]
    row = world.assign_grades.one(assignment=assign.id, userid=userid, attemptnumber=number)
    if row is None:
        row = AssignGrade(assignment=assign.id, userid=userid, attemptnumber=number, timecreated=now)
        world.assign_grades.add(row)
    definition = active_rubric(world, module)
    if definition is None:
        points = float(params["grade"])
    else:
        lines = (params["advancedgradingdata"].get("rubric") or {}).get("criteria") or []
        points = fill(world, definition, row.id, caller.user.id, lines, assign.grade)
    row.grade, row.grader, row.timemodified = five(points), caller.user.id, now
    comment = (params["plugindata"].get("assignfeedbackcomments_editor") or {}).get("text")
    row.feedback = row.feedback if comment is None else comment
    _send(world, module, row)
    if _reopens(world, module, assign, submission, bool(params["addattempt"]), userid):
        _add_attempt(world, module, assign, submission, userid)


def latest_submission(world: World, assign: Assign, userid: int) -> AssignSubmission | None:
    """The submission of a learner's latest attempt."""
    rows = world.submissions.where(assignment=assign.id, userid=userid)
    return max(rows, key=lambda row: row.attemptnumber, default=None)


def _entered(world: World, caller: Caller, assignid: int) -> tuple[CourseModule, Assign]:
    module, assign = activity(world, "assign", assignid)
    caller.require_module(module.id)
    return module, assign


def _is_open(assign: Assign, submission: AssignSubmission | None, now: int) -> bool:
    if assign.allowsubmissionsfromdate and now < assign.allowsubmissionsfromdate:
        return False
    if assign.cutoffdate and now > assign.cutoffdate:
        return False
    # With a button to submit, what was handed in is closed; without one it can be written again.
    handed_in = submission is not None and submission.status == "submitted"
    return not assign.nosubmissions and not (assign.submissiondrafts and handed_in)


def _send(world: World, module: CourseModule, row: AssignGrade) -> None:
    gradebook.set_grade(
        world,
        module,
        row.userid,
        row.grade if row.grade >= 0 else None,
        submitted=None,
        graded=row.timemodified,
        by=row.grader,
        feedback=row.feedback,
        feedbackformat=gradebook.HTML_FORMAT if row.feedback else gradebook.NO_FEEDBACK,
    )


def _reopens(
    world: World, module: CourseModule, assign: Assign, submission: AssignSubmission, asked: bool, userid: int
) -> bool:
    spent = submission.attemptnumber >= assign.maxattempts - 1
    if spent and assign.maxattempts != -1:
        return False
    if assign.attemptreopenmethod == "manual":
        return asked
    if assign.attemptreopenmethod == "untilpass":
        item = grade_item_of(world, module)
        grade = world.grades.one(itemid=item.id, userid=userid) if item else None
        if item is None or grade is None or grade.finalgrade is None or item.gradepass <= 0:
            return False
        return grade.finalgrade < item.gradepass
    return assign.attemptreopenmethod == "automatic"


def _add_attempt(world: World, module: CourseModule, assign: Assign, submission: AssignSubmission, userid: int) -> None:
    submission.latest = False
    again = AssignSubmission(
        assignment=assign.id,
        userid=userid,
        attemptnumber=submission.attemptnumber + 1,
        status="reopened",
        timecreated=world.now(),
        timemodified=world.now(),
    )
    world.submissions.add(again)
    gradebook.submitted(world, module, userid, world.now())
    update_state(world, module, userid)
