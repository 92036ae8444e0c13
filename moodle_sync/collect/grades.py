"""Grades of the gradebook, as they stand: one a grade item and learner who was ever graded there.

Who graded and what the grade was before an override are not told by core web services. An item without a grade and
without a time of grading gives no fact: that is how Moodle shows a grade that was deleted.
"""

from __future__ import annotations

from decimal import Decimal

from moodle_sync.collect.reading import Reading
from moodle_sync.collect.survey import Survey
from moodle_sync.errors import AccessDenied, MoodleRefused
from moodle_sync.facts.models import Grade
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.wire.evidence import GradeItemRow

WSFUNCTION = "gradereport_user_get_grade_items"


def read_grades(client: PullClient, survey: Survey) -> Reading:
    """The grades of all learners, asked person by person so that inactive enrolments are in it."""
    reading = Reading("grade")
    try:
        results = client.grade_items(survey.course.id, survey.learners)
    except (AccessDenied, MoodleRefused) as error:
        reading.refused(error)
        return reading
    for userid, result in zip(survey.learners, results, strict=True):
        books = reading.take(result)
        if books is None:
            continue
        own = [book for book in books if book.userid == userid]
        if not own:
            reading.doubt("no gradebook of a learner")
        for item in (item for book in own for item in book.gradeitems):
            if item.graderaw is not None or item.gradedategraded is not None:
                reading.facts.append(_fact(survey, userid, item))
    return reading


def _fact(survey: Survey, userid: int, item: GradeItemRow) -> Grade:
    return Grade(
        course=survey.idnumber,
        userid=userid,
        occurred_at=item.gradedategraded,
        wsfunction=WSFUNCTION,
        item_id=item.id,
        item_type=item.itemtype,
        modname=item.itemmodule or None,
        cmid=item.cmid,
        activity=survey.keys.get(item.cmid) if item.cmid is not None else None,
        grade=item.graderaw,
        grade_min=item.grademin if item.grademin is not None else Decimal(0),
        grade_max=item.grademax if item.grademax is not None else Decimal(0),
        overridden=item.gradeisoverridden,
        hidden=item.gradeishidden or item.gradehiddenbydate,
        locked=item.gradeislocked,
    )
