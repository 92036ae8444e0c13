"""ledger export: all of it, in order, for its owner alone; and of one person nothing but theirs."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from ledgerscene import COURSE, GRADES, OTHER, PEOPLE, REMARKS, SESSION, Scene

from moodle_sync.cli import ledger_export
from moodle_sync.errors import LedgerError, UsageError
from moodle_sync.workflows import erasure, exports
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger

ME, OTHERS = 810047, (810051, 810063)


@pytest.fixture(scope="module")
def past() -> Callable[[Scene], None]:
    return _live


def _live(scene: Scene) -> None:
    scene.people[810063] = PEOPLE[810063].model_copy(update={"fullname": "=HYPERLINK(1)"})
    scene.pull()
    erasure.erase(scene.settings, Target("EXT-6693", SESSION), policy="rgpd-17", reason="request", yes=True)


def test_export_ndjson_holds_every_entry_in_order(scene: Scene) -> None:
    out = scene.folder / "all.ndjson"
    written = exports.export(scene.settings, out, session=None, form="ndjson")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    records = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    with open_ledger(scene.settings, readonly=True) as ledger:
        size = ledger.size()
        sealed = {one.number: one for course in (COURSE, OTHER) for one in ledger.facts(course)}
    assert [one["entry"] for one in records] == [f"2026/{idx}" for idx in range(size)]
    assert (written.entries, written.erased) == (size, 3)
    assert {one["kind"] for one in records} == {"observed", "run", "erasure"}
    for one in records:
        if one["kind"] != "observed":
            assert one["fact"] is None
            continue
        fact = sealed[one["entry"]].fact
        assert one["fact"] == (None if fact is None else fact.payload())
        assert one["erased"] == (fact is None)
        assert one["subject"] == sealed[one["entry"]].subject


def test_export_csv_of_one_session_is_safe_in_a_spreadsheet(scene: Scene) -> None:
    out = scene.folder / "one.csv"
    written = exports.export(scene.settings, out, session=SESSION, form="csv")
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == exports.COLUMNS
    assert len(rows) == written.entries == 11  # nine observations, their run, an erasure
    assert {row["session"] for row in rows} == {COURSE}
    grades = {row["fullname"]: json.loads(row["said"])["grade"] for row in rows if row["fact"] == "grade"}
    assert grades == {PEOPLE[n].fullname: GRADES[n] for n in (ME, 810051)}
    assert [row["erased"] for row in rows].count("yes") == 3
    everything = scene.folder / "all.csv"
    exports.export(scene.settings, everything, session=None, form="csv")
    assert "'=HYPERLINK(1)" in everything.read_text(encoding="utf-8")
    assert ",=HYPERLINK" not in everything.read_text(encoding="utf-8")


def test_access_holds_everything_about_one_person_and_nobody_else(scene: Scene) -> None:
    erasure.refuse(
        scene.settings,
        Target("EXT-4471", SESSION),
        policy="opco-3y",
        reason="legal_obligation",
        until=date(2999, 12, 31),
        yes=True,
    )
    for form in ("html", "json"):
        out = scene.folder / f"mine.{form}"
        written = exports.access(scene.settings, "EXT-4471", out, form=form)
        assert (written.entries, written.erased, written.waiting) == (6, 0, 0)
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        text = out.read_text(encoding="utf-8")
        for mine in (PEOPLE[ME].fullname, "EXT-4471", GRADES[ME], REMARKS[ME], COURSE, OTHER, "2999-12-31"):
            assert mine in text, (form, mine)
        for userid in OTHERS:
            for other in (PEOPLE[userid].idnumber, str(userid), GRADES[userid], REMARKS[userid]):
                assert other not in text, (form, other)
        assert "<script" not in text
    assert len(json.loads((scene.folder / "mine.json").read_text(encoding="utf-8"))["entries"]) == 6


def test_access_says_what_is_not_sealed_yet(scene: Scene) -> None:
    scene.grades = {**GRADES, ME: "18.18"}
    scene.people = {ME: PEOPLE[ME]}
    with open_ledger(scene.settings) as ledger:
        snapshot = scene.snapshot(COURSE).model_copy(update={"complete": frozenset()})
        ledger.stage(snapshot, programme_digest=None, plan_id=None)
    written = exports.access(scene.settings, "EXT-4471", scene.folder / "a.html", form="html")
    assert written.waiting == 1
    assert "ne sont pas sur cette page : 1." in (scene.folder / "a.html").read_text(encoding="utf-8")
    assert "not in it" in written.lines()[1]


def test_export_wrong_words_and_places_are_named(scene: Scene) -> None:
    folder = scene.folder
    with pytest.raises(UsageError, match="no format of an export"):
        exports.export(scene.settings, folder / "x", session=None, form="html")
    with pytest.raises(UsageError, match="no format for one person"):
        exports.access(scene.settings, "EXT-4471", folder / "x", form="csv")
    with pytest.raises(UsageError, match="no session"):
        exports.export(scene.settings, folder / "x", session="1999", form="csv")
    with pytest.raises(UsageError, match="cannot be a file"):
        exports.export(scene.settings, folder / "none" / "x", session=None, form="csv")
    with pytest.raises(UsageError, match="cannot be a file"):
        exports.export(scene.settings, folder, session=None, form="csv")
    with pytest.raises(UsageError, match="knows nobody"):
        exports.access(scene.settings, "EXT-0000", folder / "x", form="html")
    assert not (folder / "x").exists()


def test_export_that_fails_leaves_the_file_before_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    out = scene.folder / "all.ndjson"
    exports.export(scene.settings, out, session=None, form="ndjson")
    before = out.read_bytes()

    def broken(*_: Any) -> Any:
        yield "half"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, "_ndjson", broken)
    with pytest.raises(LedgerError, match="No space left"):
        exports.export(scene.settings, out, session=None, form="ndjson")
    assert out.read_bytes() == before
    assert not list(scene.folder.glob(".*.part"))


def test_export_command_runs(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(scene.folder / "config.toml")]
    for words in (["--session", SESSION, "--format", "csv"], ["--person", "EXT-4471"], []):
        out = scene.folder / "out"
        assert ledger_export.export.main([*words, "--out", str(out), *config], standalone_mode=False) == 0
        assert "entries" in capsys.readouterr().out
    words = ["--person", "EXT-4471", "--session", SESSION, "--out", "x"]
    with pytest.raises(UsageError, match="leave out --session"):
        ledger_export.export.main([*words, *config], standalone_mode=False)
