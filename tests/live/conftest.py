"""One site, one working folder and one course for the whole live run; everything made on the site goes at the end."""

import os
from collections.abc import Iterator
from datetime import date

import pytest
from livesupport import conformance, site
from livesupport.cleanup import clean
from livesupport.folder import Folder, make_folder
from livesupport.questionnaires import Times
from livesupport.site import LiveSite

from moodle_sync.workflows.demo.people import Course, find_course

LEARNERS = 7


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    why = site.missing()
    for item in items:
        if "tests/live/" in item.nodeid:
            item.add_marker("live")
            if why:
                item.add_marker(pytest.mark.skip(reason=why))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_companion(why): cannot hold on a site without the companion")
    config.addinivalue_line("markers", "without_companion(why): only where the companion is not there")
    if not site.missing():
        config.pluginmanager.register(conformance.Recorder(write=bool(os.environ.get(f"{site.PREFIX}CONFORMANCE"))))


@pytest.fixture(scope="session")
def live() -> LiveSite:
    return site.from_environment()


@pytest.fixture(autouse=True)
def offered(request: pytest.FixtureRequest, live: LiveSite) -> None:
    """Skip what this site does not offer, and say what it is."""
    for name, wanted in (("needs_companion", True), ("without_companion", False)):
        marker = request.node.get_closest_marker(name)
        if marker is not None and live.companion is not wanted:
            pytest.skip(f"{'needs' if wanted else 'is for a site without'} the companion: {marker.args[0]}")


@pytest.fixture(scope="session")
def folder(live: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    today = date.today()  # noqa: DTZ011 - a live session is dated around the day of the run, wherever that is
    made = make_folder(tmp_path_factory.mktemp("live") / "work", live, today, LEARNERS)
    os.environ["MOODLE_SYNC_PUSH_TOKEN"] = live.push_token
    os.environ["MOODLE_SYNC_PULL_TOKEN"] = live.pull_token
    yield made
    if not os.environ.get("MOODLE_SYNC_LIVE_KEEP"):
        clean(live, made)


@pytest.fixture(scope="session")
def course(live: LiveSite, folder: Folder) -> Course:
    return find_course(live.editor, folder.course)


@pytest.fixture(scope="session")
def planned() -> dict[str, Times]:
    """When the programme's questionnaires open and close, noted before the tests move them."""
    return {}
