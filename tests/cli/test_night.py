"""reconcile: every stage has its turn, whatever became of the one before."""

import fcntl
import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from databases import Database

from moodle_sync.clock import to_rfc3339, utc_now
from moodle_sync.config import load_settings
from moodle_sync.store import runs
from moodle_sync.store.engine import open_store
from moodle_sync.workflows.reconcile.stage import Result

NAMES = ["drift", "pull", "seal", "checkpoint", "reports"]
COURSE = "sag:pouvoir-dagir@2026-02-marseille"


@pytest.fixture
def store_line(database: Database) -> str:
    """Every round on both kinds of database."""
    return "" if database.kind == "sqlite" else f'store = "{database.url}"\n'


def address_of(work: Any) -> str:
    return load_settings(work.path / "config.toml").ledger.store


def night(work: Any, *words: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Exit code, the document, and its stages by name."""
    code, out, _ = work.run("reconcile", "--json", *words)
    document = json.loads(out)
    assert [stage["name"] for stage in document["stages"]] == NAMES
    assert document["exit_code"] == code
    return code, document, {stage["name"]: stage for stage in document["stages"]}


def codes(stages: dict[str, Any]) -> list[int]:
    return [stages[name]["exit_code"] for name in NAMES]


def last(work: Any) -> runs.RunRow:
    with open_store(address_of(work)) as store, store.read() as transaction:
        return runs.of_kind(transaction, "test", "reconcile", 1)[0]


def test_round_before_anything_was_applied_is_well_and_says_so(work: Any, core_site: Any) -> None:
    code, _, stages = night(work)
    assert (code, codes(stages)) == (0, [0, 0, 0, 0, 0])
    assert stages["pull"]["details"] == [f"{COURSE}: not applied yet, nothing to read"]
    assert "nothing to sign yet" in stages["checkpoint"]["message"]
    row = last(work)
    assert (row.outcome, row.counts) == ("done", dict.fromkeys(NAMES, 0))


def test_round_changes_nothing_in_moodle(work: Any, core_site: Any) -> None:
    night(work)
    assert core_site.seen
    assert {name for name in core_site.seen if not name.split("_")[2].startswith(("get", "list"))} == set()


def test_round_on_a_site_that_is_down_still_seals_and_answers_5(
    work: Any, core_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    core_site.answers = {"*": (503, {}, b"<html>maintenance</html>")}
    code, _, stages = night(work)
    assert (code, codes(stages)) == (5, [5, 5, 0, 0, 0])
    assert "maintenance" in stages["drift"]["message"]
    assert last(work).outcome == "failed"


def test_round_with_a_bad_spec_still_seals_and_answers_2(work: Any, core_site: Any) -> None:
    (work.path / "course_specs" / "courses" / "pouvoir-dagir.yaml").write_text("programme: [\n", encoding="utf-8")
    code, _, stages = night(work)
    assert (code, codes(stages)) == (2, [2, 2, 0, 0, 2])


def test_round_without_the_signing_key_still_looks_for_drift_and_answers_4(work: Any, core_site: Any) -> None:
    (work.path / "data" / "signing.key").unlink()
    code, _, stages = night(work)
    assert code == 4
    assert codes(stages)[:4] == [0, 4, 4, 4]


def test_round_with_a_bug_in_a_stage_goes_on_and_answers_1(
    work: Any, core_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(settings: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("moodle_sync.workflows.reconcile.look_for_drift", crash)
    code, _, stages = night(work)
    assert (code, codes(stages)) == (1, [1, 0, 0, 0, 0])


def test_round_whose_course_is_gone_after_it_was_applied_answers_5(work: Any, core_site: Any) -> None:
    core_site.answers["*"] = {"exception": "x", "errorcode": "nopermissions", "message": "m"}
    work.run("plan", "--out", str(work.path / "plan.json"))
    work.run("apply", str(work.path / "plan.json"))
    code, _, stages = night(work)
    assert code == 5
    assert stages["pull"]["exit_code"] == 5
    assert stages["pull"]["details"][0].startswith(COURSE)


def test_round_out_of_time_names_what_was_not_read_and_answers_6(
    work: Any, core_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moodle_sync.workflows.reconcile.stage.Deadline.left", lambda self: 0.0)
    code, _, stages = night(work, "--time-box", "1")
    assert code == 6
    assert stages["pull"]["details"] == [f"{COURSE}: not read, the time is up"]


def test_second_round_at_the_same_time_is_3_and_notes_nothing(work: Any, core_site: Any) -> None:
    with (work.path / "data" / ".reconcile.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        code, _, err = work.run("reconcile")
    assert code == 3
    assert "Another reconcile is running" in err
    with open_store(address_of(work)) as store, store.read() as transaction:
        assert runs.of_kind(transaction, "test", "reconcile", 1) == []


def test_round_without_a_ledger_is_4_and_says_what_to_run(work: Any, core_site: Any, database: Database) -> None:
    for path in (work.path / "data").iterdir():
        path.unlink()
    database.lose()
    code, _, err = work.run("reconcile")
    assert code == 4
    assert "ledger init" in err
    shutil.rmtree(work.path / "data")
    assert work.run("reconcile")[0] == 4


def test_round_says_which_nights_had_none_and_which_was_cut_off(work: Any, core_site: Any) -> None:
    now = utc_now()
    with open_store(address_of(work)) as store, store.write() as transaction:
        for days, ended in ((4, True), (3, False)):
            at = to_rfc3339(now - timedelta(days=days))
            run_id = runs.start(transaction, site="test", kind="reconcile", at=at)
            if ended:
                runs.finish(transaction, run_id, at=at, outcome="done", counts={})
    _, document, _ = night(work)
    assert len(document["missed_nights"]) == 2
    assert document["cut_off"] == [to_rfc3339(now - timedelta(days=3))]
    code, out, _ = work.run("reconcile")
    assert code == 0
    assert "cut off" not in out, "the round that ended since has said it"


def test_round_writes_the_report_of_a_running_session(
    work: Any, core_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "moodle_sync.workflows.reconcile.stage.Deadline.now", lambda self: datetime(2026, 2, 3, 2, 10, tzinfo=UTC)
    )
    _, _, stages = night(work)
    assert stages["reports"]["message"] == "1 of 1 running sessions"
    assert (work.path / "reports" / "2026-02-marseille.html").is_file()


def test_round_for_people_marks_each_stage(work: Any, core_site: Any) -> None:
    code, out, err = work.run("reconcile")
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[1] for line in lines if line[:1] in "✓✗"] == NAMES
    assert lines[-1] == "The round is done."
    assert "pull …" in err


def with_a_learner(site: Any) -> None:
    """The course is there, with one learner and nothing else in it."""
    row = {"id": 7, "fullname": "C", "shortname": "c", "categoryid": 1, "summary": "", "idnumber": COURSE, "visible": 1}
    person = {"id": 9, "username": "ap", "idnumber": "AP-001", "fullname": "A P", "roles": [{"shortname": "student"}]}
    site.answers["core_webservice_get_site_info"]["functions"] += [
        {"name": "mod_quiz_get_user_attempts", "version": "1"},
    ]
    site.answers |= {
        "core_course_get_courses_by_field": {"courses": [row], "warnings": []},
        "core_course_get_contents": [],
        "core_competency_list_course_competencies": [],
        "core_enrol_get_enrolled_users": [person],
        "core_completion_get_activities_completion_status": {"statuses": [], "warnings": []},
        "core_completion_get_course_completion_status": {
            "exception": "x",
            "errorcode": "nocriteriaset",
            "message": "m",
        },
        "gradereport_user_get_grade_items": {"usergrades": [], "warnings": []},
    }


def test_round_seals_what_it_read_and_publishes_it_and_the_next_one_adds_nothing(work: Any, core_site: Any) -> None:
    with_a_learner(core_site)
    _, _, stages = night(work)
    assert stages["pull"]["message"].startswith("1 of 1 sessions read, 1 facts new")
    assert stages["seal"]["message"] == "2 entries sealed, 2 in the ledger"
    assert stages["checkpoint"]["details"] == [f"→ file:{work.path / 'checkpoints'}"]
    _, _, stages = night(work)
    assert stages["seal"]["message"] == "0 entries sealed, 2 in the ledger"
    assert work.run("ledger", "verify", "--payloads")[0] == 0
    known = json.loads(work.run("status", "--json")[1])
    assert (known["entries"], known["waiting"], known["checkpoint"]) == (2, 0, 2)
    assert known["pulls"][COURSE]["counts"]["new"] == 0


def test_round_seals_what_a_pull_that_was_cut_off_left(
    work: Any, core_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_learner(core_site)
    with monkeypatch.context() as killed:
        killed.setattr("moodle_sync.workflows.reconcile.seal", lambda settings: Result("killed before"))
        killed.setattr("moodle_sync.workflows.reconcile.publish", lambda settings: Result("killed before"))
        night(work)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    core_site.answers = {"*": (503, {}, b"<html>maintenance</html>")}
    code, _, stages = night(work)
    assert code == 5
    assert stages["seal"]["message"] == "2 entries sealed, 2 in the ledger"
    assert stages["checkpoint"]["exit_code"] == 0


def test_round_whose_checkpoints_cannot_be_written_seals_all_the_same(work: Any, core_site: Any) -> None:
    with_a_learner(core_site)
    (work.path / "checkpoints").rmdir()
    code, _, stages = night(work)
    assert codes(stages) == [3, 0, 0, 6, 0], "a course that we never wrote is a conflict; what is signed is safe here"
    assert code == 3
    assert last(work).counts["checkpoint"] == 6


def test_round_begins_with_the_session_that_was_not_pulled_for_the_longest_time(work: Any, core_site: Any) -> None:
    sessions = work.path / "course_specs" / "sessions"
    text = (sessions / "2026-02-marseille.yaml").read_text(encoding="utf-8")
    for name in ("2026-02-lyon", "2026-02-nantes"):
        copy = text.replace("session: 2026-02-marseille", f"session: {name}")
        (sessions / f"{name}.yaml").write_text(copy, encoding="utf-8")
    with open_store(address_of(work)) as store, store.write() as transaction:
        for name, day in (("lyon", 21), ("marseille", 20)):
            course, at = f"sag:pouvoir-dagir@2026-02-{name}", f"2026-11-{day}T02:10:00Z"
            run_id = runs.add_pull(transaction, site="test", session=course, release="5.1", at=at)
            runs.finish_pull(transaction, run_id, at, {})
    _, _, stages = night(work)
    order = [line.split(":")[1].split("@2026-02-")[1] for line in stages["pull"]["details"]]
    assert order == ["nantes", "marseille", "lyon"]
