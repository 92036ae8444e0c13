"""The dates of an activity: readable, within the training days, in order, and sure in every session's time zone."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from moodle_sync.errors import SpecError
from moodle_sync.inputs.document import Field
from moodle_sync.spec.models import AnyActivity, Programme, Session
from moodle_sync.spec.rules.findings import Notes
from moodle_sync.spec.schedule import parse, resolve, zone

_ORDER = ("opens", "due", "cutoff")
_WORDS = {"opens": "opens", "due": "is due", "cutoff": "is cut off"}


def check_dates(notes: Notes, programme: Programme, path: Field, activity: AnyActivity) -> None:
    """Each date by itself, then all of them in every session of the programme."""
    written = {name: getattr(activity, name, None) for name in _ORDER}
    dates = {name: value for name, value in written.items() if value is not None}
    readable = {name: value for name, value in dates.items() if _check_alone(notes, programme, (*path, name), value)}
    for session in notes.specs.sessions_of(programme):
        if not _check_in(notes, programme, path, readable, session):
            return  # the same mistake in the next session says nothing new


def has_calendar(session: Session) -> bool:
    """Whether dates can be told in a session: its zone is known and its days are in order."""
    try:
        zone(session)
    except SpecError:
        return False
    return all(before.date < after.date for before, after in pairwise(session.days))


def _check_alone(notes: Notes, programme: Programme, path: Field, expression: str) -> bool:
    try:
        parts = parse(expression)
    except SpecError as error:
        notes.problem(programme, path, error.message)
        return False
    if parts.day is not None and parts.day > programme.days:
        notes.problem(programme, path, f'"{expression}": the programme has {programme.days} training days')
        return False
    return True


def _check_in(notes: Notes, programme: Programme, path: Field, dates: dict[str, str], session: Session) -> bool:
    """Whether all dates hold in one session. What is wrong with the session itself is told at the session."""
    moments: dict[str, datetime] = {}
    days = [parse(expression).day or 0 for expression in dates.values()]
    if not has_calendar(session) or max(days, default=0) > len(session.days):
        return True
    for name, expression in dates.items():
        try:
            moments[name] = resolve(expression, session, closing=name != "opens")
        except SpecError as error:
            notes.problem(programme, (*path, name), f"in session {session.session}: {error.message}")
            return False
    in_order = [name for name in _ORDER if name in moments]
    for first, second in pairwise(in_order):
        if moments[second] <= moments[first]:
            order = f"it {_WORDS[second]} before it {_WORDS[first]}"
            message = f"in session {session.session} {order}: change one of the two"
            notes.problem(programme, (*path, second), message)
            return False
    return True
