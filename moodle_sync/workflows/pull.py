"""pull: what learners did, from Moodle into the ledger: collect, stage, seal, checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from moodle_sync.clock import Clock, utc_now
from moodle_sync.collect.budget import CallEstimate
from moodle_sync.collect.course import collect_course
from moodle_sync.config import Settings
from moodle_sync.errors import DoneInPart, MoodleSyncError, SiteError
from moodle_sync.facts.models import KINDS, Fact, FeedbackAnalysis, Snapshot
from moodle_sync.ids import CourseKey
from moodle_sync.ledger import Ledger, Staged
from moodle_sync.ledger.plans import Plans
from moodle_sync.moodle.pull import PullClient
from moodle_sync.spec.loader import load_specs
from moodle_sync.store.journal import Journal
from moodle_sync.store.specs import SpecVersions
from moodle_sync.workflows.ledger import open_ledger, sign
from moodle_sync.workflows.sessions import require_known
from moodle_sync.workflows.site import open_pull

JSON = Any
Progress = Callable[[str], None]


@dataclass(frozen=True)
class PulledCourse:
    """What one course gave. ``incomplete`` names the kinds that Moodle did not tell whole: nothing vanishes by them."""

    course: str
    facts: int
    staged: Staged
    incomplete: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Pulled:
    """What a pull brought, and what it cost."""

    courses: tuple[PulledCourse, ...]
    sealed: int
    size: int
    checkpoint: str
    calls: int
    requests: int
    exit_code: int = 0
    """Not 0 when everything is sealed and the head could not be signed or published: somebody has to look."""

    @property
    def new_entries(self) -> int:
        """How many facts were new, changed or gone."""
        return sum(course.staged.added for course in self.courses)

    def lines(self) -> list[str]:
        """For a person."""
        lines = []
        for course in self.courses:
            s = course.staged
            lines.append(
                f"{course.course}: {course.facts} facts read: {s.new} new, {s.changed} changed, "
                f"{s.vanished} gone, {s.unchanged} as they were"
            )
            lines += [f"  ! not told whole: {kind}" for kind in course.incomplete]
            lines += [f"  ! {warning}" for warning in course.warnings]
        lines.append(f"{self.sealed} entries sealed, {self.size} in the ledger. {self.checkpoint}")
        lines.append(f"{self.calls} calls in {self.requests} requests.")
        return lines

    def document(self) -> JSON:
        """For a program."""
        return {
            "new_entries": self.new_entries,
            "sealed": self.sealed,
            "size": self.size,
            "calls": self.calls,
            "requests": self.requests,
            "checkpoint": self.checkpoint,
            "courses": [asdict(course) for course in self.courses],
        }


def pull(
    settings: Settings, sessions: Sequence[str], *, budget: int | None, progress: Progress, now: Clock = utc_now
) -> Pulled:
    """Read every session's course and seal what is new. What was read is sealed even when a later course fails.

    ``now`` says when it is read; only the demo has another clock than this machine's.

    Raises:
        SpecError, UsageError: no such session. SiteError: Moodle. LedgerError: the ledger.
        DoneInPart: some courses could not be read.
    """
    names = _courses(settings, sessions)
    with open_ledger(settings) as ledger, open_pull(settings, ledger.store) as client:
        courses: list[PulledCourse] = []
        failures: list[str] = []
        for course in names:
            left = None if budget is None else budget - client.transport.calls
            try:
                snapshot = _collect(settings, ledger, client, course, now(), left, progress)
            except (SiteError, DoneInPart) as error:
                if len(names) == 1:
                    raise
                failures.append(f"{course}: {error.message}")
                continue
            courses.append(stage(ledger, snapshot))
        pulled = _seal(settings, ledger, client, courses)
    if failures:
        raise DoneInPart("\n".join([*pulled.lines(), "Some courses could not be read."]), failures)
    return pulled


def _courses(settings: Settings, sessions: Sequence[str]) -> list[str]:
    specs = load_specs(settings.paths.specs)
    require_known(sessions, specs.sessions)
    wanted: Iterable[str] = sorted(sessions or specs.sessions)
    chosen = [specs.sessions[name] for name in wanted]
    return [CourseKey(settings.site.namespace, one.programme, one.session).idnumber for one in chosen]


def _collect(
    settings: Settings,
    ledger: Ledger,
    client: PullClient,
    course: str,
    at: datetime,
    budget: int | None,
    progress: Progress,
) -> Snapshot:
    def announce(cost: CallEstimate) -> None:
        progress(
            f"{course}: {cost.learners} learners, {cost.activities} activities, "
            f"at most {cost.calls} calls in {cost.requests} requests"
        )

    return read(settings, ledger, client, course, at, announce, budget=budget)


def read(
    settings: Settings,
    ledger: Ledger,
    client: PullClient,
    course: str,
    at: datetime,
    announce: Callable[[CallEstimate], None],
    *,
    budget: int | None = None,
) -> Snapshot:
    """Read one course at this time; what its activities were called before, the ledger says.

    Raises as :func:`moodle_sync.collect.course.collect_course`.
    """
    return collect_course(
        client,
        settings.site.name,
        course,
        at,
        budget,
        learner_roles=settings.site.learner_roles,
        known=lambda: ledger.activity_keys(course),
        entered=lambda: ledger.feedback_analyses(settings.site.name, course),
        small_group=settings.ledger.small_group,
        announce=announce,
    )


def stage(ledger: Ledger, snapshot: Snapshot) -> PulledCourse:
    """Stage what was read of one course, under the programme it is bound to and the plans that made it."""
    snapshot = _once(ledger, snapshot)
    digest = SpecVersions(ledger.store).bound(snapshot.course)
    made = Journal(ledger.store).plans_of(snapshot.site, snapshot.course)
    plans = Plans(made.pop("", None), made)
    staged = ledger.stage(snapshot, programme_digest=digest, plan_id=plans.course, plans=plans)
    incomplete = tuple(sorted(frozenset(KINDS) - snapshot.complete))
    return PulledCourse(snapshot.course, len(snapshot.facts), staged, incomplete, snapshot.warnings)


def _once(ledger: Ledger, snapshot: Snapshot) -> Snapshot:
    """The same, with the figures of questionnaires that another pull has entered since this one began to read."""
    if not any(isinstance(fact, FeedbackAnalysis) for fact in snapshot.facts):
        return snapshot
    entered = ledger.feedback_analyses(snapshot.site, snapshot.course)
    facts: list[Fact] = []
    for fact in snapshot.facts:
        if isinstance(fact, FeedbackAnalysis) and fact.cmid in entered:
            known = entered[fact.cmid]
            facts += [] if known is None else [known.model_copy(update={"activity": fact.activity})]
        else:
            facts.append(fact)
    return snapshot.model_copy(update={"facts": tuple(facts)})


def _seal(settings: Settings, ledger: Ledger, client: PullClient, courses: list[PulledCourse]) -> Pulled:
    sealed = ledger.seal()
    note, code = "No checkpoint yet: nothing was sealed.", 0
    if ledger.size():
        try:
            signed = sign(settings, ledger)
            note = f"Checkpoint at {signed.size} published to {', '.join(signed.places)}."
        except MoodleSyncError as error:
            # The entries are sealed and safe; what is missing is their copy outside, and that has to be seen.
            note, code = f"NO CHECKPOINT: {error}", error.exit_code
    transport = client.transport
    return Pulled(tuple(courses), sealed.count, ledger.size(), note, transport.calls, transport.requests, code)
