"""A sandbox in the state of the recorded site: its course, people and work read out of the recordings themselves.

Ids are the recorded ones, so that a recording can be replayed with the arguments that it has.
"""

from __future__ import annotations

import html
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from moodle_sync.sandbox import Sandbox
from moodle_sync.sandbox import rows_site as site
from moodle_sync.sandbox import rows_work as work
from moodle_sync.sandbox.structure import course_total
from moodle_sync.sandbox.world import COURSE_LEVEL, MODULE_LEVEL, SYSTEM, World

RECORDINGS = Path(__file__).resolve().parents[1] / "fixtures" / "recordings"
VERSIONS = ("4.5", "5.1")
ATTEMPTS = ("mod_quiz_get_user_quiz_attempts", "mod_quiz_get_user_attempts")


def recording(version: str, stem: str) -> dict[str, Any]:
    """One recorded call."""
    found: dict[str, Any] = json.loads((RECORDINGS / version / f"{stem}.json").read_text(encoding="utf-8"))
    return found


def recordings(version: str) -> dict[str, dict[str, Any]]:
    """Every recorded call of a version, by the name of its file."""
    return {path.stem: recording(version, path.stem) for path in sorted((RECORDINGS / version).glob("*.json"))}


def recorded_site(version: str) -> Sandbox:
    """A sandbox that holds what the recorded site held."""
    sandbox = Sandbox(version)
    _Loader(sandbox.world, {stem: one["body"] for stem, one in recordings(version).items()}).load()
    return sandbox


def _known(kind: type[Any], told: dict[str, Any], **changed: Any) -> Any:
    """A row of the columns that an answer shows, with the types that the row has."""
    columns = {field.name: field.type for field in fields(kind)}
    values = {name: value for name, value in told.items() if name in columns}
    for name, value in values.items():
        if columns[name] == "bool" and value is not None:
            values[name] = bool(value)
        elif columns[name] == "str":
            values[name] = html.unescape(value or "")
    return kind(**values | changed)


