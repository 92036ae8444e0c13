from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from moodle_sync.config import Settings
from moodle_sync.errors import AccessDenied, ConfigError, NotMoodle, Unreachable
from moodle_sync.moodle.transport import Transport
from moodle_sync.moodle.wire.site import SiteInfo
from moodle_sync.net import HttpClient
from moodle_sync.workflows.doctor import address
from moodle_sync.workflows.doctor.contact import Account, Meeting, Visit
from moodle_sync.workflows.doctor.findings import Area, Mark
from moodle_sync.workflows.doctor.needs import page, release_lines

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def configured(**site: Any) -> Settings:
    return Settings.model_validate(
        {
            "site": {"name": "test", "url": "http://127.0.0.1:9", "namespace": "sag", **site},
            "ledger": {"origin": "test.example.org/ledger"},
        }
    )


@pytest.mark.parametrize("errorcode", ["", "invalidtoken"])
def test_web_services_that_are_switched_off_are_named_with_both_pages(errorcode: str) -> None:
    met = Meeting({}, {"push": AccessDenied("HTTP 403", errorcode=errorcode)}, reached=bool(errorcode))
    found = address.check_address(configured(), met, NOW)
    names = [one.name for one in found if one.mark is Mark.FAILED]
    assert names == ([] if errorcode else ["web services"])
    assert errorcode or (page("advanced") in found[0].hint and page("protocols") in found[0].hint)


def met_at(url: str) -> Meeting:
    told = {"release": "5.1", "version": "1", "sitename": "T", "userid": 3, "username": "ws", "functions": frozenset()}
    info = SiteInfo(siteurl=url, **told)
    visit = Visit("push", Transport(url, "t", HttpClient()), info, Account(), None, None)
    return Meeting({"push": visit}, {}, True)


@pytest.mark.parametrize(
    ("release", "mark", "says"),
    [
        ("5.1.2 (Build: 20260209)", Mark.OK, "security fixes until 2027-04-19"),
        ("4.5.5+ (Build: 20250613)", Mark.OK, "LTS"),
        ("5.0.9 (Build: 20260810)", Mark.WARNING, "no security fixes since 2026-10-05"),
        ("5.2.2 (Build: 20260810)", Mark.WARNING, "was not run against 5.2"),
        ("4.4.4 (Build: 20241007)", Mark.FAILED, "not supported"),
        ("4.10 (Build: 1)", Mark.WARNING, "not known"),
        ("6.0dev (Build: 20270101)", Mark.WARNING, "not known"),
        ("main", Mark.UNKNOWN, "cannot be read"),
    ],
)
def test_release_is_judged_by_the_dated_table(release: str, mark: Mark, says: str) -> None:
    found = address.check_release(release, date(2026, 11, 22))
    assert found.mark is mark
    assert says in found.sentence


def test_release_lines_are_in_order_and_both_tested_ones_are_marked() -> None:
    lines = release_lines()
    assert [line.name for line in lines] == ["4.5", "5.0", "5.1", "5.2", "5.3"]
    assert [line.name for line in lines if line.tested] == ["4.5", "5.1"]


@pytest.mark.parametrize(
    ("url", "mark"),
    [
        ("http://127.0.0.1:8080", Mark.OK),
        ("http://[::1]/moodle", Mark.OK),
        ("http://localhost", Mark.OK),
        ("http://moodle.example.org", Mark.WARNING),
        ("http://10.1.2.3", Mark.WARNING),
    ],
)
def test_site_without_tls_is_a_warning_unless_it_is_on_this_machine(url: str, mark: Mark) -> None:
    assert address.check_protection(configured(url=url), NOW).mark is mark


@pytest.mark.parametrize(("days", "mark"), [(90, Mark.OK), (20, Mark.WARNING)])
def test_certificate_that_expires_soon_is_a_warning(monkeypatch: pytest.MonkeyPatch, days: int, mark: Mark) -> None:
    monkeypatch.setattr(address, "valid_until", lambda url, **named: NOW + timedelta(days=days))
    found = address.check_protection(configured(url="https://moodle.example.org"), NOW)
    assert found.mark is mark
    assert f"{NOW + timedelta(days=days):%Y-%m-%d}" in found.sentence


def test_certificate_behind_a_proxy_is_not_told() -> None:
    settings = configured(url="https://moodle.example.org", proxy="http://proxy.example.org:3128")
    assert address.check_protection(settings, NOW).mark is Mark.UNKNOWN


def test_certificate_that_is_not_trusted_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, **named: Any) -> datetime:
        raise Unreachable("the certificate is not trusted", hint="name the authority")

    monkeypatch.setattr(address, "valid_until", refuse)
    found = address.check_protection(configured(url="https://moodle.example.org"), NOW)
    assert (found.mark, found.area, found.hint) == (Mark.FAILED, Area.MOODLE, "name the authority")


def test_another_address_than_moodles_own_fails_and_names_it() -> None:
    settings = configured(url="http://127.0.0.1:9/moodle")
    found = address.check_address(settings, met_at("http://127.0.0.1:9"), NOW)[0]
    assert found.mark is Mark.FAILED
    assert 'url = "http://127.0.0.1:9"' in found.hint


def test_what_keeps_the_site_from_answering_is_told_before_a_missing_token() -> None:
    met = Meeting({}, {"push": ConfigError("no token"), "pull": NotMoodle("a redirect", hint="write this")}, False)
    [found] = address.check_address(configured(), met, NOW)
    assert (found.sentence, found.hint) == ("a redirect", "write this")
