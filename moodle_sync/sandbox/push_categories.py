"""``core_course_*_categories``."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import MoodleError, invalid_parameter, write_error
from moodle_sync.sandbox.rows_site import Category
from moodle_sync.sandbox.structure import delete_course
from moodle_sync.sandbox.world import CATEGORY_LEVEL, World

LONGEST_NAME, LONGEST_IDNUMBER = 255, 100
GUARDED = {
    "idnumber": "moodle/category:manage",
    "theme": "moodle/category:manage",
    "visible": "moodle/category:viewhiddencategories",
}


@function("core_course_get_categories")
def get_categories(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Categories that meet every criterion, with those below them; without criteria all."""
    found = list(world.categories)
    for criterion in params["criteria"]:
        found = [row for row in found if _meets(caller, row, criterion["key"].strip(), criterion["value"])]
    if params["criteria"] and params["addsubcategories"]:
        ids = {row.id for row in found}
        found = [row for row in world.categories if ids & set(_path(world, row))]
    found.sort(key=lambda row: row.sortorder)
    return [_shown(world, caller, row) for row in found if row.visible or _sees_hidden(world, caller, row)]


@function("core_course_create_categories")
def create_categories(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """All of them or none. Without an idnumber, the same name again makes another category."""
    with world.transaction():
        return [_create(world, caller, wanted) for wanted in params["categories"]]


@function("core_course_update_categories")
def update_categories(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Only the fields that are sent; all categories or none."""
    with world.transaction():
        for wanted in params["categories"]:
            row = _existing(world, caller, wanted["id"])
            if wanted.get("name") == "":
                raise invalid_parameter("name")
            _check_idnumber(world, wanted.get("idnumber"), row.id)
            for name in ("name", "idnumber", "parent", "description", "descriptionformat", "theme"):
                if wanted.get(name) is not None:
                    setattr(row, name, wanted[name])
            _check_lengths(row)
            row.timemodified = world.now()


@function("core_course_delete_categories")
def delete_categories(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """With everything in them (``recursive``), or emptied into another category."""
    for wanted in params["categories"]:
        row = _existing(world, caller, wanted["id"])
        below = [one for one in world.categories if row.id in _path(world, one)]
        if wanted["recursive"]:
            for one in below:
                for course in world.courses.where(category=one.id):
                    delete_course(world, course)
            world.categories.remove(*below)
            continue
        target = wanted.get("newparent") or row.parent
        if target not in world.categories.rows:
            raise MoodleError("movecatcontentstoroot", "You cannot move the content of a category to the root.")
        for course in world.courses.where(category=row.id):
            course.category = target
        for one in world.categories.where(parent=row.id):
            one.parent = target
        world.categories.remove(row)


def _create(world: World, caller: Caller, wanted: dict[str, Any]) -> dict[str, Any]:
    if wanted["parent"] and wanted["parent"] not in world.categories.rows:
        raise MoodleError("unknowcategory", "Category not known!")
    above = world.context(CATEGORY_LEVEL, wanted["parent"]) if wanted["parent"] else None
    caller.require("moodle/category:manage", above)
    if not wanted["name"]:
        raise MoodleError("categorynamerequired", "Category name is required")
    _check_idnumber(world, wanted.get("idnumber"), 0)
    fields = {name: wanted[name] for name in ("name", "idnumber", "parent", "description", "theme") if wanted.get(name)}
    row = Category(**fields, descriptionformat=wanted["descriptionformat"], timemodified=world.now())
    row.sortorder = 10000 + max((one.sortorder for one in world.categories), default=0)
    _check_lengths(row)
    world.categories.add(row)
    return {"id": row.id, "name": caller.text(row.name)}


def _existing(world: World, caller: Caller, number: int) -> Category:
    row = world.categories.get(number)
    if row is None:
        raise MoodleError("unknowncategory", f'Unknown category with category ID number "{number}"')
    caller.require("moodle/category:manage", world.context(CATEGORY_LEVEL, number))
    return row


def _check_idnumber(world: World, idnumber: str | None, but: int) -> None:
    if idnumber and any(row.id != but for row in world.categories.where(idnumber=idnumber)):
        raise MoodleError("categoryidnumbertaken", "ID number is already used for another category")
    if idnumber and len(idnumber) > LONGEST_IDNUMBER:
        raise MoodleError("idnumbertoolong", "ID number is too long (maximum 100 characters)")


def _check_lengths(row: Category) -> None:
    if len(row.name) > LONGEST_NAME:
        raise write_error()


def _meets(caller: Caller, row: Category, key: str, value: str) -> bool:
    if key in GUARDED and not caller.can(GUARDED[key]):
        raise MoodleError("criteriaerror", "Missing permissions to search on a criterion.")
    if key == "ids":
        return str(row.id) in value.split(",")
    if key in ("id", "parent", "visible"):
        return str(int(getattr(row, key))) == value
    if key in ("idnumber", "name", "theme"):
        return bool(getattr(row, key) == value)
    raise MoodleError("criteriaerror", "Missing permissions to search on a criterion.")


def _path(world: World, row: Category) -> list[int]:
    path = [row.id]
    while row.parent:
        row = world.categories[row.parent]
        path.insert(0, row.id)
    return path


def _sees_hidden(world: World, caller: Caller, row: Category) -> bool:
    return caller.can("moodle/category:viewhiddencategories", world.context(CATEGORY_LEVEL, row.id))


def _shown(world: World, caller: Caller, row: Category) -> dict[str, Any]:
    path = _path(world, row)
    shown = {
        "id": row.id,
        "name": caller.text(row.name),
        "description": caller.html(row.description),
        "descriptionformat": row.descriptionformat,
        "parent": row.parent,
        "sortorder": row.sortorder,
        "coursecount": len(world.courses.where(category=row.id)),
        "depth": len(path),
        "path": "".join(f"/{number}" for number in path),
    }
    if caller.can("moodle/category:manage", world.context(CATEGORY_LEVEL, row.id)):
        shown |= {
            "idnumber": row.idnumber or None,
            "visible": int(row.visible),
            "visibleold": int(row.visible),
            "timemodified": row.timemodified,
            "theme": row.theme,
        }
    return shown
