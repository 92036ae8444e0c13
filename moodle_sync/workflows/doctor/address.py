"""Checks of what answers at the configured address: the way to it, the release of Moodle, and whether it is the one."""

from __future__ import annotations

import ipaddress
import re
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from moodle_sync.config import Settings
from moodle_sync.errors import AccessDenied, ConfigError, LedgerUnusable, MoodleSyncError, Unreachable
from moodle_sync.net.tls import valid_until
from moodle_sync.store.engine import open_store
from moodle_sync.store.sites import SitePins
from moodle_sync.workflows.doctor.contact import Meeting, Visit
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark
from moodle_sync.workflows.doctor.needs import ReleaseLine, page, release_lines

_EXPIRES_SOON = timedelta(days=21)


def check_address(settings: Settings, meeting: Meeting, now: datetime) -> list[Finding]:
    """Whether Moodle answers there, under that very address, and how the way to it is protected."""
    url = settings.site.url
    if not meeting.reached:
        error = _reason(meeting)
        if isinstance(error, AccessDenied):
            hint = f"Enable web services: {page('advanced')}; then enable REST: {page('protocols')}."
            sentence = f"{error.message}: they are switched off, or REST is, or a firewall refuses this machine"
            return [Finding(Area.MOODLE, "web services", Mark.FAILED, sentence, hint=hint)]
        return [Finding(Area.MOODLE, "address", Mark.FAILED, error.message, hint=error.hint)]
    visit = meeting.any
    told = url if visit is None else visit.info.siteurl.rstrip("/")
    if told != url:
        sentence = f"{url} answers, but Moodle says that its address is {told}"
        hint = f'Write url = "{told}" under [site] in config.toml, if it is the site you mean.'
        found = Finding(Area.MOODLE, "address", Mark.FAILED, sentence, hint=hint)
    else:
        found = Finding(Area.MOODLE, "address", Mark.OK, url)
    return [found, check_protection(settings, now)]


def _reason(meeting: Meeting) -> MoodleSyncError:
    errors = list(meeting.errors.values())
    return next((error for error in errors if not isinstance(error, ConfigError)), errors[0])


def check_protection(settings: Settings, now: datetime) -> Finding:
    """Until when the certificate is valid; a warning where tokens travel readable."""
    site = settings.site
    parts = urlsplit(site.url)
    if parts.scheme == "http":
        if _is_this_machine(parts.hostname or ""):
            return Finding(Area.MOODLE, "certificate", Mark.OK, "none needed: the site is on this machine")
        sentence = "none: tokens and what is said of learners travel readable by anybody on the way"
        hint = "Have the site serve https, then write that address into config.toml."
        return Finding(Area.MOODLE, "certificate", Mark.WARNING, sentence, hint=hint)
    if site.proxy:
        sentence = "not looked at: what the proxy shows need not be the site's"
        return Finding(Area.MOODLE, "certificate", Mark.UNKNOWN, sentence)
    try:
        until = valid_until(site.url, timeout=site.connect_timeout, ca_bundle=site.ca_bundle)
    except Unreachable as error:
        return Finding(Area.MOODLE, "certificate", Mark.FAILED, error.message, hint=error.hint)
    mark = Mark.WARNING if until - now < _EXPIRES_SOON else Mark.OK
    hint = "Have it renewed: once it has expired nothing is pushed or pulled."
    return Finding(Area.MOODLE, "certificate", mark, f"valid until {until:%Y-%m-%d}", hint=hint)


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_release(release: str, today: date, lines: tuple[ReleaseLine, ...] | None = None) -> Finding:
    """Whether this release of Moodle is one that we support, and still gets security fixes."""
    known = lines or release_lines()
    oldest, newest = known[0], known[-1]
    numbers = re.match(r"(\d+)\.(\d+)", release)
    if numbers is None:
        sentence = f"the release {release!r} cannot be read"
        return Finding(Area.MOODLE, "Moodle", Mark.UNKNOWN, sentence)
    number = (int(numbers[1]), int(numbers[2]))
    shown = release.split(" ")[0]
    line = next((line for line in known if line.number == number), None)
    if number < oldest.number:
        hint = f"Upgrade Moodle to {oldest.name} or newer."
        sentence = f"{shown} is not supported: {oldest.name} is the oldest that is"
        return Finding(Area.MOODLE, "Moodle", Mark.FAILED, sentence, hint=hint)
    if line is None:
        sentence = f"{shown} is not known to this release of moodle-sync, which knows {oldest.name} to {newest.name}"
        hint = "Look for a newer moodle-sync, and try on a copy of the site first."
        return Finding(Area.MOODLE, "Moodle", Mark.WARNING, sentence, hint=hint)
    support = f"{shown}{' LTS' if line.lts else ''}, security fixes until {line.security_until:%Y-%m-%d}"
    if line.security_until < today:
        sentence = f"{shown} gets no security fixes since {line.security_until:%Y-%m-%d}"
        return Finding(Area.MOODLE, "Moodle", Mark.WARNING, sentence, hint="Upgrade Moodle.")
    if not line.tested:
        sentence = f"{support}; moodle-sync was not run against {line.name} before it was released"
        return Finding(Area.MOODLE, "Moodle", Mark.WARNING, sentence, hint="Try on a copy of the site first.")
    return Finding(Area.MOODLE, "Moodle", Mark.OK, support)


def check_pin(settings: Settings, visit: Visit) -> Finding:
    """Whether this is the site that was met first under its name. Reads the pin; only a plan or a pull sets it."""
    site = settings.site
    try:
        with open_store(settings.ledger.store, readonly=True) as store:
            pin = SitePins(store).get(site.name)
    except LedgerUnusable:
        return Finding(Area.MOODLE, "site", Mark.UNKNOWN, "not compared with the one met first: there is no ledger")
    if pin is None:
        return Finding(Area.MOODLE, "site", Mark.OK, f'"{site.name}" is not pinned yet: the first plan or pull does it')
    told = visit.status.site_id if visit.status else ""
    pairs = {
        "address": (pin.url, site.url),
        "namespace": (pin.namespace, site.namespace),
        "identifier": (pin.site_id, told) if pin.site_id and told else ("", ""),
    }
    differs = [name for name, (pinned, now) in pairs.items() if pinned != now]
    if differs:
        sentence = f'"{site.name}" was pinned on {pin.pinned_at:%Y-%m-%d} with another {" and ".join(differs)}'
        hint = "Look at config.toml. A test copy of a site needs a name (and a ledger) of its own."
        return Finding(Area.MOODLE, "site", Mark.FAILED, sentence, hint=hint)
    return Finding(Area.MOODLE, "site", Mark.OK, f'"{site.name}", as pinned on {pin.pinned_at:%Y-%m-%d}')
