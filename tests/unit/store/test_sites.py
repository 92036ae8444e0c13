from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from moodle_sync.errors import WrongSite
from moodle_sync.store import Store, open_store
from moodle_sync.store.sites import SitePin, SitePins

PIN = SitePin("main", "https://moodle.example.org", "ab" * 32, "sag", datetime(2026, 2, 3, 8, tzinfo=UTC))


def test_pin_reopened_store_gives_it_back(store: Store, url: str) -> None:
    assert SitePins(store).get("main") is None
    SitePins(store).pin(PIN)
    with open_store(url) as again:
        assert SitePins(again).get("main") == PIN


def test_pin_same_again_keeps_the_first_time(store: Store) -> None:
    pins = SitePins(store)
    pins.pin(PIN)
    pins.pin(replace(PIN, pinned_at=datetime(2027, 1, 1, tzinfo=UTC)))
    assert pins.get("main") == PIN


@pytest.mark.parametrize("field", ["url", "site_id", "namespace"])
def test_pin_other_site_under_the_name_is_refused(store: Store, field: str) -> None:
    pins = SitePins(store)
    pins.pin(PIN)
    with pytest.raises(WrongSite, match=f"another {field}"):
        pins.pin(replace(PIN, **{field: "other"}))
    assert pins.get("main") == PIN