class _Loader:
    def __init__(self, world: World, bodies: dict[str, Any]) -> None:
        self.world = world
        self.bodies = bodies

    def load(self) -> None:
        self._courses()
        self._people()
        self._activities()
        self._work()
        self._grade_book()
        self._completion()
        self._competencies()
        self._template()
        self._counters()

    def _courses(self) -> None:
        world = self.world
        [told] = self.bodies["course_by_shortname"]["courses"]
        options = {option["name"]: option["value"] for option in told["courseformatoptions"]}
        fullname = html.unescape(told["fullname"])
        self.course = world.courses.add(
            _known(site.Course, told, category=told["categoryid"], fullname=fullname, formatoptions=options)
        )
        self.place = world.context(COURSE_LEVEL, self.course.id)
        self.method = world.enrol_instances.add(site.EnrolInstance(courseid=self.course.id))
        for one in self.bodies["course_contents"]:
            name = None if one["name"] in ("General", "New section") else one["name"]
            sequence = [module["id"] for module in one["modules"]]
            section = {"course": self.course.id, "name": name, "sequence": sequence}
            world.sections.add(_known(site.Section, one, **section))

    def _people(self) -> None:
        bodies = self.bodies
        known = {user["id"]: user for user in bodies["enrolled_users"]}
        later = bodies["enrolled_users_onlysuspended"]
        for told in [*bodies["enrolled_users_onlyactive"], *later, *bodies["users_by_id_with_deleted"]]:
            if told["id"] not in self.world.users.rows:
                self._person(known.get(told["id"], {}) | told)
        for told in [*bodies["enrolled_users_onlyactive"], *later]:
            self._enrol(told["id"], known.get(told["id"], {}), suspended=told in later)
        [contact] = bodies["course_by_shortname"]["courses"][0]["contacts"]
        self._role(contact["id"], "editingteacher")

    def _person(self, told: dict[str, Any]) -> None:
        first, _, last = told["fullname"].partition(" ")
        names = {"firstname": told.get("firstname", first), "lastname": told.get("lastname", last)}
        username = told.get("username", f"person{told['id']}")
        deleted = "@" in username
        told = {name: value for name, value in told.items() if name not in ("groups", "roles", "fullname")}
        self.world.users.add(_known(site.User, told, username=username, deleted=deleted, **names))

    def _enrol(self, userid: int, known: dict[str, Any], *, suspended: bool) -> None:
        world = self.world
        world.enrolments.add(site.UserEnrolment(enrolid=self.method.id, userid=userid, status=int(suspended)))
        roles = [role["shortname"] for role in known.get("roles", [{"shortname": "student"}])]
        [contact] = self.bodies["course_by_shortname"]["courses"][0]["contacts"]
        for role in roles if userid != contact["id"] else ():
            self._role(userid, role)
        for told in known.get("groups", ()):
            if told["id"] not in world.groups.rows:
                world.groups.add(_known(site.Group, told, courseid=self.course.id))
            world.group_members.add(site.GroupMember(groupid=told["id"], userid=userid))

    def _role(self, userid: int, shortname: str) -> None:
        roleid = self.world.roles.one(shortname=shortname).id
        row = site.RoleAssignment(roleid=roleid, userid=userid, contextid=self.place)
        self.world.role_assignments.add(row)

    # ---- activities --------------------------------------------------------------------------------------------------

    def _activities(self) -> None:
        assignments = {one["id"]: one for one in self.bodies["assignments"]["courses"][0]["assignments"]}
        quizzes = {one["id"]: one for one in self.bodies["quizzes"]["quizzes"]}
        known = {("assign", number): (site.Assign, one) for number, one in assignments.items()}
        known |= {("quiz", number): (site.Quiz, one) for number, one in quizzes.items()}
        for section in self.bodies["course_contents"]:
            for told in section["modules"]:
                kinds = {"page": site.Page, "feedback": site.Feedback}
                kind, settings = known.get(
                    (told["modname"], told["instance"]), (kinds.get(told["modname"], site.Other), {})
                )
                more = settings | {"name": html.unescape(told["name"]), "id": told["instance"]}
                if told["modname"] == "feedback":
                    more["anonymous"] = int(json.loads(told["customdata"])["anonymous"])
                self._module(told, section["id"], _known(kind, more, course=self.course.id))
        for number in quizzes:
            entry = self.world.question_entries.add(work.QuestionEntry())
            self.world.questions.add(work.Question(entryid=entry.id, qtype="truefalse"))
            self.world.slots.add(work.QuizSlot(quizid=number, entryid=entry.id))
        self._rubric("grading_definitions")

    def _module(self, told: dict[str, Any], sectionid: int, instance: Any) -> None:
        world = self.world
        world.instances(told["modname"]).add(instance)
        shown = {name: told[name] for name in ("id", "modname", "instance", "visible", "completion", "availability")}
        module = _known(site.CourseModule, shown, course=self.course.id, section=sectionid)
        world.contexts.add(site.Context(told["contextid"], MODULE_LEVEL, told["id"]))
        world.modules.add(module)
        rules = {detail["rulename"] for detail in told.get("completiondata", {}).get("details", ())}
        module.completionview = "completionview" in rules
        module.completiongradeitemnumber = 0 if "completionusegrade" in rules else None
        module.completionpassgrade = "completionpassgrade" in rules
        if "completionsubmit" in rules:
            instance.completionsubmit = True

    def _rubric(self, stem: str) -> None:
        world = self.world
        for told in self.bodies[stem]["areas"]:
            if told["contextid"] not in world.contexts.rows:
                world.contexts.add(site.Context(told["contextid"], MODULE_LEVEL, told["cmid"]))
            area = world.grading_areas.add(_known(site.GradingArea, told))
            for form in told["definitions"]:
                world.definitions.add(_known(site.GradingDefinition, form, areaid=area.id))
                for criterion in form["rubric"]["rubric_criteria"]:
                    world.criteria.add(_known(site.Criterion, criterion, definitionid=form["id"]))
                    for level in criterion["levels"]:
                        world.levels.add(_known(site.Level, level, criterionid=criterion["id"]))

    # ---- work --------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        world = self.world
        for one in self.bodies["submissions"]["assignments"]:
            for told in one["submissions"]:
                world.submissions.add(_known(work.AssignSubmission, told, assignment=one["assignmentid"]))
        for one in self.bodies["assign_grades"]["assignments"]:
            for told in one["grades"]:
                grade = float(told["grade"] or -1)
                world.assign_grades.add(_known(work.AssignGrade, told, assignment=one["assignmentid"], grade=grade))
        [area] = self.bodies["grading_definitions"]["areas"]
        for told in self.bodies["rubric_instances"]["instances"]:
            definition = area["definitions"][0]["id"]
            row = _known(work.GradingInstance, told, definitionid=definition, feedback=told["feedback"])
            world.grading_instances.add(row)
            for filling in told["rubric"]["criteria"]:
                world.fillings.add(_known(work.Filling, filling, instanceid=told["id"]))
        for stem, body in self.bodies.items():
            if stem.startswith("quiz_attempts_"):
                for told in body["attempts"]:
                    if told["id"] not in world.attempts.rows:
                        world.attempts.add(_known(work.QuizAttempt, told))

    def _grade_book(self) -> None:
        world = self.world
        for number, book in enumerate(self.bodies["grade_items_all"]["usergrades"]):
            for place, told in enumerate(book["gradeitems"]):
                if number == 0:
                    self._line(told, place)
                row = work.Grade(itemid=told["id"], userid=book["userid"], finalgrade=told["graderaw"])
                row.rawgrade, row.timecreated = told["graderaw"], told["gradedatesubmitted"]
                row.timemodified, row.feedback = told["gradedategraded"], told["feedback"]
                row.feedbackformat = told["feedbackformat"]
                world.grades.add(row)

    def _line(self, told: dict[str, Any], place: int) -> None:
        gradepass = 50.0 if "icon" in told["gradeformatted"] else 0.0
        known = _known(work.GradeItem, told, courseid=self.course.id, sortorder=place, gradepass=gradepass)
        for name in ("grademin", "grademax"):
            setattr(known, name, float(told[name]))
        known.itemname, known.itemmodule = told["itemname"], told["itemmodule"]
        known.iteminstance = told["iteminstance"] or 0
        known.hidden = known.locked = 0
        self.world.grade_items.add(known)

    def _completion(self) -> None:
        world = self.world
        for stem, body in self.bodies.items():
            if not stem.startswith("activities_completion_") or "statuses" not in body:
                continue
            userid = recording(world.version, stem)["params"]["userid"]
            for told in body["statuses"]:
                if told["timecompleted"] or told["state"]:
                    row = work.ModuleCompletion(coursemoduleid=told["cmid"], userid=userid)
                    row.completionstate, row.timemodified = told["state"], told["timecompleted"]
                    row.overrideby = told["overrideby"]
                    world.module_completions.add(row)
        total = course_total(world, self.course.id)
        cmids = [world.modules[module.id] for module in world.course_modules(self.course.id)]
        tracked = [cmids[0], cmids[2], cmids[6]]
        for module in tracked:
            told = {"module": module.modname, "moduleinstance": module.id}
            world.completion_criteria.add(work.CompletionCriterion(course=self.course.id, **told))
        world.completion_criteria.add(work.CompletionCriterion(course=self.course.id, criteriatype=6, gradepass=40.0))
        assert total.itemtype == "course"
        for userid, completions in self._course_completions().items():
            for criterion, told in zip(list(world.completion_criteria), completions, strict=True):
                if told["complete"]:
                    row = work.CriterionCompletion(course=self.course.id, userid=userid, criteriaid=criterion.id)
                    row.timecompleted = told["timecompleted"]
                    world.criterion_completions.add(row)

    def _course_completions(self) -> dict[int, list[dict[str, Any]]]:
        """What each learner met of the course, also those whose answer came in a batch."""
        found = {}
        for stem in ("learner1", "learner2", "learner7"):
            one = recording(self.world.version, f"course_completion_{stem}")
            found[one["params"]["userid"]] = one["body"]
        batch = recording(self.world.version, "batch_ok")
        for asked, told in zip(batch["params"]["requests"], batch["body"]["responses"], strict=True):
            found[json.loads(asked["arguments"])["userid"]] = json.loads(told["data"])
        return {userid: body["completionstatus"]["completions"] for userid, body in found.items()}

    # ---- what the recorded site had beside ---------------------------------------------------------------------------

    def _competencies(self) -> None:
        world = self.world
        for told in self.bodies["course_competencies"]:
            competency = told["competency"]
            framework = competency["competencyframeworkid"]
            if framework not in world.frameworks.rows:
                place = world.context(SYSTEM)
                world.frameworks.add(site.Framework(framework, "Frame", "frame", scaleid=2, contextid=place))
            world.competencies.add(_known(site.Competency, competency))
            world.course_competencies.add(_known(site.CourseCompetency, told["coursecompetency"]))

    def _template(self) -> None:
        """The course and assignment that rubrics were tried on."""
        world, told = self.world, self.bodies["course_module"]["cm"]
        course = world.courses.add(site.Course(told["course"], category=1, fullname="Template", shortname="TPL"))
        section = site.Section(told["section"], course.id, told["sectionnum"], sequence=[told["id"]])
        world.sections.add(section)
        world.assigns.add(site.Assign(told["instance"], course.id, told["name"], grade=told["grade"]))
        names = ("id", "course", "modname", "instance", "section", "added")
        world.modules.add(_known(site.CourseModule, {name: told[name] for name in names}))
        self._rubric("rubric_read")
        item = {"courseid": course.id, "itemmodule": "assign", "iteminstance": told["instance"]}
        world.grade_items.add(work.GradeItem(categoryid=told["gradecat"], grademax=float(told["grade"]), **item))
        course_total(world, course.id).iteminstance = told["gradecat"]
        [user] = self.bodies["user_by_idnumber"]
        self._person(user)

    def _counters(self) -> None:
        """The next ids are those that the recorded site gave next."""
        world, bodies = self.world, self.bodies
        world.categories.next = bodies["push_create_category"][0]["id"]
        world.courses.next = bodies["push_create_course"][0]["id"]
        world.frameworks.next = bodies["push_create_framework"]["id"]
        world.competencies.next = bodies["push_create_competency"]["id"]
        field = {"name": "Code", "shortname": "code", "type": "text", "valueraw": "", "value": None}
        self.course.customfields = [field]
