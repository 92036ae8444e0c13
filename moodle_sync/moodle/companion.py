"""The companion route: ``local_moodlesync_*``, as ``docs/reference/companion.md`` describes it.

Every write is one JSON text in and one JSON text out, answered item by item: an item that fails does not fail the
call, so that each :class:`ItemAnswer` has to be looked at. Items are upserts by key, but an answer that was lost is
still looked up, never repeated blindly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from moodle_sync.errors import AnswerLost, MoodleRefused
from moodle_sync.moodle.answers import decode
from moodle_sync.moodle.encoding import EncodingError
from moodle_sync.moodle.functions import COMPANION_COURSE_STATE, COMPANION_STATUS, is_read
from moodle_sync.moodle.reader import SiteReader
from moodle_sync.moodle.transport import Transport
from moodle_sync.moodle.wire.base import T, parse
from moodle_sync.moodle.wire.companion import (
    COURSE_ACTIVITIES,
    ENVELOPE,
    ITEMS,
    OBJECT,
    STATUS,
    ActivityKey,
    CompanionStatus,
    ItemAnswer,
)

SCHEMA = 1
"""The number of the contract that this client speaks."""

Item = Mapping[str, Any]


class CompanionClient:
    """Typed calls of the companion. Every method raises :class:`SiteError`; a schema of another number is refused."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def status(self, functions: frozenset[str] | None = None) -> CompanionStatus | None:
        """The companion's status, or None when it is not among the functions of this token's service.

        Args:
            functions: the names that ``site_info`` gave, to save asking again.

        wsfunction: ``local_moodlesync_get_status``.
        """
        known = SiteReader(self.transport).site_info().functions if functions is None else functions
        return self._ask(COMPANION_STATUS, {}, STATUS) if COMPANION_STATUS in known else None

    def course_state(self, courseid: int, namespace: str) -> dict[str, Any]:
        """Everything of ours in a course, as the contract has it. wsfunction: ``local_moodlesync_get_course_state``."""
        params = {"courseid": courseid, "namespace": namespace}
        return self._ask(COMPANION_COURSE_STATE, params, OBJECT)

    def course_activities(self, courseid: int, namespace: str) -> list[ActivityKey]:
        """Which cmid is which of our activities. wsfunction: ``local_moodlesync_get_course_state``."""
        params = {"courseid": courseid, "namespace": namespace}
        return self._ask(COMPANION_COURSE_STATE, params, COURSE_ACTIVITIES).activities

    def write(self, wsfunction: str, courseid: int, namespace: str, items: Sequence[Item]) -> list[ItemAnswer]:
        """Writes children of a course: one answer an item, in order; an item that failed carries its error.

        Args:
            wsfunction: one of the contract's writes that take a course, such as ``local_moodlesync_upsert_sections``.
            courseid: Moodle's id of the course.
            namespace: ours.
            items: as the contract has them for that function; none is no call.

        Raises:
            AnswerLost: what was done of them is not known. SiteError: nothing was.
        """
        if not items:
            return []
        params = {"courseid": courseid, "namespace": namespace, "items": _packed(items)}
        answers = self._ask(wsfunction, params, ITEMS).items
        if [answer.key for answer in answers] != [item["key"] for item in items]:
            raise AnswerLost(
                f"{wsfunction}: the answers do not match the items sent", hint="Read the state of the course first."
            )
        return answers

    def get_baseline(self, namespace: str, kind: str, keys: Sequence[str]) -> dict[str, Any]:
        """What was last written, ``{key: {field: {"desired", "observed"}}}``; keys without a row are missing.

        wsfunction: ``local_moodlesync_get_baseline``.
        """
        if not keys:
            return {}
        params = {"namespace": namespace, "kind": kind, "keys": _packed(list(keys))}
        return self._ask("local_moodlesync_get_baseline", params, OBJECT)

    def set_baseline(self, namespace: str, items: Sequence[Item]) -> None:
        """Stores what was just written, merged by field; ``fields`` None drops the row.

        wsfunction: ``local_moodlesync_set_baseline``.
        """
        if items:
            params = {"namespace": namespace, "items": _packed(items)}
            self._ask("local_moodlesync_set_baseline", params, OBJECT)

    def _ask(self, wsfunction: str, params: Mapping[str, Any], adapter: TypeAdapter[T]) -> T:
        envelope = parse(wsfunction, ENVELOPE, self.transport.call(wsfunction, params))
        if envelope.schema_number != SCHEMA:
            raise MoodleRefused(
                f"{wsfunction}: the companion speaks schema {envelope.schema_number}, this release speaks {SCHEMA}",
                errorcode="unknownschema",
                hint="Bring moodle-sync and the companion to the same version.",
            )
        return parse(wsfunction, adapter, decode(wsfunction, envelope.json_text, write=not is_read(wsfunction)))


def _packed(value: Any) -> str:
    """JSON text without floats: numbers of points travel as decimal text, as the contract says."""
    _refuse_inexact(value, "items")
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse_inexact(value: Any, path: str) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_inexact(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _refuse_inexact(item, f"{path}[{index}]")
    elif value is not None and not isinstance(value, str | int):
        raise EncodingError(f"{path} is a {type(value).__name__}: send text, an int, a bool or None")
