"""A small ledger of its own for each test, and a Moodle course in memory that snapshots are taken of."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import killing
import pytest
from databases import Database

from moodle_sync.facts.models import KINDS, Enrolment, Fact, Grade, Person, Snapshot
from moodle_sync.ledger import Ledger, Places

COURSE = "sag:pouvoir-dagir@2026-02"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 2, 3, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Course:
    """What Moodle would say: grades by (item, userid), enrolments by userid."""

    idnumber: str = COURSE
    grades: dict[tuple[int, int], str] = field(default_factory=dict)
    enrolled: set[int] = field(default_factory=set)
    names: dict[int, str] = field(default_factory=dict)
    at: datetime = datetime(2026, 2, 3, 7, 30, tzinfo=UTC)

    def facts(self) -> list[Fact]:
        grades = [self._grade(item, userid, value) for (item, userid), value in self.grades.items()]
        return [*grades, *(self._enrolment(userid) for userid in self.enrolled)]

    def snapshot(self, *, complete: bool = True, **changes: Any) -> Snapshot:
        self.at += timedelta(hours=1)
        facts = self.facts()
        values: dict[str, Any] = {
            "site": "main",
            "course": self.idnumber,
            "release": "5.1.2",
            "observed_at": self.at,
            "complete": frozenset(KINDS) if complete else frozenset(),
            "facts": tuple(facts),
            "people": {one.userid: self._person(one.userid) for one in facts},
            "definitions": {},
            "warnings": (),
            "calls": 3,
            "requests": 1,
        }
        return Snapshot(**{**values, **changes})

    def _person(self, userid: int) -> Person:
        return Person(userid=userid, username=f"u{userid}", fullname=self.names.get(userid, f"Élève {userid}"))

    def _enrolment(self, userid: int) -> Fact:
        return Enrolment(
            course=self.idnumber,
            userid=userid,
            occurred_at=None,
            wsfunction="core_enrol_get_enrolled_users",
            active=True,
            roles=("student",),
            groups=(),
        )

    def _grade(self, item: int, userid: int, value: str) -> Fact:
        return Grade(
            course=self.idnumber,
            userid=userid,
            occurred_at=datetime(2026, 2, 2, tzinfo=UTC),
            wsfunction="gradereport_user_get_grade_items",
            item_id=item,
            item_type="mod",
            modname="quiz",
            cmid=item + 100,
            activity="M1.quiz",
            grade=Decimal(value),
            grade_min=Decimal(0),
            grade_max=Decimal(20),
            overridden=False,
            hidden=False,
            locked=False,
        )


@pytest.fixture
def course() -> Course:
    return Course()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def places(tmp_path: Path, database: Database) -> Places:
    return Places(
        store_url=database.url,
        keystore=tmp_path / "keystore.db",
        signing_key=tmp_path / "signing.key",
        origin="example.org/registre",
        master_key=tmp_path / "master.key",
    )


@pytest.fixture
def reopen(places: Places, clock: Clock) -> Callable[[], Ledger]:
    """Opens the test's ledger once more, as another process would."""
    return lambda: Ledger.open(places, clock=clock, environ={})


@pytest.fixture
def ledger(places: Places, clock: Clock, reopen: Callable[[], Ledger]) -> Iterator[Ledger]:
    Ledger.init(places, clock=clock, environ={})
    with reopen() as ledger:
        yield ledger


@pytest.fixture
def pull(ledger: Ledger, course: Course) -> Callable[[], int]:
    """Stages and seals what the course says now; answers how many facts were sealed."""

    def do() -> int:
        ledger.stage(course.snapshot(), programme_digest="ab" * 32, plan_id=None)
        return ledger.seal().facts

    return do


@pytest.fixture
def raw(database: Database) -> Callable[[], Any]:
    """The ledger's database as whoever holds it can open it: with nothing in the way."""
    return database.raw


@pytest.fixture
def keep(database: Database, tmp_path: Path) -> Callable[[], Callable[[], None]]:
    """Keeps the test's folder and database as they are now; what is answered puts both back."""

    def now() -> Callable[[], None]:
        kept = tmp_path.with_name(f"{tmp_path.name}-kept")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(tmp_path, kept)
        back = database.keep() if database.kind == "postgres" else None

        def restore() -> None:
            shutil.rmtree(tmp_path)
            shutil.copytree(kept, tmp_path)
            if back is not None:
                back()

        return restore

    return now


def _arm(limit: int) -> None:
    # CREATE and ALTER: as if it had been killed after the write before, or before the COMMIT of the tables
    count = killing.counter(limit, (*killing.READS, "CREATE", "ALTER"))
    killing.count_sql(count)
    killing.count_server(count)
    killing.count_files(count, ("link", "replace", "unlink", "fsync"))


@pytest.fixture
def killed_at() -> Callable[[int, Callable[[], object]], bool]:
    """Runs work in a child that is killed (SIGKILL) before its n-th write; False when it finished before that."""

    return lambda point, work: killing.killed(lambda: _arm(point), work)
