"""The questions of a quiz: in the bank of the course, a new version a change, a slot each in the file's order."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moodle_sync.sandbox.companion_frame import LONGEST_IDNUMBER, Scope, decimal
from moodle_sync.sandbox.companion_gift import Parsed, read_gift
from moodle_sync.sandbox.companion_payload import failure
from moodle_sync.sandbox.rows_site import CourseModule, QBank, WrittenQuestion
from moodle_sync.sandbox.rows_work import Question, QuestionCategory, QuestionEntry, QuizSlot
from moodle_sync.sandbox.structure import add_module, section_at
from moodle_sync.sandbox.world import MODULE_LEVEL, World


def latest(world: World, entryid: int) -> Question:
    """The last version of a question."""
    return max(world.questions.where(entryid=entryid), key=lambda question: question.version)


def stored_digest(question: Question) -> str:
    """SHA-256 over text, answers, fractions and feedback as stored; ids apart."""
    answers = [{name: value for name, value in one.items() if name != "id"} for one in question.answers]
    told = [question.qtype, question.name, question.text, question.generalfeedback, question.single, answers]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def ordered_slots(world: World, quizid: int) -> list[QuizSlot]:
    """The slots of a quiz in order."""
    return sorted(world.slots.where(quizid=quizid), key=lambda slot: slot.slot)


def slots_of(world: World, module: CourseModule) -> list[dict[str, Any]]:
    """The questions of a quiz as the state shows them, in slot order."""
    shown = []
    for slot in ordered_slots(world, module.instance):
        question = latest(world, slot.entryid)
        shown.append(
            {
                "key": key_of(world, slot, module) or f"?{slot.id}",
                "qtype": question.qtype,
                "name": question.name,
                "mark": decimal(slot.maxmark),
                "slot_id": slot.id,
                "digest": stored_digest(question),
            }
        )
    return shown


def key_of(world: World, slot: QuizSlot, module: CourseModule) -> str | None:
    """The id that a slot's question has in our file, None for one that a person put there."""
    idnumber = world.question_entries[slot.entryid].idnumber
    prefix = f"{module.idnumber}."
    return idnumber.removeprefix(prefix) if idnumber.startswith(prefix) else None


