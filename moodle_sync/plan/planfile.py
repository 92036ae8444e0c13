"""A plan as a document: what a person reviews, and what apply holds against the site again.

The digest is over the site, the namespace and every change with its live and desired values, so that a plan is stale
as soon as one of them moved. People are in it by keyed digest only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from moodle_sync.canonical import digest
from moodle_sync.errors import PlanStale, UsageError
from moodle_sync.plan.changes import WRITES, Change
from moodle_sync.plan.safety import Counts, count

JSON = Any
SCHEMA = 1


@dataclass(frozen=True)
class Plan:
    """Changes for one site, at one moment. ``programmes`` holds, by course, the digest of what it is bound to."""

    site: str
    url: str
    namespace: str
    release: str
    companion: str
    made_at: str
    sessions: tuple[str, ...]
    programmes: Mapping[str, str]
    changes: tuple[Change, ...]
    copies: tuple[str, ...] = ()

    @property
    def counts(self) -> Counts:
        """The plan in numbers."""
        return count(self.changes)

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that send something, in order."""
        return tuple(change for change in self.changes if change.action in WRITES)

    @property
    def digest(self) -> str:
        """SHA-256 over what the plan would do and everything that it was decided from."""
        compared = [
            [change.action, change.kind, change.key, [[f.name, f.live, f.desired] for f in change.fields]]
            for change in self.changes
        ]
        return digest([SCHEMA, self.site, self.url, self.namespace, dict(self.programmes), compared])

    def document(self) -> dict[str, JSON]:
        """The plan as one JSON document."""
        return {
            "schema": SCHEMA,
            "digest": self.digest,
            "site": self.site,
            "url": self.url,
            "namespace": self.namespace,
            "release": self.release,
            "companion": self.companion,
            "made_at": self.made_at,
            "sessions": list(self.sessions),
            "programmes": dict(self.programmes),
            "counts": asdict(self.counts) | {"writes": self.counts.writes},
            "changes": [_document(change) for change in self.changes],
            "copies": list(self.copies),
        }


def _document(change: Change) -> dict[str, JSON]:
    return {
        "action": change.action.value,
        "kind": change.kind.value,
        "key": change.key,
        "learners": change.learners,
        "reason": change.reason,
        "fields": [
            {"name": f.name, "live": f.live, "desired": f.desired, "spec_changed": f.spec_changed}
            for f in change.fields
        ],
    }


@dataclass(frozen=True)
class Approved:
    """What a plan file says was approved."""

    digest: str
    site: str
    sessions: tuple[str, ...]
    learners: int
    writes: int


def read_approved(text: str) -> Approved:
    """What the text of a plan file approves.

    Raises:
        UsageError: it is not a plan file of this version.
    """
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise UsageError(f"This plan file has schema {data['schema']}, not {SCHEMA}: plan again.")
        counts = data["counts"]
        numbers = int(counts["learners"]), int(counts["writes"])
        return Approved(str(data["digest"]), str(data["site"]), tuple(data["sessions"]), *numbers)
    except (ValueError, KeyError, TypeError):
        raise UsageError("This file is not a plan: make one with moodle-sync plan --out plan.json.") from None


def refuse_stale(approved: Approved, plan: Plan) -> None:
    """Refuse when the plan made just now is not the one approved.

    Raises:
        PlanStale: Moodle, the specs or the number of learners concerned changed since.
    """
    if approved.digest != plan.digest:
        raise PlanStale(
            "Moodle or the specs changed since this plan was made. Nothing was sent.",
            hint="Plan again and look at the new plan.",
        )
    if plan.counts.learners > approved.learners:
        raise PlanStale(
            f"{plan.counts.learners} learners now have results near a change; {approved.learners} were approved.",
            hint="Plan again and look at the new plan.",
        )
