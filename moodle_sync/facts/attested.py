"""What Moodle does not know and a person of the organisation says: a closed union, apart from what was observed.

An attested fact always names the file that the organisation keeps (its SHA-256 is in the payload) and who attests it.
It goes the way of every other fact (payload encrypted, leaf without personal data, kind ``attested``); it is never
mixed with observations, and nothing here is a verdict.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import AwareDatetime, Field, StringConstraints, TypeAdapter

from moodle_sync.facts.models import NOBODY, Fact, Model, fact_bytes, parse, plain

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\s:]([^:\r\n]{0,98}[^\s:])?$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Attached(Model):
    """A file that the organisation keeps: what it was called, its SHA-256, its size in bytes."""

    name: Name
    sha256: Digest
    size: int = Field(ge=0)


class BaseAttested(Model):
    """What every attested fact says besides its own fields."""

    course: str
    """idnumber of the session's course, or ``site`` for what is about the whole organisation."""
    userid: int = Field(ge=NOBODY)
    """Moodle's id of the person whom it is about; 0 for nobody in particular."""
    occurred_at: AwareDatetime
    """When it happened, as the person who attests it says."""
    attested_by: Name
    """Who says so."""
    file: Attached

    @property
    def object_id(self) -> str:
        """Which thing this is a state of: attested again with other fields, it is a correction."""
        raise NotImplementedError  # each kind names its own object

    def payload(self) -> dict[str, Any]:
        """The whole fact as JSON without floats."""
        values: dict[str, Any] = plain(self)
        return values

    def data(self) -> bytes:
        """The canonical bytes of the payload."""
        return fact_bytes(self)

    def value(self) -> dict[str, Any]:
        """What is compared with the last known state of the same object: all of it."""
        return self.payload()

    @staticmethod
    def compared(payload: bytes) -> bytes:
        """The canonical bytes of :meth:`value`: those of the payload."""
        return payload


class Attendance(BaseAttested):
    """One learner on the attendance sheet of one half-day, with both signatures (``occurred_at``: its beginning)."""

    kind: Literal["attendance"] = "attendance"
    day: date
    half: Literal["am", "pm"]
    title: Name
    """The training's title as it stands on the sheet: the same as on every other paper."""
    hours: Annotated[Decimal, Field(ge=0, le=8, max_digits=4, decimal_places=2)]
    """Hours attended, in hundredths (``3.5``)."""
    present: bool
    trainer: Name
    learner_signed: bool
    trainer_signed: bool

    @property
    def object_id(self) -> str:
        """One per session, half-day and learner."""
        return f"attendance:{self.course}:{self.day.isoformat()}:{self.half}:{self.userid}"


class Interview(BaseAttested):
    """That an interview with a learner was held."""

    kind: Literal["interview"] = "interview"
    reference: Reference
    purpose: Literal["need_analysis", "admission", "follow_up", "final"]
    interviewer: Name
    outcome: str = ""

    @property
    def object_id(self) -> str:
        """One per session, learner and reference."""
        return f"interview:{self.course}:{self.userid}:{self.reference}"


class Agreement(BaseAttested):
    """That a quote, an agreement or a contract was sent or signed."""

    kind: Literal["agreement"] = "agreement"
    reference: Reference
    document: Literal["quote", "agreement", "contract"]
    step: Literal["sent", "signed"]
    party: Name
    """With whom: the company, the funder or the learner."""

    @property
    def object_id(self) -> str:
        """One per session, learner, document and step: sent and signed are two facts."""
        return f"agreement:{self.course}:{self.userid}:{self.document}:{self.reference}:{self.step}"


class Convocation(BaseAttested):
    """That a learner was told when and where to come, and under which conditions."""

    kind: Literal["convocation"] = "convocation"
    channel: Literal["email", "post", "handed_over", "platform"]

    @property
    def object_id(self) -> str:
        """One per session, learner and moment."""
        return f"convocation:{self.course}:{self.userid}:{self.payload()['occurred_at']}"


class Complaint(BaseAttested):
    """One step in the life of a complaint, a difficulty or an incident."""

    kind: Literal["complaint"] = "complaint"
    reference: Reference
    nature: Literal["complaint", "difficulty", "incident"]
    step: Literal["received", "acknowledged", "answered", "closed"]
    text: Text

    @property
    def object_id(self) -> str:
        """One per session, reference and step."""
        return f"complaint:{self.course}:{self.userid}:{self.reference}:{self.step}"


class ImprovementAction(BaseAttested):
    """An action that was decided, its owner, its date and its effect."""

    kind: Literal["improvement_action"] = "improvement_action"
    reference: Reference
    source: str = ""
    """What led to it: the reference of a complaint, an appreciation."""
    text: Text
    owner: Name
    due: date
    state: Literal["planned", "done", "dropped"]
    effect: str = ""

    @property
    def object_id(self) -> str:
        """One per session and reference: its states follow each other."""
        return f"improvement_action:{self.course}:{self.reference}"


class Appreciation(BaseAttested):
    """That a funder, a trainer or a company was asked for its appreciation, and what it answered."""

    kind: Literal["appreciation"] = "appreciation"
    reference: Reference
    stakeholder: Literal["funder", "trainer", "company", "institution"]
    answered: bool
    text: str = ""

    @property
    def object_id(self) -> str:
        """One per session, stakeholder and reference."""
        return f"appreciation:{self.course}:{self.stakeholder}:{self.reference}"


class Derogation(BaseAttested):
    """That something was allowed which the programme or a rule does not foresee, by whom and why."""

    kind: Literal["derogation"] = "derogation"
    reference: Reference
    rule: Name
    """What it departs from."""
    author: Name
    reason: Text

    @property
    def object_id(self) -> str:
        """One per session, person and reference."""
        return f"derogation:{self.course}:{self.userid}:{self.reference}"


AttestedFact = Annotated[
    Attendance | Interview | Agreement | Convocation | Complaint | ImprovementAction | Appreciation | Derogation,
    Field(discriminator="kind"),
]
MODELS: dict[str, type[BaseAttested]] = {
    str(model.model_fields["kind"].default): model
    for model in (Attendance, Interview, Agreement, Convocation, Complaint, ImprovementAction, Appreciation, Derogation)
}
ATTESTED_KINDS: tuple[str, ...] = tuple(MODELS)
ABOUT_A_LEARNER = ("attendance", "interview", "convocation")
"""Kinds that always name a person."""
ABOUT_NOBODY = ("improvement_action", "appreciation")
"""Kinds that never do."""

_ADAPTER: TypeAdapter[AttestedFact] = TypeAdapter(AttestedFact)


def parse_attested(payload: dict[str, Any]) -> AttestedFact:
    """An attested fact from its payload; raises pydantic's ValidationError for anything else."""
    return _ADAPTER.validate_python(payload)


def parse_any(payload: dict[str, Any]) -> Fact | AttestedFact:
    """An observed or attested fact from its payload; raises pydantic's ValidationError for anything else."""
    return parse_attested(payload) if payload.get("kind") in MODELS else parse(payload)


def choices(kind: str, field: str) -> tuple[str, ...]:
    """The words that a field takes, empty for a field of free text."""
    return tuple(str(word) for word in get_args(MODELS[kind].model_fields[field].annotation))
