"""The wheel, installed in an environment of its own: the demo plays in an empty folder, from package data alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "plan": {"changes"},
    "apply": {"done"},
    "replan": {"changes"},
    "pull": {"facts"},
    "repull": {"new_entries"},
    "ledger": {"entries", "verified"},
    "altered": {"fields", "found"},
    "changed": {"facts", "found"},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment that holds the wheel; the dependencies are those that these tests run with."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # Built and installed without the network: the backend is there, and so is everything that the wheel needs.
    run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(ROOT)])
    [wheel] = folder.glob("moodle_sync-*.whl")
    environment = folder / "env"
    venv.create(environment, with_pip=False)
    run([*pip, "--python", str(environment), "install", "--no-deps", "--no-index", str(wheel)])
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    # Only the folder is joined: ``.pth`` files in it, an editable install of the project among them, are not read.
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return environment


def run(words: list[str], cwd: Path = ROOT) -> str:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MOODLE_SYNC_", "PYTHON"))}
    done = subprocess.run(words, env=ours, text=True, capture_output=True, timeout=600, cwd=cwd)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return str(done.stdout)


def test_wheel_is_what_runs(installed: Path, tmp_path: Path) -> None:
    where = run(
        [str(installed / "bin" / "python"), "-c", "import moodle_sync; print(moodle_sync.__file__)"], cwd=tmp_path
    )
    assert Path(where.strip()).is_relative_to(installed)
    assert not Path(where.strip()).is_relative_to(ROOT)


def test_demo_of_the_wheel_in_an_empty_folder_shows_everything(installed: Path, tmp_path: Path) -> None:
    tool = str(installed / "bin" / "moodle-sync")
    with subprocess.Popen(
        [tool, "demo", "--json"], cwd=tmp_path, text=True, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        told, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    found = json.loads(told)
    assert [key for key, parts in KEYS.items() if not parts <= set(found[key])] == []
    assert found["replan"]["changes"] == found["repull"]["new_entries"] == 0
    assert found["plan"]["changes"] == found["apply"]["done"] > 80
    assert found["ledger"]["verified"] is True
    assert found["ledger"]["entries"] > found["pull"]["facts"]
    assert found["altered"]["fields"] == found["altered"]["found"] != []
    assert found["changed"]["facts"] == found["changed"]["found"] != []
    report = tmp_path / found["report"]
    assert "données simulées" in report.read_text(encoding="utf-8").lower()
    assert report.is_relative_to(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["moodle-sync-demo"]
    # Nothing of it is left: no process of its group, and nobody who listens where the stand-in was.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", urlsplit(found["site"]).port or 0)) != 0
