"""A session: its programme, its calendar to the minute, its capacity, and what its errata correct."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

from moodle_sync import ids
from moodle_sync.canonical import decimal_text
from moodle_sync.errors import SpecError
from moodle_sync.inputs.suggest import closest, did_you_mean
from moodle_sync.spec import errata
from moodle_sync.spec.models import Programme, Session
from moodle_sync.spec.rules.findings import Notes, repeated, say_repeated
from moodle_sync.spec.schedule import HalfDay, clock_times, in_utc, zone


def check_session(notes: Notes, session: Session, namespace: str) -> None:
    """Everything that concerns one session."""
    programme = _programme(notes, session)
    in_order = _check_order(notes, session)
    lengths = _check_half_days(notes, session)
    for index, first in repeated(group.key for group in session.groups):
        notes.problem(session, ("groups", index, "key"), say_repeated(session.groups[index].key, first))
    if programme is None:
        return
    if len(session.days) != programme.days:
        if in_order:
            message = f"{_days(len(session.days))} listed, the programme says {programme.days}"
            notes.problem(session, ("days",), message)
    elif lengths is not None:
        _check_hours(notes, session, programme, lengths)
    _check_capacity(notes, session, programme)
    for problem in errata.problems(programme, session.errata, notes.specs.source(session)):
        notes.found(problem)
    long = ids.too_long(ids.CourseKey(namespace, session.programme, session.session).idnumber)
    if long is not None:
        notes.problem(session, ("session",), long)


def check_funders(notes: Notes, session: Session, funders: Collection[str]) -> None:
    """Each funder of a session is one that the mappings know, and is named once."""
    names = [one.funder for one in session.funders]
    for index, name in enumerate(names):
        if funders and name not in funders:
            message = f'mappings/retention.yaml has no funder "{name}"{did_you_mean(name, funders)}'
            notes.problem(session, ("funders", index, "funder"), message)
        if name in names[:index]:
            notes.problem(session, ("funders", index, "funder"), f'"{name}" is already there: keep one of the two')


def _programme(notes: Notes, session: Session) -> Programme | None:
    programmes = notes.specs.programmes
    places = {key: notes.file_of(one) for (key, _), one in programmes.items()}
    if session.programme not in places:
        hint = did_you_mean(session.programme, places, places)
        notes.problem(session, ("programme",), f'there is no programme "{session.programme}"{hint}')
        return None
    if (session.programme, session.version) not in programmes:
        known = [version for key, version in programmes if key == session.programme]
        hint = did_you_mean(session.version, known)
        message = f'programme "{session.programme}" has no version "{session.version}"{hint}'
        notes.problem(session, ("version",), message)
        return None
    return programmes[(session.programme, session.version)]


def _check_order(notes: Notes, session: Session) -> bool:
    for index in range(1, len(session.days)):
        before, day = session.days[index - 1].date, session.days[index].date
        if day <= before:
            fate = "is listed twice" if day == before else f"comes after {before}: list the days in order"
            notes.problem(session, ("days", index, "date"), f"{day} {fate}")
            return False
    return True


def _check_half_days(notes: Notes, session: Session) -> list[int] | None:
    """The length of each half-day in minutes, or None when one of them cannot be told."""
    try:
        local = zone(session)
    except SpecError as error:
        guess = closest(session.timezone, available_timezones())
        hint = f'; did you mean "{guess}"?' if guess else ""
        notes.problem(session, ("timezone",), f"{error.message}{hint}")
        return None
    minutes: list[int] = []
    sure = True
    for index, day in enumerate(session.days):
        previous: str | None = None
        for number, text in enumerate(day.half_days):
            try:
                half = _half_day(day.date, text, previous, local)
            except SpecError as error:
                notes.problem(session, ("days", index, "half_days", number), error.message)
                sure = False
            else:
                minutes.append(half.minutes)
            previous = text
    return minutes if sure else None


def _half_day(day: date, text: str, previous: str | None, local: ZoneInfo) -> HalfDay:
    starts, ends = clock_times(text)
    if ends <= starts:
        raise SpecError(f'"{text}" ends before it begins')
    if previous is not None and starts < clock_times(previous)[1]:
        raise SpecError(f'"{text}" begins before "{previous}" ends')
    return HalfDay(in_utc(datetime.combine(day, starts), local), in_utc(datetime.combine(day, ends), local))


def _check_hours(notes: Notes, session: Session, programme: Programme, lengths: list[int]) -> None:
    total, wanted = sum(lengths), programme.hours * 60
    if total == wanted:
        return
    says = f"the programme says {_hours(wanted)}"
    difference = wanted - total
    if len(set(lengths)) == 1:
        length = lengths[0]
        made = f"{len(lengths)} half-days of {_hours(length)} make {_hours(total)}"
        if difference % length == 0:
            count = int(abs(difference) // length)
            what = "one half-day is" if count == 1 else f"{count} half-days are"
            fate = f"{what} missing" if difference > 0 else f"{what} too many"
            notes.problem(session, ("days",), f"{made}, {says}: {fate}")
            return
    else:
        made = f"the {len(lengths)} half-days make {_hours(total)}"
    fate = "are missing" if difference > 0 else "are too many"
    notes.problem(session, ("days",), f"{made}, {says}: {_hours(abs(difference))} {fate}")


def _check_capacity(notes: Notes, session: Session, programme: Programme) -> None:
    own, promised = session.capacity, programme.capacity
    if own is not None and promised is not None and own.max > promised.max:
        message = f"{own.max} learners, and the programme takes at most {promised.max}: change one of the two"
        notes.problem(session, ("capacity", "max"), message)


def _days(count: int) -> str:
    return "1 training day is" if count == 1 else f"{count} training days are"


def _hours(minutes: Decimal | int) -> str:
    """``66 h 30``, as a French timetable writes it."""
    whole, rest = divmod(minutes, 60)
    return f"{int(whole)} h" if rest == 0 else f"{int(whole)} h {_two(rest)}"


def _two(minutes: Decimal | int) -> str:
    return f"{int(minutes):02d}" if minutes == int(minutes) else decimal_text(minutes)
