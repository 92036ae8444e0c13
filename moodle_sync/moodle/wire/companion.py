"""What the companion answers: see ``docs/reference/companion.md``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, TypeAdapter

from moodle_sync.moodle.wire.base import Epoch, Flag, Int, Text, Wire


class Envelope(Wire):
    """Every answer of the companion: the number of the contract, and the answer itself as JSON text."""

    schema_number: Int = Field(alias="schema")
    json_text: str = Field(alias="json")


class CompanionStatus(Wire):
    """The companion on this site, and which of the needed capabilities the caller has at system level.

    The last three came with release 0.3.0 of the companion: an older one tells none of them.
    """

    release: Text
    version: Int | Text
    moodle_release: Text
    moodle_version: Int | Text
    site_id: Text
    """SHA-256 hex of the site identifier: what a configured site name is pinned to."""
    wwwroot: Text
    servertime: Epoch
    userid: Int
    capabilities: dict[str, Flag]
    assigns: tuple[Text, ...] | None = None
    """Shortnames of the roles that the caller's own let it give in a course."""
    languages: tuple[Text, ...] | None = None
    """Codes of the language packs that are installed."""
    lastcron: Epoch = None
    """When cron last began. None with ``languages`` told: never."""


class ItemError(Wire):
    """Why one item failed; ``path`` names the field for ``badpayload``."""

    errorcode: Text
    message: Text = ""
    path: Text = ""


class ItemAnswer(Wire):
    """What became of one item. ``state`` is every field as read back, so that it can be compared."""

    key: Text
    action: Literal["created", "updated", "unchanged", "failed"]
    id: Int | None = None
    state: dict[str, Any] | None = None
    error: ItemError | None = None
    foreign: Flag = False
    """An enrolment that a person made by hand: left as it is, and not ours."""


class Items(Wire):
    """The answer to a write."""

    items: list[ItemAnswer]


class ActivityKey(Wire):
    """An activity of ours: its local key and its cmid."""

    key: Text
    id: Int


class CourseActivities(Wire):
    """The part of a course's state that says which activity is which."""

    activities: list[ActivityKey]


ENVELOPE: TypeAdapter[Envelope] = TypeAdapter(Envelope)
STATUS: TypeAdapter[CompanionStatus] = TypeAdapter(CompanionStatus)
ITEMS: TypeAdapter[Items] = TypeAdapter(Items)
OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
COURSE_ACTIVITIES: TypeAdapter[CourseActivities] = TypeAdapter(CourseActivities)
