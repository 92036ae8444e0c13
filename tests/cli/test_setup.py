"""init, schema and status as a person meets them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.cli.main import run

DENIED = {"exception": "core\\exception\\moodle_exception", "errorcode": "nopermissions", "message": "m"}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def one(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(words)
        out, err = capsys.readouterr()
        return code, out, err

    return one


@pytest.mark.parametrize("words", [(), ("--example",)])
def test_init_then_the_commands_that_it_names_work(tmp_path: Path, call: Any, words: tuple[str, ...]) -> None:
    folder = tmp_path / "work"
    code, out, _ = call("init", str(folder), *words)
    assert code == 0
    assert out.splitlines()[-1] == "  moodle-sync doctor"
    config = ("--config", str(folder / "config.toml"))
    assert call("validate", *config)[0] == 0
    assert call("ledger", "init", *config)[0] == 0
    assert call("status", *config)[0] == 0


def test_init_twice_is_2_and_changes_nothing(tmp_path: Path, call: Any) -> None:
    assert call("init", str(tmp_path))[0] == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    code, _, err = call("init", str(tmp_path))
    assert code == 2
    assert "Nothing was written" in err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_init_json_is_one_document(tmp_path: Path, call: Any) -> None:
    code, out, _ = call("init", str(tmp_path / "w"), "--json")
    assert code == 0
    assert "config.toml" in json.loads(out)["made"]


def test_schema_writes_where_it_is_told(tmp_path: Path, call: Any) -> None:
    code, out, _ = call("schema", "--out", str(tmp_path / "s"), "--json")
    files = [Path(name) for name in json.loads(out)["files"]]
    assert code == 0
    assert {file.name for file in files} >= {"programme.json", "framework.json", "rubric.json", "session.json"}
    assert all(json.loads(file.read_text(encoding="utf-8"))["$schema"] for file in files)


def test_status_asks_nothing_of_moodle_and_tells_an_apply(work: Any, core_site: Any) -> None:
    assert work.run("plan", "--out", str(work.path / "plan.json"))[0] == 0
    core_site.answers["core_course_create_categories"] = DENIED
    core_site.answers["core_competency_create_competency_framework"] = DENIED
    assert work.run("apply", str(work.path / "plan.json"))[0] == 6
    core_site.seen.clear()
    code, out, _ = work.run("status", "--json")
    known = json.loads(out)
    assert (code, core_site.seen) == (0, [])
    assert known["apply"]["outcome"] == "failed"
    assert known["pinned_at"]
    code, out, _ = work.run("status")
    assert any(line.startswith("! apply") for line in out.splitlines())


def test_status_tells_when_a_plan_was_made_and_what_it_counted(work: Any, core_site: Any) -> None:
    assert "plan        never" in work.run("status")[1]
    assert work.run("plan")[0] == 0
    [planned] = [line for line in work.run("status")[1].splitlines() if line[2:].startswith("plan ")]
    known = json.loads(work.run("status", "--json")[1])["plan"]
    assert planned.startswith("! plan"), "what needs the companion is blocked on this site, and shown so"
    assert f"(0 h ago), {known['counts']['changes']} changes, 0 drift kept, " in planned
    assert (known["outcome"], known["counts"]["changes"] > 10) == ("done", True)
    assert work.run("plan", "--allow-changes", "0")[0] == 3
    [planned] = [line for line in work.run("status")[1].splitlines() if line[2:].startswith("plan ")]
    assert planned.endswith("refused as too large")
    work.run("reconcile")
    assert json.loads(work.run("status", "--json")[1])["plan"]["outcome"] == "refused", "a round is no plan"


def test_status_without_a_ledger_is_4(work: Any) -> None:
    (work.path / "data" / "ledger.db").unlink()
    code, _, err = work.run("status")
    assert code == 4
    assert "ledger init" in err
