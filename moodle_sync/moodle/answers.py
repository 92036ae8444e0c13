"""From the bytes of an answer to its value, or to the error that it stands for.

Moodle answers HTTP 200 to everything: an exception, a warning that nothing was done, or the value itself. Numbers with
a fraction become ``Decimal`` here, before a float could round them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from moodle_sync.errors import AnswerLost, NotMoodle, SiteError
from moodle_sync.moodle.errorcodes import is_error, refusal, to_error
from moodle_sync.moodle.functions import warnings_refuse


def decode(wsfunction: str, content: bytes | str, *, write: bool) -> Any:
    """The JSON value of an answer, with ``Decimal`` for every number that has a fraction.

    Raises:
        NotMoodle: HTML, nothing, or broken JSON.
        AnswerLost: the same in answer to a write, which may well have been done.
    """
    try:
        # "NaN" and "Infinity" are no JSON, though Python would take them.
        return json.loads(content, parse_float=Decimal, parse_constant=_refuse_constant)
    except ValueError:
        what, hint = _describe(content)
    if write:
        raise AnswerLost(f"{wsfunction}: {what}, after a write was sent", hint=f"Look the object up first. {hint}")
    raise NotMoodle(f"{wsfunction}: {what}", hint=hint)


def value_of(wsfunction: str, body: Any, *, write: bool) -> Any:
    """The value of a decoded answer, or the typed error that it is.

    Raises:
        SiteError: of the class that ``errorcodes`` gives, also for the warnings of a function that refuses by warning.
    """
    if is_error(body):
        raise to_error(wsfunction, body, write=write)
    warnings = body.get("warnings") if isinstance(body, dict) else None
    if warnings and warnings_refuse(wsfunction):
        raise refused_by(wsfunction, warnings)
    return body


def refused_by(wsfunction: str, warnings: list[Mapping[str, Any]]) -> SiteError:
    """The error for an answer whose ``warnings`` say that something was not done: the first, and how many more."""
    first = warnings[0]
    more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
    return refusal(wsfunction, str(first.get("warningcode", "")), f"{first.get('message', '')}{more}")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _describe(content: bytes | str) -> tuple[str, str]:
    start = (content.decode("utf-8", "replace") if isinstance(content, bytes) else content).lstrip()[:200].lower()
    if not start:
        return "the answer is empty", "PHP stopped there: look into the error log of the site."
    if start.startswith(("<!doctype", "<html", "<?xml")):
        return "the answer is a page, not JSON", "Is the address that of the Moodle site itself?"
    if start.startswith("<"):
        return "the answer starts with markup", "Switch off the display of PHP and debugging messages on the site."
    return "the answer is broken JSON", "Look into the error log of the site, and at what stands between it and here."
