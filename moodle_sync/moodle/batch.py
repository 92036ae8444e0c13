"""Many calls in few requests, through ``tool_mobile_call_external_functions``.

Moodle runs the calls of a batch in order, without a transaction around them, and stops at the first error. So a batch
is taken up again after the call that failed; what was executed is never sent a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from moodle_sync.errors import AccessDenied, AnswerLost, MoodleRefused, NotMoodle, SiteError, Unreachable
from moodle_sync.moodle.answers import decode, value_of
from moodle_sync.moodle.encoding import to_json
from moodle_sync.moodle.errorcodes import to_error
from moodle_sync.moodle.functions import BATCH, is_read
from moodle_sync.moodle.transport import Transport

MAX_SIZE = 170
"""Five form variables a call: more would pass the limit of ``encoding``."""
MAX_BYTES = 500_000
"""Arguments in one request: web servers commonly refuse a body above 1 MB."""


class Call(NamedTuple):
    """One call to make."""

    wsfunction: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one call: its value, or a typed error."""

    value: Any = None
    error: SiteError | None = None

    def unwrap(self) -> Any:
        """The value; raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.value


def call_many(transport: Transport, calls: Sequence[Call], size: int = 100) -> list[Outcome]:
    """Makes all the calls, at most ``size`` a request, and returns one outcome each, in the order asked.

    A call that Moodle refuses is an outcome with an error; those after it are made all the same. When the site itself
    fails (cannot be reached, is not Moodle, loses an answer): if all the calls only read, that error is raised; if any
    of them writes, the calls of that request have it as their outcome (``AnswerLost``: never sent again here), and
    those that were not sent have :class:`Unreachable`.

    Raises:
        SiteError: the site failed, and nothing was to be written.
        ValueError: ``size`` is not between 1 and :data:`MAX_SIZE`.
    """
    if not 1 <= size <= MAX_SIZE:
        raise ValueError(f"a batch holds 1 to {MAX_SIZE} calls, not {size}")
    reads_only = all(is_read(call.wsfunction, call.params) for call in calls)
    arguments = [to_json(call.params) for call in calls]
    outcomes: list[Outcome] = []
    while len(outcomes) < len(calls):
        start = len(outcomes)
        stop = start + (_fitting(arguments[start : start + size]) if transport.can_batch else 1)
        try:
            if transport.can_batch:
                outcomes += _send(transport, calls[start:stop], arguments[start:stop])
            else:
                outcomes.append(_single(transport, calls[start]))
        except SiteError as error:
            if reads_only:
                raise
            outcomes += _aborted(calls, error, start=start, sent=stop)
    return outcomes


def _aborted(calls: Sequence[Call], error: SiteError, *, start: int, sent: int) -> Iterator[Outcome]:
    yield from (Outcome(error=error) for _ in range(start, sent))
    unsent = Unreachable("not sent, because the request before it failed", hint="Run again once the site answers.")
    yield from (Outcome(error=unsent) for _ in range(sent, len(calls)))


def _send(transport: Transport, calls: Sequence[Call], arguments: Sequence[str]) -> list[Outcome]:
    """The outcomes of the calls that Moodle executed, one at least; none when batches turn out to be not allowed."""
    requests = [
        {
            "function": call.wsfunction,
            "arguments": text,
            "settingraw": True,
            "settingfilter": False,
            "settingfileurl": False,
        }
        for call, text in zip(calls, arguments, strict=True)
    ]
    try:
        body = transport.call(BATCH, {"requests": requests}, counts=0)
    except AccessDenied as error:
        if error.errorcode != "accessexception":
            raise
        # Not in this token's service, so nothing was executed: one request a call from here on.
        transport.can_batch = False
        return []
    responses = body.get("responses") if isinstance(body, dict) else None
    if not isinstance(responses, list) or not 0 < len(responses) <= len(calls):
        raise _disagrees(calls, "another number of answers than calls")
    transport.calls += len(responses)
    outcomes = [_outcome(call, response) for call, response in zip(calls, responses, strict=False)]
    if len(outcomes) < len(calls) and outcomes[-1].error is None:
        raise _disagrees(calls, "a batch that stops without an error")
    return outcomes


def _outcome(call: Call, response: Mapping[str, Any]) -> Outcome:
    name, write = call.wsfunction, not is_read(call.wsfunction, call.params)
    try:
        if response.get("error"):
            body = decode(name, response.get("exception") or "", write=write)
            return Outcome(error=to_error(name, body, write=write))
        return Outcome(value=value_of(name, decode(name, response.get("data") or "", write=write), write=write))
    except SiteError as error:
        return Outcome(error=error)


def _single(transport: Transport, call: Call) -> Outcome:
    try:
        return Outcome(value=transport.call(call.wsfunction, call.params))
    except (MoodleRefused, AccessDenied) as error:
        return Outcome(error=error)


def _disagrees(calls: Sequence[Call], what: str) -> SiteError:
    if all(is_read(call.wsfunction, call.params) for call in calls):
        return NotMoodle(f"{BATCH}: {what}")
    return AnswerLost(f"{BATCH}: {what}, after writes were sent", hint="Look the objects up by their keys first.")


def _fitting(arguments: Sequence[str]) -> int:
    """How many of the first calls go into one request: one at least."""
    size = 0
    for count, text in enumerate(arguments):
        size += len(text.encode())
        if size > MAX_BYTES and count:
            return count
    return len(arguments)
