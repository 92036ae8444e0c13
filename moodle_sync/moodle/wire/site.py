"""The site, its categories, courses, modules and people."""

from __future__ import annotations

from typing import Any

from pydantic import Field, TypeAdapter, field_validator

from moodle_sync.moodle.wire.base import Epoch, Flag, Int, Shown, Text, Told, Wire


class SiteInfo(Wire):
    """Who answers and what the token may call (``core_webservice_get_site_info``)."""

    release: Text
    version: Text
    sitename: Text
    siteurl: Text
    userid: Int
    username: Text = Field(repr=False)
    functions: frozenset[str] = Field(repr=False)
    """Names of the functions in this token's service: the base of every feature detection."""

    @field_validator("functions", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return frozenset(item["name"] for item in value) if isinstance(value, list) else value


class CategoryRow(Wire):
    """A course category."""

    id: Int
    name: Text
    idnumber: Text = ""
    description: Text = ""
    parent: Int
    visible: Flag = True


class CourseRow(Wire):
    """A course. Fields after ``visible`` are None when the account may not see settings (moodle/course:update)."""

    id: Int
    fullname: Text
    shortname: Text
    categoryid: Int
    summary: Text
    idnumber: Text = ""
    startdate: Epoch = None
    enddate: Epoch = None
    visible: Flag | None = None
    format: Text = ""
    enablecompletion: Flag | None = None
    showgrades: Flag | None = None
    groupmode: Int | None = None
    lang: Text = ""


class ModuleRow(Wire):
    """A course module as the course page lists it. ``id`` is the cmid."""

    id: Int
    modname: Text
    instance: Int
    contextid: Int
    name: Text
    visible: Flag
    completion: Int = 0
    """0 not tracked, 1 marked by hand, 2 automatic."""
    uservisible: Flag = True
    """False where the page shows that there is something, and does not let the account in."""
    availability: Told = None
    """The conditions as JSON text, "" for none; None when the account may not see them."""
    closes: Epoch = Field(default=None, alias="dates")
    """When a questionnaire (or a quiz) takes no more answers, None where no date is set."""

    @field_validator("closes", mode="before")
    @classmethod
    def _closing(cls, value: Any) -> Any:
        dates = value if isinstance(value, list) else []
        return next((date["timestamp"] for date in dates if date.get("dataid") == "timeclose"), None)


class SectionRow(Wire):
    """A section and its modules. ``section`` is its position, 0 for the general one."""

    id: Int
    section: Int
    name: Text
    summary: Text
    visible: Flag | None = None
    modules: tuple[ModuleRow, ...]


class ModuleDetails(Wire):
    """What only ``core_course_get_course_module`` tells of a module.

    ``idnumber`` is None when the account may not edit activities (moodle/course:manageactivities), else "" for none.
    """

    id: Int
    course: Int
    modname: Text
    instance: Int
    idnumber: Told = None


class UserRow(Wire):
    """A person, as far as the account may see them. Never printed: every personal field is left out of ``repr``."""

    id: Int
    username: Text = Field(default="", repr=False)
    idnumber: Text = Field(default="", repr=False)
    email: Text = Field(default="", repr=False)
    fullname: Text = Field(default="", repr=False)
    suspended: Flag = False


class EnrolledUser(Wire):
    """A person enrolled in a course: roles by shortname, groups by name, both sorted."""

    id: Int
    username: Text = Field(default="", repr=False)
    idnumber: Text = Field(default="", repr=False)
    email: Text = Field(default="", repr=False)
    fullname: Text = Field(default="", repr=False)
    roles: tuple[str, ...] = ()
    groups: tuple[Shown, ...] = ()

    @field_validator("roles", mode="before")
    @classmethod
    def _shortnames(cls, value: Any) -> Any:
        return tuple(sorted(item["shortname"] for item in value)) if isinstance(value, list) else value

    @field_validator("groups", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return tuple(sorted(item["name"] for item in value)) if isinstance(value, list) else value


class Created(Wire):
    """What a create function answers, as far as it is used."""

    id: Int


SITE_INFO: TypeAdapter[SiteInfo] = TypeAdapter(SiteInfo)
CATEGORIES: TypeAdapter[list[CategoryRow]] = TypeAdapter(list[CategoryRow])
COURSES: TypeAdapter[list[CourseRow]] = TypeAdapter(list[CourseRow])
SECTIONS: TypeAdapter[list[SectionRow]] = TypeAdapter(list[SectionRow])
MODULE: TypeAdapter[ModuleDetails] = TypeAdapter(ModuleDetails)
USERS: TypeAdapter[list[UserRow]] = TypeAdapter(list[UserRow])
ENROLLED: TypeAdapter[list[EnrolledUser]] = TypeAdapter(list[EnrolledUser])
CREATED: TypeAdapter[Created] = TypeAdapter(Created)
CREATED_LIST: TypeAdapter[list[Created]] = TypeAdapter(list[Created])
