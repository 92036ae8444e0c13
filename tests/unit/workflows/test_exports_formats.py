"""ledger export as xAPI and as Parquet: the same entries as the CSV, for whoever reads those."""

from __future__ import annotations

import csv
import json
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from databases import Database
from ledgerscene import GRADES, PEOPLE, SESSION, Scene, make
from xapirules import problems

from moodle_sync.cli import ledger_export
from moodle_sync.errors import UsageError
from moodle_sync.ledger.exporting import COLUMNS, exported
from moodle_sync.reports.parquet import parquet
from moodle_sync.workflows import erasure, exports
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger

ME = 810047


@pytest.fixture(scope="module")
def past() -> Callable[[Scene], None]:
    return _live


def _live(scene: Scene) -> None:
    scene.pull()
    scene.grades = {**GRADES, ME: "18.25"}
    scene.people = {n: one for n, one in PEOPLE.items() if n != 810051}
    scene.pull()
    erasure.erase(scene.settings, Target("EXT-6693", SESSION), policy="rgpd-17", reason="request", yes=True)


def test_xapi_is_one_array_of_valid_statements_and_the_same_each_time(scene: Scene) -> None:
    out = scene.folder / "all.json"
    written = exports.export(scene.settings, out, session=None, form="xapi")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    found = json.loads(out.read_text(encoding="utf-8"))
    assert written.statements == len(found)
    assert f"{len(found)} statements" in written.lines()[-1]
    assert [problem for one in found for problem in problems(one)] == []
    assert len({one["id"] for one in found}) == len(found)
    verbs = [one["verb"]["id"].rsplit("/", 1)[1] for one in found]
    # of three in two sessions one was erased in one; two grades were corrected; six facts of one person vanished
    assert (verbs.count("registered"), verbs.count("scored"), verbs.count("voided")) == (5, 12, 6)
    assert {one["actor"]["account"]["name"] for one in found} == {"EXT-4471", "EXT-5582", "EXT-6693", "moodle-sync"}
    before = out.read_bytes()
    exports.export(scene.settings, out, session=None, form="xapi")
    assert out.read_bytes() == before


def test_xapi_of_one_session_is_a_part_of_the_whole(scene: Scene) -> None:
    whole, part = scene.folder / "whole", scene.folder / "part"
    exports.export(scene.settings, whole, session=None, form="xapi")
    exports.export(scene.settings, part, session=SESSION, form="xapi")
    everything = {one["id"]: one for one in json.loads(whole.read_bytes())}
    some = json.loads(part.read_bytes())
    assert 0 < len(some) < len(everything)
    assert all(everything[one["id"]] == one for one in some)


def test_xapi_with_pseudonyms_names_nobody(scene: Scene) -> None:
    out = scene.folder / "p.json"
    exports.export(scene.settings, out, session=None, form="xapi", pseudonyms=True)
    text = out.read_text(encoding="utf-8")
    for one in PEOPLE.values():
        for word in (one.idnumber, one.username, one.fullname, str(one.userid)):
            assert word not in text
    with pytest.raises(UsageError, match="goes with --format xapi"):
        exports.export(scene.settings, out, session=None, form="csv", pseudonyms=True)


def test_xapi_of_nothing_is_an_empty_array(database: Database, tmp_path: Path) -> None:
    scene = make(tmp_path, database)
    exports.export(scene.settings, tmp_path / "x", session=None, form="xapi")
    assert json.loads((tmp_path / "x").read_bytes()) == []


def test_parquet_has_the_rows_of_the_csv_typed(scene: Scene) -> None:
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    import pyarrow.parquet as pq

    out, text = scene.folder / "all.parquet", scene.folder / "all.csv"
    written = exports.export(scene.settings, out, session=None, form="parquet")
    exports.export(scene.settings, text, session=None, form="csv")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    table = pq.read_table(out)
    with text.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(table.column_names) == COLUMNS
    assert table.num_rows == len(rows) == written.entries
    assert str(table.schema.field("observed_at").type) == "timestamp[ms, tz=UTC]"
    assert str(table.schema.field("userid").type) == "int64"
    for typed, row in zip(table.to_pylist(), rows, strict=True):
        for name in COLUMNS:
            value = typed[name]
            if isinstance(value, datetime):
                assert value.utcoffset() == UTC.utcoffset(None)
                value = value.strftime("%Y-%m-%dT%H:%M:%SZ")
            if isinstance(value, bool):
                value = "yes" if value else "no"
            assert row[name] == ("" if value is None else str(value)), name
    grades = [json.loads(one["said"])["grade"] for one in table.to_pylist() if one["fact"] == "grade"]
    assert GRADES[ME] in grades  # a decimal stays text


def test_parquet_comes_in_groups_of_bounded_size(scene: Scene) -> None:
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    import pyarrow as pa
    import pyarrow.parquet as pq

    taken = 0
    with open_ledger(scene.settings, readonly=True) as ledger:

        def rows() -> object:
            nonlocal taken
            for row in exported(ledger.store, ledger.keystore):
                taken += 1
                yield row

        parts, seen = [], []
        for part in parquet(rows(), group=4):  # type: ignore[arg-type]
            parts.append(part)
            seen.append(taken)
    assert seen[:3] == [4, 8, 12]  # each group is written before the next is read
    file = pq.ParquetFile(pa.BufferReader(b"".join(parts)))
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert set(sizes[:-1]) == {4}
    assert sum(sizes) == taken == file.read().num_rows


def test_parquet_without_the_package_says_what_to_install(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    out = scene.folder / "x.parquet"
    with pytest.raises(UsageError, match=r"(?s)needs the package pyarrow.*moodle-sync\[parquet\]"):
        exports.export(scene.settings, out, session=None, form="parquet")
    assert not out.exists()


def test_export_command_knows_the_formats(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(scene.folder / "config.toml"), "--out", str(scene.folder / "out")]
    run = ledger_export.export.main
    assert run(["--format", "xapi", "--pseudonyms", *config], standalone_mode=False) == 0
    assert "statements" in capsys.readouterr().out
    for words in (["--pseudonyms"], ["--person", "EXT-4471", "--pseudonyms"]):
        with pytest.raises(UsageError, match="--pseudonyms goes with --format xapi"):
            run([*words, *config], standalone_mode=False)
