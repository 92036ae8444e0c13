"""What the whole suite shares: in continuous integration, a skip that nobody agreed to is a failure."""

import fnmatch
import os
from pathlib import Path

import pytest

ALLOWED = Path(__file__).parent / "allowed_skips.txt"


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
