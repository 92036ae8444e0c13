"""ledger due and ledger erase --due, as a person uses them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from databases import Database
from ledgerscene import COURSE, OTHER, ROOT, SESSION, Scene, make

from moodle_sync.cli import ledger_erasure, ledger_retention
from moodle_sync.config import load_settings
from moodle_sync.errors import UsageError
from moodle_sync.workflows import erasure, retention
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger, verify
from moodle_sync.workflows.report import session_report

IN_2030, IN_2031 = datetime(2030, 6, 1, 4, tzinfo=UTC), datetime(2031, 4, 1, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def past() -> Callable[[Scene], None]:
    return _live


def _live(scene: Scene) -> None:
    """The session has no funder; assessment is kept a year less than the proofs of realisation."""
    scene.pull()
    folder = scene.folder
    shutil.copytree(ROOT / "course_specs", folder / "specs")
    shutil.copytree(ROOT / "mappings", folder / "policies")
    session = folder / f"specs/sessions/{SESSION}.yaml"
    session.write_text(session.read_text(encoding="utf-8") + "funders:\n  - funder: none\n", encoding="utf-8")
    file = folder / "policies/retention.yaml"
    text = file.read_text(encoding="utf-8")
    five_years = "\n    funders: [any]\n    keep: 5y"
    assert f"[realisation, assessment, complaints]{five_years}" in text
    text = text.replace(f"[realisation, assessment, complaints]{five_years}", f"[realisation, complaints]{five_years}")
    file.write_text(text, encoding="utf-8")
    config = folder / "config.toml"
    text = config.read_text(encoding="utf-8").replace(str(ROOT / "course_specs"), "specs")
    config.write_text(text.replace(str(ROOT / "mappings"), "policies"), encoding="utf-8")


def _run(command: Any, scene: Scene, *words: str) -> Any:
    return command.main([*words, "--config", str(scene.folder / "config.toml")], standalone_mode=False)


def test_due_says_class_by_class_what_and_why(scene: Scene) -> None:
    found = retention.due(scene.settings, as_of=date(2030, 4, 1))
    assert [(one.scope, one.data_class, one.state, one.entries) for one in found.found] == [
        (COURSE, "assessment", "due", 6),
        (COURSE, "realisation", "kept", 3),
        (OTHER, "assessment", "unknown", 6),
        (OTHER, "realisation", "unknown", 3),
    ]
    said = "\n".join(found.lines())
    assert f"● {COURSE}, assessment: due, kept until 2030-03-31 by qualiopi-4y" in said
    assert "unverified" in said
    assert "1 due (6 entries), 1 kept, 2 not known. Nothing was erased." in said
    assert "not in the specs" in said
    document = json.dumps(found.document())
    for name in ("Quintefeuille", "EXT-4471", "810047"):
        assert name not in said + document
    (day_before,) = retention.due(scene.settings, as_of=date(2030, 3, 31)).found[:1]
    assert day_before.state == "kept"


def test_shipped_session_names_no_funder_and_nothing_of_it_is_due(database: Database, tmp_path: Path) -> None:
    scene = make(tmp_path, database)
    scene.pull(COURSE)
    assert {one.state for one in retention.due(scene.settings, as_of=date(2099, 1, 1)).found} == {"unknown"}


def test_erase_due_takes_a_class_then_the_rest(scene: Scene) -> None:
    until = date(2030, 12, 31)
    who = Target("EXT-4471", SESSION)
    with time_machine.travel(IN_2030, tick=False):
        erasure.refuse(scene.settings, who, policy="claim-7", reason="legal_claims", until=until, yes=True)
        would = retention.erase_due(scene.settings, policy=None, session=None, yes=False)
        assert (would.done, would.would, would.refused, would.unknown) == (False, 4, 1, 2)
        assert "run it again with --yes" in " ".join(would.lines())
        none = retention.erase_due(scene.settings, policy="limitation-5y", session=None, yes=True)
        assert (none.erased, none.lines()[0]) == ((), "Nothing is due.")
        did = retention.erase_due(scene.settings, policy=None, session=SESSION, yes=True)
        assert [(one.subjects, one.entries) for one in did.erased] == [(0, 4)]
        assert "erased" in did.document()
        assert retention.erase_due(scene.settings, policy=None, session=None, yes=True).erased == ()
        scene.at = IN_2030
        assert scene.pull(COURSE) == 0  # Moodle still tells of everything
        assert verify(scene.settings, payloads=True).ok
        page = scene.folder / "page.html"
        session_report(scene.settings, SESSION, file=page, as_of=None)
        assert "effacé" in page.read_text(encoding="utf-8")
    with time_machine.travel(IN_2031, tick=False):
        did = retention.erase_due(scene.settings, policy=None, session=None, yes=True)
        # the refusal has ended: of the one who was spared both classes go, of the others what was left
        assert {one.policy for one in did.what} == {"qualiopi-4y", "limitation-5y"}
        assert sum(one.entries for one in did.erased) == 5
        assert sum(one.subjects for one in did.erased) == 3
        with open_ledger(scene.settings, readonly=True) as ledger:
            facts = list(ledger.facts(COURSE))
        assert [(one.fact, one.person) for one in facts] == [(None, None)] * 9
        assert verify(scene.settings, payloads=True).ok


def test_commands_run(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(ledger_retention.due, scene, "--as-of", "2030-04-01") == 0
    assert "1 due" in capsys.readouterr().out
    with time_machine.travel(IN_2030, tick=False):
        assert _run(ledger_erasure.erase, scene, "--due", "--policy", "qualiopi-4y", "--json") == 0
        assert json.loads(capsys.readouterr().out)["entries"] == 6
        with pytest.raises(UsageError, match="no policy nope; there are: asp-10y"):
            _run(ledger_erasure.erase, scene, "--due", "--policy", "nope")
        for words in (["--person", "EXT-4471"], ["--reason", "request"], ["--despite-refusal"]):
            with pytest.raises(UsageError, match="--due erases what the policies say"):
                _run(ledger_erasure.erase, scene, "--due", *words)
    assert load_settings(scene.folder / "config.toml").paths.mappings == scene.folder / "policies"
