"""The registry of functions, who calls them, and the way of one call: token, service, contract, function, contract.

Functions register with :func:`function` and take (world, caller, params); they raise :class:`MoodleError` and return
plain JSON values. Nothing here knows HTTP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from moodle_sync.sandbox.contracts import Contracts
from moodle_sync.sandbox.faults import FAIL, Faults
from moodle_sync.sandbox.forms import write_json
from moodle_sync.sandbox.moodle_errors import (
    ACCESS,
    REQUIRE_LOGIN,
    MoodleError,
    SandboxDefect,
    missing_record,
    no_permission,
)
from moodle_sync.sandbox.rows_site import Course, CourseModule, Service, User
from moodle_sync.sandbox.world import CATEGORY_LEVEL, COURSE_LEVEL, MODULE_LEVEL, SYSTEM, World

BATCH = "tool_mobile_call_external_functions"
VIEWABLE = ("assign", "quiz", "feedback", "page", "url", "resource", "label", "qbank")
"""The types of activity that have a capability ``mod/X:view``: without it they are not there, and no error says so."""
_TAGS = re.compile(r"<[^<>]*>")
_DANGER = re.compile(r"<(script|iframe|object|style)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_BARE_AND = re.compile(r"&(?!#?\w+;)")

Implementation = Callable[[World, "Caller", dict[str, Any]], Any]
REGISTRY: dict[str, Implementation] = {}


def function(name: str) -> Callable[[Implementation], Implementation]:
    """Register the function that answers this wsfunction."""

    def register(implementation: Implementation) -> Implementation:
        if name in REGISTRY:
            raise SandboxDefect(f"{name} is served twice")
        REGISTRY[name] = implementation
        return implementation

    return register


@dataclass(frozen=True)
class Caller:
    """Who calls, through which service, and how texts are to be shown (``moodlewssettingraw``)."""

    world: World
    user: User
    service: Service
    faults: Faults
    raw: bool = False

    @property
    def version(self) -> str:
        """The Moodle version of the site, ``4.5`` or ``5.1``."""
        return self.world.version

    # ---- capabilities ------------------------------------------------------------------------------------------------

    def can(self, capability: str, contextid: int | None = None) -> bool:
        """Whether the caller has the capability in that context (the system by default), by any role above it."""
        return self.user_can(self.user, capability, contextid)

    def user_can(self, user: User, capability: str, contextid: int | None = None) -> bool:
        """The same for another person."""
        if self.faults.lacks(capability, user.username):
            return False
        for place in _line(self.world, contextid or self.world.context(SYSTEM)):
            for role in self.world.roles_of(user.id, place):
                if capability in role.capabilities or "*" in role.capabilities:
                    return True
        everybody = self.world.roles.one(shortname="user")
        return everybody is not None and capability in everybody.capabilities

    def require(self, capability: str, contextid: int | None = None) -> None:
        """Raises ``nopermissions`` without the capability."""
        if not self.can(capability, contextid):
            raise no_permission(capability)

    # ---- places ------------------------------------------------------------------------------------------------------

    def course(self, courseid: int) -> Course:
        """The course, or Moodle's error for a missing row."""
        found = self.world.courses.get(courseid)
        if found is None:
            raise missing_record(self.version, "course")
        return found

    def sees_course(self, course: Course) -> bool:
        """Whether ``validate_context`` of the course would let the caller in."""
        contextid = self.world.context(COURSE_LEVEL, course.id)
        if not course.visible and not self.can("moodle/course:viewhiddencourses", contextid):
            return False
        enrolled = self.world.is_enrolled(self.user.id, course.id, active=True)
        return enrolled or self.can("moodle/course:view", contextid)

    def require_course(self, courseid: int, *, wrapped: bool = False) -> Course:
        """``validate_context`` of a course.

        Some functions wrap what it throws (``wrapped``) into an ``errorcoursecontextnotvalid``.

        Raises:
            MoodleError: the missing row, or one of these two.
        """
        course = self.course(courseid)
        if self.sees_course(course):
            return course
        refused = "Course or activity not accessible."
        if wrapped:
            where = f"You cannot execute functions in the course context (course id:{courseid})."
            raise MoodleError("errorcoursecontextnotvalid", f"{where} The context error message was: {refused}")
        raise MoodleError("requireloginerror", refused, cls=REQUIRE_LOGIN)

    def require_module(self, cmid: int) -> CourseModule:
        """``validate_context`` of an activity: the course's login, then the activity's visibility."""
        module = self.world.modules.get(cmid)
        if module is None:
            raise missing_record(self.version, "course_modules")
        if not self.sees_course(self.course(module.course)):
            raise MoodleError("requireloginerror", "Course or activity not accessible.", cls=REQUIRE_LOGIN)
        if not self.sees_module(module):
            raise MoodleError("requireloginerror", "Course or activity not accessible.", cls=REQUIRE_LOGIN)
        return module

    def sees_module(self, module: CourseModule) -> bool:
        """Whether the activity is there for the caller: visible (or hidden ones are), and ``mod/X:view``."""
        contextid = self.world.context(MODULE_LEVEL, module.id)
        section = self.world.sections.get(module.section)
        shown = module.visible and (section is None or section.visible)
        if not shown and not self.can("moodle/course:viewhiddenactivities", contextid):
            return False
        return module.modname not in VIEWABLE or self.can(f"mod/{module.modname}:view", contextid)

    # ---- texts -------------------------------------------------------------------------------------------------------

    def text(self, stored: str) -> str:
        """A name as ``format_string`` gives it: as stored when asked raw, else without tags and with ``&amp;``."""
        return stored if self.raw else self.shown(stored)

    def shown(self, stored: str) -> str:
        """A name as Moodle shows it whatever is asked for, where it uses no external formatting."""
        return _BARE_AND.sub("&amp;", self.stripped(stored))

    def stripped(self, stored: str) -> str:
        """A text without its tags."""
        return _TAGS.sub("", stored)

    def html(self, stored: str) -> str:
        """A text as ``format_text`` gives it: as stored when asked raw, else cleaned."""
        return stored if self.raw else _BARE_AND.sub("&amp;", _DANGER.sub("", stored))


