"""``core_user_*``: people created and looked up. What a missing capability hides is left out without a word."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.moodle_errors import MoodleError, invalid_parameter
from moodle_sync.sandbox.rows_site import User
from moodle_sync.sandbox.world import World

FIELDS = ("id", "idnumber", "username", "email")
OPTIONAL = ("idnumber", "auth", "lang", "timezone", "department", "institution", "theme")


@function("core_user_create_users")
def create_users(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """All of them or none. User names and addresses are unique, idnumbers are not."""
    caller.require("moodle/user:create")
    with world.transaction():
        return [_create(world, wanted) for wanted in params["users"]]


@function("core_user_get_users_by_field")
def get_users_by_field(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Deleted people are found too, without a word of it; without the capabilities nobody is, and no error says so."""
    field, values = params["field"], params["values"]
    if field not in FIELDS:
        message = "Coding error detected, it must be fixed by a programmer: invalid field parameter"
        raise MoodleError("codingerror", message, cls="core\\exception\\coding_exception")
    found = [user for user in world.users if str(getattr(user, field)) in values]
    if field == "email" and not caller.can("moodle/site:viewuseridentity"):
        return []
    own = caller.user.id
    if field in ("username", "idnumber") and not caller.can("moodle/user:viewalldetails"):
        found = [user for user in found if user.id == own]
    sees = caller.can("moodle/user:viewdetails")
    return [_shown(world, caller, user) for user in found if sees or user.id == own]


def _create(world: World, wanted: dict[str, Any]) -> dict[str, Any]:
    if not wanted.get("password") and not wanted.get("createpassword"):
        raise invalid_parameter("password")
    if not wanted["username"] or world.users.one(username=wanted["username"]):
        raise invalid_parameter("username")
    if "@" not in wanted["email"] or any(user.email.lower() == wanted["email"].lower() for user in world.users):
        raise invalid_parameter("email")
    user = User(**{name: wanted[name] for name in ("username", "firstname", "lastname", "email")})
    for name in OPTIONAL:
        if wanted.get(name):
            setattr(user, name, wanted[name])
    user.timecreated = world.now()
    return {"id": world.users.add(user).id, "username": user.username}


def _shown(world: World, caller: Caller, user: User) -> dict[str, Any]:
    own = user.id == caller.user.id
    shown: dict[str, Any] = {
        "id": user.id,
        "fullname": user.fullname,
        "firstaccess": user.firstaccess,
        "lastaccess": user.lastaccess,
        "profileimageurlsmall": f"{world.url}/theme/image.php/boost/core/1/u/f2",
        "profileimageurl": f"{world.url}/theme/image.php/boost/core/1/u/f1",
    }
    if own or caller.can("moodle/user:viewalldetails"):
        names = "username firstname lastname auth suspended confirmed lang theme timezone mailformat trackforums"
        shown |= {name: getattr(user, name) for name in names.split(" ")}
        shown["department"] = user.department
    if own or caller.can("moodle/site:viewuseridentity"):
        shown["email"] = user.email
    if user.idnumber and (own or caller.can("moodle/user:viewalldetails")):
        shown["idnumber"] = user.idnumber
    if own:
        shown["preferences"] = [{"name": name, "value": value} for name, value in user.preferences.items()]
    return shown