class Questions:
    """The questions of one file against those of one quiz."""

    def __init__(self, scope: Scope, module: CourseModule, key: str, file: dict[str, str], path: str) -> None:
        if file["format"] != "gift":
            raise failure("badquestions", "This sandbox reads questions in GIFT alone.", path)
        self._scope, self._world, self._module, self._path = scope, scope.world, module, path
        self._parsed = read_gift(file["text"], f"{path}.text")
        for question in self._parsed:
            if len(self._idnumber(question)) > LONGEST_IDNUMBER:
                message = f'The ID number "{self._idnumber(question)}" would be longer than 100 characters.'
                raise failure("keytoolong", message, f"{path}.text")

    def differ(self) -> bool:
        """Whether the quiz is not as the file has it."""
        entries = self._entries()
        return bool(self._to_save(entries)) or not self._is_arranged(entries)

    def write(self) -> None:
        """Store what is new or changed, then arrange the slots. Raises ``quizused``."""
        world = self._world
        if world.attempts.where(quiz=self._module.instance, preview=0):
            message = f'Learners have attempted the quiz "{self._module.idnumber}", so that its questions stay.'
            raise failure("quizused", message, self._path)
        world.attempts.remove(*world.attempts.where(quiz=self._module.instance))
        category = self._category() or self._new_category()
        self._scope.caller.require("moodle/question:add", category.contextid)
        entries = self._entries()
        for parsed in self._to_save(entries):
            entry = entries.get(parsed.id) or world.question_entries.add(
                QuestionEntry(categoryid=category.id, idnumber=self._idnumber(parsed))
            )
            entries[parsed.id] = entry
            self._save(entry, parsed)
        self._arrange(entries)

    def _idnumber(self, question: Parsed) -> str:
        return f"{self._module.idnumber}.{question.id}"

    def _category(self) -> QuestionCategory | None:
        contexts = {self._scope.contextid}
        contexts |= {
            self._world.context(MODULE_LEVEL, one.id) for one in self._world.course_modules(self._scope.courseid)
        }
        rows = self._world.question_categories.where(idnumber=self._module.idnumber)
        return next((row for row in rows if row.contextid in contexts), None)

    def _new_category(self) -> QuestionCategory:
        idnumber = self._module.idnumber
        return self._world.question_categories.add(
            QuestionCategory(name=idnumber, idnumber=idnumber, contextid=self._bank())
        )

    def _bank(self) -> int:
        """Where the course keeps its questions: the course itself in 4.5, an activity of its own in 5.x."""
        world, course = self._world, self._scope.course
        if world.version == "4.5":
            return self._scope.contextid
        bank = world.modules.one(course=course.id, modname="qbank")
        if bank is None:
            about = "This question bank was created automatically when the site was upgraded."
            row = QBank(name="System shared question bank", intro=about, type="system")
            bank = add_module(world, course, "qbank", row, section_at(world, course.id, 0))
            # Hidden, so that only who may see hidden activities and has mod/qbank:view is shown it: a service account
            # of the documented roles is not.
            bank.visible = bank.visibleold = False
        return world.context(MODULE_LEVEL, bank.id)

    def _entries(self) -> dict[str, QuestionEntry]:
        category = self._category()
        if category is None:
            return {}
        prefix = f"{self._module.idnumber}."
        rows = self._world.question_entries.where(categoryid=category.id)
        return {row.idnumber.removeprefix(prefix): row for row in rows if row.idnumber.startswith(prefix)}

    def _to_save(self, entries: dict[str, QuestionEntry]) -> list[Parsed]:
        found = []
        for parsed in self._parsed:
            entry = entries.get(parsed.id)
            known = self._world.written_questions.one(entryid=entry.id) if entry else None
            same = entry and known and known.stored == stored_digest(latest(self._world, entry.id))
            if not same or not known or known.source != parsed.digest():
                found.append(parsed)
        return found

    def _save(self, entry: QuestionEntry, parsed: Parsed) -> None:
        world = self._world
        versions = world.questions.where(entryid=entry.id)
        question = world.questions.add(
            Question(
                entryid=entry.id,
                version=1 + max((one.version for one in versions), default=0),
                qtype=parsed.qtype,
                name=parsed.name,
                text=parsed.text,
                textformat=0,
                single=parsed.single,
                timemodified=world.now(),
            )
        )
        question.answers = [
            {"id": 1000 * question.id + number, "format": 0, **one} for number, one in enumerate(parsed.answers, 1)
        ]
        known = world.written_questions.one(entryid=entry.id)
        if known is None:
            known = world.written_questions.add(WrittenQuestion(entryid=entry.id))
        known.source, known.stored = parsed.digest(), stored_digest(question)

    def _is_arranged(self, entries: dict[str, QuestionEntry]) -> bool:
        slots = ordered_slots(self._world, self._module.instance)
        ours = [slot for slot in slots if key_of(self._world, slot, self._module) is not None]
        wanted = [entries[parsed.id].id for parsed in self._parsed if parsed.id in entries]
        placed = [slot.entryid for slot in slots[: len(wanted)]]
        return placed == wanted == [slot.entryid for slot in ours] and all(slot.maxmark == 1 for slot in ours)

    def _arrange(self, entries: dict[str, QuestionEntry]) -> None:
        world, quizid = self._world, self._module.instance
        wanted = [entries[parsed.id].id for parsed in self._parsed]
        for slot in ordered_slots(world, quizid):
            if key_of(world, slot, self._module) is not None and slot.entryid not in wanted:
                world.slots.remove(slot)
        for entryid in wanted:
            if world.slots.one(quizid=quizid, entryid=entryid) is None:
                world.slots.add(
                    QuizSlot(quizid=quizid, slot=1 + len(world.slots.where(quizid=quizid)), entryid=entryid)
                )
        quiz = world.quizzes[quizid]
        slots = ordered_slots(world, quizid)
        slots.sort(key=lambda slot: wanted.index(slot.entryid) if slot.entryid in wanted else len(wanted) + slot.slot)
        for number, slot in enumerate(slots):
            slot.slot = number + 1
            slot.page = 1 + number // quiz.questionsperpage if quiz.questionsperpage else 1
            if slot.entryid in wanted:
                slot.maxmark = 1
        quiz.sumgrades = sum(slot.maxmark for slot in slots)
