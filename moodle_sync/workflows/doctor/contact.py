"""Meets the site with each of the two tokens, and keeps what it said of itself. Reads only; nothing is pinned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import TypeAdapter

from moodle_sync import log
from moodle_sync.config import Settings, read_secret
from moodle_sync.errors import AccessDenied, ConfigError, MoodleSyncError, SiteError
from moodle_sync.moodle.companion import CompanionClient
from moodle_sync.moodle.functions import COMPANION_STATUS
from moodle_sync.moodle.transport import Transport
from moodle_sync.moodle.wire.base import Flag, Text, Wire, parse
from moodle_sync.moodle.wire.companion import CompanionStatus
from moodle_sync.moodle.wire.site import SITE_INFO, SiteInfo
from moodle_sync.workflows.doctor.needs import Role
from moodle_sync.workflows.site import http_client

_SITE_INFO = "core_webservice_get_site_info"
_ATTEMPTS = 2
_NO_TOKEN = "0" * 32


class Feature(Wire):
    """An optional part of Moodle, switched on or off for the whole site."""

    name: Text
    value: int | Text

    @property
    def on(self) -> bool:
        """Whether it is switched on."""
        return str(self.value) not in ("", "0")


class Account(Wire):
    """What the site says of the account behind a token, beside :class:`SiteInfo`."""

    lang: Text = ""
    userissiteadmin: Flag = False
    advancedfeatures: tuple[Feature, ...] = ()


_ACCOUNT: TypeAdapter[Account] = TypeAdapter(Account)


@dataclass(frozen=True)
class Visit:
    """The site as one token sees it. ``refused``: the companion is there and would not tell its status."""

    role: Role
    transport: Transport
    info: SiteInfo
    account: Account
    status: CompanionStatus | None
    refused: SiteError | None


@dataclass(frozen=True)
class Meeting:
    """What came of trying both tokens: a visit or the error, each by role."""

    visits: dict[Role, Visit]
    errors: dict[Role, MoodleSyncError]
    reached: bool
    """Whether a web service of Moodle answered at all, be it to refuse."""

    @property
    def any(self) -> Visit | None:
        """Either visit: the site says the same of itself to both."""
        return next(iter(self.visits.values()), None)


@contextmanager
def meet(settings: Settings) -> Iterator[Meeting]:
    """Try both tokens; what goes wrong is kept, not raised. The connections stay open meanwhile.

    Raises:
        ConfigError: ``ca_bundle`` names a file that is not there.
    """
    site = settings.site
    visits: dict[Role, Visit] = {}
    errors: dict[Role, MoodleSyncError] = {}
    roles: tuple[Role, Role] = ("push", "pull")
    with http_client(site) as http:
        for role in roles:
            try:
                visits[role] = _visit(role, Transport(site.url, _token(settings, role), http, attempts=_ATTEMPTS))
            except (ConfigError, SiteError) as error:
                errors[role] = error
        reached = bool(visits) or any(_from_moodle(error) for error in errors.values())
        if not reached and all(isinstance(error, ConfigError) for error in errors.values()):
            reached = _answers(Transport(site.url, _NO_TOKEN, http, attempts=_ATTEMPTS), errors)
        yield Meeting(visits, errors, reached)


def _token(settings: Settings, role: Role) -> str:
    tokens = settings.tokens
    if role == "push":
        token = read_secret("push token", tokens.push_env, tokens.push_file)
    else:
        token = read_secret("pull token", tokens.pull_env, tokens.pull_file)
    log.hide(token)
    return token


def _visit(role: Role, transport: Transport) -> Visit:
    body = transport.call(_SITE_INFO)
    info = parse(_SITE_INFO, SITE_INFO, body)
    account = parse(_SITE_INFO, _ACCOUNT, body)
    status, refused = None, None
    if COMPANION_STATUS in info.functions:
        try:
            status = CompanionClient(transport).status(info.functions)
        except SiteError as error:
            refused = error
    return Visit(role, transport, info, account, status, refused)


def _answers(transport: Transport, errors: dict[Role, MoodleSyncError]) -> bool:
    """Whether Moodle refuses a token that cannot be one. Why nothing answered stands in for the push token's error."""
    try:
        transport.call(_SITE_INFO)
    except SiteError as error:
        if _from_moodle(error):
            return True
        errors["push"] = error
        return False
    return True


def _from_moodle(error: MoodleSyncError) -> bool:
    """Whether a web service of Moodle refused; switched off they all answer HTTP 403 and say nothing."""
    return isinstance(error, AccessDenied) and bool(error.errorcode)
