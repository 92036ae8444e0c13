"""doctor as a person meets it: a sound site, and one thing wrong at a time."""

import json
from typing import Any

import pytest

from moodle_sync.moodle.functions import BATCH, QUIZ_ATTEMPTS
from moodle_sync.workflows.doctor.needs import Role, needs
from moodle_sync.workflows.doctor.site import shipped

PUSH, PULL = "5ec5e70000000000000000000000cafe", "5ec5e70000000000000000000000beef"
USERS = {
    PUSH: {"id": 3, "username": "ws_push", "email": "push@example.invalid"},
    PULL: {"id": 4, "username": "ws_pull", "email": "pull@example.invalid"},
}
ROLES: dict[str, Role] = {PUSH: "push", PULL: "pull"}


def error(code: str) -> dict[str, str]:
    return {"exception": "core\\exception\\moodle_exception", "errorcode": code, "message": "m"}


class Site:
    """A site with two accounts, and a companion unless ``companion`` is switched off."""

    def __init__(self, address: Any) -> None:
        self.address = address
        self.companion = True
        self.lacking: dict[str, set[str]] = {PUSH: set(), PULL: set()}
        self.features = {"enablecompletion": 1, "enablecompetencies": 1}
        self.release = "5.1+ (Build: 20251017)"
        self.siteurl = address.url
        address.answers = {
            "core_webservice_get_site_info": self.info,
            "local_moodlesync_get_status": self.status,
            "core_user_get_users_by_field": self.users,
            "core_course_get_categories": self.categories,
            "core_course_get_courses_by_field": {"courses": [], "warnings": []},
        }

    def info(self, form: dict[str, list[str]]) -> Any:
        token = form["wstoken"][0]
        if token not in USERS:
            return error("invalidtoken")
        wanted = needs(ROLES[token])
        names = [*wanted.functions, *(wanted.companion if self.companion else ()), QUIZ_ATTEMPTS]
        return {
            "sitename": "Test",
            "username": USERS[token]["username"],
            "userid": USERS[token]["id"],
            "siteurl": self.siteurl,
            "release": self.release,
            "version": "2025100600.02",
            "lang": "en",
            "userissiteadmin": False,
            "advancedfeatures": [{"name": name, "value": value} for name, value in self.features.items()],
            "functions": [{"name": name, "version": "1"} for name in names],
        }

    def status(self, form: dict[str, list[str]]) -> Any:
        token = form["wstoken"][0]
        if "local/moodlesync:read" in self.lacking[token]:
            return error("nopermissions")
        release, version = shipped()
        held = {one.name for one in needs(ROLES[token]).capabilities} - self.lacking[token]
        every = {one.name for role in ROLES.values() for one in needs(role).capabilities}
        told = {
            "release": release,
            "version": version,
            "moodle_release": self.release,
            "moodle_version": "2025100600.02",
            "site_id": "0" * 64,
            "wwwroot": self.siteurl,
            "servertime": 1,
            "userid": USERS[token]["id"],
            "capabilities": {name: name in held for name in sorted(every)},
        }
        return {"schema": 1, "json": json.dumps(told)}

    def users(self, form: dict[str, list[str]]) -> Any:
        token, field, value = form["wstoken"][0], form["field"][0], form["values[0]"][0]
        own = USERS[token]
        found = [user for user in USERS.values() if str(user[field]) == value]
        lacks = self.lacking[token]
        hidden = "moodle/user:viewdetails" in lacks or (
            (field == "username" and "moodle/user:viewalldetails" in lacks)
            or (field == "email" and "moodle/site:viewuseridentity" in lacks)
        )
        return [user for user in found if user is own or not hidden]

    def categories(self, form: dict[str, list[str]]) -> Any:
        return error("criteriaerror") if "moodle/category:manage" in self.lacking[form["wstoken"][0]] else []


