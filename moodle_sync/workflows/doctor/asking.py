"""How a read tells of a capability: answered, it is there; refused by one of Moodle's codes for it, it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from moodle_sync.errors import AccessDenied, MoodleRefused, SiteError

Told = dict[str, bool]
"""Whether an account has a capability, by name; what is not in it could not be told."""

_NOT_ALLOWED = ("nopermissions", "cannotviewreport")


def refusal(capability: str, read: Callable[[], Any], *codes: str) -> Told:
    """True when the read is answered, False when it is refused by one of these codes, else nothing."""
    try:
        read()
    except (AccessDenied, MoodleRefused) as error:
        return {capability: False} if error.errorcode in (codes or _NOT_ALLOWED) else {}
    except SiteError:
        return {}
    return {capability: True}


def whole(results: Sequence[object]) -> None:
    """Raises the first error among the answers of many calls."""
    for result in results:
        if isinstance(result, SiteError):
            raise result
