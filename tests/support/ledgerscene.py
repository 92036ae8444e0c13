"""Three people in two sessions, sealed and signed, with settings over it: what the ledger's workflows are tested on.

The store is a file in the scene's folder, or a database of the tests' own server.
Every name, number and value is odd enough to be searched for in bytes: a hit is no accident.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from databases import Database, SqliteDatabase

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
    database: Database | None = None

    @property
    def store(self) -> Database:
        """Where its store is."""
        return self.database or SqliteDatabase(self.folder / "data")

    def keep(self, *names: str) -> Callable[[], None]:
        """Keeps these folders as they are now, and the store; what is answered puts them back."""
        kept = self.folder / "kept"
        for name in names:
            shutil.copytree(self.folder / name, kept / name)
        back = None if self.database is None else self.database.keep()

        def put_back() -> None:
            for name in names:
                shutil.rmtree(self.folder / name)
                shutil.copytree(kept / name, self.folder / name)
            if back is not None:
                back()

        return put_back

    def held(self, *names: str) -> bytes:
        """Every byte in these folders (all of them when none is named), and in the files of a database server."""
        places = [self.folder / name for name in names] or [self.folder]
        files = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
        held = b"\n".join(path.read_bytes() for path in files)
        return held if self.database is None else held + self.database.held()

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


@dataclass(frozen=True)
class Template:
    """A scene that was kept: its folder, and what its store was saved as and called."""

    folder: Path
    saved: str | None
    address: str


def make(folder: Path, database: Database | None = None) -> Scene:
    """A new ledger, with nothing in it: in a file of its folder, or in a database on a server."""
    file, database = folder / "config.toml", _server(database)
    file.write_text(
        '[site]\nname = "test"\nurl = "https://moodle.example.org"\nnamespace = "sag"\n'
        f'[paths]\nspecs = "{ROOT / "course_specs"}"\nmappings = "{ROOT / "mappings"}"\n'
        '[ledger]\norigin = "test.example.org/ledger"\n' + ("" if database is None else f'store = "{database.url}"\n'),
        encoding="utf-8",
    )
    settings = load_settings(file)
    ledger_workflow.init(settings)
    return Scene(folder, settings, database=database)


def save(scene: Scene) -> Template:
    """Keeps a scene beyond its test, to be copied."""
    saved = None if scene.database is None else scene.database.save(scene.folder)
    return Template(scene.folder, saved, scene.settings.ledger.store)


def copy(template: Template, folder: Path, database: Database | None = None) -> Scene:
    """The ledger of a kept scene once more, in a folder, and a database of the same kind, of its own."""
    shutil.copytree(template.folder, folder, dirs_exist_ok=True)
    file, database = folder / "config.toml", _server(database)
    if database is not None and template.saved is not None:
        text = file.read_text(encoding="utf-8").replace(template.address, database.url)
        file.write_text(text, encoding="utf-8")
        database.load(template.saved)
    at = datetime(2026, 2, 4, 7, 30, tzinfo=UTC)
    return Scene(folder, load_settings(file), at=at, database=database)


def _server(database: Database | None) -> Database | None:
    # A file is made in the scene's own folder, where everything else of the ledger is.
    return None if database is None or database.kind == "sqlite" else database
