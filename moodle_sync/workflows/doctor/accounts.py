"""Checks of the two tokens: whose they are, and whether each may call every function that it needs, by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from moodle_sync.config import Settings
from moodle_sync.errors import AccessDenied, ConfigError, MoodleSyncError
from moodle_sync.moodle.functions import BATCH
from moodle_sync.workflows.doctor.contact import Meeting, Visit
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark, columns
from moodle_sync.workflows.doctor.needs import Capability, Needs, Role, needs, page

_REST = "webservice/rest:use"
_SITE_INFO = "core_webservice_get_site_info"
_FEW = 6
"""So many capabilities are listed whole, even if an error would tell of them."""


def check_token(settings: Settings, role: Role, meeting: Meeting) -> Finding:
    """Whether the token opens the site, and whose it is: nobody else's, and no administrator's."""
    name = f"{role} token"
    visit = meeting.visits.get(role)
    if visit is None:
        error = meeting.errors[role]
        if isinstance(error, AccessDenied) and error.errorcode == "accessexception":
            return _barred(role)
        area = Area.CONFIG if isinstance(error, ConfigError) else Area.MOODLE
        return Finding(area, name, Mark.FAILED, error.message, hint=_hint(error))
    other = meeting.visits.get("pull" if role == "push" else "push")
    if other is not None and other.info.userid == visit.info.userid:
        sentence = "both tokens are of the same account: what the pull may not see would not show"
        hint = f"Make a second account with a role of its own, and a token for it: {page('tokens')}"
        return Finding(Area.MOODLE, name, Mark.FAILED, sentence, hint=hint)
    if visit.account.userissiteadmin:
        sentence = "of a site administrator, who may do everything: far more than is needed"
        hint = f"Make an account with the capabilities of docs/reference/roles.md, and a token for it: {page('tokens')}"
        return Finding(Area.MOODLE, name, Mark.WARNING, sentence, hint=hint)
    if role == "pull" and visit.account.lang not in ("", "en"):
        sentence = f'its account has the language "{visit.account.lang}": some of Moodle\'s answers depend on it'
        hint = "Give the pull account the language English and the time zone UTC (Site administration › Users)."
        return Finding(Area.MOODLE, name, Mark.WARNING, sentence, hint=hint)
    return Finding(Area.MOODLE, name, Mark.OK, "accepted, of an account of its own")


def _barred(role: Role) -> Finding:
    """Moodle refuses every call in the same words for three reasons: each with its page."""
    causes = columns(
        [
            (_REST, f"the role of the account lacks it: {page('roles')}"),
            (
                "authorised users",
                f"the service does not list the account, or not from here, or no more: {page('authorised')}",
            ),
            (_SITE_INFO, f"the service does not hold the function: {page('services')}"),
        ]
    )
    sentence = "refused every call, for one of these reasons:"
    return Finding(Area.MOODLE, f"{role} token", Mark.FAILED, sentence, causes, page("roles"), (_REST,))


def _hint(error: MoodleSyncError) -> str:
    return error.hint or "Make a new token: " + page("tokens")


def check_functions(visit: Visit, *, companion: bool) -> Finding:
    """Whether every function that this account calls is in its service; ``companion``: the plugin is on the site."""
    wanted = needs(visit.role)
    there = visit.info.functions
    names = [*wanted.functions, *(wanted.companion if companion else ())]
    missing = [name for name in names if name not in there]
    groups = [group for group in wanted.one_of if not there.intersection(group)]
    total = len(names) + len(wanted.one_of)
    label = f"{visit.role} functions"
    if not missing and not groups:
        return Finding(Area.MOODLE, label, Mark.OK, f"{total} of {total} in the service of this token")
    lines = [*(_why(name) for name in missing), *(" or ".join(group) for group in groups)]
    named = (*missing, *(name for group in groups for name in group))
    # Everything works without batches, only slower.
    mark = Mark.WARNING if named == (BATCH,) else Mark.FAILED
    sentence = f"{len(lines)} of {total} are not in the service of this token:"
    return Finding(Area.MOODLE, label, mark, sentence, tuple(lines), page("services"), named)


def _why(name: str) -> str:
    return f"{name} (without it every call costs a request of its own)" if name == BATCH else name


def check_capabilities(wanted: Needs, told: Mapping[str, bool], *, asked: str) -> Iterator[Finding]:
    """Every capability by name: missing, there, or not told.

    Args:
        wanted: what this account needs.
        told: what is known: whether the account has a capability at system level.
        asked: how it is known, for the line about what is not.
    """
    label = f"{wanted.role} capabilities"
    missing = [one for one in wanted.capabilities if told.get(one.name) is False]
    untold = [one for one in wanted.capabilities if one.name not in told]
    having = len(wanted.capabilities) - len(missing) - len(untold)
    count = f"{having} of {len(wanted.capabilities)}"
    where = f"{page('roles')} › the role of the {wanted.role} account (assigned at system level) › Edit › Allow"
    if missing:
        sentence, effects = _missing(missing), _effects(missing, told_apart=not all(one.silent for one in missing))
        yield Finding(Area.MOODLE, label, Mark.FAILED, sentence, effects, where, _names(missing))
    elif having:
        names = _names([one for one in wanted.capabilities if told.get(one.name)])
        sentence = f"{count} are there{'' if untold else ', at system level'}"
        yield Finding(Area.MOODLE, label, Mark.OK, sentence, names=names)
    if untold:
        sentence = f"{len(untold)} of {len(wanted.capabilities)} could not be told {asked}:"
        yield Finding(Area.MOODLE, label, Mark.UNKNOWN, sentence, _worth_a_look(untold), where, _names(untold))


def check_assigns(wanted: Needs, assigns: Collection[str] | None) -> Iterator[Finding]:
    """Whether the account's role may give every role that people are enrolled with; None: it could not be told."""
    if not wanted.roles_to_assign:
        return
    label, where = f"{wanted.role} assigns", page("assign")
    roles = ", ".join(wanted.roles_to_assign)
    if assigns is None:
        sentence = f"which roles it may give could not be told: {roles} are needed"
        yield Finding(Area.MOODLE, label, Mark.UNKNOWN, sentence, hint=where, names=wanted.roles_to_assign)
        return
    missing = tuple(role for role in wanted.roles_to_assign if role not in assigns)
    if missing:
        sentence = f"it may not give the roles {', '.join(missing)}: nobody can be enrolled with them"
        yield Finding(Area.MOODLE, label, Mark.FAILED, sentence, hint=where, names=missing)
    else:
        yield Finding(Area.MOODLE, label, Mark.OK, f"it may give the roles {roles}")


