"""What a live run saw, as a file that the ordinary suite holds against the code: docs/conformance.json."""

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from livesupport import site
from livesupport.ws import Ws

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "docs" / "conformance.json"
TREES = {"companion": "moodle_sync/companion", "client": "moodle_sync/moodle"}
requests: dict[str, int] = {}
"""Web service calls of the run, by who made them; the live tests add to it."""


def tree_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's source files, in order."""
    seen = hashlib.sha256()
    for path in sorted(_sources(folder)):
        seen.update(path.relative_to(folder).as_posix().encode() + b"\0")
        seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()


def _sources(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def digests() -> dict[str, str]:
    """The digests of the trees that a live run vouches for."""
    return {name: tree_digest(ROOT / place) for name, place in TREES.items()}


class Recorder:
    """A pytest plugin that notes each live test's outcome and, when asked to, writes the file."""

    def __init__(self, *, write: bool) -> None:
        self._write = write
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a test: its call, or a set-up that failed or skipped."""
        name = report.nodeid.removeprefix("tests/live/")
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[name] = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Write what held on this release."""
        if not self._write:
            return
        info = Ws(os.environ[f"{site.PREFIX}URL"].rstrip("/"), os.environ[f"{site.PREFIX}PUSH_TOKEN"])(
            "core_webservice_get_site_info"
        )
        known: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"sites": {}}
        cases: dict[str, list[str]] = {"passed": [], "failed": [], "skipped": []}
        for name, outcome in sorted(self._outcomes.items()):
            cases[outcome].append(name)
        known["sites"][info["release"].split(" ")[0].rstrip("+")] = {
            "release": info["release"],
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "digests": digests(),
            "cases": cases,
            "requests": dict(sorted(requests.items())),
        }
        FILE.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
