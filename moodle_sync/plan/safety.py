"""Whether a plan is of a size that nobody needs to be asked twice about. Counts objects, and learners near them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moodle_sync.errors import PlanRefused
from moodle_sync.plan.changes import WRITES, Action, Change


@dataclass(frozen=True)
class Limits:
    """How much one plan may change without being told so by a flag."""

    max_changes: int
    max_learners: int


@dataclass(frozen=True)
class Counts:
    """A plan in numbers. ``learners``: of every changed object, the learners with results in it, added up."""

    create: int
    update: int
    hide: int
    drift: int
    conflict: int
    blocked: int
    refused: int
    left: int
    learners: int

    @property
    def writes(self) -> int:
        """How many objects would be written: zero means an empty plan."""
        return self.create + self.update + self.hide


def count(changes: Sequence[Change]) -> Counts:
    """The numbers of a plan."""
    by_action = {action: sum(change.action is action for change in changes) for action in Action}
    learners = sum(change.learners for change in changes if change.action in WRITES)
    return Counts(**{action.value: number for action, number in by_action.items()}, learners=learners)


def check(counts: Counts, limits: Limits) -> None:
    """Refuse a plan past the limits, naming the flag that lets it through.

    Creation is counted with the rest: a namespace mistyped once would make a whole second catalogue.

    Raises:
        PlanRefused: the plan is larger than the limits.
    """
    if counts.writes > limits.max_changes:
        raise PlanRefused(
            f"The plan writes {counts.writes} objects; {limits.max_changes} are allowed without asking.",
            hint=f"If that is what you mean: --allow-changes {counts.writes}",
        )
    if counts.learners > limits.max_learners:
        raise PlanRefused(
            f"The plan changes objects that hold {counts.learners} learners' results; "
            f"{limits.max_learners} are allowed without asking.",
            hint=f"If that is what you mean: --allow-learners {counts.learners}",
        )
