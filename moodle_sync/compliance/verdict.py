"""What a rule answers: a verdict, one sentence, and the entries on which it rests.

Every rule of this package answers in these terms; reports only show them. A verdict says what the evidence says, never
that a provider conforms to anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """The closed list of answers."""

    OK = "ok"
    """Evidenced: the finding names the entries."""
    GAP = "gap"
    """Something that should be there is not, and its moment has passed (or it has none)."""
    LATE = "late"
    """Evidenced, after its due date."""
    BREACH = "breach"
    """Evidence against something that was promised or required."""
    PENDING = "pending"
    """Not there, and its moment has not come."""
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"
    """The evidence does not allow an answer. Never counts as ok."""
    ERASED = "erased"
    """The evidence was erased on request or at the end of its retention."""


@dataclass(frozen=True)
class Finding:
    """One rule's answer about one thing.

    ``sentence`` is French, for the report. ``entries`` are ledger entries such as ``2026/17``, in ledger order. ``due``
    is aware, in UTC. ``learner`` is the key of a learner row, ``objective`` and ``activity`` are keys of the programme.
    """

    rule: str
    verdict: Verdict
    sentence: str
    entries: tuple[str, ...] = ()
    due: datetime | None = None
    learner: str | None = None
    objective: str | None = None
    activity: str | None = None

    def __post_init__(self) -> None:
        if self.verdict in (Verdict.OK, Verdict.LATE, Verdict.BREACH) and not self.entries:
            raise ValueError(f"rule {self.rule}: the verdict {self.verdict} rests on no entry")
