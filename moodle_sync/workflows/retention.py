"""ledger due, ledger erase --due: what the retention policies say of what the ledger holds, and doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from moodle_sync.clock import utc_now
from moodle_sync.compliance.retention import Held, Line, Refused
from moodle_sync.compliance.retention import due as find_due
from moodle_sync.config import Settings
from moodle_sync.errors import UsageError
from moodle_sync.ids import CourseKey
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.erasing import Erased
from moodle_sync.ledger.retiring import Retirement, held, standing
from moodle_sync.mapping.loader import load_mappings
from moodle_sync.mapping.retention import Retention
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Session
from moodle_sync.workflows.erasure import Left, after_erasure
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.proofs import course_of

JSON = Any
_SIGNS = {"due": "●", "kept": "○", "unknown": "?"}


@dataclass(frozen=True)
class Due:
    """What is due, kept and not known, as of a day, by the policies of one edition."""

    as_of: date
    edition: str
    found: tuple[Line, ...]

    def lines(self) -> list[str]:
        """For a person."""
        lines = [text for line in self.found for text in _said(line)]
        count = Counter(line.state for line in self.found)
        entries = sum(line.entries for line in self.found if line.state == "due")
        lines.append(
            f"As of {self.as_of}, by the policies of {self.edition}: {count['due']} due ({entries} entries), "
            f"{count['kept']} kept, {count['unknown']} not known. Nothing was erased."
        )
        if count["due"]:
            lines.append("To erase what is due: moodle-sync ledger erase --due, which shows it first.")
        return lines

    def document(self) -> JSON:
        """For a program. Subjects are counted, not named."""
        return {
            "as_of": self.as_of.isoformat(),
            "edition": self.edition,
            "lines": [_document(line) for line in self.found],
        }


def due(settings: Settings, *, as_of: date | None = None) -> Due:
    """What the policies say of everything that the ledger holds of this site.

    Raises:
        SpecError: specs or mappings. LedgerError: the ledger cannot be read.
    """
    with open_ledger(settings, readonly=True) as ledger:
        return _due(settings, ledger, as_of or utc_now().date())


@dataclass(frozen=True)
class Retired:
    """What was erased by policy, or would be (``done`` is False). ``entries`` are the numbers of the erasure leaves."""

    done: bool
    what: tuple[Retirement, ...]
    erased: tuple[Erased, ...]
    would: int
    refused: int
    unknown: int
    left: Left | None = None
    """What became of the copies: None when nothing was erased."""

    def lines(self) -> list[str]:
        """For a person."""
        named = [f"{one.scope}: {', '.join(one.classes)}, kept until {one.until} by {one.policy}" for one in self.what]
        if not self.done:
            lines = [f"Would erase {text}." for text in named] or ["Nothing is due."]
            lines.append(f"{self.would} entries. Nothing was changed. To do it, run it again with --yes.")
        else:
            lines = [
                f"Erased, entry {did.entry}: {text}: {did.entries} entries; of {did.subjects} subjects nothing is left."
                for text, did in zip(named, self.erased, strict=True)
            ] or ["Nothing is due."]
            lines.append(
                "What was erased is not entered again when Moodle still tells of it. Moodle keeps its own data."
            )
        if self.left is not None:
            lines += self.left.lines()
        if self.refused:
            lines.append(f"{self.refused} refusals stand: what they are about stays.")
        if self.unknown:
            lines.append(f"{self.unknown} classes of data cannot be told, and stay: see moodle-sync ledger due.")
        return lines

    def document(self) -> JSON:
        """For a program."""
        return {
            "done": self.done,
            "policies": [
                {
                    "session": one.scope,
                    "policy": one.policy,
                    "classes": list(one.classes),
                    "until": one.until.isoformat(),
                }
                for one in self.what
            ],
            "erased": [asdict(one) for one in self.erased],
            "entries": self.would,
            "refused": self.refused,
            "unknown": self.unknown,
            "owed": [] if self.left is None else list(self.left.owed),
        }


def erase_due(settings: Settings, *, policy: str | None, session: str | None, yes: bool) -> Retired:
    """Erase what is due today, by every policy or one, in every session or one; without ``yes`` only say what.

    One erasure entry for each session and policy. Killed half-way, the next opening finishes what was begun, and
    running it again does the rest.

    Raises:
        UsageError: no such policy or session. LedgerError, LedgerUnusable: as ``moodle_sync.ledger.retiring.retire``.
    """
    course = None if session is None else course_of(settings, session)
    with open_ledger(settings, readonly=not yes) as ledger:
        if yes:
            ledger.seal()
        found = _due(settings, ledger, utc_now().date())
        retention = load_mappings(settings.paths.mappings).retention
        if policy is not None and policy not in retention.policies:
            raise UsageError(f"there is no policy {policy}; there are: {', '.join(sorted(retention.policies))}")
        wanted = [line for line in found.found if course in (None, line.scope)]
        chosen = [
            line
            for line in wanted
            if line.state == "due" and line.entries and line.policy and policy in (None, line.policy.policy)
        ]
        what = tuple(_retirements(settings, retention, chosen))
        erased, left = tuple(ledger.retire(one) for one in what) if yes else (), None
        if erased:
            ledger.finish_erasures(scrub=True)
            left = after_erasure(settings, ledger)
    return Retired(
        done=yes,
        what=what,
        erased=erased,
        would=sum(line.entries for line in chosen),
        refused=len({one.subject for line in wanted for one in line.refused}),
        unknown=sum(line.state == "unknown" for line in wanted),
        left=left,
    )


def _due(settings: Settings, ledger: Ledger, as_of: date) -> Due:
    retention = load_mappings(settings.paths.mappings).retention
    counted = Counter(
        (one.scope, one.subject, one.kind) for one in held(ledger.store, ledger.keystore, _site(settings))
    )
    rows = [Held(*key, number) for key, number in sorted(counted.items())]
    refusals = [
        Refused(row.subject, date.fromisoformat(row.until), row.reason, row.policy)
        for row in standing(ledger.store, sorted({row.subject for row in rows}))
    ]
    return Due(as_of, retention.edition, find_due(rows, _sessions(settings), retention, refusals, as_of))


def _site(settings: Settings) -> str:
    return settings.site.name


def _sessions(settings: Settings) -> Mapping[str, Session]:
    found = load_specs(settings.paths.specs).sessions.values()
    return {CourseKey(settings.site.namespace, one.programme, one.session).idnumber: one for one in found}


def _retirements(settings: Settings, retention: Retention, lines: Iterable[Line]) -> Iterable[Retirement]:
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.policy is not None:
            groups.setdefault((line.scope, line.policy.policy), []).append(line)
    for (scope, name), found in sorted(groups.items()):
        classes = tuple(sorted(line.data_class for line in found))
        policy = retention.policies[name]
        yield Retirement(
            site=_site(settings),
            scope=scope,
            classes=classes,
            kinds=tuple(sorted(kind for one in classes for kind in retention.classes[one].kinds)),
            policy=name,
            basis={"edition": retention.edition, "policy": policy.model_dump(mode="json")},
            until=max(line.until for line in found if line.until is not None),
            spared=frozenset(one.subject for line in found for one in line.refused),
        )


def _said(line: Line) -> Iterable[str]:
    what = f"{_SIGNS[line.state]} {line.scope}, {line.data_class}"
    size = f"{line.entries} entries of {len(line.subjects)} subjects"
    if line.policy is None:
        yield f"{what}: {line.why} ({size})"
    else:
        known = f"{line.policy.edition}, {line.policy.known}"
        yield f"{what}: {line.state}, kept until {line.until} by {line.policy.policy} ({known}); {size}"
    for term in line.also:
        yield f"    also {term.policy.policy}: {term.unknown or f'until {term.until}'}"
    for one in line.refused:
        yield f"    refused until {one.until} ({one.reason}, {one.policy}): subject {one.subject[:8]}"


def _document(line: Line) -> JSON:
    policy = line.policy
    return {
        "session": line.scope,
        "class": line.data_class,
        "kinds": list(line.kinds),
        "state": line.state,
        "until": None if line.until is None else line.until.isoformat(),
        "policy": None if policy is None else policy.model_dump(mode="json"),
        "also": [
            {"policy": term.policy.policy, "until": str(term.until) if term.until else None, "why": term.unknown}
            for term in line.also
        ],
        "why": line.why,
        "subjects": len(line.subjects),
        "entries": line.entries,
        "refused": [
            {"until": one.until.isoformat(), "reason": one.reason, "policy": one.policy} for one in line.refused
        ],
    }
