"""status: what ran last, how it ended, and what did not run. Reads the store alone; Moodle is not asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from moodle_sync.clock import Clock, from_rfc3339, to_rfc3339, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import InputError
from moodle_sync.ids import CourseKey
from moodle_sync.ledger import Ledger
from moodle_sync.spec.loader import load_specs
from moodle_sync.store import checkpoints, runs
from moodle_sync.store.journal import Journal, Step
from moodle_sync.store.runs import RunRow
from moodle_sync.store.sites import SitePin, SitePins
from moodle_sync.workflows import nights
from moodle_sync.workflows.copies import owed
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.publishing import on_same_disk, publishers

JSON = Any
_ROUNDS = 60
"""So many rounds back a night without one is looked for."""


@dataclass(frozen=True)
class Published:
    """How far a configured place is: the newest checkpoint that it got (``2026/212``) and when; None for none."""

    place: str
    checkpoint: str | None
    at: datetime | None
    behind: bool
    """Whether the ledger has a newer one."""
    same_disk: bool

    def document(self) -> JSON:
        """For a program."""
        return asdict(self) | {"at": self.at and to_rfc3339(self.at)}


@dataclass(frozen=True)
class Sealed:
    """The ledger in numbers: entries, rows that wait, and the newest checkpoint with its places."""

    entries: int
    waiting: int
    signed: int | None
    places: tuple[str, ...]
    published: tuple[Published, ...] = ()


@dataclass(frozen=True)
class Status:
    """Everything that is known of the past, as of ``now``. ``pulls`` holds None for a session never pulled."""

    site: str
    now: datetime
    pin: SitePin | None
    plan: RunRow | None
    """The last one that somebody made; a night's look for drift is part of its round."""
    apply: RunRow | None
    open_steps: tuple[Step, ...]
    pulls: Mapping[str, RunRow | None]
    ledger: Sealed
    round: RunRow | None
    missed: tuple[date, ...]
    owed: tuple[str, ...] = ()
    """Where something of an erased person may still be: backups out of reach, packs, exports."""

    def lines(self) -> list[str]:
        """For a person: one line a thing, and a mark where somebody should look."""
        pinned = f"first met on {self.pin.pinned_at:%Y-%m-%d}, {self.pin.url}" if self.pin else "never met"
        lines = [_line(self.pin is not None, "site", f"{self.site}, {pinned}")]
        lines.append(self._planned())
        lines += self._applied()
        lines += [_pull(course, row, self.now) for course, row in self.pulls.items()]
        lines += self._sealed()
        lines += self._rounds()
        return [*lines, *(_line(False, "erasure", line) for line in self.owed)]

    def _planned(self) -> str:
        if self.plan is None:
            return _line(True, "plan", "never")
        told = self.plan.counts
        said = f"{told['changes']} changes, {told['drift']} drift kept, {told['stopped']} that cannot be done"
        refused = ", refused as too large" if self.plan.outcome == "refused" else ""
        well = not refused and not told["stopped"]
        return _line(well, "plan", f"{_ago(from_rfc3339(self.plan.started), self.now)}, {said}{refused}")

    def _applied(self) -> list[str]:
        if self.apply is None:
            return [_line(True, "apply", "never")]
        run = self.apply
        steps = ", ".join(f"{count} {state}" for state, count in sorted(run.counts.items())) or "nothing to do"
        ended = f"{run.outcome}: {steps}" if run.finished else "it did not end"
        lines = [_line(run.outcome == "done", "apply", f"{_ago(from_rfc3339(run.started), self.now)}, {ended}")]
        if self.open_steps:
            sentence = f"{len(self.open_steps)} steps whose outcome is not known: the next apply looks them up first"
            lines.append(_line(False, "", sentence))
        return lines

    def _sealed(self) -> list[str]:
        ledger = self.ledger
        lines = [_line(not ledger.waiting, "seal", f"{ledger.entries} entries sealed, {ledger.waiting} waiting")]
        if ledger.signed is None:
            return [*lines, _line(not ledger.entries, "checkpoint", "never")]
        where = ", ".join(ledger.places) or "nowhere outside yet"
        newest = _line(bool(ledger.places), "checkpoint", f"the newest is of {ledger.signed} entries → {where}")
        return [*lines, newest, *(_published(one, self.now) for one in ledger.published)]

    def _rounds(self) -> list[str]:
        if self.round is None:
            return [_line(True, "reconcile", "never")]
        started = from_rfc3339(self.round.started)
        lines = [_line(self.round.outcome == "done", "reconcile", f"{_ago(started, self.now)}, {_ending(self.round)}")]
        if self.missed:
            lines.append(_line(False, "", nights.say(self.missed)))
        return lines

    def document(self) -> JSON:
        """For a program."""
        return {
            "site": self.site,
            "now": to_rfc3339(self.now),
            "pinned_at": to_rfc3339(self.pin.pinned_at) if self.pin else None,
            "plan": self.plan and _document(self.plan),
            "apply": self.apply and _document(self.apply),
            "open_steps": len(self.open_steps),
            "pulls": {course: row and _document(row) for course, row in self.pulls.items()},
            "entries": self.ledger.entries,
            "waiting": self.ledger.waiting,
            "checkpoint": self.ledger.signed,
            "places": list(self.ledger.places),
            "published": [one.document() for one in self.ledger.published],
            "reconcile": self.round and _document(self.round),
            "missed_nights": [str(night) for night in self.missed],
            "owed": list(self.owed),
        }


