"""What invented learners do over the months of one session: done, late, failed then passed, unfinished, dropped out.

A story is a list of moments in order; whoever plays it sets the stand-in's clock to each before it happens. Learners
are named by their place in the list: 0 does everything and in time, 1 fails before passing, 2 is late and fails, 3
leaves things unfinished, 4 does most of it, 5 stops after the first weeks, 6 is suspended, 7 is unenrolled, 8 never
comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from moodle_sync.spec.models import Session
from moodle_sync.workflows.demo.edits import STUDENT
from moodle_sync.workflows.demo.people import (
    NOTIONS,
    POSITIONING,
    Actor,
    Course,
    answer_questionnaire,
    attempt_quiz,
    fill_rubric,
    hand_in,
    read_page,
)

SYNERGIES = ("Synergies argumentées", "Note de synthèse", "Cartographie")
NEEDS = ("Besoins formulés", "Protocole de recueil", "Priorités", "Regroupement par thèmes")
ANIMATION = ("Clarté", "Cadre", "Participation", "Production")
PARTICIPATION = ("Étapes", "Niveaux d'implication", "Modalités d'expression et de décision")
ENROLLED = 9
"""How many of the stand-in's learners take part."""
DROPPED, UNENROLLED, ABSENT = 6, 7, 8
"""The learner who is suspended, the one who is unenrolled, and the one who never does anything."""

When = tuple[int, str]
"""A training day (1 for the first), and a local time."""


@dataclass(frozen=True)
class Moment:
    """Something that happens at a time."""

    at: datetime
    act: Callable[[], object]


@dataclass(frozen=True)
class Stage:
    """Who is there, and in which course."""

    session: Session
    course: Course
    learners: Sequence[Actor]
    trainers: Sequence[Actor]
    editor: Actor

    def day(self, number: int, at: str = "10:00") -> datetime:
        """A training day of the session (1 for the first), at a local time."""
        return self.local(self.session.days[number - 1].date.isoformat(), at)

    def before(self, days: int, at: str = "10:00") -> datetime:
        """So many days before the first training day."""
        return self.day(1, at) - timedelta(days=days)

    def after(self, days: int, at: str = "10:00") -> datetime:
        """So many days after the last training day."""
        return self.day(len(self.session.days), at) + timedelta(days=days)

    def local(self, day: str, at: str) -> datetime:
        """A local moment of the session, aware."""
        hour, minute = at.split(":")
        moment = datetime.combine(datetime.fromisoformat(day).date(), time(int(hour), int(minute)))
        return moment.replace(tzinfo=ZoneInfo(self.session.timezone))


@dataclass(frozen=True)
class Work:
    """A work that is graded with a rubric: who handed it in when, and the points of each learner, line by line."""

    key: str
    criteria: Sequence[str]
    trainer: int
    graded: When
    points: Mapping[int, Sequence[int]]
    handed: When | None = None
    """None for what is shown in front of the group: nothing is handed in."""
    late: Mapping[int, When] = field(default_factory=dict)
    """Those who handed it in after the others, and after it was due."""


WORKS = (
    Work(
        "M1.synergies",
        SYNERGIES,
        trainer=0,
        handed=(3, "18:00"),
        graded=(5, "18:00"),
        points={0: (5, 2, 2), 1: (3, 1, 1), 2: (5, 1, 1), 3: (4, 2, 0), 4: (5, 2, 1)},
        late={3: (5, "08:40")},
    ),
    Work(
        "M1.besoins",
        NEEDS,
        trainer=0,
        handed=(5, "19:00"),
        graded=(7, "12:30"),
        points={0: (8, 2, 2, 1), 1: (8, 1, 1, 1), 2: (6, 1, 1, 1), 4: (8, 2, 1, 1)},
        late={2: (7, "08:30")},
    ),
    Work(
        "M2.animation",
        ANIMATION,
        trainer=1,
        graded=(9, "16:30"),
        points={0: (2, 2, 2, 1), 1: (1, 1, 2, 1), 2: (2, 1, 1, 2), 4: (1, 0, 1, 1)},
    ),
    Work(
        "M2.participation",
        PARTICIPATION,
        trainer=1,
        handed=(9, "20:00"),
        graded=(10, "12:00"),
        points={0: (2, 2, 2), 1: (1, 1, 1), 4: (2, 1, 1)},
    ),
)
REGRADED = Work("M1.synergies", SYNERGIES, trainer=0, graded=(7, "18:00"), points={1: (5, 1, 1)})
"""The first work of learner 1 was judged too low: the same trainer corrects it."""


def story(stage: Stage) -> list[Moment]:
    """Every moment of the session, in order of time."""
    parts = (
        _pages(stage),
        _positioning(stage),
        _questionnaires(stage),
        *(_work(stage, work) for work in (*WORKS, REGRADED)),
        _departures(stage),
        _notions(stage),
        _closings(stage),
    )
    return sorted((moment for part in parts for moment in part), key=lambda moment: moment.at)


