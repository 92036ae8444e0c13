"""What invented learners do over the months of one session: done, late, failed then passed, unfinished, dropped out.

A story is a list of moments in order; the stage sets the stand-in's clock to each before it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from moodle_sync.spec.models import Session
from moodle_sync.workflows.demo.people import (
    NOTIONS,
    POSITIONING,
    Actor,
    Course,
    attempt_quiz,
    fill_rubric,
    hand_in,
    read_page,
)

SYNERGIES = ("Synergies argumentées", "Note de synthèse", "Cartographie")
ANIMATION = ("Clarté", "Cadre", "Participation", "Production")
ENROLLED = 9
"""How many of the stand-in's learners take part."""


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

    def local(self, day: str, at: str) -> datetime:
        """A local moment of the session, aware."""
        hour, minute = at.split(":")
        moment = datetime.combine(datetime.fromisoformat(day).date(), time(int(hour), int(minute)))
        return moment.replace(tzinfo=ZoneInfo(self.session.timezone))


def story(stage: Stage) -> list[Moment]:
    """Every moment of the session, in order of time."""
    parts = (_before(stage), _synergies(stage), _animation(stage), _end(stage), _closings(stage))
    return sorted((moment for part in parts for moment in part), key=lambda moment: moment.at)


def _before(stage: Stage) -> Iterator[Moment]:
    """Positioning before the training: most in time, one unfinished, one not at all."""
    for number, learner in enumerate(stage.learners[:6]):
        yield Moment(stage.before(9), lambda who=learner: read_page(who, stage.course, "bienvenue"))  # type: ignore[misc]
        share = (0.9, 0.4, 0.7, 0.5, 0.8, 0.6)[number]
        yield Moment(
            stage.before(9, "10:05"),
            lambda who=learner, right=share, whole=number != 5: attempt_quiz(  # type: ignore[misc]
                who, stage.course, "positionnement", POSITIONING, share=right, finish=whole
            ),
        )


def _synergies(stage: Stage) -> Iterator[Moment]:
    """Objective 1: five in time, one late, one regraded, one who drops out before."""
    trainer = stage.trainers[0]
    grades = {0: (5, 2, 2), 1: (3, 1, 1), 2: (5, 1, 1), 3: (4, 2, 0), 4: (5, 2, 1)}
    for number, scores in grades.items():
        learner, late = stage.learners[number], number == 3
        handed = stage.day(5, "08:40") if late else stage.day(3, "18:00")
        yield Moment(handed, lambda who=learner: hand_in(who, stage.course, "M1.synergies", "<p>Note et carte.</p>"))  # type: ignore[misc]
        yield Moment(stage.day(5, "18:00"), _graded(stage, trainer, learner, "M1.synergies", SYNERGIES, scores))
    again = (5, 1, 1)
    yield Moment(stage.day(7, "18:00"), _graded(stage, trainer, stage.learners[1], "M1.synergies", SYNERGIES, again))


def _animation(stage: Stage) -> Iterator[Moment]:
    """Objective 4: shown in front of the group, graded by the other trainer."""
    trainer = stage.trainers[1]
    grades = {0: (2, 2, 2, 1), 1: (1, 1, 2, 1), 2: (2, 1, 1, 2), 4: (1, 0, 1, 1)}
    for number, scores in grades.items():
        act = _graded(stage, trainer, stage.learners[number], "M2.animation", ANIMATION, scores)
        yield Moment(stage.day(9, "16:30"), act)
    dropped = stage.learners[6]
    away = {"roleid": 5, "userid": dropped.userid, "courseid": stage.course.id, "suspend": 1}
    yield Moment(stage.day(4), lambda: stage.editor.ws("enrol_manual_enrol_users", enrolments=[away]))
    gone = {"userid": stage.learners[7].userid, "courseid": stage.course.id}
    yield Moment(stage.day(6), lambda: stage.editor.ws("enrol_manual_unenrol_users", enrolments=[gone]))


def _end(stage: Stage) -> Iterator[Moment]:
    """The last quiz: passed, failed then passed, failed, unfinished."""
    key = "M2.notions"

    def attempt(number: int, share: float, *, finish: bool = True) -> Callable[[], object]:
        learner = stage.learners[number]
        return lambda: attempt_quiz(learner, stage.course, key, NOTIONS, share=share, finish=finish)

    yield Moment(stage.day(10, "15:00"), attempt(0, 1.0))
    yield Moment(stage.day(10, "15:05"), attempt(1, 0.3))
    yield Moment(stage.day(10, "16:00"), attempt(1, 1.0))
    yield Moment(stage.day(10, "15:10"), attempt(2, 0.2))
    yield Moment(stage.day(10, "15:15"), attempt(3, 0.5, finish=False))


def _closings(stage: Stage) -> Iterator[Moment]:
    """Quizzes left open are closed when their time is over: by Moodle's cron, in the stand-in when somebody looks."""

    def look(key: str) -> Callable[[], object]:
        quiz = stage.course.modules[key].instance
        return lambda: [
            stage.editor.ws("mod_quiz_get_user_attempts", quizid=quiz, userid=one.userid, status="all")
            for one in stage.learners[:ENROLLED]
        ]

    yield Moment(stage.before(6, "01:00"), look("positionnement"))
    yield Moment(stage.day(len(stage.session.days), "01:00") + timedelta(days=9), look("M2.notions"))


def _graded(
    stage: Stage, trainer: Actor, learner: Actor, key: str, criteria: Sequence[str], scores: Sequence[int]
) -> Callable[[], object]:
    chosen = dict(zip(criteria, scores, strict=True))
    return lambda: fill_rubric(trainer, stage.course, key, learner, chosen, "")