def status(settings: Settings, *, clock: Clock = utc_now) -> Status:
    """What the store knows of the past.

    Raises:
        LedgerUnusable: there is no ledger, or it cannot be opened.
    """
    now, site = clock(), settings.site.name
    with open_ledger(settings, readonly=True) as ledger:
        with ledger.store.read() as transaction:
            planned = runs.of_kind(transaction, site, "plan", 1)
            applied = runs.of_kind(transaction, site, "apply", 1)
            rounds = runs.of_kind(transaction, site, "reconcile", _ROUNDS)
            pulled = runs.last_pulls(transaction, site)
        last = ledger.last_checkpoint()
        return Status(
            site=site,
            now=now,
            pin=SitePins(ledger.store).get(site),
            plan=planned[0] if planned else None,
            apply=applied[0] if applied else None,
            open_steps=tuple(Journal(ledger.store).open_steps(site)),
            pulls={course: pulled.get(course) for course in sorted({*pulled, *_courses(settings)})},
            ledger=Sealed(
                ledger.size(),
                ledger.pending(),
                last.checkpoint.size if last else None,
                last.places if last else (),
                tuple(_places(settings, ledger)) if last else (),
            ),
            round=rounds[0] if rounds else None,
            missed=tuple(nights.missed((from_rfc3339(row.started) for row in rounds), now)),
            owed=tuple(owed(ledger.store).lines()),
        )


def _places(settings: Settings, ledger: Ledger) -> Iterator[Published]:
    with ledger.store.read() as transaction:
        known = checkpoints.last_by_place(transaction)
        newest = checkpoints.last(transaction)
    with publishers(settings, ledger) as places:
        for place in places:
            row = known.get(place.place)
            behind = row is None or newest is None or (row.shard, row.size) < (newest.shard, newest.size)
            number = f"{row.shard}/{row.size}" if row else None
            beside = on_same_disk(settings, place.place)
            yield Published(place.place, number, from_rfc3339(row.at) if row else None, behind, beside)


def _published(one: Published, now: datetime) -> str:
    when = f"{one.checkpoint}, {_ago(one.at, now)}" if one.at else "never"
    beside = "; on the ledger's own disk, so no copy outside" if one.same_disk else ""
    return _line(not one.behind, "published", f"{one.place}: {when}{beside}")


def _courses(settings: Settings) -> list[str]:
    """The courses of the configured sessions; none when the specs cannot be read, which is not asked here."""
    try:
        sessions = load_specs(settings.paths.specs).sessions.values()
    except InputError:
        return []
    return [CourseKey(settings.site.namespace, one.programme, one.session).idnumber for one in sessions]


def _line(well: bool, name: str, sentence: str) -> str:
    return f"{' ' if well else '!'} {name:<12}{sentence}"


def _pull(course: str, row: RunRow | None, now: datetime) -> str:
    if row is None:
        return _line(False, "pull", f"{course}: never")
    told = (name for name in ("new", "changed", "vanished") if name in row.counts)
    counts = ", ".join(f"{row.counts[name]} {name}" for name in told)
    return _line(True, "pull", f"{course}: {_ago(from_rfc3339(row.started), now)}{', ' if counts else ''}{counts}")


def _ending(row: RunRow) -> str:
    if row.finished is None:
        return "it did not end (or goes on)"
    failed = [f"{name} ({code})" for name, code in row.counts.items() if code]
    return row.outcome if row.outcome and not failed else f"{row.outcome}: {', '.join(failed)}"


def _ago(moment: datetime, now: datetime) -> str:
    hours = int((now - moment).total_seconds()) // 3600
    age = f"{hours} h ago" if hours < 72 else f"{hours // 24} days ago"
    return f"{moment:%Y-%m-%d %H:%M} UTC ({age})"


def _document(row: RunRow) -> JSON:
    return {"started": row.started, "finished": row.finished, "outcome": row.outcome, "counts": row.counts}
