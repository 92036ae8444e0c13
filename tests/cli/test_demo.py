"""The demo plays from nothing to the report on both versions, and says so in one document."""

import json
from pathlib import Path

import pytest

from moodle_sync.cli.main import run


@pytest.mark.parametrize("version", ["4.5", "5.1"])
def test_demo_plays_the_whole_loop_and_names_what_was_altered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    folder = tmp_path / "demo"
    assert run(["demo", str(folder), "--moodle", version, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plan"]["changes"] == found["apply"]["done"] > 80
    assert found["replan"]["changes"] == found["repull"]["new_entries"] == 0
    assert found["ledger"]["verified"]
    assert found["ledger"]["entries"] > found["pull"]["facts"] > 70
    assert found["altered"]["found"] == found["altered"]["fields"]
    assert found["changed"]["found"] == found["changed"]["facts"]
    assert len(found["altered"]["fields"]) == 18
    page = Path(found["report"]).read_text(encoding="utf-8")
    assert "données simulées" in page.lower()
    assert Path(found["report"]).stat().st_mode & 0o077 == 0


def test_demo_in_a_folder_with_something_in_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    assert run(["demo", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert "not empty" in capsys.readouterr().err
