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
from moodle_sync.moodle.functions import COMPANION_STATUS

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "docs" / "conformance.json"
TREES = {"client": "moodle_sync/moodle", "companion": "moodle_sync/companion", "sandbox": "moodle_sync/sandbox"}
SKIPPED = {
    True: {
        "test_loop.py::test_people_enrolled_by_hand_are_blocked_no_longer",
        "test_loop.py::test_pull_brings_who_is_enrolled",
    },
    False: {
        "test_loop.py::test_a_questionnaire_that_opens_again_is_not_summed_up_again",
        "test_loop.py::test_course_completion_edited_by_hand_is_drift",
        "test_loop.py::test_facts_say_what_people_did",
        "test_loop.py::test_people_answer_questionnaires_before_they_close",
        "test_loop.py::test_people_work_in_the_course",
        "test_loop.py::test_pull_brings_every_kind_of_fact",
        "test_loop.py::test_questionnaires_are_summed_up_without_telling_an_answer",
        "test_loop_later.py::test_a_value_that_comes_back_is_a_third_entry",
        "test_loop_later.py::test_changed_facts_are_the_only_new_entries",
        "test_routes.py::test_first_pull_by_the_core_route_lacks_the_keys_of_ungraded_activities_and_nothing_else",
        "test_routes.py::test_pull_by_the_core_route_adds_nothing_to_what_the_companion_told",
        "test_vanished.py::test_a_deleted_questionnaire_vanishes_and_what_it_gave_stays",
    },
}
"""The cases that cannot hold with, and without, the companion: these and no others are skipped."""
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


def digests(*, sandbox: bool, companion: bool) -> dict[str, str]:
    """The digests of the trees that a run on such a target vouches for."""
    names = ["client", *(["sandbox"] if sandbox else ["companion"] if companion else [])]
    return {name: tree_digest(ROOT / TREES[name]) for name in names}


class Recorder:
    """A pytest plugin that notes each live test's outcome and, when asked to, writes the file."""

    def __init__(self, *, write: bool) -> None:
        self._write = write
        self._outcomes: dict[str, str] = {}
        self._why: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a test: its call, or a set-up that failed or skipped."""
        name = report.nodeid.removeprefix("tests/live/")
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[name] = report.outcome
        if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
            self._why[name] = str(report.longrepr[2]).removeprefix("Skipped: ")

    def pytest_sessionfinish(self) -> None:
        """Write what held on this target."""
        if not self._write:
            return
        ws = Ws(os.environ[f"{site.PREFIX}URL"].rstrip("/"), os.environ[f"{site.PREFIX}PUSH_TOKEN"])
        info = ws("core_webservice_get_site_info")
        companion = COMPANION_STATUS in {function["name"] for function in info["functions"]}
        sandbox = os.environ.get(f"{site.PREFIX}SANDBOX") == "1"
        known: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"sites": {}}
        by_outcome = {
            outcome: sorted(name for name, found in self._outcomes.items() if found == outcome)
            for outcome in ("passed", "failed", "skipped")
        }
        known["sites"][_name(info["release"], sandbox=sandbox, companion=companion)] = {
            "target": "sandbox" if sandbox else "Moodle",
            "release": info["release"],
            "companion": companion,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "digests": digests(sandbox=sandbox, companion=companion),
            "cases": {**by_outcome, "skipped": {name: self._why.get(name, "") for name in by_outcome["skipped"]}},
            "requests": dict(sorted(requests.items())),
        }
        known["sites"] = dict(sorted(known["sites"].items()))
        FILE.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _name(release: str, *, sandbox: bool, companion: bool) -> str:
    """What a target is called in the file: ``5.1``, ``sandbox 4.5.5 without companion``."""
    words = ["sandbox"] * sandbox + [release.split(" ")[0].rstrip("+")] + ["without companion"] * (not companion)
    return " ".join(words)
