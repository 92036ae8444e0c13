"""One entry of the ledger leads back to all that it came from: site, function, version, programme, plan, run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from xapirules import problems

from moodle_sync.canonical import digest
from moodle_sync.cli.main import run
from moodle_sync.config import load_settings
from moodle_sync.moodle.functions import FUNCTIONS
from moodle_sync.store.journal import Journal
from moodle_sync.store.sites import SitePins
from moodle_sync.store.specs import SpecVersions
from moodle_sync.workflows.ledger import open_ledger


def test_every_observation_leads_back_to_its_source(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, said = tmp_path / "all.ndjson", tmp_path / "all.json"
    config = ["--config", str(demo / "config.toml")]
    assert run(["ledger", "export", "--out", str(out), *config]) == 0
    assert run(["ledger", "export", "--format", "xapi", "--out", str(said), *config]) == 0
    capsys.readouterr()
    records = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    settings = load_settings(demo / "config.toml")
    runs = {one["run"]: one for one in records if one["kind"] == "run"}
    seen: dict[str, int] = {}
    with open_ledger(settings, readonly=True) as ledger:
        applied = {one.plan_digest for one in Journal(ledger.store).last_runs(settings.site.name, 99)} - {None}
        pin = SitePins(ledger.store).get(settings.site.name)
        assert pin is not None
        for one in records:
            if one["kind"] != "observed" or one["fact"] is None:
                continue
            fact = one["fact"]
            assert one["site"] == pin.name
            assert fact["wsfunction"] in FUNCTIONS, fact["wsfunction"]
            assert runs[one["run"]]["content"]["release"].startswith("5.1")
            programme = SpecVersions(ledger.store).get(one["programme"])
            assert isinstance(programme, dict)
            assert digest(programme) == one["programme"]
            if fact.get("cmid") is None or fact.get("activity") is not None:
                assert one["plan"] in applied, fact["kind"]
            seen[fact["kind"]] = seen.get(fact["kind"], 0) + 1
    found = json.loads(said.read_bytes())
    assert [problem for one in found for problem in problems(one)] == []
    with capsys.disabled():
        print(f"\nfollowed back: {seen}; {len(found)} xAPI statements of the demo keep the rules")
    assert len(found) > 50
    assert set(seen) >= {"enrolment", "activity_completion", "course_completion", "quiz_attempt", "grade"}
