"""A ledger with a past on each kind of database, made once for each file of tests that copies it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from databases import Database
from ledgerscene import Scene, Template, copy, make, save


@pytest.fixture(autouse=True)
def today(request: pytest.FixtureRequest) -> Iterator[None]:
    """The same morning in every run: entries are numbered by the year in which they are sealed.

    Not where a time-stamping authority takes part: that is another program, and goes by the machine's own clock.
    """
    if "stamper" in request.fixturenames:
        yield
        return
    with time_machine.travel(datetime(2026, 11, 28, 8, 0, tzinfo=UTC)):
        yield


@pytest.fixture(scope="module")
def past() -> Callable[[Scene], object]:
    """What happened before the tests begin: it was pulled into once."""
    return Scene.pull


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    """The ledgers with that past, by kind of database: making and signing one costs dozens of fsyncs."""
    return {}


@pytest.fixture
def template(
    past: Callable[[Scene], object],
    templates: dict[str, Template],
    database: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> Template:
    if database.kind not in templates:
        scene = make(tmp_path_factory.mktemp("template"), database)
        past(scene)
        templates[database.kind] = save(scene)
    return templates[database.kind]


@pytest.fixture
def scene(template: Template, tmp_path: Path, database: Database) -> Scene:
    """That ledger once more, to do something with."""
    return copy(template, tmp_path, database)
