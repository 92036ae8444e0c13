"""A training organisation that does not exist, as large as asked for: what the benchmarks seal, verify and erase.

Many sessions of 7 to 12 learners; of each learner what a pull of a real course brings (an enrolment, completions,
grades, quiz attempts, rubric fillings with remarks). Nothing is random but what a seed says: two runs do the same work.
"""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from moodle_sync.facts.models import (
    KINDS,
    ActivityCompletion,
    CompletionCriterion,
    CourseCompletion,
    CriterionFilling,
    Enrolment,
    Fact,
    Grade,
    Person,
    QuizAttempt,
    RubricFilling,
    Snapshot,
)
from moodle_sync.ledger import Ledger, Places
from moodle_sync.ledger.proving import Bundle, prove
from moodle_sync.store import tree

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SEALED_AT = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
ACTIVITIES = 34
QUIZZES = 8
FILLINGS = 2
FIRST = ("Zéphyrine", "Ondine", "Thibaud", "Maëlle", "Côme", "Anaïs", "Joël", "Solène", "Gaël", "Inès", "Loïc", "Ève")
LAST = ("Quintefeuille", "Brisemarais", "Valcourbe", "Hauterive", "Sablonnière", "Clairvoye", "Montfaucon", "Rouvière")
REMARKS = (
    "Synthèse claire, à étayer par un exemple",
    "Très bonne maîtrise du cadre ; posture à affirmer",
    "Reformule bien. L’écoute reste à travailler",
    "Objectif atteint",
    "",
)
CRITERIA = ("Clarté de l’exposé", "Cadre et règles", "Écoute et reformulation", "Qualité de la synthèse")


