"""Assignments and quizzes, as the companion writes them: their fields, their defaults, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodle_sync.sandbox.companion_frame import Item, decimal
from moodle_sync.sandbox.companion_payload import Payload, Reader, bad, failure
from moodle_sync.sandbox.companion_questions import Questions, slots_of
from moodle_sync.sandbox.companion_writable import Writable
from moodle_sync.sandbox.evidence_gradebook import quiz_rescaled
from moodle_sync.sandbox.rows_site import Assign, CourseModule, Quiz
from moodle_sync.sandbox.rows_work import GradeItem
from moodle_sync.sandbox.structure import activity_line, update_grade_item

SUBMISSIONS = {"file": "file", "online_text": "onlinetext"}
GRADE_METHODS = {1: "highest", 2: "average", 3: "first", 4: "last"}
ASSIGN_TIMES = {"opens": "allowsubmissionsfromdate", "due": "duedate", "cutoff": "cutoffdate"}
QUIZ_TIMES = {"opens": "timeopen", "due": "timeclose"}
FILE_SETTINGS = {"maxfilesubmissions": "20", "maxsubmissionsizebytes": "67108864", "filetypeslist": ""}


class Graded(Writable):
    """What assignments and quizzes share: attempts, points, the points to pass."""

    def readers(self) -> Mapping[str, Reader]:
        """``attempts``, ``grade_max``, ``grade_pass``."""
        return {
            "attempts": lambda p, f: p.whole(f, 0, 1000),
            "grade_max": lambda p, f: p.decimal(f),
            "grade_pass": lambda p, f: None if p.raw(f) is None else p.decimal(f),
        }

    def check(self, after: dict[str, Any], changes: dict[str, Any], item: Item) -> None:
        """The points to pass lie within the points, and completion by passing needs them."""
        if not {"grade_pass", "grade_max", "completion"} & set(changes):
            return
        if after["grade_pass"] is not None and float(after["grade_pass"]) > float(after["grade_max"] or 0):
            culprit = "grade_pass" if "grade_pass" in changes else "grade_max"
            raise bad(item.at(culprit), '"grade_pass" would be more than "grade_max"')
        if after["completion"]["pass"] and after["grade_pass"] is None:
            culprit = "completion.pass" if "completion" in changes else "grade_pass"
            raise bad(item.at(culprit), 'completion by passing needs a "grade_pass"')

    def grade_item(self, module: CourseModule) -> GradeItem | None:
        """The activity's line of the grade book."""
        return activity_line(self.scope.world, module)

    def pass_of(self, module: CourseModule) -> str | None:
        """The points to pass, None for none."""
        item = self.grade_item(module)
        return decimal(item.gradepass) if item and item.gradepass else None

    def write_pass(self, module: CourseModule, changes: dict[str, Any], item: Item) -> None:
        """The points to pass. Raises ``nogradeitem``."""
        if "grade_pass" not in changes:
            return
        line = self.grade_item(module)
        if line is None or line.gradetype != 1:
            raise failure("nogradeitem", "This activity has no grade in points.", item.at("grade_pass"))
        line.gradepass = float(changes["grade_pass"] or 0)


class AssignType(Graded):
    """An assignment."""

    rules = ("submit", "grade", "pass")

    def readers(self) -> Mapping[str, Reader]:
        """Times, what is handed in, and what all graded types have."""
        times: dict[str, Reader] = dict.fromkeys(ASSIGN_TIMES, Payload.moment)
        own: dict[str, Reader] = {"submit": lambda p, f: p.words(f, list(SUBMISSIONS)), "draft": Payload.flag}
        return {**times, **own, **super().readers()}

    def new(self, name: str) -> Assign:
        """An assignment that takes files, once, for 100 points."""
        return Assign(
            name=name,
            attemptreopenmethod="untilpass",
            configs=[
                _config("file", "assignsubmission", "enabled", "1"),
                *(_config("file", "assignsubmission", key, value) for key, value in FILE_SETTINGS.items()),
                _config("comments", "assignsubmission", "enabled", "0"),
                _config("comments", "assignfeedback", "enabled", "1"),
                _config("comments", "assignfeedback", "commentinline", "0"),
                _config("editpdf", "assignfeedback", "enabled", "1"),
            ],
        )

    def state(self, module: CourseModule, instance: Any) -> dict[str, Any]:
        """All fields of its own."""
        enabled = {one["plugin"] for one in instance.configs if _is_enabled(one)}
        times = {name: getattr(instance, column) or None for name, column in ASSIGN_TIMES.items()}
        return times | {
            "submit": sorted(word for word, plugin in SUBMISSIONS.items() if plugin in enabled),
            "draft": instance.submissiondrafts,
            "attempts": max(0, instance.maxattempts),
            "grade_max": decimal(instance.grade) if instance.grade > 0 else None,
            "grade_pass": self.pass_of(module),
        }

    def check(self, after: dict[str, Any], changes: dict[str, Any], item: Item) -> None:
        """Times in order, whole points."""
        super().check(after, changes, item)
        self.in_order(after, changes, item, *ASSIGN_TIMES)
        if "grade_max" in changes and not (changes["grade_max"].isdecimal() and int(changes["grade_max"])):
            reason = "must be a whole number above 0: Moodle keeps no other for assignments"
            raise bad(item.at("grade_max"), reason)

    def write(self, module: CourseModule, instance: Any, changes: dict[str, Any], item: Item) -> None:
        """Columns, plugins, grade book. Raises ``gradesexist``."""
        world = self.scope.world
        if "grade_max" in changes:
            if any(row.grade >= 0 for row in world.assign_grades.where(assignment=instance.id)):
                message = "Learners were graded in this assignment: its maximum grade stays."
                raise failure("gradesexist", message, item.at("grade_max"))
            instance.grade = int(changes["grade_max"])
        for name, column in ASSIGN_TIMES.items():
            if name in changes:
                setattr(instance, column, changes[name] or 0)
        if "draft" in changes:
            instance.submissiondrafts = changes["draft"]
        if "attempts" in changes:
            instance.maxattempts = changes["attempts"] or -1
        if "submit" in changes:
            self._write_types(instance, changes["submit"])
        update_grade_item(world, module)
        self.write_pass(module, changes, item)

    def _write_types(self, instance: Assign, wanted: list[str]) -> None:
        for word, plugin in SUBMISSIONS.items():
            known = [one for one in instance.configs if one["plugin"] == plugin and one["name"] == "enabled"]
            if not known:
                known = [_config(plugin, "assignsubmission", "enabled", "0")]
                instance.configs.insert(0, known[0])
            known[0]["value"] = str(int(word in wanted))
        instance.nosubmissions = not wanted


