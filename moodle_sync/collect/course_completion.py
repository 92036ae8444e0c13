"""Course completion, criterion by criterion, of learners whose enrolment is active: Moodle tells of no others.

Core web services do not give the time of completion itself: it is the time of the last criterion. A learner who has
met no criterion gives no fact.
"""

from __future__ import annotations

from moodle_sync.collect.reading import Reading
from moodle_sync.collect.survey import Survey
from moodle_sync.errors import AccessDenied, MoodleRefused
from moodle_sync.facts.models import CompletionCriterion, CourseCompletion
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.wire.evidence import CourseCompletionRow

WSFUNCTION = "core_completion_get_course_completion_status"


def read_course_completions(client: PullClient, survey: Survey) -> Reading:
    """One fact a learner with a criterion met.

    A course without criteria is complete without facts. A learner whose enrolment is not active is ``untold``: what
    Moodle holds of them (``usernotenroled``) is still there.
    """
    reading = Reading("course_completion")
    active = [userid for userid in survey.learners if userid in survey.active]
    try:
        results = client.course_completions(survey.course.id, active)
    except (AccessDenied, MoodleRefused) as error:
        if error.errorcode != "nocriteriaset":
            reading.refused(error)
        return reading
    reading.untold.update(set(survey.learners) - survey.active)
    for userid, result in zip(active, results, strict=True):
        row = reading.take(result)
        if row is not None and (row.completed or any(criterion.complete for criterion in row.completions)):
            reading.facts.append(_fact(survey, userid, row))
    return reading


def _fact(survey: Survey, userid: int, row: CourseCompletionRow) -> CourseCompletion:
    times = [criterion.timecompleted for criterion in row.completions if criterion.timecompleted is not None]
    return CourseCompletion(
        course=survey.idnumber,
        userid=userid,
        occurred_at=max(times, default=None),
        wsfunction=WSFUNCTION,
        completed=row.completed,
        criteria=tuple(
            CompletionCriterion(
                type=criterion.type,
                activity=survey.keys.get(criterion.cmid) if criterion.cmid is not None else None,
                cmid=criterion.cmid,
                complete=criterion.complete,
                completed_at=criterion.timecompleted,
            )
            for criterion in row.completions
        ),
    )
