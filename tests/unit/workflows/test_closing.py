"""ledger close as a person uses it, and the closing that a pull in January makes by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from ledgerscene import COURSE, SESSION, Scene

from moodle_sync.cli import ledger_export, ledger_retention
from moodle_sync.config import load_settings
from moodle_sync.errors import PlanRefused
from moodle_sync.facts.models import FeedbackAnalysis, RatedQuestion
from moodle_sync.workflows import attest, closing, erasure, exports
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger, verify

IN_2027 = datetime(2027, 1, 4, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def past() -> Callable[[Scene], None]:
    return _live


def _live(scene: Scene) -> None:
    folder = scene.folder
    config = folder / "config.toml"
    config.write_text(config.read_text(encoding="utf-8") + "small_group = 3\n", encoding="utf-8")
    with time_machine.travel(scene.at, tick=False):
        scene.pull()
        sheet = folder / "feuille.pdf"
        sheet.write_bytes(b"%PDF")
        lines = folder / "attendance.csv"
        head = "person,day,half,title,hours,present,trainer,learner_signed,trainer_signed,attested_by,file\n"
        sheets = (("EXT-4471", "am", "3.5"), ("EXT-4471", "pm", "3.5"), ("EXT-5582", "am", "3.25"))
        rows = (f"{one},2026-02-02,{half},T,{hours},yes,F,yes,yes,Z,feuille.pdf\n" for one, half, hours in sheets)
        lines.write_text(head + "".join(rows), encoding="utf-8")
        attested = attest.attest(load_settings(config), lines, "attendance", session=SESSION, attested_by=None)
        assert attested.exit_code == 0, attested.lines()


def test_close_counts_first_and_seals_with_yes(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    with time_machine.travel(IN_2027, tick=False):
        would = closing.close(scene.settings, 2026, correct=False, yes=False)
        assert would.entry is None
        assert "Nothing was sealed" in would.lines()[-1]
        did = closing.close(scene.settings, 2026, correct=False, yes=True)
        assert did.figures == would.figures
        assert {
            name: did.figures[name] for name in ("sessions", "sessions_without_dates", "enrolments", "learners")
        } == {
            "sessions": 1,
            "sessions_without_dates": 1,
            "enrolments": 3,
            "learners": 3,
        }
        assert (did.figures["hours_attended"], did.figures["hours_planned"]) == ("10.25", "210")
        assert (did.figures["enrolments_without_attendance"], did.figures["withheld"]) == (1, [])
        with pytest.raises(PlanRefused, match="2026 is closed"):
            closing.close(scene.settings, 2026, correct=False, yes=False)
        checked = verify(scene.settings, payloads=True)
        assert checked.ok, checked.lines()
        text = json.dumps(did.document())
        for secret in ("Quintefeuille", "EXT-", "8100"):
            assert secret not in text


def test_pull_in_january_closes_the_year_and_the_export_shows_it(scene: Scene) -> None:
    with time_machine.travel(IN_2027, tick=False):
        scene.at = IN_2027
        scene.grades = {**scene.grades, 810047: "18.2"}
        scene.pull(COURSE)
        out = scene.folder / "all.ndjson"
        exports.export(scene.settings, out, session=None, form="ndjson")
        records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        (found,) = [one for one in records if one["kind"] == "closing"]
        assert found["content"]["hours_attended"] == "10.25"
        erasure.erase(scene.settings, Target("EXT-4471", None), policy="rgpd-17", reason="request", yes=True)
        with open_ledger(scene.settings, readonly=True) as ledger:
            assert ledger.closings()[0].content == found["content"]
        with pytest.raises(PlanRefused, match="were erased since"):
            closing.close(scene.settings, 2026, correct=True, yes=True)
        assert verify(scene.settings, payloads=True).ok


def test_commands_run(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(scene.folder / "config.toml")]

    def run(command: Any, *words: str) -> Any:
        return command.main([*words, *config], standalone_mode=False)

    with time_machine.travel(IN_2027, tick=False):
        assert run(ledger_retention.close, "2026") == 0
        assert "would be closed" in capsys.readouterr().out
        assert run(ledger_retention.close, "2026", "--yes", "--json") == 0
        assert json.loads(capsys.readouterr().out)["figures"]["learners"] == 3
        assert run(ledger_export.export, "--out", str(scene.folder / "a.csv"), "--format", "csv") == 0


def test_closing_holds_the_satisfaction_of_questionnaires_that_closed_in_the_year(scene: Scene) -> None:
    asked = [("appreciation", 61, 6, "3.25"), ("suivi", 62, 2, "4"), ("besoins", 63, 6, "1"), (None, 64, 6, "1")]
    with open_ledger(scene.settings) as ledger, time_machine.travel(scene.at, tick=False):
        snapshot = scene.snapshot(COURSE)
        facts = (*snapshot.facts, *(gave(*one) for one in asked))
        ledger.stage(snapshot.model_copy(update={"facts": facts}), programme_digest=None, plan_id=None)
        ledger.seal()
        ledger.stage(scene.snapshot(COURSE), programme_digest=None, plan_id=None)  # deleted in Moodle: it counts
        ledger.seal()
    with time_machine.travel(IN_2027, tick=False):
        figures = closing.close(scene.settings, 2026, correct=False, yes=True).figures
        assert figures["satisfaction"] == {
            "n": 6,
            "mean": "7.5",
            "scale": "0-10",
            "questionnaires": 1,
            "withheld": 1,
        }
        assert figures["learners"] == 3, "nobody is no learner"
        assert verify(scene.settings, payloads=True).ok


def gave(activity: str | None, cmid: int, answers: int, mean: str) -> FeedbackAnalysis:
    """What a questionnaire gave as a whole, on a scale from 1 to 4."""
    question = RatedQuestion(
        item_id=1, label="", question="q", type="multichoicerated", answers=answers, mean=Decimal(mean),
        minimum=Decimal(1), maximum=Decimal(4),
    )  # fmt: skip
    closed = datetime(2026, 2, 2, 22, tzinfo=UTC)
    return FeedbackAnalysis(
        course=COURSE, userid=0, occurred_at=closed, wsfunction="mod_feedback_get_analysis", cmid=cmid,
        activity=activity, anonymous=True, closed_at=closed, asked=None, answers=answers, withheld=None,
        questions=(question,),
    )  # fmt: skip
