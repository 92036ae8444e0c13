"""One demo played through, for tests that only read what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodle_sync.cli.main import run


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo that is over: specs, ledger, keys, checkpoints. Change nothing in it."""
    folder = tmp_path_factory.mktemp("played") / "demo"
    assert run(["demo", str(folder), "--moodle", "5.1"]) == 0
    return folder
