"""The pull stage: every session, the one that was not pulled for the longest time first, until the time is up.

Each session is staged on its own; nothing is sealed here. Before a session is read its cost is known, and from what
the ones before took it is told whether it still fits into the time box.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from moodle_sync.collect.budget import CallEstimate
from moodle_sync.config import Settings
from moodle_sync.errors import DoneInPart, NotFound, SiteError
from moodle_sync.ids import CourseKey
from moodle_sync.ledger import Ledger
from moodle_sync.moodle.pull import PullClient
from moodle_sync.spec.loader import load_specs
from moodle_sync.store import runs
from moodle_sync.store.specs import SpecVersions
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.pull import read, stage
from moodle_sync.workflows.reconcile.stage import Deadline, Progress, Result, worst
from moodle_sync.workflows.site import open_pull


class Pace:
    """How long a request took so far in this round, and whether a course still fits into the time that is left."""

    def __init__(self, deadline: Deadline, requests: Callable[[], int]) -> None:
        self._deadline = deadline
        self._requests = requests
        self._began: datetime = deadline.now()

    def now(self) -> datetime:
        """What time it is."""
        return self._deadline.now()

    def require_time(self, course: str) -> None:
        """Returns while there is any time left.

        Raises:
            DoneInPart: the time is up; nothing of this course was read.
        """
        if not self._deadline.left():
            raise DoneInPart(f"{course}: not read, the time is up", [course])

    def admit(self, course: str, cost: CallEstimate) -> None:
        """Returns when the course fits, or when nothing was measured yet.

        Raises:
            DoneInPart: at the pace so far it would take longer than the time that is left; only its survey was read.
        """
        sent = self._requests()
        elapsed = (self._deadline.now() - self._began).total_seconds()
        needed = elapsed / sent * cost.requests if sent else 0.0
        if needed > self._deadline.left():
            raise DoneInPart(f"{course}: not read, it needs about {round(needed / 60)} minutes more", [course])


def pull_sessions(settings: Settings, deadline: Deadline, progress: Progress) -> Result:
    """Read and stage every session's course. Code 5 when Moodle failed for one, 6 when the time did not suffice.

    A session whose course was never applied is left out and said; one whose course is gone is a failure.

    Raises:
        SpecError, ConfigError: what was written. SiteError: the site as a whole. LedgerError: the ledger.
    """
    details: list[str] = []
    codes: list[int] = []
    pulled = added = 0
    with open_ledger(settings) as ledger:
        courses = _courses(settings, ledger)
        with open_pull(settings, ledger.store) as client:
            pace = Pace(deadline, lambda: client.transport.requests)
            for course in courses:
                try:
                    pace.require_time(course)
                    new, said = _pull(settings, ledger, client, course, pace, progress)
                except NotFound as error:
                    if SpecVersions(ledger.store).bound(course) is None:
                        details.append(f"{course}: not applied yet, nothing to read")
                        continue
                    codes.append(error.exit_code)
                    details.append(f"{course}: {error.message}")
                except (SiteError, DoneInPart) as error:
                    codes.append(error.exit_code)
                    details.append(error.message if course in error.message else f"{course}: {error.message}")
                else:
                    pulled, added, details = pulled + 1, added + new, [*details, *said]
            spent = f"{client.transport.calls} calls in {client.transport.requests} requests"
    sentence = f"{pulled} of {len(courses)} sessions read, {added} facts new, changed or gone; {spent}"
    return Result(sentence, tuple(details), worst(codes))


def _courses(settings: Settings, ledger: Ledger) -> list[str]:
    """Courses of all sessions, never pulled ones first, then the longest ago: a time box starves none."""
    sessions = load_specs(settings.paths.specs).sessions.values()
    with ledger.store.read() as transaction:
        last = runs.last_pulls(transaction, settings.site.name)
    courses = [CourseKey(settings.site.namespace, one.programme, one.session).idnumber for one in sessions]
    return sorted(courses, key=lambda course: (last[course].started if course in last else "", course))


def _pull(
    settings: Settings, ledger: Ledger, client: PullClient, course: str, pace: Pace, progress: Progress
) -> tuple[int, list[str]]:
    """Stage one course; how many facts that added, and what Moodle did not tell whole."""

    def announce(cost: CallEstimate) -> None:
        pace.admit(course, cost)
        progress(f"{course}: {cost.learners} learners, at most {cost.calls} calls in {cost.requests} requests")

    pulled = stage(ledger, read(settings, ledger, client, course, pace.now(), announce))
    said = [f"{course}: not told whole: {kind}" for kind in pulled.incomplete]
    return pulled.staged.added, [*said, *(f"{course}: {warning}" for warning in pulled.warnings)]