class QuizType(Graded):
    """A quiz."""

    rules = ("grade", "pass", "attempts")

    def readers(self) -> Mapping[str, Reader]:
        """Times, questions, and what all graded types have."""
        times: dict[str, Reader] = dict.fromkeys(QUIZ_TIMES, Payload.moment)
        own: dict[str, Reader] = {
            "time_limit": lambda p, f: p.whole(f, 0, 31536000),
            "grade_method": lambda p, f: p.choice(f, list(GRADE_METHODS.values())),
            "questions": _questions,
        }
        return {**times, **own, **super().readers()}

    def new(self, name: str) -> Quiz:
        """A quiz without questions, for 10 points."""
        return Quiz(name=name, timecreated=self.scope.world.now(), graceperiod=86400)

    def state(self, module: CourseModule, instance: Any) -> dict[str, Any]:
        """All fields of its own."""
        times = {name: getattr(instance, column) or None for name, column in QUIZ_TIMES.items()}
        return times | {
            "time_limit": instance.timelimit,
            "attempts": instance.attempts,
            "grade_max": decimal(instance.grade),
            "grade_pass": self.pass_of(module),
            "grade_method": GRADE_METHODS[instance.grademethod],
            "questions": slots_of(self.scope.world, module),
        }

    def differs(self, name: str, wanted: Any, current: Any, module: CourseModule, item: Item) -> bool:
        """Questions are compared by what was remembered of them."""
        if name == "questions":
            return Questions(self.scope, module, item.key, wanted, item.at("questions")).differ()
        return super().differs(name, wanted, current, module, item)

    def check(self, after: dict[str, Any], changes: dict[str, Any], item: Item) -> None:
        """Times in order, enough attempts to complete."""
        super().check(after, changes, item)
        self.in_order(after, changes, item, *QUIZ_TIMES)
        needed = after["completion"]["attempts"]
        if {"attempts", "completion"} & set(changes) and after["attempts"] and needed > after["attempts"]:
            raise bad(item.at("attempts"), f"completion needs {needed} attempts, and fewer are allowed")

    def write(self, module: CourseModule, instance: Any, changes: dict[str, Any], item: Item) -> None:
        """Columns, maximum grade (with everybody's), questions, grade book."""
        for name, column in QUIZ_TIMES.items():
            if name in changes:
                setattr(instance, column, changes[name] or 0)
        if "time_limit" in changes:
            instance.timelimit = changes["time_limit"]
        if "attempts" in changes:
            instance.attempts = changes["attempts"]
        if "grade_method" in changes:
            words = {word: number for number, word in GRADE_METHODS.items()}
            instance.grademethod = words[changes["grade_method"]]
        if "grade_max" in changes:
            instance.grade = float(changes["grade_max"])
        update_grade_item(self.scope.world, module)
        if {"grade_method", "grade_max"} & set(changes):
            quiz_rescaled(self.scope.world, instance)
        if "questions" in changes:
            Questions(self.scope, module, item.key, changes["questions"], item.at("questions")).write()
        self.write_pass(module, changes, item)


def _questions(payload: Payload, name: str) -> dict[str, str]:
    told = payload.inner(name).only("format", "text")
    return {"format": told.choice("format", ["gift", "xml"]), "text": told.html("text")}


def _config(plugin: str, subtype: str, name: str, value: str) -> dict[str, str]:
    return {"plugin": plugin, "subtype": subtype, "name": name, "value": value}


def _is_enabled(config: dict[str, str]) -> bool:
    return config["subtype"] == "assignsubmission" and config["name"] == "enabled" and config["value"] == "1"
