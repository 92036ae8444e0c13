"""The grade book: grades that activities send, the course total, and what unenrolment and rescaling do to them.

The total is Moodle's "natural" one: the sum over graded items. It is computed at once after each change, and dated only
when it changed. A learner with one grade row has a row for every item. Works on rows;
``evidence_grade_report`` shows it.
"""

from __future__ import annotations

from moodle_sync.sandbox.evidence_common import course_context, enrolled_ids, five
from moodle_sync.sandbox.evidence_completion import grade_changed, grade_item_of
from moodle_sync.sandbox.evidence_course_completion import meet_criteria
from moodle_sync.sandbox.rows_site import CourseModule, Quiz
from moodle_sync.sandbox.rows_work import Grade, GradeItem, QuizAttempt, QuizGrade
from moodle_sync.sandbox.world import World

HTML_FORMAT, MOODLE_FORMAT, NO_FEEDBACK = 1, 2, 0
HIGHEST, AVERAGE, FIRST, LAST = 1, 2, 3, 4
_SLIGHT = 0.000005


def set_grade(
    world: World,
    module: CourseModule,
    userid: int,
    raw: float | None,
    *,
    submitted: int | None,
    graded: int | None,
    by: int,
    feedback: str | None = None,
    feedbackformat: int = MOODLE_FORMAT,
) -> None:
    """What an activity tells the grade book of a learner's grade.

    Args:
        world: the site.
        module: the activity.
        userid: whose grade.
        raw: points on the activity's own scale; None for no grade (or no longer one).
        submitted: when the work was handed in.
        graded: when it was graded.
        by: who graded.
        feedback: the trainer's comment.
        feedbackformat: of the comment: 1 HTML, 2 where the activity sends none.
    """
    item = grade_item_of(world, module)
    if item is None or item.gradetype == 0:
        return
    grade = _row(world, item, userid)
    grade.rawgrade = grade.finalgrade = None if raw is None else five(min(max(raw, item.grademin), item.grademax))
    grade.rawgrademax, grade.rawgrademin = item.grademax, item.grademin
    grade.timecreated, grade.timemodified, grade.usermodified = submitted, graded, by
    grade.feedback, grade.feedbackformat = feedback, feedbackformat
    _total(world, item.courseid, userid)
    grade_changed(world, module, userid)


def submitted(world: World, module: CourseModule, userid: int, when: int) -> None:
    """A learner handed something in: the grade book notes when, and keeps the grade that is there."""
    item = grade_item_of(world, module)
    if item is None or item.gradetype == 0:
        return
    _row(world, item, userid).timecreated = when
    _total(world, item.courseid, userid)


def unenrolled(world: World, courseid: int, userid: int) -> None:
    """A learner left the course: the grades are deleted, and what completion they gave is taken back, dated now."""
    for item in world.grade_items.where(courseid=courseid):
        rows = world.grades.where(itemid=item.id, userid=userid)
        world.grades.remove(*rows)
        module = world.module_of(item.itemmodule or "", item.iteminstance) if item.itemtype == "mod" else None
        if rows and module is not None:
            grade_changed(world, module, userid, deleted=True)


def regrade(world: World, courseid: int) -> None:
    """Compute every course total again (an item came, went or has another maximum)."""
    items = {item.id for item in world.grade_items.where(courseid=courseid)}
    for userid in sorted({row.userid for row in world.grades if row.itemid in items}):
        _total(world, courseid, userid)


def quiz_rescaled(world: World, quiz: Quiz) -> None:
    """The marks of slots, the maximum or the grading method of a quiz changed: attempts and grades follow.

    An attempt, or a grade, that comes out the same keeps its time.
    """
    marks = {slot.slot: slot.maxmark for slot in world.slots.where(quizid=quiz.id)}
    for attempt in world.attempts.where(quiz=quiz.id):
        for question in attempt.questions:
            question["maxmark"] = marks.get(question["slot"], question["maxmark"])
            if question.get("fraction") is not None:
                question["mark"] = five(question["fraction"] * question["maxmark"])
        points = sum_of_marks(attempt)
        if attempt.state == "finished" and points != attempt.sumgrades:
            attempt.sumgrades, attempt.timemodified = points, world.now()
    module = world.module_of("quiz", quiz.id)
    if module is None:
        return
    item = grade_item_of(world, module)
    if item is not None:
        item.grademax = quiz.grade
    learners = {attempt.userid for attempt in world.attempts.where(quiz=quiz.id, preview=0)}
    for userid in sorted(learners):
        _refresh_quiz_grade(world, quiz, module, userid)
    regrade(world, quiz.course)


