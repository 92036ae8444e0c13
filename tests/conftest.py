"""What the whole suite shares: the databases that tests run on, and that no skip goes unsaid.

In continuous integration a skip that nobody agreed to is a failure; so is a server that is not there.
"""

import fnmatch
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import Database, PostgresDatabase, SqliteDatabase
from pgserver import Server, binaries

ALLOWED = Path(__file__).parent / "allowed_skips.txt"


BOTH = ("sqlite", "postgres")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a database on both kinds, but for what is marked to be about one of them."""
    if "database" in metafunc.fixturenames:
        only = [mark.args[0] for mark in metafunc.definition.iter_markers("only")]
        metafunc.parametrize("database", only[:1] or BOTH, indirect=True)


@pytest.fixture(scope="session")
def pgserver() -> Iterator[Server]:
    """A PostgreSQL server of the run's own."""
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server here: initdb is neither in the PATH nor under /usr/lib/postgresql")
    server = Server(programs)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A place for a store: each test that uses it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield SqliteDatabase(tmp_path)
        return
    made = {"ledger", "store"} & set(request.fixturenames)  # these begin with the tables, the others make them
    database = PostgresDatabase(request.getfixturevalue("pgserver"), tables=bool(made))
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints how many cases a test tried, past pytest's capture."""

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}")

    return say


def allowed() -> list[str]:
    lines = ALLOWED.read_text(encoding="utf-8").splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every skipped test with its reason."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.write_line(f"skipped: {report.nodeid}: {reason.removeprefix('Skipped: ')}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in continuous integration that skipped something outside tests/allowed_skips.txt."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    patterns = allowed()
    skipped = {report.nodeid for report in reporter.stats.get("skipped", [])}
    unknown = sorted(node for node in skipped if not any(fnmatch.fnmatch(node, pattern) for pattern in patterns))
    if unknown:
        reporter.write_line("Skipped, and not in tests/allowed_skips.txt:\n  " + "\n  ".join(unknown), red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
