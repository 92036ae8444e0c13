"""The demo plays from nothing to the report on both versions, and says so in one document."""

import html
import json
from pathlib import Path
from typing import get_args

import pytest

from moodle_sync.cli.main import run
from moodle_sync.facts.models import Fact
from moodle_sync.state.resources import Kind

FACT_KINDS = {model.model_fields["kind"].default for model in get_args(get_args(Fact)[0])}
STATES = ("fait", "fait en retard", "fait, non réussi", "commencé", "manquant", "disparu")
"""What the report calls done, late, failed, unfinished, never done, and gone with an enrolment."""
DOCUMENT = {"site", "moodle", "plan", "apply", "replan", "pull", "repull", "ledger", "report", "altered", "changed"}


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
    assert set(found) == DOCUMENT
    # A kind that somebody adds has to come into the demo: every one is edited, and every one changes.
    assert {line.split(" ")[0] for line in found["altered"]["fields"]} == set(Kind)
    assert {line.split(" of ")[0] for line in found["changed"]["facts"]} == FACT_KINDS
    page = " ".join(html.unescape(Path(found["report"]).read_text(encoding="utf-8")).split())
    assert "données simulées" in page.lower()
    assert [state for state in STATES if f">{state}</span>" not in page] == []
    assert "remplacé depuis" in page, "a work that was graded again"
    assert "non réussie ; tentative 2 : 10 sur 10, réussie" in page, "failed, then passed"
    assert page.count("n'est plus inscrit") > 1, "one dropped out, one was unenrolled"
    assert "6 sur 7" in page, "a questionnaire that closed, of those who were still there"
    assert "6,67 / 10" in page
    assert Path(found["report"]).stat().st_mode & 0o077 == 0


def test_demo_in_a_folder_with_something_in_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    assert run(["demo", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert "not empty" in capsys.readouterr().err
