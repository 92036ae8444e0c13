"""report session: facts of the ledger, the programme that the session is bound to, one page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from moodle_sync import __version__
from moodle_sync.clock import to_rfc3339, utc_now
from moodle_sync.compliance import Evidence, SessionView, session_view
from moodle_sync.config import Settings
from moodle_sync.ids import CourseKey
from moodle_sync.ledger import Ledger
from moodle_sync.reports import Checkpoint, ReportContext, write_report
from moodle_sync.reports import session_report as render_session
from moodle_sync.spec.errata import corrected
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Session
from moodle_sync.spec.specs import Specs, programme_digest
from moodle_sync.workflows.handed import handed_out
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.publishing import describe
from moodle_sync.workflows.sessions import require_known

JSON = Any


@dataclass(frozen=True)
class Written:
    """Where the report is, and up to which entry it goes."""

    path: Path
    as_of: str
    entries: int
    last_entry: str
    todos: int

    def lines(self) -> list[str]:
        """For a person."""
        return [f"{self.path}: {self.entries} entries up to {self.last_entry}, as of {self.as_of}; {self.todos} to do."]

    def document(self) -> JSON:
        """For a program."""
        return {
            "report": str(self.path),
            "as_of": self.as_of,
            "entries": self.entries,
            "last_entry": self.last_entry,
            "todos": self.todos,
        }


def session_report(
    settings: Settings, name: str, *, file: Path | None, as_of: datetime | None, simulated: bool = False
) -> Written:
    """Write the report of one session, as of a moment in its own time zone (now when none is given).

    ``simulated`` marks every page as made from invented data.

    Raises:
        UsageError: there is no such session. LedgerError: the ledger cannot be read.
    """
    specs = load_specs(settings.paths.specs)
    require_known([name], specs.sessions)
    session = specs.sessions[name]
    moment = utc_now() if as_of is None else as_of.replace(tzinfo=ZoneInfo(session.timezone))
    target = file or settings.paths.reports / f"{name}.html"
    if file is None:
        # A report names people: its folder is nobody else's.
        settings.paths.reports.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open_ledger(settings, readonly=True) as ledger:
        evidence = _evidence(settings, ledger, session)
        view = _view(settings, specs, session, evidence, moment)
        page = render_session(view, _context(settings, specs, session, ledger, evidence, simulated))
    with handed_out(settings, "report", target, {one.subject for one in evidence if one.fact is not None}):
        write_report(target, page)
    last = evidence[-1].entry if evidence else "none"
    return Written(target, to_rfc3339(moment), len(evidence), last, len(view.todos))


def _evidence(settings: Settings, ledger: Ledger, session: Session) -> list[Evidence]:
    course = CourseKey(settings.site.namespace, session.programme, session.session).idnumber
    return [
        Evidence(entry.number, entry.fact, entry.observed_at, entry.person, entry.subject)
        for entry in ledger.facts(course)
    ]


def _view(settings: Settings, specs: Specs, session: Session, evidence: list[Evidence], as_of: datetime) -> SessionView:
    programme = corrected(specs.programme_of(session), session.errata)
    return session_view(
        programme,
        specs.framework_of(programme),
        specs.rubrics,
        session,
        evidence,
        as_of,
        settings.site.learner_roles,
    )


def _context(
    settings: Settings, specs: Specs, session: Session, ledger: Ledger, evidence: list[Evidence], simulated: bool
) -> ReportContext:
    return ReportContext(
        site=settings.site.name,
        last_entry=evidence[-1].entry if evidence else "",
        checkpoint=_checkpoint(settings, ledger),
        simulated=simulated,
        programme_digest=programme_digest(specs, session),
        version=__version__,
    )


def _checkpoint(settings: Settings, ledger: Ledger) -> Checkpoint | None:
    published = ledger.last_checkpoint()
    if published is None:
        return None
    point = published.checkpoint
    outside, beside = describe(settings, published.places)
    return Checkpoint(point.origin, point.shard, point.size, point.root.hex(), outside, beside)
