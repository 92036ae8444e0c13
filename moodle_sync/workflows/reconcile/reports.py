"""The reports stage: one page for each session that is running, written anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from moodle_sync.config import Settings
from moodle_sync.errors import MoodleSyncError
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Session
from moodle_sync.workflows.reconcile.stage import Result, worst
from moodle_sync.workflows.report import session_report

BEFORE = timedelta(days=30)
"""A session counts as running so long before its first day: enrolments and placement tests."""
AFTER = timedelta(days=200)
"""And so long after its last one: late work, and what is asked some months later."""


def running(session: Session, now: datetime) -> bool:
    """Whether somebody still needs this session's report."""
    today = now.astimezone(ZoneInfo(session.timezone)).date()
    return session.days[0].date - BEFORE <= today <= session.days[-1].date + AFTER


def print_reports(settings: Settings, now: datetime) -> Result:
    """Write the report of every running session; one that fails does not keep the others from being written.

    Raises:
        SpecError: the files are wrong.
    """
    sessions = [one for one in load_specs(settings.paths.specs).sessions.values() if running(one, now)]
    details: list[str] = []
    codes: list[int] = []
    for session in sessions:
        try:
            written = session_report(settings, session.session, file=None, as_of=None)
        except MoodleSyncError as error:
            codes.append(error.exit_code)
            details.append(f"{session.session}: {error.message}")
        else:
            details += written.lines()
    sentence = f"{len(sessions) - len(codes)} of {len(sessions)} running sessions"
    return Result(sentence, tuple(details), worst(codes))
