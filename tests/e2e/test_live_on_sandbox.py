"""The whole live suite, as it is, against the sandbox as each version of Moodle, with and without the companion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from livesupport.conformance import SKIPPED

from moodle_sync.sandbox import VERSIONS, Sandbox

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "MOODLE_SYNC_LIVE_"


@pytest.mark.parametrize("companion", [True, False], ids=["with-companion", "without-companion"])
@pytest.mark.parametrize("version", VERSIONS)
def test_live_suite_against_the_sandbox_passes_whole(version: str, companion: bool, tmp_path: Path) -> None:
    with Sandbox(version, companion=companion) as sandbox:
        done = run_live_suite(sandbox, tmp_path)
    print(done.stdout[-6000:])
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert done.returncode == 0
    assert int(suite.attrib["tests"]) > 20
    assert [suite.attrib[name] for name in ("failures", "errors")] == ["0", "0"]
    skipped = {
        f"{case.attrib['classname'].rpartition('.')[2]}.py::{case.attrib['name']}"
        for case in suite.iter("testcase")
        if case.find("skipped") is not None
    }
    assert skipped == SKIPPED[companion]
    # Every request kept to the contract of its function, and every answer of the sandbox.
    assert sandbox.problems == []


def run_live_suite(sandbox: Sandbox, folder: Path) -> subprocess.CompletedProcess[str]:
    actors = folder / "actors.json"
    sandbox.write_actors(actors)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= {
        f"{PREFIX}URL": sandbox.url,
        f"{PREFIX}PUSH_TOKEN": sandbox.push_token,
        f"{PREFIX}PULL_TOKEN": sandbox.pull_token,
        f"{PREFIX}ACTORS": str(actors),
        f"{PREFIX}CORE_PULL_TOKEN": sandbox.core_pull_token,
        f"{PREFIX}IS_TEST_SITE": "1",
        f"{PREFIX}SANDBOX": "1",
        # Set for the whole run, it is handed on: then what held here is written into docs/conformance.json too.
        f"{PREFIX}CONFORMANCE": os.environ.get(f"{PREFIX}CONFORMANCE", ""),
    }
    words = [sys.executable, "-m", "pytest", "tests/live", "-q", "-x", "-p", "no:cacheprovider"]
    words += [f"--junitxml={folder / 'junit.xml'}", f"--basetemp={folder / 'live'}"]
    return subprocess.run(words, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=600)
