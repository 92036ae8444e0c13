"""doctor: is everything there that pushing and pulling need? Looks at all of it, changes nothing, says where to go.

The order is the one in which things are mended: the files here, the way to the site, the two accounts, the site, the
ledger. What Moodle tells nobody is said to be untold, never taken for well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moodle_sync.clock import Clock, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import AccessDenied, ConfigError, InputError
from moodle_sync.ids import CourseKey
from moodle_sync.spec.loader import load_specs
from moodle_sync.workflows.doctor.accounts import check_capabilities, check_excess, check_functions, check_token
from moodle_sync.workflows.doctor.address import check_address, check_pin, check_release
from moodle_sync.workflows.doctor.contact import Meeting, Visit, meet
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark, exit_code
from moodle_sync.workflows.doctor.ledger import check_ledger
from moodle_sync.workflows.doctor.needs import Role, needs
from moodle_sync.workflows.doctor.probes import probe
from moodle_sync.workflows.doctor.site import (
    check_clock,
    check_companion,
    check_switches,
    check_untold,
    has_companion,
)
from moodle_sync.workflows.validate import validate

JSON = Any
_ROLES: tuple[Role, Role] = ("push", "pull")


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was looked at, in order."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 when nothing failed; 2 configuration and specs, 4 ledger, 5 Moodle."""
        return exit_code(self.findings)

    def lines(self) -> list[str]:
        """For a person."""
        lines = [line for finding in self.findings for line in finding.lines()]
        counts = {mark: sum(finding.mark is mark for finding in self.findings) for mark in Mark}
        lines.append(
            f"{counts[Mark.OK]} well, {counts[Mark.FAILED]} failed, {counts[Mark.WARNING]} to look at, "
            f"{counts[Mark.UNKNOWN]} that could not be told."
        )
        return lines

    def document(self) -> JSON:
        """For a program."""
        return {
            "ok": self.exit_code == 0,
            "exit_code": self.exit_code,
            "checks": [finding.document() for finding in self.findings],
        }


def doctor(settings: Settings, *, clock: Clock = utc_now) -> Diagnosis:
    """Look at everything. What is wrong becomes a finding; nothing is raised for it."""
    return Diagnosis((*_files(settings), *_moodle(settings, clock), *check_ledger(settings)))


def _files(settings: Settings) -> Iterator[Finding]:
    sentence = f'site "{settings.site.name}", namespace "{settings.site.namespace}"'
    yield Finding(Area.CONFIG, "configuration", Mark.OK, sentence)
    try:
        specs = validate(settings).specs
    except InputError as error:
        hint = "moodle-sync validate lists them with their places."
        yield Finding(Area.CONFIG, "specs", Mark.FAILED, error.message, hint=hint)
        return
    sentence = f"sound; programmes: {len(specs.programmes)}, sessions: {len(specs.sessions)}"
    yield Finding(Area.CONFIG, "specs", Mark.OK, sentence)


def _moodle(settings: Settings, clock: Clock) -> Iterator[Finding]:
    try:
        with meet(settings) as meeting:
            yield from _site(settings, meeting, clock)
    except ConfigError as error:
        yield Finding(Area.CONFIG, "address", Mark.FAILED, error.message, hint=error.hint)


def _site(settings: Settings, meeting: Meeting, clock: Clock) -> Iterator[Finding]:
    now = clock()
    yield from check_address(settings, meeting, now)
    visit = meeting.any
    if visit is not None:
        yield check_release(visit.info.release, now.date())
        yield check_pin(settings, next((one for one in meeting.visits.values() if one.status), visit))
    if not meeting.reached:
        # The error is told at the address; of the tokens only those are told that are not there at all.
        for role, error in meeting.errors.items():
            if isinstance(error, ConfigError):
                yield check_token(settings, role, meeting)
        return
    for role in _ROLES:
        yield check_token(settings, role, meeting)
    if visit is None:
        return
    yield from _rights(settings, meeting)
    yield check_companion(meeting)
    yield from check_switches(visit)
    yield from check_clock(next((one for one in meeting.visits.values() if one.status), visit), now)
    yield from check_untold()


def _rights(settings: Settings, meeting: Meeting) -> Iterator[Finding]:
    """Functions and capabilities of each account: as the companion tells them, else as reads show them."""
    companion = has_companion(meeting)
    silent = [role for role, visit in meeting.visits.items() if visit.status is None]
    probed, seen = probe(meeting, _courses(settings)) if silent else ({}, [])
    for role, visit in meeting.visits.items():
        yield from check_functions(visit, companion=companion)
        if visit.status is not None:
            told, asked = dict(visit.status.capabilities), "by this release of the companion"
        else:
            told, asked = probed[role] | _refused(visit), "without the companion"
        yield from check_capabilities(needs(role), told, asked=asked)
        if role == "pull" and not visit.account.userissiteadmin:
            yield from check_excess(told)
    yield from seen


def _refused(visit: Visit) -> dict[str, bool]:
    denied = isinstance(visit.refused, AccessDenied) and visit.refused.errorcode == "nopermissions"
    return {"local/moodlesync:read": False} if denied else {}


def _courses(settings: Settings) -> list[str]:
    """Idnumbers of the courses of ours that may be on the site; none when the specs cannot be read."""
    try:
        sessions = load_specs(settings.paths.specs).sessions.values()
    except InputError:
        return []
    return [CourseKey(settings.site.namespace, one.programme, one.session).idnumber for one in sessions]
