"""doctor: is everything there that pushing and pulling need? Looks at all of it, changes nothing, says where to go.

The order is the one in which things are mended: the files here, the way to the site, the two accounts, the site, the
ledger. What Moodle does not tell is said to be untold, never taken for well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from moodle_sync.clock import Clock, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import AccessDenied, ConfigError, InputError
from moodle_sync.ids import CourseKey
from moodle_sync.workflows.doctor.accounts import (
    check_assigns,
    check_capabilities,
    check_excess,
    check_functions,
    check_token,
)
from moodle_sync.workflows.doctor.address import check_address, check_pin, check_release
from moodle_sync.workflows.doctor.contact import Meeting, Visit, meet
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark, exit_code
from moodle_sync.workflows.doctor.ledger import check_ledger
from moodle_sync.workflows.doctor.needs import Role, needs
from moodle_sync.workflows.doctor.probes import probe
from moodle_sync.workflows.doctor.site import (
    check_clock,
    check_companion,
    check_cron,
    check_languages,
    check_switches,
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
    files, courses = _files(settings)
    return Diagnosis((*files, *check_moodle(settings, courses, clock=clock), *check_ledger(settings)))


def _files(settings: Settings) -> tuple[list[Finding], list[str]]:
    """Configuration and specs, and the idnumbers of the courses that the specs may have put on the site."""
    sentence = f'site "{settings.site.name}", namespace "{settings.site.namespace}"'
    configuration = Finding(Area.CONFIG, "configuration", Mark.OK, sentence)
    try:
        specs = validate(settings).specs
    except InputError as error:
        hint = "moodle-sync validate lists them with their places."
        return [configuration, Finding(Area.CONFIG, "specs", Mark.FAILED, error.message, hint=hint)], []
    sentence = f"sound; programmes: {len(specs.programmes)}, sessions: {len(specs.sessions)}"
    sessions = specs.sessions.values()
    courses = [CourseKey(settings.site.namespace, one.programme, one.session).idnumber for one in sessions]
    return [configuration, Finding(Area.CONFIG, "specs", Mark.OK, sentence)], courses


def check_moodle(settings: Settings, courses: Sequence[str], *, clock: Clock = utc_now) -> Iterator[Finding]:
    """The site and the two accounts on it.

    Args:
        settings: where it is, and its tokens.
        courses: idnumbers of courses of ours that may be on the site; one is read where the companion is not.
        clock: this machine's.
    """
    try:
        with meet(settings) as meeting:
            yield from _site(settings, meeting, courses, clock)
    except ConfigError as error:
        yield Finding(Area.CONFIG, "address", Mark.FAILED, error.message, hint=error.hint)


def _site(settings: Settings, meeting: Meeting, courses: Sequence[str], clock: Clock) -> Iterator[Finding]:
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
    yield from _rights(meeting, courses)
    yield check_companion(meeting)
    yield from check_switches(visit)
    telling = next((one for one in meeting.visits.values() if one.status), visit)
    yield from check_clock(telling, now)
    yield check_languages(telling.status)
    yield check_cron(telling.status)


def _rights(meeting: Meeting, courses: Sequence[str]) -> Iterator[Finding]:
    """Functions and capabilities of each account: as the companion tells them, else as reads show them."""
    companion = has_companion(meeting)
    silent = [role for role, visit in meeting.visits.items() if visit.status is None]
    probed, seen = probe(meeting, courses) if silent else ({}, [])
    for role, visit in meeting.visits.items():
        wanted = needs(role) if companion else needs(role).without_companion()
        yield check_functions(visit, companion=companion)
        if visit.status is not None:
            told, asked = dict(visit.status.capabilities), "by this release of the companion"
        else:
            told = probed[role] | _refused(visit)
            asked = "without the companion" if visit.refused is None else "while the companion refuses its status"
        yield from check_capabilities(wanted, told, asked=asked)
        yield from check_assigns(wanted, visit.status.assigns if visit.status else None)
        if role == "pull" and not visit.account.userissiteadmin:
            yield from check_excess(told)
    yield from seen


def _refused(visit: Visit) -> dict[str, bool]:
    denied = isinstance(visit.refused, AccessDenied) and visit.refused.errorcode == "nopermissions"
    return {"local/moodlesync:read": False} if denied else {}
