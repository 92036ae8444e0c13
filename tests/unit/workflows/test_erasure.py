"""ledger erase as a person uses it: found by key, shown first, erased everywhere, and seen as erased in the report."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from databases import Database
from ledgerscene import COURSE, OTHER, PEOPLE, REMARKS, SESSION, Scene

from moodle_sync.cli import ledger_erasure, ledger_proofs
from moodle_sync.errors import PlanRefused, UsageError
from moodle_sync.workflows import erasure, proofs
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger, verify
from moodle_sync.workflows.report import session_report

ME = Target("EXT-4471", None)


def _names(scene: Scene, course: str) -> set[str]:
    with open_ledger(scene.settings, readonly=True) as ledger:
        return {one.person.fullname if one.person else "?" for one in ledger.facts(course)}


def test_erase_person_everywhere_and_the_report_shows_it(scene: Scene, database: Database) -> None:
    before = session_report(scene.settings, SESSION, file=scene.folder / "before.html", as_of=None)
    page = before.path.read_text(encoding="utf-8")
    assert "Quintefeuille" in page
    assert "effacé" not in page
    would = erasure.erase(scene.settings, ME, policy="rgpd-17", reason="request", yes=False)
    assert (would.done, would.subjects, would.entries, would.sessions) == (False, 2, 6, (COURSE, OTHER))
    assert "run it again with --yes" in would.lines()[-1]
    assert "Zéphyrine Quintefeuille" in _names(scene, COURSE)
    did = erasure.erase(scene.settings, ME, policy="rgpd-17", reason="request", yes=True)
    assert (did.done, did.subjects, did.entries, did.scrubbed) == (True, 2, 6, database.kind == "sqlite")
    kept = any("The database server keeps its own record" in line for line in did.lines())
    assert kept == (database.kind == "postgres")
    assert _names(scene, COURSE) == _names(scene, OTHER) == {"?", *(PEOPLE[n].fullname for n in (810051, 810063))}
    checked = verify(scene.settings, payloads=True)
    assert checked.ok, checked.lines()
    after = session_report(scene.settings, SESSION, file=scene.folder / "after.html", as_of=None)
    page = after.path.read_text(encoding="utf-8")
    assert "Quintefeuille" not in page
    assert REMARKS[810047] not in page
    assert "Brisemarais" in page
    assert "effacé" in page
    with pytest.raises(UsageError, match="knows nobody"):
        proofs.prove_person(scene.settings, "EXT-4471", SESSION, scene.folder / "pack")


def test_erase_in_one_session_leaves_the_other(scene: Scene) -> None:
    did = erasure.erase(
        scene.settings, Target("EXT-4471", SESSION), policy="opco-3y", reason="retention_over", yes=True
    )
    assert (did.sessions, did.entries) == ((COURSE,), 3)
    assert "Zéphyrine Quintefeuille" not in _names(scene, COURSE)
    assert "Zéphyrine Quintefeuille" in _names(scene, OTHER)


def test_erase_everybody_of_a_session(scene: Scene) -> None:
    did = erasure.erase(scene.settings, Target(None, SESSION), policy="opco-3y", reason="retention_over", yes=True)
    assert (did.subjects, did.entries) == (3, 9)
    assert _names(scene, COURSE) == {"?"}
    assert verify(scene.settings, payloads=True).ok
    with pytest.raises(UsageError, match="knows nobody in the session"):
        erasure.erase(scene.settings, Target(None, SESSION), policy="opco-3y", reason="retention_over", yes=True)


def test_refuse_then_erase(scene: Scene) -> None:
    end = date(2999, 12, 31)
    would = erasure.refuse(scene.settings, ME, policy="opco-3y", reason="legal_obligation", until=end, yes=False)
    assert not would.done
    did = erasure.refuse(scene.settings, ME, policy="opco-3y", reason="legal_obligation", until=end, yes=True)
    assert "Refused until 2999-12-31" in did.lines()[0]
    with pytest.raises(PlanRefused, match="until 2999-12-31"):
        erasure.erase(scene.settings, ME, policy="rgpd-17", reason="request", yes=True)
    assert "Zéphyrine Quintefeuille" in _names(scene, COURSE)
    assert erasure.erase(scene.settings, ME, policy="rgpd-17", reason="request", yes=True, despite_refusal=True).done
    assert erasure.resume(scene.settings).finished == 0


@pytest.mark.parametrize("policy", ["quintefeuille", "erase-zquintefeuille", "ext-4471"])
def test_erase_policy_that_names_the_person_is_refused(scene: Scene, policy: str) -> None:
    with pytest.raises(UsageError, match="holds a name or key"):
        erasure.erase(scene.settings, ME, policy=policy, reason="request", yes=True)


def _run(command: click.Command, scene: Scene, *words: str) -> Any:
    return command.main([*words, "--config", str(scene.folder / "config.toml")], standalone_mode=False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a --person"),
        (["--person", "EXT-4471", "--everybody"], "name a --person"),
        (["--everybody"], "name a --person"),
        (["--session", SESSION], "name a --person"),
        (["--person", "EXT-4471", "--refuse"], "go together"),
        (["--person", "EXT-4471", "--until", "2999-01-01"], "go together"),
        (["--person", "EXT-4471"], "not a reason"),
        (["--person", "EXT-4471", "--reason", "request", "--session", "1999"], "no session 1999"),
    ],
)
def test_erase_command_wrong_words(scene: Scene, words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        _run(ledger_erasure.erase, scene, *words)


def test_commands_run(scene: Scene, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _run(ledger_proofs.prove, scene, "2026/0", "--out", str(tmp_path / "p.zip"), "--json") == 0
    assert '"entries": 1' in capsys.readouterr().out
    assert _run(ledger_erasure.migrate, scene) == 0
    assert "already" in capsys.readouterr().out
    words = ["--person", "EXT-4471", "--reason", "request"]
    assert _run(ledger_erasure.erase, scene, *words, "--yes") == 0
    assert "the next pull enters them again as somebody new" in capsys.readouterr().out
    assert _run(ledger_erasure.erase, scene, "--resume") == 0
    for wrong in (["2026/0", "--session", SESSION], []):
        with pytest.raises(UsageError):
            _run(ledger_proofs.prove, scene, *wrong, "--out", str(tmp_path / "q"))


def test_erase_says_no_name_anywhere(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    result = erasure.erase(scene.settings, ME, policy="rgpd-17", reason="request", yes=True)
    said = " ".join(result.lines()) + str(result.document())
    assert "Quintefeuille" not in said
    assert "EXT-4471" not in said
