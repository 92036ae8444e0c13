"""Three people in two sessions, sealed and signed, with settings over it: what the ledger's workflows are tested on.

Every name, number and value is odd enough to be searched for in bytes: a hit is no accident.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from moodle_sync.config import Settings, load_settings
from moodle_sync.facts.models import (
    KINDS,
    CriterionFilling,
    Enrolment,
    Fact,
    Grade,
    Person,
    RubricFilling,
    Snapshot,
)
from moodle_sync.workflows import ledger as ledger_workflow
from moodle_sync.workflows.ledger import open_ledger

ROOT = Path(__file__).resolve().parents[2]
SESSION = "2026-02-marseille"
COURSE = "sag:pouvoir-dagir@2026-02-marseille"
OTHER = "sag:prise-de-fonction@2026-03"

PEOPLE = {
    810047: Person(userid=810047, idnumber="EXT-4471", username="zquintefeuille", fullname="Zéphyrine Quintefeuille"),
    810051: Person(userid=810051, idnumber="EXT-5582", username="obrisemarais", fullname="Ondine Brisemarais"),
    810063: Person(userid=810063, idnumber="EXT-6693", username="tvalcourbe", fullname="Thibaud Valcourbe"),
}
GRADES = {810047: "17.13", 810051: "11.37", 810063: "4.91"}
REMARKS = {810047: "plume limpide", 810051: "carte inachevée", 810063: "synthèse esquissée"}


@dataclass
class Scene:
    """A configured ledger in a folder of its own."""

    folder: Path
    settings: Settings
    at: datetime = datetime(2026, 2, 3, 7, 30, tzinfo=UTC)
    people: dict[int, Person] = field(default_factory=lambda: dict(PEOPLE))
    grades: dict[int, str] = field(default_factory=lambda: dict(GRADES))

    def snapshot(self, course: str) -> Snapshot:
        """What Moodle says of a course now."""
        self.at += timedelta(hours=1)
        return Snapshot(
            site="test",
            course=course,
            release="5.1.2",
            observed_at=self.at,
            complete=frozenset(KINDS),
            facts=tuple(fact for userid in self.people for fact in self._facts(course, userid)),
            people=self.people,
            definitions={},
            warnings=(),
            calls=3,
            requests=1,
        )

    def pull(self, *courses: str) -> int:
        """Stage, seal and sign; how many facts were new."""
        with open_ledger(self.settings) as ledger:
            for course in courses or (COURSE, OTHER):
                ledger.stage(self.snapshot(course), programme_digest=None, plan_id=None)
            sealed = ledger.seal()
            ledger_workflow.sign(self.settings, ledger)
        return sealed.facts

    def stage(self, course: str) -> None:
        """Stage, and leave it pending."""
        with open_ledger(self.settings) as ledger:
            ledger.stage(self.snapshot(course), programme_digest=None, plan_id=None)

    def _facts(self, course: str, userid: int) -> list[Fact]:
        shift = 0 if course == COURSE else 1000
        common = {"course": course, "userid": userid}
        when = datetime(2026, 2, 2, 15, 0, userid % 60, tzinfo=UTC)
        return [
            Enrolment(**common, occurred_at=None, wsfunction="w", active=True, roles=("student",), groups=()),
            Grade(
                **common,
                occurred_at=when,
                wsfunction="gradereport_user_get_grade_items",
                item_id=31 + shift,
                item_type="mod",
                modname="quiz",
                cmid=131 + shift,
                activity="M1.quiz",
                grade=Decimal(self.grades[userid]),
                grade_min=Decimal(0),
                grade_max=Decimal(20),
                overridden=False,
                hidden=False,
                locked=False,
            ),
            RubricFilling(
                **common,
                occurred_at=when,
                wsfunction="core_grading_get_gradingform_instances",
                instance_id=shift + userid - 810000,
                cmid=132 + shift,
                activity="M1.synergies",
                attempt=0,
                rater=2,
                definition_id=1,
                definition_digest="ab" * 32,
                grade=Decimal(3),
                criteria=(
                    CriterionFilling(
                        criterion_id=1,
                        criterion="synergies",
                        level_id=2,
                        level="3",
                        score=Decimal(3),
                        remark=REMARKS[userid],
                    ),
                ),
            ),
        ]


def make(folder: Path) -> Scene:
    """A new ledger, with nothing in it."""
    file = folder / "config.toml"
    file.write_text(
        '[site]\nname = "test"\nurl = "https://moodle.example.org"\nnamespace = "sag"\n'
        f'[paths]\nspecs = "{ROOT / "course_specs"}"\nmappings = "{ROOT / "mappings"}"\n'
        '[ledger]\norigin = "test.example.org/ledger"\n',
        encoding="utf-8",
    )
    settings = load_settings(file)
    ledger_workflow.init(settings)
    return Scene(folder, settings)


def copy(template: Path, folder: Path) -> Scene:
    """The ledger of another scene once more, in a folder of its own."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return Scene(folder, load_settings(folder / "config.toml"), at=datetime(2026, 2, 4, 7, 30, tzinfo=UTC))