@pytest.fixture
def moodle(address: Any, work: Any, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("MOODLE_SYNC_PUSH_TOKEN", PUSH)
    monkeypatch.setenv("MOODLE_SYNC_PULL_TOKEN", PULL)
    return Site(address)


def checks(work: Any) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Exit code, and what ``doctor --json`` says by the name of the check."""
    code, out, err = work.run("doctor", "--json")
    assert PUSH not in out + err
    document = json.loads(out)
    assert document["exit_code"] == code
    found: dict[str, list[dict[str, Any]]] = {}
    for check in document["checks"]:
        found.setdefault(check["name"], []).append(check)
    return code, found


def marks(found: dict[str, list[dict[str, Any]]], name: str) -> list[str]:
    return [check["mark"] for check in found[name]]


def test_doctor_of_a_sound_site_fails_nothing_and_changes_nothing(work: Any, moodle: Site) -> None:
    before = work.files()
    code, found = checks(work)
    failed = [check for group in found.values() for check in group if check["mark"] == "failed"]
    assert (code, failed) == (0, [])
    for name in ("address", "Moodle", "push token", "pull token", "companion", "completion", "ledger"):
        assert marks(found, name) == ["ok"], name
    for name in ("cron", "French", "push assigns"):
        assert marks(found, name) == ["unknown"], "a companion before 0.3.0 does not tell of it"
    assert marks(found, "clock") == ["warning"], "the companion's clock stands at 1970 here"
    assert work.files() == before
    assert all(name.split("_")[2] == "get" or name.startswith("local_moodlesync_get") for name in moodle.address.seen)


def test_doctor_for_people_has_one_line_a_check_and_an_arrow_where_to_go(work: Any, moodle: Site) -> None:
    moodle.lacking[PULL] = {"moodle/course:viewhiddenactivities"}
    code, out, _ = work.run("doctor")
    lines = out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("✗ pull capabilities"))
    assert code == 5
    assert lines[at].endswith("1 missing, and Moodle would not say so:")
    assert lines[at + 1].split()[0] == "moodle/course:viewhiddenactivities"
    assert "Define roles" in lines[at + 2]


@pytest.mark.parametrize("token", [PUSH, PULL], ids=["push", "pull"])
@pytest.mark.parametrize("capability", ["moodle/user:viewdetails", "mod/quiz:view", "moodle/course:view"])
def test_doctor_names_a_missing_capability_of_the_right_account(
    work: Any, moodle: Site, token: str, capability: str
) -> None:
    moodle.lacking[token] = {capability}
    code, found = checks(work)
    failed = {name: check["names"] for name, group in found.items() for check in group if check["mark"] == "failed"}
    assert code == 5
    assert failed == {f"{ROLES[token]} capabilities": [capability]}


def test_doctor_names_the_capability_that_the_companion_itself_needs(work: Any, moodle: Site) -> None:
    moodle.lacking[PULL] = {"local/moodlesync:read"}
    code, found = checks(work)
    assert code == 5
    assert found["pull capabilities"][0]["names"] == ["local/moodlesync:read"]
    assert marks(found, "companion") == ["ok"]


@pytest.mark.parametrize("token", [PUSH, PULL], ids=["push", "pull"])
@pytest.mark.parametrize(
    "capability", ["moodle/user:viewdetails", "moodle/user:viewalldetails", "moodle/site:viewuseridentity"]
)
def test_doctor_without_the_companion_finds_silent_capabilities_by_looking_each_account_up(
    work: Any, moodle: Site, token: str, capability: str
) -> None:
    moodle.companion = False
    moodle.lacking[token] = {capability}
    code, found = checks(work)
    failed = {name: check["names"] for name, group in found.items() for check in group if check["mark"] == "failed"}
    assert code == 5
    assert failed == {f"{ROLES[token]} capabilities": [capability]}


def test_doctor_without_the_companion_says_what_is_blocked_and_what_could_not_be_told(work: Any, moodle: Site) -> None:
    moodle.companion = False
    code, found = checks(work)
    assert code == 0
    assert marks(found, "companion") == ["warning"]
    for role in ("push", "pull"):
        assert marks(found, f"{role} capabilities") == ["ok", "unknown"]
        assert "moodle/course:viewhiddenactivities" in found[f"{role} capabilities"][1]["names"]


def course_of(moodle: Site, **answers: Any) -> None:
    """One course of ours on a site without the companion, with an activity that is told to both."""
    moodle.companion = False
    row = {"id": 7, "fullname": "C", "shortname": "c", "categoryid": 1, "summary": "", "visible": 1}
    row |= {"idnumber": "sag:pouvoir-dagir@2026-02-marseille"}
    moodle.address.answers |= {
        "core_course_get_courses_by_field": {"courses": [row], "warnings": []},
        "core_course_get_contents": [section(11, 12)],
        "core_enrol_get_enrolled_users": [{"id": 9, "roles": [{"shortname": "student"}]}],
        QUIZ_ATTEMPTS: {"attempts": [], "warnings": []},
        "core_completion_get_activities_completion_status": {"statuses": [], "warnings": []},
        "core_completion_get_course_completion_status": error("nocriteriaset"),
        "gradereport_user_get_grade_items": {"usergrades": [], "warnings": []},
        BATCH: error("accessexception"),
        **answers,
    }


def section(*cmids: int) -> dict[str, Any]:
    told = {"availability": None, "modname": "quiz", "name": "q", "visible": 1}
    modules = [{"id": cmid, "instance": cmid, "contextid": cmid, **told} for cmid in cmids]
    return {"id": 1, "section": 0, "name": "", "summary": "", "visible": 1, "modules": modules}


def test_doctor_without_the_companion_reads_a_course_of_ours(work: Any, moodle: Site) -> None:
    course_of(moodle)
    code, found = checks(work)
    assert code == 0
    untold = {role: set(found[f"{role} capabilities"][1]["names"]) for role in ("push", "pull")}
    assert not untold["push"] & {"moodle/course:view", "moodle/course:update"}
    assert "moodle/course:viewparticipants" in untold["push"], "who may review enrolments is told of people as well"
    assert not untold["pull"] & {"moodle/course:view", "report/progress:view", "moodle/grade:viewall"}
    assert "report/completion:view" in untold["pull"], "without criteria Moodle does not look at the capability"


@pytest.mark.parametrize(
    ("function", "code", "names"),
    [
        ("core_completion_get_activities_completion_status", "nopermissions", ["report/progress:view"]),
        ("core_completion_get_course_completion_status", "cannotviewreport", ["report/completion:view"]),
        ("gradereport_user_get_grade_items", "nopermissiontoviewgrades", ["moodle/grade:viewall"]),
        ("gradereport_user_get_grade_items", "nopermissions", ["gradereport/user:view"]),
    ],
)
def test_doctor_without_the_companion_tells_a_refused_read_by_its_capability(
    work: Any, moodle: Site, function: str, code: str, names: list[str]
) -> None:
    course_of(moodle, **{function: error(code)})
    answered, found = checks(work)
    failed = [check["names"] for check in found["pull capabilities"] if check["mark"] == "failed"]
    assert (answered, failed) == (5, [names])


def test_doctor_without_the_companion_sees_that_one_account_sees_less(work: Any, moodle: Site) -> None:
    def contents(form: dict[str, list[str]]) -> Any:
        return [section(11, 12) if form["wstoken"][0] == PUSH else section(11)]

    course_of(moodle, core_course_get_contents=contents)
    code, found = checks(work)
    failed = [check["names"] for check in found["pull capabilities"] if check["mark"] == "failed"]
    assert (code, failed) == (5, [["mod/quiz:view"]])


def test_doctor_without_the_companion_says_which_may_be_missing_when_several_may(work: Any, moodle: Site) -> None:
    def contents(form: dict[str, list[str]]) -> Any:
        hidden = section(11)
        hidden["modules"][0]["visible"] = 0
        return [hidden if form["wstoken"][0] == PUSH else section()]

    course_of(moodle, core_course_get_contents=contents)
    code, found = checks(work)
    [failed] = [check for check in found["pull capabilities"] if check["mark"] == "failed"]
    assert code == 5
    assert failed["message"].startswith("activities of sag:pouvoir-dagir@2026-02-marseille are left out")
    assert failed["names"] == ["moodle/course:viewhiddenactivities", "mod/quiz:view"]


def test_doctor_does_not_take_a_course_without_its_key_for_a_missing_update(work: Any, moodle: Site) -> None:
    def contents(form: dict[str, list[str]]) -> Any:
        return error("requireloginerror") if form["wstoken"][0] == PUSH else [section(11)]

    course_of(moodle, core_course_get_contents=contents)
    moodle.address.answers["core_course_get_courses_by_field"]["courses"][0]["idnumber"] = ""
    code, found = checks(work)
    failed = [check["names"] for check in found["push capabilities"] if check["mark"] == "failed"]
    assert (code, failed) == (5, [["moodle/course:view"]])


@pytest.mark.parametrize(
    ("feature", "name"), [("enablecompletion", "completion"), ("enablecompetencies", "competencies")]
)
def test_doctor_says_what_is_switched_off(work: Any, moodle: Site, feature: str, name: str) -> None:
    moodle.features[feature] = 0
    code, found = checks(work)
    assert code == 5
    assert marks(found, name) == ["failed"]


def test_doctor_refuses_a_moodle_that_is_too_old(work: Any, moodle: Site) -> None:
    moodle.release = "4.1.22 (Build: 20251208)"
    code, found = checks(work)
    assert code == 5
    assert marks(found, "Moodle") == ["failed"]


def test_doctor_with_one_account_for_both_fails(work: Any, moodle: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODLE_SYNC_PULL_TOKEN", PUSH)
    code, found = checks(work)
    assert code == 5
    assert marks(found, "pull token") == ["failed"]


def test_doctor_with_an_old_token_says_so_and_looks_on_with_the_other(
    work: Any, moodle: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODLE_SYNC_PULL_TOKEN", "0123456789abcdef0123456789abcdef")
    code, found = checks(work)
    assert code == 5
    assert (marks(found, "pull token"), marks(found, "push token")) == (["failed"], ["ok"])
    assert "pull capabilities" not in found
    assert marks(found, "push capabilities") == ["ok"]


def test_doctor_without_a_token_is_a_mistake_in_the_configuration(
    work: Any, moodle: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("MOODLE_SYNC_PUSH_TOKEN", "MOODLE_SYNC_PULL_TOKEN"):
        monkeypatch.delenv(variable)
    code, found = checks(work)
    assert code == 2
    assert marks(found, "push token") == marks(found, "pull token") == ["failed"]
    assert marks(found, "address") == ["ok"], "Moodle's refusal of no token shows that it is there"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ((301, {"Location": "https://elsewhere.example.org/webservice/rest/server.php"}, b""), "elsewhere.example"),
        ((200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html></html>"), "page"),
        ((404, {}, b"not found"), "404"),
        (None, ""),
    ],
    ids=["redirect", "html", "sub-folder", "dies"],
)
def test_doctor_of_an_address_that_is_not_moodle_fails_once_and_still_looks_at_the_ledger(
    work: Any, moodle: Site, monkeypatch: pytest.MonkeyPatch, reply: Any, says: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    moodle.address.answers = {"*": (lambda form: None) if reply is None else reply}
    code, found = checks(work)
    failed = [name for name, group in found.items() for check in group if check["mark"] == "failed"]
    assert (code, failed) == (5, ["address"])
    assert says in found["address"][0]["message"] + found["address"][0]["hint"]
    assert marks(found, "ledger") == ["ok"]


def test_doctor_of_another_site_behind_the_name_fails(work: Any, moodle: Site) -> None:
    moodle.siteurl = "https://clone.example.org"
    code, found = checks(work)
    assert code == 5
    assert "https://clone.example.org" in found["address"][0]["hint"]


def test_doctor_of_a_site_pinned_with_another_namespace_fails_and_pins_nothing(work: Any, core_site: Any) -> None:
    assert work.run("plan")[0] == 0
    work.configure(lambda text: text.replace('namespace = "sag"', 'namespace = "other"'))
    code, found = checks(work)
    assert code == 5
    assert marks(found, "site") == ["failed"]
    assert "namespace" in found["site"][0]["message"]


def test_doctor_without_a_ledger_is_4(work: Any, moodle: Site) -> None:
    for path in (work.path / "data").iterdir():
        path.unlink()
    code, found = checks(work)
    assert code == 4
    assert found["ledger"][0]["hint"] == "moodle-sync ledger init"


def test_doctor_with_a_bad_spec_is_2_and_looks_on(work: Any, moodle: Site) -> None:
    (work.path / "course_specs" / "courses" / "pouvoir-dagir.yaml").write_text("programme: [\n", encoding="utf-8")
    code, found = checks(work)
    assert code == 2
    assert (marks(found, "specs"), marks(found, "push token")) == (["failed"], ["ok"])


def test_doctor_with_a_bad_configuration_is_2(work: Any, moodle: Site) -> None:
    work.configure(lambda text: text.replace("namespace", "namespac"))
    code, out, err = work.run("doctor")
    assert code == 2
    assert "namespac" in err
    assert out == ""


def test_doctor_with_a_bundle_of_authorities_that_is_not_there_is_2(work: Any, moodle: Site) -> None:
    work.configure(lambda text: text.replace("[ledger]", 'ca_bundle = "missing.pem"\n[ledger]'))
    code, found = checks(work)
    assert code == 2
    assert "missing.pem" in found["address"][0]["message"]
