"""Keys: how an object of the specs is called in Moodle, for good.

Every idnumber that we write is ``<namespace>:<key>``. A key is readable and stable; a title may change, a key never
does. Moodle's idnumber columns hold 100 characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

IDNUMBER_LIMIT = 100
NAMESPACE = re.compile(r"[a-z0-9-]{2,12}")
KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
LOCAL_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class CourseKey:
    """A course of a session: ``<namespace>:<programme>@<session>``."""

    namespace: str
    programme: str
    session: str

    @property
    def idnumber(self) -> str:
        """The course's idnumber in Moodle."""
        return f"{self.namespace}:{self.programme}@{self.session}"

    def child(self, local_key: str) -> str:
        """The idnumber of an activity or group of this course: ``<course idnumber>:<local key>``."""
        return f"{self.idnumber}:{local_key}"


def framework_idnumber(namespace: str, framework: str, version: str) -> str:
    """The idnumber of a competency framework; the version is in it, because sessions share frameworks."""
    return f"{namespace}:{framework}@{version}"


def competency_idnumber(framework: str, objective: str) -> str:
    """The idnumber of a competency, from its framework's idnumber and the objective's key."""
    return f"{framework}:{objective}"


def category_idnumber(namespace: str, category: str) -> str:
    """The idnumber of a course category."""
    return f"{namespace}:{category}"


def split_child(course_idnumber: str, idnumber: str) -> str | None:
    """The local key of a child of this course, or None when the idnumber belongs to another course or tool."""
    prefix = f"{course_idnumber}:"
    return idnumber[len(prefix) :] if idnumber.startswith(prefix) and len(idnumber) > len(prefix) else None


def too_long(idnumber: str) -> str | None:
    """A sentence that names the parts and lengths of an idnumber past Moodle's limit, or None when it fits."""
    if len(idnumber) <= IDNUMBER_LIMIT:
        return None
    parts = ", ".join(f"{part!r} ({len(part)})" for part in re.split(r"[:@]", idnumber))
    return f"the key {idnumber!r} has {len(idnumber)} characters, Moodle takes {IDNUMBER_LIMIT}: shorten one of {parts}"
