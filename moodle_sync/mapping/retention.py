"""The shape of mappings/retention.yaml: how long which class of data is kept for which funder, and who says so.

Data with its sources, and the arithmetic of a duration. Which entries are due is ``compliance.retention``'s.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from moodle_sync.mapping.models import MappingModel, Name, Sourced, Text

ANY = "any"
"""In ``funders``: the policy applies whoever pays, and nobody."""

PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""As it stands in an erasure entry, for ever: never the name of a person."""

Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]?(mo|y)$")]
Start = Literal["session_end", "session_year_end", "last_payment", "last_payment_year_end"]
"""From when the duration runs: a day, or the end of the civil year in which it lies."""


class DataClass(MappingModel):
    """A class of data: the kinds of facts that are kept equally long."""

    data_class: Name
    title: Text
    kinds: tuple[Name, ...] = Field(min_length=1)


class Funder(MappingModel):
    """A funder that sessions may name."""

    funder: Name
    title: Text


class Policy(Sourced):
    """How long classes of data are kept for funders. ``edition``: of what was read for it."""

    policy: PolicyName
    title: Text
    classes: tuple[Name, ...] = Field(min_length=1)
    funders: tuple[Name, ...] = Field(min_length=1)
    """Funders of this file, or ``any``."""
    keep: Duration
    """``3y`` or ``18mo``."""
    start: Start
    edition: Text

    @property
    def for_anybody(self) -> bool:
        """Whether it applies whoever pays."""
        return ANY in self.funders

    def until(self, starts: date) -> date:
        """The last day on which the data are kept, from the day that ``start`` names. 29 February ends on the 28th.

        Raises:
            OverflowError: it falls outside the calendar.
        """
        first = date(starts.year, 12, 31) if self.start.endswith("_year_end") else starts
        count = int(self.keep.rstrip("moy"))
        months = count if self.keep.endswith("mo") else 12 * count
        year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
        if year > date.max.year:
            raise OverflowError(f"{first} and {self.keep}")
        return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


class RetentionFile(MappingModel):
    """The content of mappings/retention.yaml."""

    edition: Text
    classes: tuple[DataClass, ...] = Field(min_length=1)
    funders: tuple[Funder, ...] = Field(min_length=1)
    policies: tuple[Policy, ...] = ()


@dataclass(frozen=True)
class Retention:
    """Every policy, by name, and what they are about. ``edition`` names the file's version."""

    edition: str
    classes: dict[str, DataClass]
    funders: dict[str, Funder]
    policies: dict[str, Policy]

    def class_of(self, kind: str) -> str | None:
        """The class of a kind of fact, or None when no class holds it: then nothing says how long it is kept."""
        return next((name for name, one in self.classes.items() if kind in one.kinds), None)

    def of_class(self, data_class: str) -> tuple[Policy, ...]:
        """The policies about a class, in the order of the file."""
        return tuple(one for one in self.policies.values() if data_class in one.classes)
