"""The whole live suite, as it is, against the sandbox as each version of Moodle."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from moodle_sync.sandbox import VERSIONS, Sandbox

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "MOODLE_SYNC_LIVE_"


@pytest.mark.parametrize("version", VERSIONS)
def test_live_suite_against_the_sandbox_passes_whole(version: str, tmp_path: Path) -> None:
    with Sandbox(version) as sandbox:
        done = run_live_suite(sandbox, tmp_path)
    print(done.stdout[-6000:])
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert done.returncode == 0
    assert int(suite.attrib["tests"]) > 20
    assert [suite.attrib[name] for name in ("failures", "errors", "skipped")] == ["0", "0", "0"]
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
        f"{PREFIX}IS_TEST_SITE": "1",
    }
    words = [sys.executable, "-m", "pytest", "tests/live", "-q", "-x", "-p", "no:cacheprovider"]
    words += [f"--junitxml={folder / 'junit.xml'}", f"--basetemp={folder / 'live'}"]
    return subprocess.run(words, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=600)
