"""A store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from databases import Database

from moodle_sync.store import Store, init_store, open_store
from moodle_sync.store.engine import exists


class Ticking:
    """A clock that moves one minute forward each time it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 2, 3, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def url(database: Database) -> str:
    return database.url


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    with open_store(database.url) if exists(database.url) else init_store(database.url) as store:
        yield store
