"""Quiz attempts in every state, finished or not, without previews."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

from moodle_sync.collect.reading import Reading
from moodle_sync.collect.survey import Survey
from moodle_sync.errors import AccessDenied, MoodleRefused
from moodle_sync.facts.models import QuizAttempt
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.wire.evidence import AttemptRow, QuizRow

_PLACES = Decimal("0.00001")
"""Moodle keeps grades with five decimals."""
_ALMOST_ZERO = Decimal("0.000005")


def read_quiz_attempts(client: PullClient, survey: Survey) -> Reading:
    """One fact an attempt. ``occurred_at`` is its finish, or its start while it is unfinished."""
    reading = Reading("quiz_attempt")
    cmids = survey.cmids("quiz")
    if not cmids or not survey.learners:
        return reading
    try:
        quizzes = {quiz.id: quiz for quiz in reading.take(client.quizzes(survey.course.id)) or ()}
        wsfunction = client.quiz_attempts_function()
        pairs = [(quiz, userid) for quiz in quizzes for userid in survey.learners]
        results = client.quiz_attempts(pairs)
    except (AccessDenied, MoodleRefused) as error:
        reading.refused(error)
        return reading
    for _ in set(cmids) - {quiz.coursemodule for quiz in quizzes.values()}:
        reading.doubt("a quiz of the course page is not told of (mod/quiz:view)")
    for (quizid, _), result in zip(pairs, results, strict=True):
        for row in reading.take(result) or ():
            fact = _fact(survey, quizzes[quizid], row, wsfunction)
            if fact is None:
                reading.doubt("the points of a quiz are not told (mod/quiz:viewreports)")
            elif not row.preview:
                reading.facts.append(fact)
    return reading


def scaled(sumgrades: Decimal, sumgrades_max: Decimal, grade_max: Decimal) -> Decimal:
    """An attempt's points on the quiz's own scale, as Moodle rescales them: five decimals, half up; 0 if out of 0."""
    if sumgrades_max < _ALMOST_ZERO:
        return Decimal(0)
    with localcontext(prec=60):
        return (sumgrades * grade_max / sumgrades_max).quantize(_PLACES, ROUND_HALF_UP)


def _fact(survey: Survey, quiz: QuizRow, row: AttemptRow, wsfunction: str) -> QuizAttempt | None:
    if quiz.sumgrades is None or quiz.grade is None:
        return None
    return QuizAttempt(
        course=survey.idnumber,
        userid=row.userid,
        occurred_at=row.timefinish or row.timestart,
        wsfunction=wsfunction,
        attempt_id=row.id,
        cmid=quiz.coursemodule,
        activity=survey.keys.get(quiz.coursemodule),
        attempt=row.attempt,
        state=row.state,
        started_at=row.timestart,
        finished_at=row.timefinish,
        sumgrades=row.sumgrades,
        sumgrades_max=quiz.sumgrades,
        grade=None if row.sumgrades is None else scaled(row.sumgrades, quiz.sumgrades, quiz.grade),
        grade_max=quiz.grade,
    )
