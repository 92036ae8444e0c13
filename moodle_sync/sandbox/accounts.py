"""Who is on a fresh sandbox: roles, two service accounts, invented learners, trainers and an editor, and their tokens.

The roles are those that the documentation asks a real site for; the standard roles hold what the functions served here
ask for. Names are invented.
"""

from __future__ import annotations

import secrets
from typing import Any

from moodle_sync.sandbox.contracts import Contracts
from moodle_sync.sandbox.rows_site import Category, Role, RoleAssignment, Scale, Service, Token, User
from moodle_sync.sandbox.world import SYSTEM, World


def _words(text: str) -> list[str]:
    return text.split()


STUDENT = _words(
    """mod/feedback:view mod/feedback:complete mod/forum:viewdiscussion mod/forum:startdiscussion mod/quiz:view
mod/quiz:attempt mod/quiz:reviewmyattempts mod/assign:view mod/assign:submit moodle/grade:view
gradereport/user:view moodle/course:viewparticipants moodle/course:isincompletionreports
moodle/user:viewdetails moodle/competency:coursecompetencygradable moodle/competency:coursecompetencyview"""
)
TEACHER = _words(
    """mod/feedback:view mod/feedback:viewreports mod/forum:viewdiscussion mod/forum:startdiscussion mod/quiz:view
mod/quiz:preview mod/quiz:grade mod/quiz:viewreports mod/assign:view mod/assign:grade mod/assign:viewgrades
moodle/course:viewhiddenactivities moodle/course:viewhiddensections moodle/course:viewhiddencourses
moodle/course:ignoreavailabilityrestrictions moodle/course:viewparticipants moodle/course:enrolreview
moodle/role:review moodle/site:accessallgroups moodle/site:viewuseridentity moodle/user:viewdetails
moodle/grade:viewall moodle/grade:viewhidden gradereport/user:view report/progress:view
report/completion:view moodle/course:overridecompletion"""
)
PUSH = _words(
    """webservice/rest:use moodle/category:manage moodle/course:create moodle/course:view
moodle/course:viewhiddencourses moodle/course:viewhiddensections moodle/course:viewhiddenactivities
moodle/course:update moodle/course:changecategory moodle/course:changefullname moodle/course:changeshortname
moodle/course:changeidnumber moodle/course:changesummary moodle/course:visibility
moodle/course:sectionvisibility moodle/course:movesections moodle/course:manageactivities
moodle/course:activityvisibility moodle/course:viewparticipants moodle/course:managegroups
moodle/course:enrolreview moodle/role:review moodle/grade:managegradingforms
moodle/competency:competencymanage moodle/competency:coursecompetencymanage
moodle/competency:coursecompetencyconfigure moodle/user:viewdetails moodle/user:viewalldetails
moodle/site:viewuseridentity moodle/site:accessallgroups enrol/manual:enrol moodle/role:assign
moodle/calendar:manageentries moodle/question:add moodle/question:managecategory moodle/question:useall
moodle/question:editall mod/quiz:manage mod/page:addinstance mod/page:view mod/assign:addinstance
mod/assign:view mod/quiz:addinstance mod/quiz:view mod/feedback:addinstance mod/feedback:edititems
mod/feedback:view mod/url:addinstance mod/url:view mod/forum:addinstance mod/resource:addinstance
mod/resource:view mod/label:addinstance mod/label:view"""
)
PULL = _words(
    """webservice/rest:use moodle/course:view moodle/course:viewhiddencourses moodle/course:viewhiddenactivities
moodle/course:ignoreavailabilityrestrictions moodle/course:viewparticipants moodle/course:enrolreview
moodle/course:viewsuspendedusers moodle/role:review moodle/site:accessallgroups moodle/site:viewuseridentity
moodle/user:viewdetails moodle/user:viewalldetails report/progress:view report/completion:view
moodle/grade:viewall moodle/grade:viewhidden gradereport/user:view moodle/grade:managegradingforms
mod/quiz:view mod/quiz:viewreports mod/assign:view mod/assign:viewgrades mod/feedback:view
mod/feedback:viewreports moodle/competency:usercompetencyview moodle/competency:planview"""
)
EVERYBODY = _words(
    """webservice/rest:use moodle/course:togglecompletion moodle/competency:competencyview
moodle/competency:coursecompetencyview mod/page:view mod/url:view mod/resource:view mod/label:view
moodle/badges:viewotherbadges"""
)

