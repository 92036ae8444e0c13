"""A course on a sandbox, made row by row: pages, assignments (one with a rubric), quizzes, and people in it.

For tests of what people do and what is pulled: they need none of the functions that push. Its clock moves when told.
"""

from __future__ import annotations

import pkgutil
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import moodle_sync.sandbox as package
from moodle_sync.sandbox import accounts
from moodle_sync.sandbox import rows_site as site
from moodle_sync.sandbox import rows_work as work
from moodle_sync.sandbox.dispatch import Dispatcher
from moodle_sync.sandbox.faults import Faults
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.world import COURSE_LEVEL, MODULE_LEVEL, World

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RUBRIC = {"Clarté": (0, 1, 3, 5), "Cadre": (0, 1, 2), "Reste": (0, 1)}
LEARNERS = 5


class Scene:
    """One site, without HTTP, with one course. ``cm`` and ``instance`` give ids by the activity's key."""

    def __init__(self, version: str) -> None:
        self.moment = START
        for found in pkgutil.iter_modules(package.__path__):
            if found.name.startswith("evidence_"):
                import_module(f"{package.__name__}.{found.name}")
        self.world = World(version, now=lambda: self.moment)
        accounts.seed(self.world)
        self.faults = Faults()
        self.dispatcher = Dispatcher(self.world, self.faults)
        people = accounts.actors(self.world)
        self.learners: list[dict[str, Any]] = people["learners"]
        self.trainers: list[dict[str, Any]] = people["trainers"]
        self.editor: dict[str, Any] = people["editor"]
        self.modules: dict[str, site.CourseModule] = {}
        self._course()
        self._activities()

    @property
    def now(self) -> int:
        return int(self.moment.timestamp())

    def later(self, seconds: int = 60) -> int:
        self.moment += timedelta(seconds=seconds)
        return self.now

    def instance(self, key: str) -> int:
        return self.modules[key].instance

    def cm(self, key: str) -> int:
        return self.modules[key].id

    def call(self, who: dict[str, Any], wsfunction: str, **arguments: Any) -> Any:
        caller = self.dispatcher.login(who["token"], raw=True)
        return self.dispatcher.call(caller, wsfunction, arguments)

    def refusal(self, who: dict[str, Any], wsfunction: str, **arguments: Any) -> str:
        """The errorcode of a call that Moodle refuses."""
        try:
            answer = self.call(who, wsfunction, **arguments)
        except MoodleError as refused:
            return refused.errorcode
        raise AssertionError(f"{wsfunction} was not refused: {answer!r}")

    def pull(self, wsfunction: str, **arguments: Any) -> Any:
        return self.call(self.puller, wsfunction, **arguments)

    @property
    def puller(self) -> dict[str, Any]:
        return {"token": accounts.token_of(self.world, "ws_pull")}

    def states(self, learner: dict[str, Any]) -> dict[str, tuple[int, int]]:
        """State and time of each activity, by key."""
        function = "core_completion_get_activities_completion_status"
        rows = self.pull(function, courseid=self.course.id, userid=learner["id"])["statuses"]
        keys = {module.id: key for key, module in self.modules.items()}
        return {keys[row["cmid"]]: (row["state"], row["timecompleted"]) for row in rows}

    def grades(self, learner: dict[str, Any]) -> dict[str | None, dict[str, Any]]:
        """The grade items of a learner by name, the course total under None."""
        function = "gradereport_user_get_grade_items"
        [book] = self.pull(function, courseid=self.course.id, userid=learner["id"])["usergrades"]
        return {row["itemname"]: row for row in book["gradeitems"]}

    def criteria(self, learner: dict[str, Any]) -> list[tuple[bool, int | None]]:
        """Whether and when each criterion of the course was met."""
        function = "core_completion_get_course_completion_status"
        status = self.pull(function, courseid=self.course.id, userid=learner["id"])["completionstatus"]
        return [(row["complete"], row["timecompleted"]) for row in status["completions"]]

    def enrol(self, person: dict[str, Any], role: str) -> None:
        world = self.world
        [method] = world.enrol_instances.where(courseid=self.course.id)
        world.enrolments.add(site.UserEnrolment(enrolid=method.id, userid=person["id"]))
        roleid = world.roles.one(shortname=role).id
        place = world.context(COURSE_LEVEL, self.course.id)
        world.role_assignments.add(site.RoleAssignment(roleid=roleid, userid=person["id"], contextid=place))

    def set_enrolment(self, person: dict[str, Any], **fields: Any) -> None:
        row = self.world.enrolments.one(userid=person["id"])
        for name, value in fields.items():
            setattr(row, name, value)

    def fill_rubric(self, trainer: dict[str, Any], learner: dict[str, Any], *scores: int, remark: str = "bien") -> None:
        """Grade the assignment ``rub``: one score a criterion."""
        lines = []
        for criterion, score in zip(self.world.criteria, scores, strict=True):
            level = self.world.levels.one(criterionid=criterion.id, score=float(score))
            filling = {"criterionid": criterion.id, "levelid": level.id, "remark": remark, "remarkformat": 0}
            lines.append({"criterionid": criterion.id, "fillings": [filling]})
        self.grade(trainer, "rub", learner, 0, advancedgradingdata={"rubric": {"criteria": lines}})

    def grade(
        self, trainer: dict[str, Any], key: str, learner: dict[str, Any], points: float, text: str = "", **more: Any
    ) -> None:
        self.call(
            trainer,
            "mod_assign_save_grade",
            assignmentid=self.instance(key),
            userid=learner["id"],
            grade=points,
            attemptnumber=-1,
            addattempt=0,
            workflowstate="",
            applytoall=0,
            plugindata={"assignfeedbackcomments_editor": {"text": text, "format": 1}},
            **more,
        )

    def hand_in(self, learner: dict[str, Any], key: str, text: str = "<p>Texte</p>") -> list[Any]:
        plugins = {"onlinetext_editor": {"text": text, "format": 1, "itemid": 0}}
        found: list[Any] = self.call(
            learner, "mod_assign_save_submission", assignmentid=self.instance(key), plugindata=plugins
        )
        return found

    # ---- how it is made ----------------------------------------------------------------------------------------------

    def _course(self) -> None:
        world = self.world
        category = next(iter(world.categories))
        self.course = world.courses.add(
            site.Course(category=category.id, fullname="SBX probe", shortname="sbxprobe", idnumber="sbx:probe@b1")
        )
        self.section = world.sections.add(site.Section(course=self.course.id, section=1, name="Un"))
        world.enrol_instances.add(site.EnrolInstance(courseid=self.course.id))
        self.total = world.grade_items.add(
            work.GradeItem(courseid=self.course.id, itemtype="course", iteminstance=41, itemnumber=None, grademax=140)
        )
        for learner in self.learners[:LEARNERS]:
            self.enrol(learner, "student")
        self.enrol(self.trainers[0], "editingteacher")
        self.enrol(self.trainers[1], "teacher")

    def _activities(self) -> None:
        self._add("page", site.Page(name="Page & co"), completion=2, completionview=True)
        self._add("man", site.Page(name="Manual"), completion=1)
        configs = [
            {"plugin": plugin, "subtype": "assignsubmission", "name": "enabled", "value": "1"}
            for plugin in ("onlinetext", "file")
        ]
        rub = site.Assign(
            name="Rubric A", grade=20, submissiondrafts=True, completionsubmit=True, configs=configs, maxattempts=1
        )
        self._add("rub", rub, gradepass=10, completion=2, completiongradeitemnumber=0)
        self._add("plain", site.Assign(name="Plain", completionsubmit=True, configs=configs[:1]), completion=2)
        quiz = site.Quiz(name="Quiz", attempts=3, sumgrades=6)
        self._add("quiz", quiz, gradepass=6, completion=2, completiongradeitemnumber=0, completionpassgrade=True)
        once = site.Quiz(name="Quiz attempts", attempts=1, sumgrades=6, completionminattempts=1)
        self._add("quiz2", once, completion=2)
        for number in (self.instance("quiz"), self.instance("quiz2")):
            self._questions(number)
        self._rubric()
        for key in ("page", "rub", "quiz", "man", "plain"):
            self.world.completion_criteria.add(
                work.CompletionCriterion(course=self.course.id, module=key, moduleinstance=self.cm(key))
            )

    def _add(self, key: str, row: Any, gradepass: float = 0, **fields: Any) -> None:
        world = self.world
        row.course = self.course.id
        modname = type(row).__name__.lower()
        world.instances(modname).add(row)
        module = world.modules.add(
            site.CourseModule(
                course=self.course.id,
                modname=modname,
                instance=row.id,
                section=self.section.id,
                idnumber=f"{self.course.idnumber}:{key}",
                **fields,
            )
        )
        self.section.sequence.append(module.id)
        self.modules[key] = module
        if modname in ("assign", "quiz"):
            world.grade_items.add(
                work.GradeItem(
                    courseid=self.course.id,
                    categoryid=41,
                    itemname=row.name,
                    itemmodule=modname,
                    iteminstance=row.id,
                    idnumber=module.idnumber,
                    grademax=row.grade,
                    gradepass=gradepass,
                    sortorder=module.id,
                )
            )

    def add_questionnaires(self) -> None:
        """A named questionnaire ``fb``, an anonymous one ``anon``, one not yet open ``late``, a link, and a forum."""
        service = self.world.services.one(shortname="actors")
        own = ("mod_feedback_", "mod_url_", "mod_resource_", "mod_forum_")
        service.functions += [name for name in self.dispatcher.contracts.functions if name.startswith(own)]
        done = {"completion": 2}
        self._add("fb", site.Feedback(name="Besoins & co", anonymous=2, completionsubmit=True), **done)
        self._add("anon", site.Feedback(name="Anonyme", anonymous=1, completionsubmit=True), **done)
        late = site.Feedback(name="Fermé", anonymous=1, completionsubmit=True, timeopen=self.now + 86400)
        self._add("late", late, **done)
        self._add("forum", site.Forum(name="Échanges"))
        self._add("url", site.Url(name="Lien", externalurl="https://example.org/"), completion=2, completionview=True)
        for key in ("fb", "anon", "late"):
            for position, (typ, name, presentation, required) in enumerate(ITEMS, start=1):
                self.world.feedback_items.add(
                    site.FeedbackItem(
                        feedback=self.instance(key),
                        typ=typ,
                        name=name,
                        presentation=presentation,
                        required=required,
                        position=position,
                        hasvalue=typ != "pagebreak",
                    )
                )

    def _rubric(self) -> None:
        world = self.world
        area = world.grading_areas.add(
            site.GradingArea(contextid=world.context(MODULE_LEVEL, self.cm("rub")), activemethod="rubric")
        )
        self.definition = world.definitions.add(site.GradingDefinition(areaid=area.id, name="Grille"))
        for place, (text, scores) in enumerate(RUBRIC.items(), start=1):
            criterion = world.criteria.add(
                site.Criterion(definitionid=self.definition.id, sortorder=place, description=text)
            )
            for score in scores:
                world.levels.add(site.Level(criterionid=criterion.id, score=score, definition=f"niveau {score}"))

    def _questions(self, quizid: int) -> None:
        """The six questions of ``notions.gift``, one a page."""
        for place, (qtype, text, answers) in enumerate(QUESTIONS, start=1):
            entry = self.world.question_entries.add(work.QuestionEntry(idnumber=f"N{place}"))
            stored = [
                {"id": 1000 * quizid + 10 * place + number, "text": answer, "fraction": worth}
                for number, (answer, worth) in enumerate(answers)
            ]
            self.world.questions.add(work.Question(entryid=entry.id, qtype=qtype, name=text, text=text, answers=stored))
            self.world.slots.add(work.QuizSlot(quizid=quizid, slot=place, page=place, entryid=entry.id))