def _line(world: World, contextid: int) -> list[int]:
    """The context and those above it."""
    context = world.contexts[contextid]
    found = [contextid]
    courseid = categoryid = 0
    if context.level == MODULE_LEVEL and context.instanceid in world.modules.rows:
        courseid = world.modules[context.instanceid].course
        found.append(world.context(COURSE_LEVEL, courseid))
    elif context.level == COURSE_LEVEL:
        courseid = context.instanceid
    if courseid in world.courses.rows:
        categoryid = world.courses[courseid].category
    elif context.level == CATEGORY_LEVEL and context.instanceid in world.categories.rows:
        categoryid = world.categories[context.instanceid].parent
    while categoryid in world.categories.rows:
        found.append(world.context(CATEGORY_LEVEL, categoryid))
        categoryid = world.categories[categoryid].parent
    system = world.context(SYSTEM)
    return found if system in found else [*found, system]


class Dispatcher:
    """Answers calls on one world. Keeps every broken contract in ``problems``, the caller's and its own."""

    def __init__(self, world: World, faults: Faults) -> None:
        self.world = world
        self.faults = faults
        self.contracts = Contracts.of(world.version, companion=world.companion)
        self.problems: list[str] = []
        self.calls: list[str] = []
        """Every function that was called, in order, those inside batches too."""

    def login(self, token: str, *, raw: bool) -> Caller:
        """The caller of a token. Raises ``invalidtoken`` and the like."""
        row = self.world.tokens.one(token=token) if token else None
        if row is None:
            raise MoodleError("invalidtoken", "Invalid token - token not found")
        user = self.world.users[row.userid]
        if user.deleted:
            raise MoodleError("wsaccessuserdeleted", "Refused web service access for deleted username")
        if user.suspended:
            raise MoodleError("wsaccessusersuspended", "Refused web service access for suspended username")
        return Caller(self.world, user, self.world.services[row.serviceid], self.faults, raw)

    def call(self, caller: Caller, wsfunction: str, arguments: dict[str, Any]) -> Any:
        """One call, checked on both sides.

        Raises:
            MoodleError: as Moodle would answer.
            SandboxDefect: the stand-in broke the contract (it is kept in ``problems`` as well).
        """
        self.calls.append(wsfunction)
        if wsfunction not in self.contracts.functions:
            raise missing_record(self.world.version, "external_functions")
        if wsfunction not in caller.service.functions or not caller.can("webservice/rest:use"):
            raise MoodleError("accessexception", "Access control exception", cls=ACCESS)
        fault = self.faults.strike(FAIL, wsfunction)
        if fault is not None:
            raise HttpFailure(fault.status) if fault.status != 200 else MoodleError(fault.errorcode, "As asked for")
        try:
            params = self.contracts.accept(wsfunction, arguments)
        except MoodleError as refused:
            self.problems.append(f"refused: {refused.where}")
            raise
        if wsfunction == BATCH:
            answer = self._batch(caller, params["requests"])
        elif wsfunction in REGISTRY:
            answer = REGISTRY[wsfunction](self.world, caller, params)
        else:
            raise self._defect(f"{wsfunction} is in the contracts, and nothing serves it")
        try:
            return self.contracts.answer(wsfunction, answer)
        except SandboxDefect as defect:
            raise self._defect(str(defect)) from defect

    def _defect(self, text: str) -> SandboxDefect:
        self.problems.append(f"defect: {text}")
        return SandboxDefect(text)

    def _batch(self, caller: Caller, requests: list[dict[str, Any]]) -> dict[str, Any]:
        """One after another until the first error; nothing that was done is undone."""
        responses: list[dict[str, Any]] = []
        for request in requests:
            if request["function"] not in caller.service.functions:
                told = {"errorcode": "accessexception", "module": "webservice"}
                responses.append({"error": True, "exception": write_json(told)})
                break
            inner = replace(caller, raw=request["settingraw"])
            try:
                answer = self.call(inner, request["function"], _arguments(request["arguments"]))
            except MoodleError as error:
                responses.append({"error": True, "exception": write_json(_inner_error(self.world, error))})
                break
            responses.append({"error": False, "data": write_json(answer)})
        return {"responses": responses}


class HttpFailure(Exception):
    """The web server fails before Moodle runs: a fault that was asked for."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


def _arguments(text: str) -> dict[str, Any]:
    """The arguments of a call in a batch. What is no JSON object is no argument, without a word."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _inner_error(world: World, error: MoodleError) -> dict[str, str]:
    branch = {"4.5": "405", "5.1": "501"}[world.version]
    more = f"https://docs.moodle.org/{branch}/en/error/moodle/{error.errorcode}"
    return {"message": error.message, "errorcode": error.errorcode, "link": f"{world.url}/", "moreinfourl": more}