def nights(stage: Stage) -> list[datetime]:
    """The nights on which the course is read: after these, what is changed, regraded or gone is known as such."""
    return [stage.day(number, "23:00") for number in (2, 5, 8)]


def _pages(stage: Stage) -> Iterator[Moment]:
    """Welcome before the training, the rest when its module begins; not by everybody."""
    readings: tuple[tuple[datetime, str, Iterable[int]], ...] = (
        (stage.before(9), "bienvenue", range(8)),
        (stage.before(2), "evaluation", (0, 1, 4)),
        (stage.day(1, "08:30"), "M1.reperes", range(8)),
        (stage.day(6, "08:30"), "M2.methodes", (0, 1, 2)),
    )
    for at, key, readers in readings:
        for number in readers:
            yield Moment(at, partial(read_page, stage.learners[number], stage.course, key))


def _positioning(stage: Stage) -> Iterator[Moment]:
    """Before the training: most in time, one unfinished, one not at all."""
    shares = (0.9, 0.4, 0.7, 0.5, 0.8, 0.6, 0.3, 0.6)
    for number, share in enumerate(shares):
        finish = number != 5
        yield Moment(
            stage.before(9, "10:05"),
            partial(
                attempt_quiz,
                stage.learners[number],
                stage.course,
                "positionnement",
                POSITIONING,
                share=share,
                finish=finish,
            ),
        )


def _questionnaires(stage: Stage) -> Iterator[Moment]:
    """Needs before, opinions on the way and a month after: most answer."""
    asked: tuple[tuple[datetime, str, Iterable[int]], ...] = (
        (stage.before(10), "besoins", (0, 1, 2, 4, 5, 6, 7)),
        (stage.day(5, "17:05"), "appreciation", (0, 1, 2, 3, 4, 5)),
        (stage.after(33), "suivi", (0, 1, 2, 3, 4)),
    )
    for at, key, who in asked:
        for number in who:
            answer = partial(answer_questionnaire, stage.learners[number], stage.course, key)
            yield Moment(at, partial(answer, option=2 + number % 3, text="Réponse inventée."))
    # One brings it on paper, on the first day: done, and late.
    on_paper = {"cmid": stage.course.modules["besoins"].cmid, "userid": stage.learners[3].userid, "newstate": 1}
    noted = partial(stage.trainers[0].ws, "core_completion_override_activity_completion_status", **on_paper)
    yield Moment(stage.day(1, "12:30"), noted)


def _work(stage: Stage, work: Work) -> Iterator[Moment]:
    for number, points in work.points.items():
        learner = stage.learners[number]
        handed = work.late.get(number, work.handed)
        if handed is not None:
            yield Moment(
                stage.day(*handed), partial(hand_in, learner, stage.course, work.key, "<p>Le travail demandé.</p>")
            )
        filled = dict(zip(work.criteria, points, strict=True))
        yield Moment(
            stage.day(*work.graded),
            partial(fill_rubric, stage.trainers[work.trainer], stage.course, work.key, learner, filled, ""),
        )


def _departures(stage: Stage) -> Iterator[Moment]:
    """One drops out and is suspended, another is unenrolled: what they did stays in the ledger."""
    ws, course = stage.editor.ws, stage.course.id
    dropped, gone = stage.learners[DROPPED].userid, stage.learners[UNENROLLED].userid
    away = {"roleid": STUDENT, "userid": dropped, "courseid": course, "suspend": 1}
    yield Moment(stage.day(4), partial(ws, "enrol_manual_enrol_users", enrolments=[away]))
    left = {"userid": gone, "courseid": course}
    yield Moment(stage.day(6), partial(ws, "enrol_manual_unenrol_users", enrolments=[left]))


def _notions(stage: Stage) -> Iterator[Moment]:
    """The last quiz: passed, failed then passed, failed, unfinished."""
    attempts = ((0, "15:00", 1.0), (1, "15:05", 0.3), (1, "16:00", 1.0), (2, "15:10", 0.2), (3, "15:15", 0.5))
    for number, at, share in attempts:
        finish = number != 3
        attempt = partial(attempt_quiz, stage.learners[number], stage.course, "M2.notions", NOTIONS)
        yield Moment(stage.day(10, at), partial(attempt, share=share, finish=finish))


def _closings(stage: Stage) -> Iterator[Moment]:
    """Quizzes left open are closed when their time is over: by Moodle's cron, in the stand-in when somebody looks."""
    for at, key in ((stage.before(6, "01:00"), "positionnement"), (stage.after(9, "01:00"), "M2.notions")):
        quiz = stage.course.modules[key].instance
        for one in stage.learners[:ENROLLED]:
            looked = {"quizid": quiz, "userid": one.userid, "status": "all"}
            yield Moment(at, partial(stage.editor.ws, "mod_quiz_get_user_attempts", **looked))
