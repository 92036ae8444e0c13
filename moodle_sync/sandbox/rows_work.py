"""What people leave behind: questions and attempts, submissions, fillings, grades, completion.

As :mod:`moodle_sync.sandbox.rows_site`: one dataclass a table, JSON values only, times in epoch seconds UTC, marks as
floats with at most 5 decimals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moodle_sync.sandbox.rows_site import Row


@dataclass
class QuestionCategory(Row):
    """A category of a question bank, in the context of a course (4.5) or of a question bank activity (5.x)."""

    name: str = ""
    contextid: int = 0
    idnumber: str = ""
    parent: int = 0


@dataclass
class QuestionEntry(Row):
    """A question through all its versions."""

    categoryid: int = 0
    idnumber: str = ""


@dataclass
class Question(Row):
    """One version of a question.

    ``answers``: ``{"id", "text", "format", "fraction", "feedback", "tolerance"?}`` in the order of the file; of a
    true/false question the answer *True* first. ``single``: one answer only (multichoice).
    """

    entryid: int = 0
    version: int = 1
    qtype: str = ""
    name: str = ""
    text: str = ""
    textformat: int = 1
    defaultmark: float = 1
    generalfeedback: str = ""
    single: bool = True
    shuffle: bool = True
    answers: list[dict[str, Any]] = field(default_factory=list)
    timemodified: int = 0


@dataclass
class QuizSlot(Row):
    """A question's place in a quiz, counted from 1; always the latest version of its entry."""

    quizid: int = 0
    slot: int = 1
    page: int = 1
    maxmark: float = 1
    entryid: int = 0


@dataclass
class QuizAttempt(Row):
    """An attempt. ``sumgrades`` None while not all is graded.

    ``questions``: one dict a slot, ``{"slot", "questionid", "maxmark", "page", "sequence", "state", "order", "data",
    "mark"}``.
    """

    quiz: int = 0
    userid: int = 0
    attempt: int = 1
    uniqueid: int = 0
    layout: str = ""
    currentpage: int = 0
    preview: int = 0
    state: str = "inprogress"
    timestart: int = 0
    timefinish: int = 0
    timemodified: int = 0
    timemodifiedoffline: int = 0
    timecheckstate: int | None = None
    sumgrades: float | None = None
    gradednotificationsenttime: int | None = None
    questions: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class QuizGrade(Row):
    """A learner's grade of a quiz, by its grading method."""

    quiz: int = 0
    userid: int = 0
    grade: float = 0
    timemodified: int = 0


@dataclass
class AssignSubmission(Row):
    """A submission: status ``new``, ``draft``, ``submitted`` or ``reopened``."""

    assignment: int = 0
    userid: int = 0
    groupid: int = 0
    attemptnumber: int = 0
    status: str = "new"
    latest: bool = True
    timecreated: int = 0
    timemodified: int = 0
    timestarted: int | None = None
    onlinetext: str | None = None
    files: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class AssignGrade(Row):
    """What a trainer gave; ``grade`` -1 for not yet."""

    assignment: int = 0
    userid: int = 0
    attemptnumber: int = 0
    grader: int = 0
    grade: float = -1
    feedback: str = ""
    timecreated: int = 0
    timemodified: int = 0


@dataclass
class GradingInstance(Row):
    """A rubric filled in: status 0 incomplete, 1 active, 2 needs update, 3 archived. ``itemid``: the assign grade's."""

    definitionid: int = 0
    raterid: int = 0
    itemid: int = 0
    rawgrade: float | None = None
    status: int = 0
    feedback: str | None = None
    feedbackformat: int | None = None
    timemodified: int = 0


@dataclass
class Filling(Row):
    """One criterion of a rubric filled in."""

    instanceid: int = 0
    criterionid: int = 0
    levelid: int = 0
    remark: str = ""
    remarkformat: int = 0


@dataclass
class GradeItem(Row):
    """A line of the grade book. ``itemtype`` ``course`` or ``mod``; ``gradetype`` 0 none, 1 value, 2 scale."""

    courseid: int = 0
    categoryid: int | None = None
    itemname: str | None = None
    itemtype: str = "mod"
    itemmodule: str | None = None
    iteminstance: int = 0
    itemnumber: int | None = 0
    idnumber: str = ""
    gradetype: int = 1
    grademax: float = 100
    grademin: float = 0
    scaleid: int | None = None
    gradepass: float = 0
    aggregationcoef: float = 0
    sortorder: int = 0
    hidden: int = 0
    locked: int = 0
    needsupdate: int = 0
    timecreated: int = 0
    timemodified: int = 0


@dataclass
class Grade(Row):
    """A learner's grade in a line of the grade book (``grade_grades``)."""

    itemid: int = 0
    userid: int = 0
    rawgrade: float | None = None
    rawgrademax: float = 100
    rawgrademin: float = 0
    finalgrade: float | None = None
    usermodified: int | None = None
    hidden: int = 0
    locked: int = 0
    overridden: int = 0
    excluded: int = 0
    feedback: str | None = None
    feedbackformat: int = 0
    timecreated: int | None = None
    """When the work was handed in (``gradedatesubmitted``)."""
    timemodified: int | None = None
    """When it was graded (``gradedategraded``)."""


@dataclass
class ModuleCompletion(Row):
    """A learner's completion of an activity (``course_modules_completion``): 0 no, 1 yes, 2 pass, 3 fail."""

    coursemoduleid: int = 0
    userid: int = 0
    completionstate: int = 0
    overrideby: int | None = None
    timemodified: int = 0


@dataclass
class ModuleViewed(Row):
    """That a learner opened an activity."""

    coursemoduleid: int = 0
    userid: int = 0
    timecreated: int = 0


@dataclass
class CompletionCriterion(Row):
    """A criterion of course completion. ``criteriatype`` 4: the activity ``moduleinstance`` (its cmid); 6: a grade."""

    course: int = 0
    criteriatype: int = 4
    module: str | None = None
    moduleinstance: int | None = None
    gradepass: float | None = None


@dataclass
class CriterionCompletion(Row):
    """That a learner met a criterion (``course_completion_crit_compl``)."""

    course: int = 0
    userid: int = 0
    criteriaid: int = 0
    timecompleted: int | None = None


@dataclass
class CourseCompletion(Row):
    """A learner's completion of a course."""

    course: int = 0
    userid: int = 0
    timeenrolled: int = 0
    timestarted: int = 0
    timecompleted: int | None = None


@dataclass
class DraftArea(Row):
    """A place for files that a person is about to hand in."""

    userid: int = 0


@dataclass
class FeedbackCompleted(Row):
    """A questionnaire answered. Moodle keeps who answered an anonymous one too, and does not tell.

    ``values``: what was answered, as stored, by the item's id (as text).
    """

    feedback: int = 0
    userid: int = 0
    courseid: int = 0
    timemodified: int = 0
    anonymous_response: int = 2
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class FeedbackDraft(FeedbackCompleted):
    """A questionnaire begun and not yet sent."""


@dataclass
class ForumPost(Row):
    """A post in a forum; ``parent`` 0 opens a discussion."""

    forum: int = 0
    discussion: int = 0
    parent: int = 0
    userid: int = 0
    subject: str = ""
    message: str = ""
    created: int = 0
