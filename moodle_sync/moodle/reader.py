"""What pushing and pulling both read: the site, courses, modules and people.

Moodle leaves out silently what the account may not see: an empty answer means absent *or* invisible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moodle_sync.errors import AccessDenied, SiteError
from moodle_sync.moodle.answers import refused_by
from moodle_sync.moodle.batch import Call, Outcome, call_many
from moodle_sync.moodle.functions import BATCH
from moodle_sync.moodle.transport import Transport
from moodle_sync.moodle.wire.base import parse
from moodle_sync.moodle.wire.site import (
    COURSES,
    ENROLLED,
    MODULE,
    SECTIONS,
    SITE_INFO,
    USERS,
    CourseRow,
    EnrolledUser,
    ModuleDetails,
    ModuleRow,
    SectionRow,
    SiteInfo,
    UserRow,
)

USERS_AT_ONCE = 100
_USER_FIELDS = "id,username,idnumber,email,fullname,groups,roles"


class SiteReader:
    """Typed reads over one transport.

    Every method raises :class:`SiteError`, and refuses an answer that comes with warnings unless it says otherwise.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._site_info: SiteInfo | None = None

    def site_info(self) -> SiteInfo:
        """The site, its release and the functions of this token's service; asked once, then remembered.

        wsfunction: ``core_webservice_get_site_info``.
        """
        if self._site_info is None:
            name = "core_webservice_get_site_info"
            self._site_info = parse(name, SITE_INFO, self.transport.call(name))
            if BATCH not in self._site_info.functions:
                self.transport.can_batch = False
        return self._site_info

    def courses_by_idnumber(self, idnumber: str) -> list[CourseRow]:
        """The courses with exactly this idnumber. Nothing enforces that there is only one.

        An empty list means absent, or invisible to this account. wsfunction: ``core_course_get_courses_by_field``.
        """
        name = "core_course_get_courses_by_field"
        body = self._call(name, {"field": "idnumber", "value": idnumber})
        rows = parse(name, COURSES, body["courses"])
        # Without moodle/course:update Moodle finds the course by its idnumber and then leaves the idnumber out.
        same = [row for row in rows if row.idnumber in (idnumber, "")]
        return [row.model_copy(update={"idnumber": idnumber}) for row in same]

    def course_sections(self, courseid: int) -> list[SectionRow]:
        """The sections of a course in order, each with its modules. wsfunction: ``core_course_get_contents``."""
        name = "core_course_get_contents"
        options = [{"name": "excludecontents", "value": True}]
        return parse(name, SECTIONS, self._call(name, {"courseid": courseid, "options": options}))

    def course_modules(self, courseid: int) -> list[ModuleRow]:
        """The modules of a course in page order, hidden ones included. wsfunction: ``core_course_get_contents``."""
        return [module for section in self.course_sections(courseid) for module in section.modules]

    def module_details(self, cmids: Sequence[int]) -> list[ModuleDetails | SiteError]:
        """For each cmid, in order, its details (with its idnumber, if the account may edit) or the error; batched.

        wsfunction: ``core_course_get_course_module``.
        """
        name = "core_course_get_course_module"
        return [
            outcome.error or parse(name, MODULE, _clean(name, outcome.value)["cm"])
            for outcome in self._many(name, ({"cmid": cmid} for cmid in cmids))
        ]

    def users_by_field(self, field: str, values: Iterable[str | int]) -> list[UserRow]:
        """The people found, in no order; those not found (or invisible) are missing. Chunks of 100.

        Args:
            field: ``id``, ``idnumber``, ``username`` or ``email``. By ``id`` Moodle also returns deleted accounts.
            values: what to look for; the idnumber of a user is not unique in Moodle.

        wsfunction: ``core_user_get_users_by_field``.
        """
        name = "core_user_get_users_by_field"
        wanted = list(dict.fromkeys(str(value) for value in values))
        found: list[UserRow] = []
        for start in range(0, len(wanted), USERS_AT_ONCE):
            chunk = wanted[start : start + USERS_AT_ONCE]
            rows = parse(name, USERS, self._call(name, {"field": field, "values": chunk}))
            found += rows
        return found

    def enrolled_users(self, courseid: int, *, only_active: bool = False) -> list[EnrolledUser]:
        """Everybody enrolled in a course, in any role; ``only_active`` leaves out suspended and out-of-date enrolments.

        The difference between the two answers is all that core web services tell of an enrolment's state.
        wsfunction: ``core_enrol_get_enrolled_users``.
        """
        name = "core_enrol_get_enrolled_users"
        fields = "id" if only_active else _USER_FIELDS
        options: list[dict[str, Any]] = [{"name": "userfields", "value": fields}]
        if only_active:
            options.append({"name": "onlyactive", "value": True})
        return parse(name, ENROLLED, self._call(name, {"courseid": courseid, "options": options}))

    def has(self, wsfunction: str) -> bool:
        """Whether this token may call the function on this site."""
        return wsfunction in self.site_info().functions

    def require(self, wsfunction: str) -> None:
        """Raises :class:`AccessDenied` when the function is not in the token's service."""
        if not self.has(wsfunction):
            raise AccessDenied(
                f"{wsfunction} is not in the service of this token",
                errorcode="accessexception",
                hint="Add the function to the service (Site administration › Server › External services).",
            )

    def _call(self, wsfunction: str, params: Mapping[str, Any]) -> Any:
        return _clean(wsfunction, self.transport.call(wsfunction, params))

    def _many(self, wsfunction: str, params: Iterable[Mapping[str, Any]]) -> list[Outcome]:
        return call_many(self.transport, [Call(wsfunction, one) for one in params])


def _clean(wsfunction: str, body: Any) -> Any:
    """The body, if it came without warnings: what somebody is about to rely on has to be whole."""
    if isinstance(body, dict) and body.get("warnings"):
        raise refused_by(wsfunction, body["warnings"])
    return body
