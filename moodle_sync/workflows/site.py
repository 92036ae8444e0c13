"""First contact and every contact after: opens a site with one of the two tokens, and makes sure that it is the one.

A site is pinned to its address, its identifier (which the companion tells, as a digest) and our namespace in it. A
staging clone or a moved site is another site: push and pull refuse it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from moodle_sync import log
from moodle_sync.clock import utc_now
from moodle_sync.config import Settings, SiteSettings, read_secret
from moodle_sync.errors import WrongSite
from moodle_sync.moodle.companion import CompanionClient
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.push import PushClient
from moodle_sync.moodle.transport import Transport
from moodle_sync.moodle.wire.companion import CompanionStatus
from moodle_sync.moodle.wire.site import SiteInfo
from moodle_sync.net import HttpClient, NetSettings
from moodle_sync.store.engine import Store
from moodle_sync.store.sites import SitePin, SitePins


@dataclass(frozen=True)
class PushSite:
    """A site opened for pushing. ``companion`` is None where the plugin (or its service) is not there."""

    push: PushClient
    info: SiteInfo
    companion: CompanionClient | None
    status: CompanionStatus | None


@contextmanager
def open_push(settings: Settings, store: Store) -> Iterator[PushSite]:
    """The site, with the push token.

    Raises:
        ConfigError: no token. SiteError: unreachable, denied, or not the pinned site.
    """
    token = read_secret("push token", settings.tokens.push_env, settings.tokens.push_file)
    with http_client(settings.site) as http:
        transport = _transport(settings.site, token, http)
        push = PushClient(transport)
        info = push.site_info()
        companion = CompanionClient(transport)
        status = companion.status(info.functions)
        check_pin(settings.site, store, info, status.site_id if status else "")
        yield PushSite(push, info, companion if status else None, status)


@contextmanager
def open_pull(settings: Settings, store: Store) -> Iterator[PullClient]:
    """The site, with the pull token. Raises as :func:`open_push`."""
    token = read_secret("pull token", settings.tokens.pull_env, settings.tokens.pull_file)
    with http_client(settings.site) as http:
        transport = _transport(settings.site, token, http)
        client = PullClient(transport)
        status = CompanionClient(transport).status(client.site_info().functions)
        check_pin(settings.site, store, client.site_info(), status.site_id if status else "")
        yield client


def http_client(site: SiteSettings) -> HttpClient:
    """The HTTP client that config.toml describes: time-outs, proxy, certificates."""
    return HttpClient(
        NetSettings(
            connect_timeout=site.connect_timeout,
            read_timeout=site.read_timeout,
            proxy=site.proxy,
            ca_bundle=site.ca_bundle,
        )
    )


def _transport(site: SiteSettings, token: str, http: HttpClient) -> Transport:
    log.hide(token)
    return Transport(site.url, token, http)


def check_pin(site: SiteSettings, store: Store, info: SiteInfo, site_id: str) -> None:
    """Pin the site at first contact, and refuse another one behind the same name afterwards.

    Without the companion the identifier is unknown (empty): then only address and namespace are compared, and the
    identifier is pinned by the first contact that learns it.

    Raises:
        WrongSite: the address, the identifier or the namespace is not the pinned one.
    """
    if info.siteurl.rstrip("/") != site.url:
        raise WrongSite(
            f"Moodle at {site.url} says that its address is {info.siteurl}.",
            hint="Write that address into config.toml, if it is the site you mean.",
        )
    pins = SitePins(store)
    pin = pins.get(site.name)
    if pin is not None and not site_id:
        site_id = pin.site_id
    pins.pin(SitePin(site.name, site.url, site_id, site.namespace, utc_now()))
