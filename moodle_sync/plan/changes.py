"""Changes: what a plan is made of, one object each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from moodle_sync.state.resources import Kind, Ref

JSON = Any


class Action(StrEnum):
    """What a plan means to do with one object. Only the first three write."""

    CREATE = "create"
    UPDATE = "update"
    HIDE = "hide"
    """It left the spec: hidden and kept, never deleted."""
    DRIFT = "drift"
    """A person edited it since we wrote it: shown and kept."""
    CONFLICT = "conflict"
    """It differs from the spec and we never wrote it: a person decides."""
    BLOCKED = "blocked"
    """It cannot be done by the open route."""
    REFUSED = "refused"
    """It would alter what learners' results mean."""
    LEFT = "left"
    """It left the spec and stays as it is."""


WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.HIDE})
STOPS = frozenset({Action.CONFLICT, Action.REFUSED})
"""Actions that make a plan answer "refused" (exit code 3) even though the rest of it can be applied."""


@dataclass(frozen=True)
class FieldChange:
    """One field: what Moodle holds and what the spec says. ``spec_changed``: the spec moved since we wrote it."""

    name: str
    live: JSON
    desired: JSON
    spec_changed: bool = False


@dataclass(frozen=True)
class Change:
    """One object, one action, the fields concerned. ``learners`` counts those with results in the object."""

    action: Action
    kind: Kind
    key: str
    fields: tuple[FieldChange, ...] = ()
    course: str = ""
    local: str = ""
    learners: int = 0
    reason: str = ""

    @property
    def ref(self) -> Ref:
        """Kind and key."""
        return self.kind, self.key
