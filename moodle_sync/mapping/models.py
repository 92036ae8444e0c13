"""The shapes of the mapping files: what an edition of the referential says, and what a result may stand for.

Everything here was read somewhere: each line carries its source and how surely it is known. A change of the law is a
new file beside the old one, never an edit: verdicts name the edition that they were made by.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    AfterValidator(lambda text: unicodedata.normalize("NFC", text)),
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Edition = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$", max_length=40)]
Number = Annotated[int, Field(ge=1, le=32)]


class MappingModel(BaseModel):
    """Base of these models: no unknown fields, nothing coerced, nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Known(StrEnum):
    """How surely something is known: read in the primary text, in a secondary source, or not checked."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    UNVERIFIED = "unverified"


class Sourced(MappingModel):
    """Something with a source: where it was read, and how surely it is known."""

    source: Text
    known: Known


class Indicator(MappingModel):
    """One indicator of the referential, in our own words."""

    indicator: Number
    criterion: Annotated[int, Field(ge=1, le=7)]
    title: Text
    severity: Literal["graded", "major"]
    """``graded``: a partial failing can be minor. ``major``: the first one is major."""
    applies: Literal["always", "apprenticeship", "certifying", "subcontracting", "workplace"]
    more_than_days: Annotated[int, Field(ge=1)] | None = None
    """Applies only to trainings of more days than this."""
    new_entrant: Literal["as_others", "lighter"] = "as_others"
    lms: Literal["traces", "outside"]
    """Whether an LMS can hold traces of it. ``outside``: a report says "hors périmètre LMS", never "conforme"."""
    titled_from: Known
    """How surely the title is known."""
    severity_from: Known
    """How surely the severity is known."""


class Referential(Sourced):
    """The Référentiel national qualité in one edition of its reading guide."""

    rnq: Edition
    title: Text
    in_force_from: date
    severity_source: Text
    applies_source: Text
    new_entrant_source: Text
    indicators: tuple[Indicator, ...] = Field(min_length=1)

    def get(self, number: int) -> Indicator | None:
        """The indicator of that number, or None."""
        return next((one for one in self.indicators if one.indicator == number), None)


class Role(Sourced):
    """What the results of an activity may stand for, and what they never do."""

    role: Name
    title: Text
    evidences: tuple[Number, ...] = ()
    never: tuple[Number, ...] = ()
    default_for: tuple[Literal["page", "assignment", "quiz"], ...] = ()
    """Kinds of activity that have this role when the programme names none."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        both = sorted(set(self.evidences) & set(self.never))
        if both:
            raise ValueError(f"indicator {both[0]} stands under 'evidences' and under 'never': keep one")
        return self


class ScaleItem(MappingModel):
    """One value of a scale, and what it says about an objective."""

    key: Name
    title: Text
    means: Literal["acquired", "in_progress", "not_acquired", "not_assessed"]


class Scale(Sourced):
    """An ordered scale, lowest value first."""

    scale: Name
    title: Text
    items: tuple[ScaleItem, ...] = Field(min_length=2)


class RolesFile(MappingModel):
    """The content of mappings/roles.yaml."""

    roles: tuple[Role, ...] = Field(min_length=1)


class ScalesFile(MappingModel):
    """The content of mappings/scales.yaml."""

    scales: tuple[Scale, ...] = Field(min_length=1)
