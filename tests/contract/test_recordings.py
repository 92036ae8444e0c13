"""Every answer that a real site gave becomes a typed result, or the error that it stands for."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.errors import AccessDenied, MoodleRefused, NotFound, SiteError
from moodle_sync.moodle.answers import decode, value_of
from moodle_sync.moodle.functions import BATCH, FUNCTIONS, is_read
from moodle_sync.moodle.wire import competency, evidence, site
from moodle_sync.moodle.wire.base import parse, warnings_of

RECORDINGS = Path(__file__).resolve().parents[1] / "fixtures" / "recordings"
FILES = sorted(RECORDINGS.glob("*/*.json"))

# Which part of an answer is read, and as what.
SHAPES: dict[str, tuple[str | None, Any]] = {
    "core_webservice_get_site_info": (None, site.SITE_INFO),
    "core_course_get_courses_by_field": ("courses", site.COURSES),
    "core_course_get_contents": (None, site.SECTIONS),
    "core_course_get_course_module": ("cm", site.MODULE),
    "core_enrol_get_enrolled_users": (None, site.ENROLLED),
    "core_user_get_users_by_field": (None, site.USERS),
    "core_course_create_categories": (None, site.CREATED_LIST),
    "core_course_create_courses": (None, site.CREATED_LIST),
    "core_competency_create_competency_framework": (None, competency.FRAMEWORKS),
    "core_competency_create_competency": (None, competency.COMPETENCIES),
    "core_competency_list_competencies": (None, competency.COMPETENCIES),
    "core_competency_list_course_competencies": (None, competency.COURSE_COMPETENCIES),
    "core_competency_add_competency_to_course": (None, competency.BOOLEAN),
    "core_completion_get_activities_completion_status": ("statuses", evidence.COMPLETIONS),
    "core_completion_get_course_completion_status": ("completionstatus", evidence.COURSE_COMPLETION),
    "gradereport_user_get_grade_items": ("usergrades", evidence.USER_GRADES),
    "mod_quiz_get_quizzes_by_courses": ("quizzes", evidence.QUIZZES),
    "mod_quiz_get_user_quiz_attempts": ("attempts", evidence.ATTEMPTS),
    "mod_quiz_get_user_attempts": ("attempts", evidence.ATTEMPTS),
    "mod_assign_get_assignments": ("courses.assignments", evidence.ASSIGNMENTS),
    "mod_assign_get_grades": ("assignments.grades", evidence.ASSIGN_GRADES),
    "mod_assign_get_submissions": ("assignments.submissions", evidence.SUBMISSIONS),
    "core_grading_get_definitions": ("areas", evidence.AREAS),
    "core_grading_get_gradingform_instances": ("instances", evidence.INSTANCES),
}
SINGLE = {"core_competency_create_competency_framework", "core_competency_create_competency"}

# What the recorded failures mean: file name to (class, errorcode).
FAILURES: dict[str, tuple[type[SiteError], str]] = {
    "activities_completion_deleted": (NotFound, "userdeleted"),
    "competency_description_not_purified": (MoodleRefused, "invalidparameter"),
    "course_completion_deleted": (NotFound, "userdeleted"),
    "course_completion_suspended": (MoodleRefused, "usernotenroled"),
    "course_completion_unenrolled": (MoodleRefused, "usernotenroled"),
    "error_function_not_in_service": (AccessDenied, "accessexception"),
    "error_invalid_token": (AccessDenied, "invalidtoken"),
    "error_missing_parameter": (MoodleRefused, "invalidparameter"),
    "error_record_missing": (NotFound, "invalidrecord|invalidrecordunknown"),
    "error_unknown_function": (NotFound, "invalidrecord|invalidrecordunknown"),
    "push_create_category_taken": (MoodleRefused, "categoryidnumbertaken"),
    "push_create_course_shortname_taken": (MoodleRefused, "shortnametaken"),
    "push_create_framework_taken": (MoodleRefused, "invalidpersistenterror"),
    "push_update_course_warning": (MoodleRefused, "errorinvalidparam"),
}


def load(path: Path) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return recording


def body_of(path: Path) -> bytes:
    """The body as it was on the wire: what the client has to decode itself."""
    body = json.loads(path.read_text(encoding="utf-8"))["body"]
    return json.dumps(body, ensure_ascii=False).encode()


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def part(body: Any, where: str | None) -> Any:
    for step in (where or "").split("."):
        if step:
            body = [item for row in body for item in row[step]] if isinstance(body, list) else body[step]
    return body


def test_recordings_of_both_versions_are_there() -> None:
    assert {path.parent.name for path in FILES} == {"4.5", "5.1"}
    recorded = {load(path)["wsfunction"] for path in FILES}
    assert set(SHAPES) <= recorded
    assert {path.stem for path in FILES} >= set(FAILURES)


@pytest.mark.parametrize("path", [path for path in FILES if path.stem in FAILURES], ids=name)
def test_recording_of_a_failure_becomes_its_error(path: Path) -> None:
    recording = load(path)
    wsfunction, write = recording["wsfunction"], not is_read(recording["wsfunction"])
    with pytest.raises(SiteError) as caught:
        value_of(wsfunction, decode(wsfunction, body_of(path), write=write), write=write)
    expected, errorcodes = FAILURES[path.stem]
    assert type(caught.value) is expected
    assert isinstance(caught.value, AccessDenied | MoodleRefused)
    assert caught.value.errorcode in errorcodes.split("|")
    assert wsfunction in caught.value.message


@pytest.mark.parametrize("path", [path for path in FILES if path.stem not in FAILURES], ids=name)
def test_recording_of_an_answer_becomes_typed(path: Path) -> None:
    recording = load(path)
    wsfunction, write = recording["wsfunction"], not is_read(recording["wsfunction"], recording["params"])
    assert wsfunction in FUNCTIONS
    body = value_of(wsfunction, decode(wsfunction, body_of(path), write=write), write=write)
    assert body == recording["body"]
    if wsfunction == BATCH:
        assert 0 < len(body["responses"]) <= len(recording["params"]["requests"])
        return
    if wsfunction not in SHAPES:
        assert wsfunction == "core_course_update_courses"
        assert body == {"warnings": []}
        return
    where, adapter = SHAPES[wsfunction]
    inner = part(body, where)
    typed = parse(wsfunction, adapter, [inner] if wsfunction in SINGLE else inner)
    if isinstance(inner, list):
        assert len(typed) == len(inner)
    given = body["warnings"] if isinstance(body, dict) and "warnings" in body else []
    assert len(warnings_of(wsfunction, body)) == len(given)


@pytest.mark.parametrize("version", ["4.5", "5.1"])
def test_recording_of_a_course_completion_names_its_activities_by_cmid(version: str) -> None:
    body = load(RECORDINGS / version / "course_completion_learner1.json")["body"]
    row = parse("x", evidence.COURSE_COMPLETION, body["completionstatus"])
    cmids = [
        status["cmid"]
        for status in load(RECORDINGS / version / "activities_completion_learner1.json")["body"]["statuses"]
    ]
    assert [criterion.cmid for criterion in row.completions] == [cmids[0], cmids[2], cmids[6], None]
    assert [criterion.type for criterion in row.completions] == [4, 4, 4, 6]


@pytest.mark.parametrize("version", ["4.5", "5.1"])
def test_recording_of_enrolled_users_gives_unescaped_groups_and_role_shortnames(version: str) -> None:
    rows = parse("x", site.ENROLLED, load(RECORDINGS / version / "enrolled_users.json")["body"])
    learner = next(row for row in rows if row.username == "pull_u001")
    assert learner.roles == ("student",)
    assert learner.groups == ("Group 1 & more",)
    assert "pull_u001" not in repr(learner)
