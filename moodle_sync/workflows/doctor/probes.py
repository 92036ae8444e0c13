"""Without the companion Moodle tells nobody which capabilities an account has: harmless reads show some of them.

Each account is looked up by the other one, and a course of ours that is there is read (:mod:`.course_probes`). Nothing
is written, and what a read cannot show is left untold.
"""

from __future__ import annotations

from collections.abc import Iterable

from moodle_sync.errors import SiteError
from moodle_sync.moodle.push import PushClient
from moodle_sync.moodle.reader import SiteReader
from moodle_sync.moodle.wire.site import UserRow
from moodle_sync.workflows.doctor.asking import Told, refusal
from moodle_sync.workflows.doctor.contact import Meeting, Visit
from moodle_sync.workflows.doctor.course_probes import probe_course
from moodle_sync.workflows.doctor.findings import Finding
from moodle_sync.workflows.doctor.needs import Role

_NOBODY = "moodle-sync-doctor-looks-for-nothing"


def probe(meeting: Meeting, courses: Iterable[str]) -> tuple[dict[Role, Told], list[Finding]]:
    """What reads show of each account's capabilities, and what the two accounts see differently.

    Args:
        meeting: the visits; an account whose token failed is not probed.
        courses: idnumbers of courses of ours that may be on the site; the first that is there is read.
    """
    told: dict[Role, Told] = {role: {"webservice/rest:use": True} for role in meeting.visits}
    push, pull = meeting.visits.get("push"), meeting.visits.get("pull")
    if push is not None and pull is not None:
        told["push"].update(_people(push, pull))
        told["pull"].update(_people(pull, push))
    findings: list[Finding] = []
    if push is not None:
        told["push"] |= refusal(
            "moodle/category:manage",
            lambda: PushClient(push.transport).categories_by_idnumber(_NOBODY),
            "criteriaerror",
        )
        if pull is not None:
            findings += probe_course(push, pull, courses, told)
    return told, findings


def _people(asking: Visit, other: Visit) -> Told:
    """Whether one service account sees the other: an account always sees all of itself, and that tells nothing."""
    own = _found(SiteReader(other.transport), "id", str(other.info.userid))
    if own is None:
        return {}
    reader = SiteReader(asking.transport)
    told = {"moodle/user:viewdetails": _found(reader, "id", str(own.id)) is not None}
    if not told["moodle/user:viewdetails"]:
        return told  # whoever sees nobody finds nobody by any field: the others stay untold
    told["moodle/user:viewalldetails"] = _found(reader, "username", own.username) is not None
    if own.email:
        told["moodle/site:viewuseridentity"] = _found(reader, "email", own.email) is not None
    return told


def _found(reader: SiteReader, field: str, value: str) -> UserRow | None:
    try:
        return next(iter(reader.users_by_field(field, [value])), None)
    except SiteError:
        return None
