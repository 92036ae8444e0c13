"""Everything that the core route reads about learners' work, batched where Moodle has one call a person.

Each answer keeps the warnings that came with it: whoever collects decides what they mean for completeness. Nothing is
interpreted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from moodle_sync.errors import AccessDenied, MoodleRefused, SiteError
from moodle_sync.moodle.functions import QUIZ_ATTEMPTS, QUIZ_ATTEMPTS_BEFORE_5_1
from moodle_sync.moodle.reader import SiteReader
from moodle_sync.moodle.wire.base import Answer, T, parse, warnings_of
from moodle_sync.moodle.wire.evidence import (
    AREAS,
    ASSIGN_GRADES,
    ASSIGNMENTS,
    ATTEMPTS,
    COMPLETIONS,
    COURSE_COMPLETION,
    INSTANCES,
    QUIZZES,
    SUBMISSIONS,
    USER_GRADES,
    AreaRow,
    AssignGradeRow,
    AssignmentRow,
    AttemptRow,
    CompletionRow,
    CourseCompletionRow,
    InstanceRow,
    QuizRow,
    SubmissionRow,
    UserGrades,
)
from moodle_sync.moodle.wire.feedback import (
    ANALYSIS,
    FEEDBACK_ACCESS,
    FEEDBACKS,
    AnalysisRow,
    FeedbackAccessRow,
    FeedbackRow,
)

BATCH_SIZE = 100
_NO_GROUP = 2**31 - 1
Result = Answer[T] | SiteError
"""What became of one call of a batch: an answer with its warnings, or the error."""


class PullClient(SiteReader):
    """Typed calls for the evidence wing. Methods over many people or objects answer one result each, in order.

    Where the first of many is denied (:class:`AccessDenied`), the method raises that instead.
    """

    def activity_completions(self, courseid: int, userids: Sequence[int]) -> list[Result[list[CompletionRow]]]:
        """Per person, the completion of every activity that tracks it and that the account may see.

        wsfunction: ``core_completion_get_activities_completion_status``.
        """
        name = "core_completion_get_activities_completion_status"
        params = ({"courseid": courseid, "userid": userid} for userid in userids)
        return self._each(name, params, COMPLETIONS, lambda body: body["statuses"])

    def course_completions(self, courseid: int, userids: Sequence[int]) -> list[Result[CourseCompletionRow]]:
        """Per person, the completion of the course; the error ``usernotenroled`` for one whose enrolment is not active.

        Raises:
            MoodleRefused: ``nocriteriaset``: there is no course completion in this course.

        wsfunction: ``core_completion_get_course_completion_status``.
        """
        name = "core_completion_get_course_completion_status"
        params = ({"courseid": courseid, "userid": userid} for userid in userids)
        return self._each(name, params, COURSE_COMPLETION, lambda body: body["completionstatus"], ("nocriteriaset",))

    def grade_items(self, courseid: int, userids: Sequence[int]) -> list[Result[list[UserGrades]]]:
        """Per person, every grade item. Asked one by one, since the answer for all leaves out inactive enrolments.

        wsfunction: ``gradereport_user_get_grade_items``.
        """
        name = "gradereport_user_get_grade_items"
        params = ({"courseid": courseid, "userid": userid} for userid in userids)
        return self._each(name, params, USER_GRADES, lambda body: body["usergrades"])

    def quizzes(self, courseid: int) -> Answer[list[QuizRow]]:
        """The quizzes of a course. wsfunction: ``mod_quiz_get_quizzes_by_courses``."""
        name = "mod_quiz_get_quizzes_by_courses"
        return self._one(name, {"courseids": [courseid]}, QUIZZES, lambda body: body["quizzes"])

    def quiz_attempts_function(self) -> str:
        """The function that this site has for attempts: ``mod_quiz_get_user_attempts`` before 5.1.

        Raises:
            AccessDenied: neither is in the token's service.
        """
        if self.has(QUIZ_ATTEMPTS):
            return QUIZ_ATTEMPTS
        self.require(QUIZ_ATTEMPTS_BEFORE_5_1)
        return QUIZ_ATTEMPTS_BEFORE_5_1

    def quiz_attempts(self, pairs: Sequence[tuple[int, int]]) -> list[Result[list[AttemptRow]]]:
        """Per pair (quiz, person), every attempt in every state, without previews.

        wsfunction: ``mod_quiz_get_user_quiz_attempts`` or ``mod_quiz_get_user_attempts``.
        """
        name = self.quiz_attempts_function()
        params = (
            {"quizid": quizid, "userid": userid, "status": "all", "includepreviews": False} for quizid, userid in pairs
        )
        return self._each(name, params, ATTEMPTS, lambda body: body["attempts"])

    def assignments(self, courseid: int) -> Answer[list[AssignmentRow]]:
        """The assignments of a course. wsfunction: ``mod_assign_get_assignments``."""
        name = "mod_assign_get_assignments"
        # Without includenotenrolledcourses Moodle answers an account that is not enrolled with a warning and nothing.
        params = {"courseids": [courseid], "includenotenrolledcourses": True}
        return self._one(name, params, ASSIGNMENTS, lambda body: _joined(body["courses"], "assignments"))

    def assign_grades(self, assignid: int) -> Answer[list[AssignGradeRow]]:
        """The grade of each person's latest attempt, of anybody ever graded. wsfunction: ``mod_assign_get_grades``."""
        name = "mod_assign_get_grades"
        params = {"assignmentids": [assignid], "since": 0}
        return self._one(name, params, ASSIGN_GRADES, lambda body: _joined(body["assignments"], "grades"))

    def submissions(self, assignid: int) -> Answer[list[SubmissionRow]]:
        """The latest submission of each enrolled person. wsfunction: ``mod_assign_get_submissions``."""
        name = "mod_assign_get_submissions"
        params = {"assignmentids": [assignid], "since": 0}
        return self._one(name, params, SUBMISSIONS, lambda body: _joined(body["assignments"], "submissions"))

    def grading_areas(self, cmids: Sequence[int]) -> list[Result[list[AreaRow]]]:
        """Per assignment, its grading forms; a hidden one that the account may not see is an error.

        wsfunction: ``core_grading_get_definitions``.
        """
        name = "core_grading_get_definitions"
        params = ({"cmids": [cmid], "areaname": "submissions", "activeonly": False} for cmid in cmids)
        return self._each(name, params, AREAS, lambda body: body["areas"])

    def grading_instances(self, definitionids: Sequence[int]) -> list[Result[list[InstanceRow]]]:
        """Per definition, every form filled with it, orphans included.

        wsfunction: ``core_grading_get_gradingform_instances``.
        """
        name = "core_grading_get_gradingform_instances"
        params = ({"definitionid": definitionid, "since": 0} for definitionid in definitionids)
        return self._each(name, params, INSTANCES, lambda body: body["instances"])

    def sees_all_groups(self, courseid: int) -> bool:
        """Whether the account sees every group of a course: asked for one that is not there, Moodle refuses it if not.

        Without this the analysis of a questionnaire with groups is that of one group, and does not say so.
        wsfunction: ``core_enrol_get_enrolled_users``.
        """
        name = "core_enrol_get_enrolled_users"
        options = [{"name": "userfields", "value": "id"}, {"name": "groupid", "value": _NO_GROUP}]
        try:
            self._call(name, {"courseid": courseid, "options": options})
        except AccessDenied:
            return False
        return True

    def feedbacks(self, courseid: int) -> Answer[list[FeedbackRow]]:
        """The questionnaires of a course. wsfunction: ``mod_feedback_get_feedbacks_by_courses``."""
        name = "mod_feedback_get_feedbacks_by_courses"
        return self._one(name, {"courseids": [courseid]}, FEEDBACKS, lambda body: body["feedbacks"])

    def feedback_access(self, feedbackids: Sequence[int]) -> list[Result[FeedbackAccessRow]]:
        """Per questionnaire, whether it is open now. wsfunction: ``mod_feedback_get_feedback_access_information``."""
        name = "mod_feedback_get_feedback_access_information"
        params = ({"feedbackid": feedbackid} for feedbackid in feedbackids)
        return self._each(name, params, FEEDBACK_ACCESS, lambda body: body)

    def feedback_analyses(self, feedbackids: Sequence[int]) -> list[Result[AnalysisRow]]:
        """Per questionnaire, what all answers together give. wsfunction: ``mod_feedback_get_analysis``."""
        name = "mod_feedback_get_analysis"
        params = ({"feedbackid": feedbackid} for feedbackid in feedbackids)
        return self._each(name, params, ANALYSIS, lambda body: body)

    def _one(
        self, wsfunction: str, params: Mapping[str, Any], adapter: TypeAdapter[T], part: Callable[[Any], Any]
    ) -> Answer[T]:
        return _answer(wsfunction, self.transport.call(wsfunction, params), adapter, part)

    def _each(
        self,
        wsfunction: str,
        params: Iterable[Mapping[str, Any]],
        adapter: TypeAdapter[T],
        part: Callable[[Any], Any],
        for_all: tuple[str, ...] = (),
    ) -> list[Result[T]]:
        """One result a call. The first is asked alone: what is refused to everybody shall not cost a request each."""
        wanted = list(params)
        outcomes = self._many(wsfunction, wanted[:1])
        if outcomes and _concerns_all(outcomes[0].error, for_all):
            outcomes[0].unwrap()
        outcomes += self._many(wsfunction, wanted[1:])
        return [outcome.error or _answer(wsfunction, outcome.value, adapter, part) for outcome in outcomes]


def _concerns_all(error: SiteError | None, codes: tuple[str, ...]) -> bool:
    return isinstance(error, AccessDenied) or (isinstance(error, MoodleRefused) and error.errorcode in codes)


def _answer(wsfunction: str, body: Any, adapter: TypeAdapter[T], part: Callable[[Any], Any]) -> Answer[T]:
    return Answer(_part(wsfunction, body, adapter, part), warnings_of(wsfunction, body))


def _part(wsfunction: str, body: Any, adapter: TypeAdapter[T], part: Callable[[Any], Any]) -> T:
    try:
        inner = part(body)
    except (KeyError, TypeError):
        # Not the object that the contract promises: parse says so in one place.
        inner = None
    return parse(wsfunction, adapter, inner)


def _joined(rows: Iterable[Mapping[str, Any]], field: str) -> list[Any]:
    return [item for row in rows for item in row[field]]