def quiz_graded(world: World, quiz: Quiz, userid: int) -> None:
    """A learner finished an attempt: the quiz's grade by its method, dated now, into the grade book."""
    module = world.module_of("quiz", quiz.id)
    best = _best(world, quiz, userid)
    if module is None or best is None:
        return
    row = world.quiz_grades.one(quiz=quiz.id, userid=userid)
    if row is None:
        row = world.quiz_grades.add(QuizGrade(quiz=quiz.id, userid=userid))
    row.grade, row.timemodified = best, world.now()
    _send_quiz_grade(world, module, row)


def sum_of_marks(attempt: QuizAttempt) -> float | None:
    """The points of an attempt; None while one question waits for a person to grade it."""
    marks = [question["mark"] for question in attempt.questions]
    return None if None in marks else five(sum(marks))


def _refresh_quiz_grade(world: World, quiz: Quiz, module: CourseModule, userid: int) -> None:
    best = _best(world, quiz, userid)
    row = world.quiz_grades.one(quiz=quiz.id, userid=userid)
    if best is None or row is None:
        return
    if abs(best - row.grade) > _SLIGHT:
        row.grade, row.timemodified = best, world.now()
    if world.is_enrolled(userid, quiz.course):
        _send_quiz_grade(world, module, row)


def _send_quiz_grade(world: World, module: CourseModule, row: QuizGrade) -> None:
    finished = world.attempts.where(quiz=row.quiz, userid=row.userid, preview=0, state="finished")
    when = max((attempt.timefinish for attempt in finished), default=None)
    set_grade(world, module, row.userid, row.grade, submitted=when, graded=row.timemodified, by=row.userid)


def _best(world: World, quiz: Quiz, userid: int) -> float | None:
    attempts = world.attempts.where(quiz=quiz.id, userid=userid, preview=0, state="finished")
    points = [attempt.sumgrades for attempt in attempts if attempt.sumgrades is not None]
    if not points:
        return None
    chosen = {
        HIGHEST: max(points),
        AVERAGE: sum(points) / len(points),
        FIRST: points[0],
        LAST: points[-1],
    }[quiz.grademethod]
    return five(chosen * quiz.grade / quiz.sumgrades) if quiz.sumgrades >= _SLIGHT else 0.0


def _row(world: World, item: GradeItem, userid: int) -> Grade:
    found = world.grades.one(itemid=item.id, userid=userid)
    if found is None:
        found = Grade(itemid=item.id, userid=userid, rawgrademax=item.grademax, rawgrademin=item.grademin)
        found.feedbackformat = MOODLE_FORMAT
        world.grades.add(found)
    return found


def _total(world: World, courseid: int, userid: int) -> None:
    course = world.grade_items.one(courseid=courseid, itemtype="course")
    if course is None:
        return
    items = [
        item for item in world.grade_items.where(courseid=courseid) if item.itemtype != "course" and item.gradetype
    ]
    rows = [(item, _row(world, item, userid)) for item in items]
    graded = [(item, row) for item, row in rows if row.finalgrade is not None]
    total = five(sum(row.finalgrade or 0 for _, row in graded)) if graded else None
    most = five(sum(item.grademax for item, _ in graded)) if graded else course.grademax
    row = _row(world, course, userid)
    if (row.finalgrade, row.rawgrademax) != (total, most):
        row.finalgrade, row.rawgrademax, row.timemodified = total, most, world.now()
    # A total may be a criterion of the course; in Moodle cron notices, a little later.
    if userid in enrolled_ids(world, courseid) and world.roles_of(userid, course_context(world, courseid)):
        meet_criteria(world, courseid, userid)
