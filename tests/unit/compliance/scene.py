"""An invented session, its learners and what Moodle said of them: built fact by fact, in ledger order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from moodle_sync.compliance import Evidence, Finding, SessionView, session_view
from moodle_sync.facts.models import (
    ActivityCompletion,
    CourseCompletion,
    CriterionFilling,
    Enrolment,
    Grade,
    Person,
    QuizAttempt,
    RubricFilling,
    Vanished,
)
from moodle_sync.spec.grid import expand
from moodle_sync.spec.models import Assignment, Framework, Programme, Rubric, Session
from moodle_sync.spec.specs import activities

TRAINER = 12
DIGEST = "9f2c41d07be35a8816e0c9b4f7a2d3516b8e90c4a1f27d6538bc04e9fa716d22"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def objective(key: str) -> dict[str, Any]:
    return {"key": key, "title": f"Titre de {key}", "statement": f"Énoncé de {key}.", "success": f"Réussite de {key}."}


FRAMEWORK = {
    "framework": "essai",
    "version": "1",
    "title": "Référentiel d'essai",
    "objectives": [objective(key) for key in ("O1", "O2", "O3", "O4")],
}
RUBRICS: list[dict[str, Any]] = [
    {
        "rubric": "carte",
        "title": "Carte",
        "criteria": [
            {"key": "synergies", "title": "Synergies argumentées", "count": {"unit": "synergies", "from": 0, "to": 5}},
            {
                "key": "note",
                "title": "Note de synthèse",
                "levels": [{"points": 0, "text": "absente"}, {"points": 1, "text": "lisible"}],
            },
        ],
    },
    {
        "rubric": "plan",
        "title": "Plan",
        "criteria": [
            {
                "key": key,
                "title": title,
                "levels": [{"points": 0, "text": "non"}, {"points": 1, "text": "oui"}, {"points": 2, "text": "très"}],
            }
            for key, title in (("clarte", "Clarté"), ("cadre", "Cadre"))
        ],
    },
]
PROGRAMME: dict[str, Any] = {
    "programme": "essai",
    "version": "1",
    "title": "Programme d'essai",
    "provider": "organisme",
    "nature": "action_de_formation",
    "certifying": False,
    "modality": "in_person",
    "hours": 14,
    "days": 2,
    "capacity": {"min": 1, "max": 3},
    "access": {"prerequisites": "none", "enrol_by": "start-7d", "start_within": "4mo"},
    "category": {"key": "formations", "title": "Formations"},
    "framework": "essai",
    "summary": "Résumé.",
    "modules": [
        {
            "key": "M1",
            "title": "Premier module",
            "summary": "Résumé.",
            "activities": [
                {"page": "lecture", "title": "Lecture", "text": "À lire.", "complete_when": ["viewed"]},
                {
                    "assignment": "carte",
                    "title": "Carte des synergies",
                    "brief": "À rendre.",
                    "assesses": ["O1"],
                    "rubric": "carte",
                    "due": "start+2d",
                    "complete_when": ["submitted"],
                    "acquired_when": {"criterion": "synergies", "at_least": 4},
                },
                {
                    "assignment": "plan",
                    "title": "Plan",
                    "brief": "À rendre.",
                    "assesses": ["O2"],
                    "rubric": "plan",
                    "due": "day 2 17:00",
                    "complete_when": ["submitted", "graded"],
                    "acquired_when": {"every_criterion": True, "at_least": 1},
                },
                {
                    "assignment": "oral",
                    "title": "Oral",
                    "brief": "À présenter.",
                    "assesses": ["O3"],
                    "grade_max": 20,
                    "acquired_when": {"grade_at_least": 12},
                },
                {
                    "quiz": "notions",
                    "title": "Notions",
                    "questions": "questions/notions.gift",
                    "assesses": ["O4"],
                    "role": "learning_assessment",
                    "grade_pass": 6,
                    "due": "end",
                    "complete_when": ["passed"],
                    "acquired_when": {"grade_at_least": 6},
                },
            ],
        }
    ],
    "outside_modules": [
        {
            "quiz": "positionnement",
            "title": "Positionnement",
            "questions": "questions/positionnement.gift",
            "role": "placement_test",
            "opens": "start-14d",
            "due": "start-7d",
            "complete_when": ["attempted"],
        }
    ],
}
# The clocks change in the night of 28 to 29 March 2026: a due date on the 29th is in summer time.
SESSION = {
    "session": "2026-03",
    "programme": "essai",
    "version": "1",
    "place": "Lyon",
    "trainers": ["Claire Morel"],
    "days": [
        {"date": "2026-03-27", "half_days": ["09:00-12:30", "13:30-17:00"]},
        {"date": "2026-03-30", "half_days": ["09:00-12:30", "13:30-17:00"]},
    ],
}
BEFORE = utc("2026-03-15T08:00:00")
"""Inside the window of enrolment and positioning."""
NIGHT = utc("2026-04-02T02:00:00")
"""After everything: the pull of the night after the session."""
DUE_CARTE = utc("2026-03-29T21:59:59")
DUE_PLAN = utc("2026-03-30T15:00:00")
DUE_PLACEMENT = utc("2026-03-20T22:59:59")


def model(kind: Any, data: Any) -> Any:
    import json

    return kind.model_validate_json(json.dumps(data))


def merged(base: Any, path: str, value: Any) -> Any:
    """A copy of nested data with one place (``modules.0.activities.1.due``) changed, or dropped when it is None."""
    head, _, rest = path.partition(".")
    copy = list(base) if isinstance(base, list) else dict(base)
    at: Any = int(head) if isinstance(base, list) else head
    if rest:
        copy[at] = merged(copy[at], rest, value)
    elif value is None:
        del copy[at]
    else:
        copy[at] = value
    return copy


@dataclass
class Scene:
    programme: Programme
    framework: Framework
    rubrics: Mapping[str, Rubric]
    session: Session
    evidence: list[Evidence] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    number: int = 10

    @property
    def course(self) -> str:
        return f"sag:{self.programme.programme}@{self.session.session}"

    def view(self, as_of: datetime = NIGHT) -> SessionView:
        return session_view(self.programme, self.framework, self.rubrics, self.session, self.evidence, as_of)

    def person(self, subject: str, userid: int, fullname: str) -> None:
        self.people[subject] = Person(userid=userid, fullname=fullname)

    def add(self, subject: str, fact: Any, observed_at: datetime) -> str:
        self.number += 1
        entry = f"2026/{self.number}"
        self.evidence.append(Evidence(entry, fact, observed_at, self.people.get(subject), subject))
        return entry

    def enrol(self, subject: str, observed_at: datetime = BEFORE, **over: Any) -> str:
        fact = {"occurred_at": None, "active": True, "roles": ("student",), "groups": ()} | over
        return self.add(subject, Enrolment(**self._base(subject, "core_enrol_get_enrolled_users"), **fact), observed_at)

    def complete(self, subject: str, activity: str, at: datetime | None, **over: Any) -> str:
        fact = {
            "occurred_at": at,
            "cmid": self.cmid(activity),
            "activity": activity,
            "modname": "assign",
            "state": "complete",
            "automatic": True,
            "overridden_by": None,
        }
        seen = over.pop("observed_at", _seen(at))
        base = self._base(subject, "core_completion_get_activities_completion_status")
        return self.add(subject, ActivityCompletion(**base, **(fact | over)), seen)

    def attempt(self, subject: str, activity: str, at: datetime, grade: str | None = "8", **over: Any) -> str:
        number = over.pop("attempt", 1)
        value = None if grade is None else Decimal(grade)
        fact = {
            "occurred_at": at,
            "attempt_id": self.cmid(activity) * 1000 + self.people[subject].userid * 10 + number,
            "cmid": self.cmid(activity),
            "activity": activity,
            "attempt": number,
            "state": "finished",
            "started_at": at - timedelta(minutes=20),
            "finished_at": at,
            "sumgrades": value,
            "sumgrades_max": Decimal(10),
            "grade": value,
            "grade_max": Decimal(10),
        }
        seen = over.pop("observed_at", _seen(at))
        base = self._base(subject, "mod_quiz_get_user_quiz_attempts")
        return self.add(subject, QuizAttempt(**base, **(fact | over)), seen)

    def grade(self, subject: str, activity: str, grade: str | None, at: datetime, **over: Any) -> str:
        fact = {
            "occurred_at": at,
            "item_id": self.cmid(activity) + 500,
            "item_type": "mod",
            "modname": "assign",
            "cmid": self.cmid(activity),
            "activity": activity,
            "grade": None if grade is None else Decimal(grade),
            "grade_min": Decimal(0),
            "grade_max": Decimal(10),
            "overridden": False,
            "hidden": False,
            "locked": False,
        }
        seen = over.pop("observed_at", _seen(at))
        base = self._base(subject, "gradereport_user_get_grade_items")
        return self.add(subject, Grade(**base, **(fact | over)), seen)

    def fill(self, subject: str, activity: str, points: Mapping[str, int | None], at: datetime, **over: Any) -> str:
        fact = {
            "occurred_at": at,
            "instance_id": self.number,
            "cmid": self.cmid(activity),
            "activity": activity,
            "attempt": 0,
            "rater": TRAINER,
            "definition_id": 7,
            "definition_digest": DIGEST,
            "grade": None,
            "criteria": self.criteria(activity, points),
        }
        seen = over.pop("observed_at", _seen(at))
        base = self._base(subject, "core_grading_get_gradingform_instances")
        return self.add(subject, RubricFilling(**base, **(fact | over)), seen)

    def course_done(self, subject: str, at: datetime, completed: bool = True) -> str:
        base = self._base(subject, "core_completion_get_course_completion_status")
        return self.add(subject, CourseCompletion(**base, occurred_at=at, completed=completed, criteria=()), _seen(at))

    def vanish(self, entry: str, observed_at: datetime = NIGHT) -> str:
        gone = next(item for item in self.evidence if item.entry == entry)
        fact = Vanished(
            **self._base(gone.subject, gone.fact.wsfunction),
            occurred_at=None,
            was=gone.fact.kind,
            object=gone.fact.object_id,
        )
        return self.add(gone.subject, fact, observed_at)

    def erase(self, subject: str) -> None:
        self.evidence = [
            replace(item, fact=None, person=None) if item.subject == subject else item for item in self.evidence
        ]

    def without(self, entry: str) -> Scene:
        return replace(self, evidence=[item for item in self.evidence if item.entry != entry])

    def cmid(self, activity: str) -> int:
        return 100 + [key for key, _ in activities(self.programme)].index(activity)

    def criteria(self, activity: str, points: Mapping[str, int | None]) -> tuple[CriterionFilling, ...]:
        item = dict(activities(self.programme))[activity]
        assert isinstance(item, Assignment)
        found = []
        for number, criterion in enumerate(self.rubrics[item.rubric or ""].criteria):
            score = points.get(criterion.key)
            level = next((level.text for level in expand(criterion) if level.points == score), "")
            found.append(
                CriterionFilling(
                    criterion_id=number,
                    criterion=criterion.title,
                    level_id=None if score is None else number * 10 + score,
                    level=level,
                    score=None if score is None else Decimal(score),
                    remark="",
                )
            )
        return tuple(found)

    def _base(self, subject: str, wsfunction: str) -> dict[str, Any]:
        return {"course": self.course, "userid": self.people[subject].userid, "wsfunction": wsfunction}


def findings(view: SessionView) -> dict[tuple[str | None, ...], Finding]:
    """Every finding of a view, by what it is about."""
    found: dict[tuple[str | None, ...], Finding] = {
        (item.rule, item.learner, item.objective, item.activity): item for item in view.findings
    }
    for row in view.learners:
        cells = (*row.cells, *row.activities)
        for item in (row.enrolment, row.completion, *(cell.finding for cell in cells)):
            found[item.rule, item.learner, item.objective, item.activity] = item
    return found


def _seen(at: datetime | None) -> datetime:
    """The night after something happened; the last night for what has no time."""
    return (at + timedelta(days=1)).replace(hour=2, minute=0, second=0) if at else NIGHT


def small(**changes: Any) -> Scene:
    """A scene with nobody in it. ``changes`` are places in the programme: ``modules__0__hours=7``; None drops one."""
    programme: Any = PROGRAMME
    framework = changes.pop("framework_data", FRAMEWORK)
    session = changes.pop("session_data", SESSION)
    for place, value in changes.items():
        programme = merged(programme, place.replace("__", "."), value)
    rubrics = {item["rubric"]: model(Rubric, item) for item in RUBRICS}
    return Scene(model(Programme, programme), model(Framework, framework), rubrics, model(Session, session))


SUBJECT = "aa11bb22cc33"


def green(scene: Scene | None = None, subject: str = SUBJECT, userid: int = 41, name: str = "Inès Abara") -> Scene:
    """A learner of the small programme for whom everything is there, in time, with nothing twice."""
    scene = scene or small()
    scene.person(subject, userid, name)
    scene.enrol(subject)
    scene.attempt(subject, "positionnement", utc("2026-03-16T10:00:00"), "4")
    scene.complete(subject, "positionnement", utc("2026-03-16T10:00:00"), modname="quiz")
    scene.complete(subject, "M1.lecture", utc("2026-03-26T10:00:00"), modname="page")
    scene.complete(subject, "M1.carte", utc("2026-03-28T10:00:00"))
    scene.fill(subject, "M1.carte", {"synergies": 4, "note": 1}, utc("2026-03-29T10:00:00"))
    scene.complete(subject, "M1.plan", utc("2026-03-30T14:00:00"))
    scene.fill(subject, "M1.plan", {"clarte": 1, "cadre": 2}, utc("2026-03-30T14:00:00"))
    scene.grade(subject, "M1.oral", "12", utc("2026-03-30T14:30:00"), grade_max=Decimal(20))
    scene.attempt(subject, "M1.notions", utc("2026-03-30T14:40:00"), "8")
    scene.grade(subject, "M1.notions", "8", utc("2026-03-30T14:40:00"), modname="quiz")
    scene.complete(subject, "M1.notions", utc("2026-03-30T14:40:00"), state="complete_pass", modname="quiz")
    scene.course_done(subject, utc("2026-03-30T14:40:00"))
    scene.evidence.sort(key=lambda item: item.position)
    return scene
