"""The state of the stand-in site: tables in memory, one counter of ids a table, and a clock that can be set.

What the functions of the sandbox read and change. It knows tables, contexts, roles and the undoing of a change; it
knows no web service function, no HTTP and no file (``persistence`` writes it).
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Generic, TypeVar

from moodle_sync import clock
from moodle_sync.sandbox import rows_site as site
from moodle_sync.sandbox import rows_work as work
from moodle_sync.sandbox.rows_site import Row

SYSTEM, USER_LEVEL, CATEGORY_LEVEL, COURSE_LEVEL, MODULE_LEVEL = 10, 30, 40, 50, 70
"""Context levels, as Moodle numbers them."""

R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """Rows by id, in the order of their ids. An id is never given twice, not even after its row is gone."""

    def __init__(self, kind: type[R], first: int = 1) -> None:
        self.kind = kind
        self.rows: dict[int, R] = {}
        self.next = first

    def add(self, row: R) -> R:
        """Insert the row and return it; one that comes with an id keeps it."""
        if not row.id:
            row.id = self.next
        if row.id in self.rows:
            raise ValueError(f"{self.kind.__name__} {row.id} is there already")
        self.next = max(self.next, row.id + 1)
        self.rows[row.id] = row
        return row

    def get(self, number: int | None) -> R | None:
        """The row of that id, or None."""
        return self.rows.get(number) if number is not None else None

    def __getitem__(self, number: int) -> R:
        return self.rows[number]

    def where(self, **equal: Any) -> list[R]:
        """Every row whose columns equal these, by id."""
        return [row for row in self.rows.values() if all(getattr(row, name) == want for name, want in equal.items())]

    def one(self, **equal: Any) -> R | None:
        """The first such row, or None."""
        return next(iter(self.where(**equal)), None)

    def remove(self, *rows: R) -> None:
        """Delete these rows."""
        for row in rows:
            del self.rows[row.id]

    def __iter__(self) -> Iterator[R]:
        return iter(list(self.rows.values()))

    def __len__(self) -> int:
        return len(self.rows)


class World:
    """One site. ``version`` is ``4.5`` or ``5.1``; every attribute that is a :class:`Table` is state.

    ``url`` is the site's address (``$CFG->wwwroot``), known once a server serves it.
    """

    def __init__(self, version: str, *, companion: bool = True, now: Callable[[], datetime] = clock.utc_now) -> None:
        self.version = version
        self.companion = companion
        self.clock = now
        self.url = ""
        self.identifier = "sandbox"
        self._make_site_tables()
        self._make_work_tables()

    def _make_site_tables(self) -> None:
        self.contexts: Table[site.Context] = Table(site.Context)
        self.users: Table[site.User] = Table(site.User)
        self.roles: Table[site.Role] = Table(site.Role)
        self.role_assignments: Table[site.RoleAssignment] = Table(site.RoleAssignment)
        self.services: Table[site.Service] = Table(site.Service)
        self.tokens: Table[site.Token] = Table(site.Token)
        self.categories: Table[site.Category] = Table(site.Category)
        self.courses: Table[site.Course] = Table(site.Course, first=2)  # 1 is the front page of a site
        self.sections: Table[site.Section] = Table(site.Section)
        self.modules: Table[site.CourseModule] = Table(site.CourseModule)
        self.pages: Table[site.Page] = Table(site.Page)
        self.assigns: Table[site.Assign] = Table(site.Assign)
        self.quizzes: Table[site.Quiz] = Table(site.Quiz)
        self.forums: Table[site.Forum] = Table(site.Forum)
        self.qbanks: Table[site.QBank] = Table(site.QBank)
        self.feedbacks: Table[site.Feedback] = Table(site.Feedback)
        self.feedback_items: Table[site.FeedbackItem] = Table(site.FeedbackItem)
        self.urls: Table[site.Url] = Table(site.Url)
        self.resources: Table[site.Resource] = Table(site.Resource)
        self.labels: Table[site.Label] = Table(site.Label)
        self.others: Table[site.Other] = Table(site.Other)
        self.events: Table[site.Event] = Table(site.Event)
        self.grading_areas: Table[site.GradingArea] = Table(site.GradingArea)
        self.definitions: Table[site.GradingDefinition] = Table(site.GradingDefinition)
        self.criteria: Table[site.Criterion] = Table(site.Criterion)
        self.levels: Table[site.Level] = Table(site.Level)
        self.scales: Table[site.Scale] = Table(site.Scale)
        self.frameworks: Table[site.Framework] = Table(site.Framework)
        self.competencies: Table[site.Competency] = Table(site.Competency)
        self.course_competencies: Table[site.CourseCompetency] = Table(site.CourseCompetency)
        self.module_competencies: Table[site.ModuleCompetency] = Table(site.ModuleCompetency)
        self.enrol_instances: Table[site.EnrolInstance] = Table(site.EnrolInstance)
        self.enrolments: Table[site.UserEnrolment] = Table(site.UserEnrolment)
        self.groups: Table[site.Group] = Table(site.Group)
        self.group_members: Table[site.GroupMember] = Table(site.GroupMember)
        self.map: Table[site.MapRow] = Table(site.MapRow)
        self.baseline: Table[site.BaselineRow] = Table(site.BaselineRow)
        self.written_questions: Table[site.WrittenQuestion] = Table(site.WrittenQuestion)

    def _make_work_tables(self) -> None:
        self.question_categories: Table[work.QuestionCategory] = Table(work.QuestionCategory)
        self.question_entries: Table[work.QuestionEntry] = Table(work.QuestionEntry)
        self.questions: Table[work.Question] = Table(work.Question)
        self.slots: Table[work.QuizSlot] = Table(work.QuizSlot)
        self.attempts: Table[work.QuizAttempt] = Table(work.QuizAttempt)
        self.quiz_grades: Table[work.QuizGrade] = Table(work.QuizGrade)
        self.submissions: Table[work.AssignSubmission] = Table(work.AssignSubmission)
        self.assign_grades: Table[work.AssignGrade] = Table(work.AssignGrade)
        self.feedback_completed: Table[work.FeedbackCompleted] = Table(work.FeedbackCompleted)
        self.feedback_drafts: Table[work.FeedbackDraft] = Table(work.FeedbackDraft)
        self.forum_posts: Table[work.ForumPost] = Table(work.ForumPost)
        self.grading_instances: Table[work.GradingInstance] = Table(work.GradingInstance)
        self.fillings: Table[work.Filling] = Table(work.Filling)
        self.grade_items: Table[work.GradeItem] = Table(work.GradeItem)
        self.grades: Table[work.Grade] = Table(work.Grade)
        self.module_completions: Table[work.ModuleCompletion] = Table(work.ModuleCompletion)
        self.module_views: Table[work.ModuleViewed] = Table(work.ModuleViewed)
        self.completion_criteria: Table[work.CompletionCriterion] = Table(work.CompletionCriterion)
        self.criterion_completions: Table[work.CriterionCompletion] = Table(work.CriterionCompletion)
        self.course_completions: Table[work.CourseCompletion] = Table(work.CourseCompletion)
        # Draft areas have large numbers: nobody takes them for ids of anything else.
        self.drafts: Table[work.DraftArea] = Table(work.DraftArea, first=100_000_000)

    def now(self) -> int:
        """The site's time, in epoch seconds."""
        return clock.to_epoch(self.clock())

    def tables(self) -> dict[str, Table[Any]]:
        """Every table by its attribute's name."""
        found: dict[str, Table[Any]] = {name: value for name, value in vars(self).items() if isinstance(value, Table)}
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Undo everything done inside when it raises. Rows taken from tables before an undo are stale after it."""
        before = pickle.dumps({name: (table.rows, table.next) for name, table in self.tables().items()})
        try:
            yield
        except BaseException:
            for name, (rows, _) in pickle.loads(before).items():  # noqa: S301 - our own bytes, never left memory
                self.tables()[name].rows = rows  # the counters stay: a database gives no id twice
            raise

    # ---- where things are -------------------------------------------------------------------------------------------

    def context(self, level: int, instanceid: int = 0) -> int:
        """The id of that context, made when it is first asked for."""
        found = self.contexts.one(level=level, instanceid=instanceid)
        return (found or self.contexts.add(site.Context(level=level, instanceid=instanceid))).id

    def instances(self, modname: str) -> Table[Any]:
        """The table of an activity type; one for all types that nothing here knows more of."""
        tables: dict[str, Table[Any]] = {
            "page": self.pages,
            "assign": self.assigns,
            "quiz": self.quizzes,
            "forum": self.forums,
            "qbank": self.qbanks,
            "feedback": self.feedbacks,
            "url": self.urls,
            "resource": self.resources,
            "label": self.labels,
        }
        return tables.get(modname, self.others)

    def instance(self, module: site.CourseModule) -> Any:
        """The activity's own row: a page, an assignment, a quiz …"""
        return self.instances(module.modname)[module.instance]

    def module_of(self, modname: str, instance: int) -> site.CourseModule | None:
        """The course module of an activity, by its own id."""
        return self.modules.one(modname=modname, instance=instance)

    def course_modules(self, courseid: int) -> list[site.CourseModule]:
        """The activities of a course in the order of the course page."""
        sections = sorted(self.sections.where(course=courseid), key=lambda section: section.section)
        return [self.modules[cmid] for section in sections for cmid in section.sequence if cmid in self.modules.rows]

    # ---- who may what ------------------------------------------------------------------------------------------------

    def roles_of(self, userid: int, contextid: int) -> list[site.Role]:
        """The roles given to a person in exactly this context."""
        rows = self.role_assignments.where(userid=userid, contextid=contextid)
        return [self.roles[row.roleid] for row in rows]

    def is_enrolled(self, userid: int, courseid: int, *, active: bool = False) -> bool:
        """Whether the person is enrolled in the course (by any method; active means: counts now)."""
        now = self.now()
        for method in self.enrol_instances.where(courseid=courseid):
            for row in self.enrolments.where(enrolid=method.id, userid=userid):
                counts = not row.status and not method.status and row.timestart <= now
                if not active or (counts and (not row.timeend or row.timeend > now)):
                    return True
        return False