def _choice(right: str, *wrong: str) -> list[tuple[str, float]]:
    return [(right, 1.0), *((text, 0.0) for text in wrong)]


QUESTIONS: list[tuple[str, str, list[tuple[str, float]]]] = [
    ("multichoice", "Une carte sans un mot d'explication ?", _choice("Pour chaque lien, ce que", "Rien.", "Tout.")),
    ("numerical", "Combien de parties compte la fiche ?", [("6", 1.0)]),
    ("truefalse", "Un plan relu seulement par son auteur est validé.", [("True", 0.0), ("False", 1.0)]),
    ("multichoice", "poser le cadre, c'est d'abord :", _choice("dire le temps, les règles", "une salle.", "des noms.")),
    ("multichoice", "Un indicateur que l'on peut suivre ?", _choice("Le nombre d'habitants", "Mieux.", "Contents.")),
    ("shortanswer", "Comment appelle-t-on le document ?", [("plan de participation", 1.0), ("*un plan*", 0.5)]),
]

ITEMS: list[tuple[str, str, str, bool]] = [
    ("multichoice", "Lequel ?", "r>>>>>Un|Deux|Trois", True),
    ("multichoice", "Lesquels ?", "c>>>>>a|b|c", False),
    ("numeric", "Combien ?", "-|-", False),
    ("pagebreak", "", "", False),
    ("textarea", "Dites", "30|5", False),
    ("multichoicerated", "Note", "r>>>>>1####Mal|2####Bien", False),
    ("textfield", "Nom", "30|255", False),
]
