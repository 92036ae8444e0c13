"""Every command of README.md, and of the guide and the pages that it leads to, is run: in order, on a sandbox."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from docrun import ROOT, Reader, blocks, files_of, lines, page, section, steps

from moodle_sync.sandbox import Sandbox

LIST = "From here to your own Moodle"
COURSE = "mine:premiers-pas@2027-01-exemple"


@pytest.fixture(scope="module")
def site() -> Iterator[Sandbox]:
    with Sandbox() as served:
        yield served


def call(site: Sandbox, token: str, wsfunction: str, **form: str) -> Any:
    form |= {"wstoken": token, "wsfunction": wsfunction, "moodlewsrestformat": "json"}
    answer = requests.post(f"{site.url}/webservice/rest/server.php", data=form, timeout=30).json()
    assert "exception" not in (answer or {}), answer
    return answer


def somebody_reads(site: Sandbox) -> None:
    """The first learner opens the first page of the course."""
    learner, editor = site.actors()["learners"][0], site.actors()["editor"]
    [course] = call(site, editor["token"], "core_course_get_courses_by_field", field="idnumber", value=COURSE)[
        "courses"
    ]
    contents = call(site, editor["token"], "core_course_get_contents", courseid=str(course["id"]))
    [reading] = [one for part in contents for one in part["modules"] if one["modname"] == "page"]
    call(site, learner["token"], "mod_page_view_page", pageid=str(reading["instance"]))


# ---- README.md ------------------------------------------------------------------------------------------------------


def test_readme_list_leads_from_nothing_to_a_report(tmp_path: Path) -> None:
    commands = steps(section(page("README.md"), LIST))
    with Sandbox("4.5") as site:
        reader = Reader(tmp_path, site)
        reader.run(commands)
    assert commands[0] == "pip install ."
    assert len(re.findall(r"^\d+\. ", section(page("README.md"), LIST), re.MULTILINE)) == 10
    assert {command.split()[1] for command in reader.ran if command.startswith("moodle-sync")} >= {
        *("init", "plugin", "ledger", "doctor", "validate", "plan", "apply", "reconcile", "report")
    }
    assert "Everything holds together" in reader.output["moodle-sync ledger verify --payloads"]
    [report] = (reader.folder / "reports").glob("*.html")
    assert "<h1" in report.read_text(encoding="utf-8")


def test_readme_list_says_what_nobody_runs_is_a_failure(tmp_path: Path) -> None:
    with Sandbox() as site, pytest.raises(AssertionError, match="no test knows how"):
        Reader(tmp_path, site).run(["rm -rf registre"])


def test_readme_blocks_are_the_two_make_commands() -> None:
    assert blocks(page("README.md")) == [("sh", "make demo\nmake test\n")]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """make with the environment that these tests run in, as if it had made it itself."""
    prefix = sys.prefix
    command = ["make", "-C", str(ROOT), "-o", f"{prefix}/.installed", f"VENV={prefix}", *words]
    return subprocess.run(command, text=True, capture_output=True, timeout=600)


def test_make_test_runs_every_check() -> None:
    told = make("-n", "test")
    assert told.returncode == 0, told.stderr
    ran = [line.removeprefix(f"{sys.prefix}/bin/") for line in told.stdout.splitlines() if "/bin/" in line]
    assert ran[:3] == ["ruff check .", "mypy", "lint-imports"]
    ledger, rest = (line.removeprefix("python -m pytest ").split(" ") for line in ran[3:])
    assert ["tests", *(f"--ignore={folder}" for folder in ledger)] == rest  # together, every test


def test_make_demo_plays_and_names_its_report() -> None:
    told = make("demo")
    assert told.returncode == 0, told.stdout + told.stderr
    [named] = re.findall(r"^The report: (.+)$", told.stdout, re.MULTILINE)
    report = Path(named) if Path(named).is_absolute() else ROOT / named
    assert "données simulées" in report.read_text(encoding="utf-8").lower()
    shutil.rmtree(report.parents[1])


# ---- docs/guide.md, and the pages that it leads to ------------------------------------------------------------------


@pytest.fixture(scope="module")
def night(site: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The guide read to its end: what its last command leaves behind."""
    guide = page("docs/guide.md")
    reader = Reader(tmp_path_factory.mktemp("guide"), site)
    write = {
        "moodle-sync doctor": lambda: write_files(guide, reader.folder),
        "moodle-sync apply plan.json": lambda: somebody_reads(site),
    }
    reader.after = write
    reader.run(lines(guide))
    return reader


def write_files(text: str, folder: Path) -> None:
    written = list(files_of(text, "csv"))
    assert [name for name, _ in written] == ["enrolments/2027-01-exemple.csv"]
    for name, content in written:
        (folder / name).write_text(content, encoding="utf-8")


def test_guide_leads_to_the_first_reconciled_night(night: Reader) -> None:
    assert "0 changes" in night.output["moodle-sync plan"]
    assert "4 facts read: 4 new" in night.output["moodle-sync pull"]
    assert "Everything holds together" in night.output["moodle-sync ledger verify --payloads"]
    assert "0 facts new" in night.output["moodle-sync reconcile"]
    told = {line[2:].split(" ")[0]: line for line in night.output["moodle-sync status"].splitlines()}
    assert [name for name, line in told.items() if line.startswith("!")] == []
    assert "0 h ago" in told["plan"]
    assert (night.folder.parent / "moodle-sync-demo" / "reports").is_dir()


def test_guide_zip_and_roles_are_there(night: Reader) -> None:
    written = {path.name for path in night.folder.iterdir()}
    assert {"moodlesync_push.xml", "moodlesync_pull.xml"} <= written
    assert any(name.startswith("local_moodlesync-") and name.endswith(".zip") for name in written)


def test_night_of_the_cron_line_and_of_the_timer_run(night: Reader) -> None:
    text = page("docs/reference/reconcile.md")
    commands = re.findall(r"/bin/(moodle-sync [\w -]+?)(?= 2>>|$)", text, re.MULTILINE)
    assert len(commands) == 2, "one for cron, one for systemd"
    night.run(commands)
    assert "The round is done." in night.output[commands[0]]


def test_ledger_page_commands_run_on_what_the_guide_left(night: Reader) -> None:
    year = datetime.now(UTC).year
    names = {"2026-02-marseille": "2027-01-exemple", "EXT-4471": "AP-001", "2026/17": f"{year}/1"}
    text = page("docs/ledger.md")
    for name, ours in names.items():
        assert name in text
        text = text.replace(name, ours)
    commands = [one for one in (*lines(text, ""), *lines(text)) if one.startswith("moodle-sync")]
    assert len(commands) > 6
    # The page's examples name one person again and again: after an erasure the next pull has to bring them back.
    night.after = {one: lambda: night.run(["moodle-sync pull"]) for one in commands if "--everybody" in one}
    assert night.after
    (night.folder / "notes.pdf").write_bytes(b"%PDF what was said")
    night.run(commands)
    assert (night.folder / "entry.zip").is_file()
    night.run(["moodle-sync ledger verify --payloads"])


def test_json_of_status_is_one_document_after_all_that(night: Reader) -> None:
    night.run(["moodle-sync status --json"])
    known = json.loads(night.output["moodle-sync status --json"])
    assert known["reconcile"]["outcome"] == "done"
    assert known["missed_nights"] == []