def check_excess(told: Mapping[str, bool]) -> Iterator[Finding]:
    """What lets the pull account write, though only pushing has to."""
    pull = {one.name for one in needs("pull").capabilities}
    # Every account may view some things by Moodle's own "authenticated user" role: that is nothing to take away.
    writing = [one.name for one in needs("push").capabilities if one.name not in pull and ":view" not in one.name]
    extra = [name for name in writing if told.get(name)]
    if extra:
        sentence = f"more than needed: with {len(extra)} of them the account may write"
        hint = f"Take them away from the pull account's role: {page('roles')}"
        yield Finding(Area.MOODLE, "pull capabilities", Mark.WARNING, sentence, tuple(extra), hint, tuple(extra))


def _missing(missing: list[Capability]) -> str:
    silent = sum(one.silent for one in missing)
    if not silent:
        return f"{len(missing)} missing:"
    if silent == len(missing):
        return f"{len(missing)} missing, and Moodle would not say so:"
    return f"{len(missing)} missing, and of {silent} of them Moodle would not say so:"


def _effects(capabilities: list[Capability], *, told_apart: bool) -> tuple[str, ...]:
    silent = ", without an error" if told_apart else ""
    return columns([(one.name, one.breaks + (silent if one.silent else "")) for one in capabilities])


def _worth_a_look(untold: list[Capability]) -> tuple[str, ...]:
    """Those whose absence nothing else would show; of many others, how many."""
    silent = [one for one in untold if one.silent]
    others = [one for one in untold if not one.silent]
    if len(others) <= _FEW:
        return _effects(untold, told_apart=True)
    return (
        *_effects(silent, told_apart=True),
        f"and {len(others)} more, of which an error tells when they are missing",
    )


def _names(capabilities: list[Capability]) -> tuple[str, ...]:
    return tuple(one.name for one in capabilities)