PUSH_FUNCTIONS = _words(
    """core_course_ core_courseformat_ core_competency_ core_user_ core_enrol_ enrol_manual_ core_group_
core_grading_ core_webservice_get_site_info core_update_inplace_editable core_files_ core_completion_
tool_mobile_call_external_functions mod_quiz_ mod_assign_get_ mod_page_ local_moodlesync_"""
)
ACTOR_FUNCTIONS = _words(
    """mod_quiz_ mod_assign_ mod_page_ mod_feedback_ mod_url_ mod_resource_ mod_forum_ core_completion_
core_course_ core_courseformat_ core_grading_ core_webservice_get_site_info core_update_inplace_editable
core_competency_ core_enrol_ enrol_manual_ core_user_ core_group_ core_files_ gradereport_user_
tool_mobile_call_external_functions"""
)
NOT_PULLED = ("mod_quiz_get_attempt_data", "core_files_get_unused_draft_itemid", "local_moodlesync_")
"""Functions that only read, and that the pulling service has no use for."""

LEARNERS = (
    ("Agathe", "Brindille"),
    ("Boris", "Castelviel"),
    ("Clémence", "Dorsaline"),
    ("Driss", "Estérenne"),
    ("Ève", "Fontablanche"),
    ("Fadila", "Grisolet"),
    ("Gaëtan", "Harmonville"),
    ("Hélène", "Iscoubet"),
    ("Ismaël", "Jonquerel"),
    ("Joséphine", "Kermadoc"),
    ("Lucien", "L’Herbier-Noé"),
    ("Maïwenn", "Œillaude"),
)
TRAINERS = (("Nadège", "Orvalou"), ("Octave", "Pimprenel"))
EDITOR = ("Pélagie", "Quintessel")


def seed(world: World) -> None:
    """Fill an empty world: roles, services, people, tokens, one category and the two scales of a fresh Moodle."""
    contracts = Contracts.of(world.version, companion=world.companion).functions
    roles = _roles(world)
    system = world.context(SYSTEM)
    world.users.add(User(username="guest", firstname="Guest user", lastname=" ", timecreated=world.now()))
    world.users.add(User(username="admin", firstname="Admin", lastname="User", timecreated=world.now()))
    push = _person(world, "ws_push", "WS", "Push")
    pull = _person(world, "ws_pull", "WS", "Pull", timezone="UTC")
    pull.preferences["grade_report_showonlyactiveenrol"] = "0"
    for user, role in ((push, "moodlesync_push"), (pull, "moodlesync_pull")):
        world.role_assignments.add(RoleAssignment(roleid=roles[role], userid=user.id, contextid=system))
    core = [name for name, told in contracts.items() if told["type"] == "read" and not name.startswith(NOT_PULLED)]
    ours = [name for name in contracts if name.startswith("local_moodlesync_") and contracts[name]["type"] == "read"]
    world.services.add(
        Service(shortname="moodlesync_push", functions=_matching(contracts, PUSH_FUNCTIONS), uploadfiles=True)
    )
    world.services.add(
        Service(shortname="moodlesync_pull", functions=sorted([*core, *ours, "tool_mobile_call_external_functions"]))
    )
    world.services.add(
        Service(shortname="moodlesync_core_pull", functions=sorted([*core, "tool_mobile_call_external_functions"]))
    )
    world.services.add(Service(shortname="actors", functions=_matching(contracts, ACTOR_FUNCTIONS), uploadfiles=True))
    _people(world, roles["manager"])
    services = {service.shortname: service.id for service in world.services}
    for user in world.users.where(auth="manual"):
        service = services.get(
            {"ws_push": "moodlesync_push", "ws_pull": "moodlesync_pull"}.get(user.username, "actors")
        )
        if user.id > 2 and service:
            world.tokens.add(Token(token=secrets.token_hex(16), userid=user.id, serviceid=service))
    core_pull = services["moodlesync_core_pull"]
    world.tokens.add(Token(token=secrets.token_hex(16), userid=pull.id, serviceid=core_pull))
    world.categories.add(Category(name="Category 1", sortorder=10000, timemodified=world.now()))
    connected = "Mostly separate knowing,Separate and connected,Mostly connected knowing"
    world.scales.add(Scale(name="Separate and Connected ways of knowing", scale=connected))
    world.scales.add(Scale(name="Default competence scale", scale="Not yet competent,Competent"))


