"""What goes wrong outside: one clear sentence, the right exit code, nothing half-written, and the token never shown."""

import json
import socket
from typing import Any

import pytest

TOKEN = "5ec5e70000000000000000000000cafe"
MOODLE_ERROR = {"exception": "core\\exception\\moodle_exception", "errorcode": "", "message": "m"}
HTML = (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html><body>Log in</body></html>")


def error(code: str) -> dict[str, str]:
    return {**MOODLE_ERROR, "errorcode": code}


@pytest.mark.parametrize("command", ["plan", "pull"])
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            (301, {"Location": "https://elsewhere.example.org/webservice/rest/server.php"}, b""),
            "https://elsewhere.example",
        ),
        (HTML, "page"),
        ((200, {}, b'{"sitename": '), "JSON"),
        ((503, {}, b"<html>maintenance</html>"), "under maintenance"),
        ((404, {}, b"not found"), "404"),
        (error("invalidtoken"), "token"),
        (error("accessexception"), "service"),
        (None, ""),
    ],
    ids=["redirect", "html", "broken json", "maintenance", "wrong path", "expired token", "not in service", "dies"],
)
def test_site_that_does_not_answer_as_moodle_is_exit_5(
    work: Any, address: Any, monkeypatch: pytest.MonkeyPatch, command: str, reply: Any, says: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    address.answers["*"] = (lambda form: None) if reply is None else reply
    before = work.files()
    code, out, err = work.run(command)
    assert code == 5, err
    assert says.lower() in err.lower()
    assert "Traceback" not in err
    assert TOKEN not in out + err
    assert work.files() == before


def test_site_that_nobody_listens_at_is_exit_5(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    work.configure(lambda text: text.replace(text.split('url = "')[1].split('"')[0], f"http://127.0.0.1:{port}"))
    code, _, err = work.run("plan")
    assert code == 5
    assert "127.0.0.1" in err


def test_another_address_behind_the_name_is_refused_and_names_it(work: Any, core_site: Any) -> None:
    core_site.answers["core_webservice_get_site_info"]["siteurl"] = "https://clone.example.org"
    code, _, err = work.run("plan")
    assert code == 5
    assert "https://clone.example.org" in err


def test_another_namespace_on_a_pinned_site_is_refused(work: Any, core_site: Any) -> None:
    assert work.run("plan")[0] == 0
    work.configure(lambda text: text.replace('namespace = "sag"', 'namespace = "other"'))
    code, _, err = work.run("plan")
    assert code == 5
    assert "namespace" in err


def test_plan_without_the_companion_blocks_activities_and_plans_the_rest(work: Any, core_site: Any) -> None:
    code, out, _ = work.run("plan", "--json")
    changes = json.loads(out)["changes"]
    assert code == 0
    kinds = {action: {c["kind"] for c in changes if c["action"] == action} for action in ("create", "blocked")}
    assert kinds["create"] == {"category", "framework", "competency", "course", "course_competency"}
    assert kinds["blocked"] == {
        "section",
        "activity",
        "rubric",
        "activity_competency",
        "course_completion",
        "event",
        "group",
    }


def test_missing_capability_fails_that_object_by_name_and_its_children(work: Any, core_site: Any) -> None:
    core_site.answers["core_course_create_categories"] = error("nopermissions")
    core_site.answers["core_competency_create_competency_framework"] = error("nopermissions")
    assert work.run("plan", "--out", str(work.path / "plan.json"))[0] == 0
    code, out, _ = work.run("apply", str(work.path / "plan.json"), "--json")
    failed = {item["key"]: item["problem"] for item in json.loads(out)["failed"]}
    assert code == 6
    assert "sag:formations" in failed
    assert "framework" in failed["sag:cooperation-territoriale@2026-02:O1"]
    assert "category" in failed["sag:pouvoir-dagir@2026-02-marseille"]


def test_site_that_dies_half_way_leaves_a_ledger_that_verifies_and_a_plan_that_goes_on(
    work: Any, core_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    made: list[str] = []

    def create(form: dict[str, list[str]]) -> Any:
        made.append(form["categories[0][idnumber]"][0])
        core_site.answers["core_course_get_categories"] = [
            {"id": 7, "name": form["categories[0][name]"][0], "idnumber": made[0], "parent": 0, "description": ""}
        ]
        return None  # done, and the answer is lost

    core_site.answers["core_course_create_categories"] = create
    core_site.answers["core_competency_create_competency_framework"] = lambda form: None
    assert work.run("plan", "--out", str(work.path / "plan.json"))[0] == 0
    code, out, err = work.run("apply", str(work.path / "plan.json"), "--json")
    failed = {item["kind"] for item in json.loads(out)["failed"]}
    assert code == 6, err
    assert made == ["sag:formations"], "a lost write is looked up, never sent again"
    assert "category" not in failed
    assert "framework" in failed
    assert work.run("ledger", "verify")[0] == 0
    code, out, _ = work.run("plan", "--json")
    assert code == 0
    assert "category" not in {change["kind"] for change in json.loads(out)["changes"]}


def test_bad_spec_is_exit_2_with_file_line_and_column_and_nothing_is_asked_of_moodle(work: Any, core_site: Any) -> None:
    course = work.path / "course_specs" / "courses" / "pouvoir-dagir.yaml"
    text = course.read_text(encoding="utf-8").replace("rubric: o1-synergies", "rubric: o1-synergie")
    course.write_text(text, encoding="utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "o1-synergie" in row)
    code, _, err = work.run("plan")
    assert code == 2
    assert f"pouvoir-dagir.yaml:{line}:" in err
    assert 'did you mean "o1-synergies"' in err
    assert core_site.seen == []


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "no-such-session"),
        ("pull", "no-such-session"),
        ("report", "session", "no-such-session"),
        ("plan", "--bad"),
    ],
)
def test_wrong_words_are_exit_2(work: Any, core_site: Any, words: tuple[str, ...]) -> None:
    code, _, err = work.run(*words)
    assert code == 2
    assert "Traceback" not in err


def test_json_of_a_failure_is_one_document(work: Any, core_site: Any) -> None:
    code, out, _ = work.run("plan", "no-such-session", "--json")
    document = json.loads(out)
    assert (code, document["exit_code"], document["error"]) == (2, 2, "UsageError")


def test_no_ledger_yet_says_what_to_run(work: Any, core_site: Any) -> None:
    for path in (work.path / "data").iterdir():
        path.unlink()
    for command in ("plan", "pull"):
        code, _, err = work.run(command)
        assert code == 4
        assert "ledger init" in err


def test_programme_changed_after_the_first_apply_is_refused_and_a_title_mended_by_errata_is_not(
    work: Any, core_site: Any
) -> None:
    core_site.answers["*"] = error("nopermissions")
    work.run("plan", "--out", str(work.path / "plan.json"))
    work.run("apply", str(work.path / "plan.json"))
    course = work.path / "course_specs" / "courses" / "pouvoir-dagir.yaml"
    original = course.read_text(encoding="utf-8")
    course.write_text(original.replace("grade_pass: 6", "grade_pass: 5"), encoding="utf-8")
    code, _, err = work.run("plan")
    assert code == 3
    assert "new version" in err
    course.write_text(original, encoding="utf-8")
    [session] = (work.path / "course_specs" / "sessions").glob("*.yaml")
    errata = 'errata:\n  - {field: summary, text: "Autre texte", author: "A", reason: "coquille"}\n'
    session.write_text(session.read_text(encoding="utf-8") + errata, encoding="utf-8")
    assert work.run("plan")[0] == 0