@dataclass
class Session:
    """One course with its learners: makes the same snapshot each time it is asked."""

    number: int
    seed: int = 2026

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed * 1_000_003 + self.number)
        self.course = f"sag:programme-{self.number % 17}@2026-{self.number:05d}"
        self.learners = [self.number * 100 + place for place in range(self._random.randint(7, 12))]
        self.at = START + timedelta(minutes=17 * self.number)

    def person(self, userid: int) -> Person:
        """An invented learner."""
        first, last = FIRST[userid % len(FIRST)], LAST[userid // 7 % len(LAST)]
        return Person(
            userid=userid,
            idnumber=f"EXT-{userid:08d}",
            username=f"learner{userid:08d}",
            fullname=f"{first} {last} {userid:08d}",
        )

    def snapshot(self) -> Snapshot:
        """What one complete pull of the course brings."""
        facts = [fact for userid in self.learners for fact in self._of(userid)]
        return Snapshot.model_construct(
            site="main",
            course=self.course,
            release="5.1.2",
            observed_at=self.at,
            complete=frozenset(KINDS),
            facts=tuple(facts),
            people={userid: self.person(userid) for userid in self.learners},
            definitions={},
            warnings=(),
            calls=41,
            requests=3,
            untold=frozenset(),
        )

    def _of(self, userid: int) -> Iterator[Fact]:
        pick, course = self._random, self.course
        yield Enrolment(
            course=course,
            userid=userid,
            occurred_at=None,
            wsfunction="core_enrol_get_enrolled_users",
            active=True,
            roles=("student",),
            groups=(f"groupe-{userid % 3}",),
        )
        first = self.number * 1000
        criteria = []
        for place in range(ACTIVITIES):
            when = self.at - timedelta(minutes=pick.randint(1, 40_000))
            done, cmid, activity = pick.random() < 0.7, first + place, f"M{place // 6 + 1}.activite-{place:02d}"
            yield ActivityCompletion(
                course=course,
                userid=userid,
                occurred_at=when if done else None,
                wsfunction="core_completion_get_activities_completion_status",
                cmid=cmid,
                activity=activity,
                modname="quiz" if place < QUIZZES else "page",
                state="complete" if done else "incomplete",
                automatic=True,
                overridden_by=None,
            )
            yield Grade(
                course=course,
                userid=userid,
                occurred_at=when if done else None,
                wsfunction="gradereport_user_get_grade_items",
                item_id=first + 500 + place,
                item_type="mod",
                modname="quiz" if place < QUIZZES else "assign",
                cmid=cmid,
                activity=activity,
                grade=Decimal(pick.randint(0, 2000)) / 100 if done else None,
                grade_min=Decimal(0),
                grade_max=Decimal(20),
                overridden=False,
                hidden=False,
                locked=False,
            )
            if place % 9 == 0:
                criteria.append(
                    CompletionCriterion(
                        type=4, activity=activity, cmid=cmid, complete=done, completed_at=when if done else None
                    )
                )
        yield CourseCompletion(
            course=course,
            userid=userid,
            occurred_at=None,
            wsfunction="core_completion_get_course_completion_status",
            completed=False,
            criteria=tuple(criteria),
        )
        yield from self._attempts(userid, first)
        yield from self._fillings(userid, first)

    def _attempts(self, userid: int, first: int) -> Iterator[Fact]:
        for place in range(QUIZZES):
            when = self.at - timedelta(minutes=self._random.randint(60, 40_000))
            points = Decimal(self._random.randint(0, 1000)) / 100
            yield QuizAttempt(
                course=self.course,
                userid=userid,
                occurred_at=when,
                wsfunction="mod_quiz_get_user_quiz_attempts",
                attempt_id=userid * 10 + place,
                cmid=first + place,
                activity=f"M{place // 6 + 1}.activite-{place:02d}",
                attempt=1,
                state="finished",
                started_at=when - timedelta(minutes=25),
                finished_at=when,
                sumgrades=points,
                sumgrades_max=Decimal(10),
                grade=points * 2,
                grade_max=Decimal(20),
            )

    def _fillings(self, userid: int, first: int) -> Iterator[Fact]:
        for place in range(FILLINGS):
            yield RubricFilling(
                course=self.course,
                userid=userid,
                occurred_at=self.at - timedelta(minutes=self._random.randint(60, 40_000)),
                wsfunction="mod_assign_get_assignments",
                instance_id=first + place,
                cmid=first + QUIZZES + place,
                activity=f"M2.activite-{QUIZZES + place:02d}",
                attempt=0,
                rater=3,
                definition_id=12,
                definition_digest="5d" * 32,
                grade=Decimal(self._random.randint(0, 20)),
                criteria=tuple(
                    CriterionFilling(
                        criterion_id=number,
                        criterion=text,
                        level_id=number * 10 + 1,
                        level="Atteint avec aide",
                        score=Decimal(self._random.randint(0, 5)),
                        remark=self._random.choice(REMARKS),
                    )
                    for number, text in enumerate(CRITERIA)
                ),
            )


def snapshots(facts: int, first: int = 0) -> Iterator[Snapshot]:
    """Snapshots of sessions, one after the other, with this many facts in all."""
    number = first
    while facts > 0:
        snapshot = Session(number).snapshot()
        if len(snapshot.facts) > facts:
            snapshot = snapshot.model_copy(update={"facts": snapshot.facts[:facts]})
        facts -= len(snapshot.facts)
        number += 1
        yield snapshot


def places(folder: Path, url: str | None = None) -> Places:
    """Where a benchmark's ledger is: in a folder, its store on the server that ``url`` names, if one is named."""
    return Places(
        store_url=url or f"sqlite:///{folder / 'ledger.db'}",
        keystore=folder / "keystore.db",
        signing_key=folder / "signing.key",
        origin="example.org/registre",
        master_key=folder / "master.key",
    )


@contextmanager
def ledger(folder: Path, url: str | None = None, *, new: bool = True) -> Iterator[Ledger]:
    """An open ledger in a folder, its clock standing still."""
    where = places(folder, url)
    if new:
        Ledger.init(where, clock=lambda: SEALED_AT, environ={})
    with Ledger.open(where, clock=lambda: SEALED_AT, environ={}) as opened:
        yield opened


PROGRAMME = "7c" * 32


def stage_and_seal(opened: Ledger, taken: list[Snapshot]) -> int:
    """Stages snapshots one by one, as pulls do, then seals them all at once; returns how many leaves there are more."""
    for snapshot in taken:
        opened.stage(snapshot, programme_digest=PROGRAMME, plan_id=None)
    return opened.seal().count


def prove_one(opened: Ledger) -> Bundle:
    """Proves the entry in the middle of the last shard."""
    with opened.store.read() as transaction:
        head = tree.heads(transaction)[-1]
    return prove(opened.store, opened.keystore, [(head.shard, head.size // 2)])


def memory() -> float:
    """The most memory that this process, or one that it started, had resident so far, in MB."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent had before this program was loaded
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return max(int(line.split()[1]) / 1024, children)
    return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, children)