def actors(world: World) -> dict[str, Any]:
    """The people with their tokens, as the live suite reads them: ``learners``, ``trainers``, ``editor``."""
    return {
        "learners": [_actor(world, user) for user in world.users if user.idnumber.startswith("AP-")],
        "trainers": [_actor(world, user) for user in world.users if user.idnumber.startswith("FO-")],
        "editor": next(_actor(world, user) for user in world.users if user.idnumber.startswith("ED-")),
    }


def token_of(world: World, username: str, service: str = "") -> str:
    """The first token of a person or a service account, or the one in the service of that shortname.

    Raises:
        KeyError: there is none.
    """
    user = world.users.one(username=username)
    held = world.tokens.where(userid=user.id) if user else []
    token = next((one for one in held if service in ("", world.services[one.serviceid].shortname)), None)
    if token is None:
        raise KeyError(username)
    return token.token


def _roles(world: World) -> dict[str, int]:
    companion = ["local/moodlesync:read"] if world.companion else []
    write = ["local/moodlesync:write"] if world.companion else []
    standard: tuple[tuple[str, list[str]], ...] = (
        ("manager", ["*"]),
        ("coursecreator", ["moodle/course:create"]),
        ("editingteacher", ["*"]),
        ("teacher", TEACHER),
        ("student", STUDENT),
        ("guest", []),
        ("user", EVERYBODY),
        ("frontpage", []),
        ("moodlesync_push", PUSH + companion + write),
        ("moodlesync_pull", PULL + companion),
    )
    found = {name: world.roles.add(Role(shortname=name, capabilities=list(caps))).id for name, caps in standard}
    taught = [found[name] for name in ("student", "teacher", "editingteacher")]
    world.roles[found["moodlesync_push"]].assigns = taught
    world.roles[found["manager"]].assigns = [found["manager"], found["coursecreator"], *taught]
    return found


def _people(world: World, manager: int) -> None:
    for number, (first, last) in enumerate(LEARNERS, 1):
        _person(world, f"apprenant{number:02}", first, last, idnumber=f"AP-{number:03}")
    for number, (first, last) in enumerate(TRAINERS, 1):
        _person(world, f"formation{number:02}", first, last, idnumber=f"FO-{number:03}")
    editor = _person(world, "edition01", *EDITOR, idnumber="ED-001")
    world.role_assignments.add(RoleAssignment(roleid=manager, userid=editor.id, contextid=world.context(SYSTEM)))


def _person(world: World, username: str, first: str, last: str, *, idnumber: str = "", timezone: str = "99") -> User:
    return world.users.add(
        User(
            username=username,
            firstname=first,
            lastname=last,
            email=f"{username}@example.invalid",
            idnumber=idnumber,
            timezone=timezone,
            timecreated=world.now(),
        )
    )


def _actor(world: World, user: User) -> dict[str, Any]:
    named = {name: getattr(user, name) for name in ("username", "idnumber", "firstname", "lastname", "email", "id")}
    return {**named, "token": token_of(world, user.username)}


def _matching(contracts: dict[str, Any], prefixes: list[str]) -> list[str]:
    return sorted(name for name in contracts if name.startswith(tuple(prefixes)))
