"""What all shapes share: the field types, the warnings that an answer carries, and parsing with an error that helps."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from moodle_sync import clock
from moodle_sync.errors import AnswerLost, NotMoodle
from moodle_sync.moodle.functions import is_read

T = TypeVar("T")


def _epoch(value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("epoch seconds are expected")
    return clock.from_epoch(value)


def _number(value: Any) -> Decimal:
    # Moodle sends 3, 50.33333 and "50.33333" for the same kind of thing.
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("a number is expected")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError("a number is expected") from error
    if not number.is_finite():
        raise ValueError("a finite number is expected")
    return number


def _optional_number(value: Any) -> Decimal | None:
    return None if value is None or value == "" else _number(value)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise ValueError("a yes or no is expected")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("text is expected")
    return unicodedata.normalize("NFC", value)


def _shown(value: Any) -> str:
    return html.unescape(_text(value))


Int = Annotated[int, Field(strict=True)]
"""A JSON number: never text that looks like one, never a bool."""
Epoch = Annotated[datetime | None, BeforeValidator(_epoch)]
"""Epoch seconds on the wire, an aware UTC datetime here; 0 and null are None."""
Number = Annotated[Decimal, BeforeValidator(_number)]
OptionalNumber = Annotated[Decimal | None, BeforeValidator(_optional_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str, BeforeValidator(_text)]
"""Stored text in NFC; null is empty."""
Told = Annotated[str | None, BeforeValidator(_text)]
"""Text of a field that Moodle leaves out for some accounts: null is empty, and a default of None means not told."""
Shown = Annotated[str, BeforeValidator(_shown)]
"""A name that Moodle escapes for display even when stored text is asked for, unescaped once."""


class Wire(BaseModel):
    """Base of the shapes: frozen, and blind to fields that it does not use. Strictness is in the field types."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class SiteWarning(Wire):
    """One entry of ``warnings[]``: something was left out or not done, and the answer came all the same."""

    item: Text = ""
    itemid: Int | None = None
    warningcode: Text = ""
    message: Text = ""

    def __str__(self) -> str:
        what = f"{self.item} {self.itemid}: " if self.item and self.itemid is not None else ""
        return f"{what}{self.warningcode}"


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A value, and the warnings that came with it: with any of them, the value may not be whole."""

    value: T
    warnings: tuple[SiteWarning, ...] = ()


def parse(wsfunction: str, adapter: TypeAdapter[T], body: Any) -> T:
    """The typed form of an answer.

    Raises:
        NotMoodle: it does not have the shape that the contract promises; the message names the field, not its value.
        AnswerLost: the same in answer to a write.
    """
    try:
        return adapter.validate_python(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        message = f"{wsfunction}: the answer has not the expected shape at {where}: {first['msg']}"
    if is_read(wsfunction):
        raise NotMoodle(message, hint="Is this a version of Moodle, or a plugin, that this release does not know?")
    raise AnswerLost(message, hint="The write was done or not: look the object up by its key.")


_WARNING: TypeAdapter[SiteWarning] = TypeAdapter(SiteWarning)


def warnings_of(wsfunction: str, body: Any) -> tuple[SiteWarning, ...]:
    """The warnings of an answer; none when it has no such field."""
    found = body.get("warnings") if isinstance(body, Mapping) else None
    return tuple(parse(wsfunction, _WARNING, item) for item in found or ())
