"""What spec files are made of: the base of their models, and single values (texts, keys, numbers, unread dates)."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from moodle_sync import ids


class Spec(BaseModel):
    """Base of every spec model: unknown fields are refused, nothing is coerced, nothing can be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=False)


def _number(value: Any) -> Any:
    # Decimal(0.1) is not 0.1: what YAML read as a float goes through its shortest text. bool is an int in Python.
    # Text of digits is the form that numbers have in a stored closure, which must be readable again.
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, str) and _DECIMAL_TEXT.fullmatch(value):
        return Decimal(value)
    raise PydanticCustomError("number", "a number is expected")


_DECIMAL_TEXT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


def _nfc(value: str) -> str:
    return unicodedata.normalize("NFC", value)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_nfc)]
Key = Annotated[str, StringConstraints(pattern=rf"^{ids.KEY.pattern}$", max_length=60)]
LocalKey = Annotated[str, StringConstraints(pattern=rf"^{ids.LOCAL_KEY.pattern}$", max_length=60)]
Version = Annotated[str, StringConstraints(pattern=rf"^{ids.VERSION.pattern}$", max_length=20)]
RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""The name of a role in mappings/roles.yaml: what an activity's results may and may not evidence."""
FunderName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
"""The name of a funder in mappings/retention.yaml."""
Number = Annotated[Decimal, BeforeValidator(_number), Field(allow_inf_nan=False)]
Hours = Annotated[Number, Field(gt=0, le=10000)]
Points = Annotated[Number, Field(ge=0, le=100000)]
RelativeDate = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
