"""Every web service function that the project calls: whether it only reads, and where its contract is.

Only what is declared *read* here is ever repeated after a fault. A function that is not declared counts as a write.
``moodle_sync/sandbox/contracts`` holds the contract of each core function, for each version that has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BATCH = "tool_mobile_call_external_functions"
QUIZ_ATTEMPTS = "mod_quiz_get_user_quiz_attempts"
QUIZ_ATTEMPTS_BEFORE_5_1 = "mod_quiz_get_user_attempts"
COMPANION_STATUS = "local_moodlesync_get_status"
COMPANION_COURSE_STATE = "local_moodlesync_get_course_state"


@dataclass(frozen=True)
class Function:
    """One wsfunction.

    ``contracts`` names the files that hold its signature (``companion`` for ours). ``warnings_refuse`` marks the
    functions that answer HTTP 200 with ``warnings`` where others raise: a non-empty list means that it was not done.
    """

    read: bool
    contracts: tuple[str, ...] = ("4.5", "5.1")
    warnings_refuse: bool = False


_READ = Function(read=True)
_WRITE = Function(read=False)
_OURS_READ = Function(read=True, contracts=("companion",))
_OURS_WRITE = Function(read=False, contracts=("companion",))

FUNCTIONS: Mapping[str, Function] = {
    # read by both clients
    "core_webservice_get_site_info": _READ,
    "core_course_get_courses_by_field": _READ,
    "core_course_get_contents": _READ,
    "core_course_get_course_module": _READ,
    "core_enrol_get_enrolled_users": _READ,
    "core_user_get_users_by_field": _READ,
    # pushing
    "core_course_get_categories": _READ,
    "core_course_create_categories": _WRITE,
    "core_course_update_categories": _WRITE,
    "core_course_create_courses": _WRITE,
    "core_course_update_courses": Function(read=False, warnings_refuse=True),
    "core_competency_list_competency_frameworks": _READ,
    "core_competency_create_competency_framework": _WRITE,
    "core_competency_update_competency_framework": _WRITE,
    "core_competency_get_scale_values": _READ,
    "core_competency_list_competencies": _READ,
    "core_competency_create_competency": _WRITE,
    "core_competency_update_competency": _WRITE,
    "core_competency_list_course_competencies": _READ,
    "core_competency_add_competency_to_course": _WRITE,
    "core_competency_set_course_competency_ruleoutcome": _WRITE,
    # pulling
    "core_completion_get_activities_completion_status": _READ,
    "core_completion_get_course_completion_status": _READ,
    "gradereport_user_get_grade_items": _READ,
    "mod_quiz_get_quizzes_by_courses": _READ,
    QUIZ_ATTEMPTS: Function(read=True, contracts=("5.1",)),
    QUIZ_ATTEMPTS_BEFORE_5_1: _READ,
    "mod_assign_get_assignments": _READ,
    "mod_assign_get_grades": _READ,
    "mod_assign_get_submissions": _READ,
    "core_grading_get_definitions": Function(read=True, warnings_refuse=True),
    "core_grading_get_gradingform_instances": _READ,
    "mod_feedback_get_feedbacks_by_courses": _READ,
    "mod_feedback_get_feedback_access_information": _READ,
    "mod_feedback_get_analysis": _READ,
    # a batch reads when everything in it reads: see is_read
    BATCH: _WRITE,
    # the companion: docs/reference/companion.md
    COMPANION_STATUS: _OURS_READ,
    COMPANION_COURSE_STATE: _OURS_READ,
    "local_moodlesync_get_baseline": _OURS_READ,
    "local_moodlesync_upsert_sections": _OURS_WRITE,
    "local_moodlesync_upsert_activities": _OURS_WRITE,
    "local_moodlesync_upsert_rubrics": _OURS_WRITE,
    "local_moodlesync_link_competencies": _OURS_WRITE,
    "local_moodlesync_set_course_completion": _OURS_WRITE,
    "local_moodlesync_upsert_enrolments": _OURS_WRITE,
    "local_moodlesync_upsert_events": _OURS_WRITE,
    "local_moodlesync_upsert_groups": _OURS_WRITE,
    "local_moodlesync_set_baseline": _OURS_WRITE,
}


def is_read(wsfunction: str, params: Mapping[str, Any] | None = None) -> bool:
    """Whether this call changes nothing, so that it may be repeated. A batch reads when every call in it does."""
    if wsfunction == BATCH:
        requests = (params or {}).get("requests", ())
        return bool(requests) and all(is_read(request["function"]) for request in requests)
    declared = FUNCTIONS.get(wsfunction)
    return declared is not None and declared.read


def warnings_refuse(wsfunction: str) -> bool:
    """Whether a warning in this function's answer means that the work was not done."""
    declared = FUNCTIONS.get(wsfunction)
    return declared is not None and declared.warnings_refuse
