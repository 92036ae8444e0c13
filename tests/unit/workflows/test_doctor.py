import re
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.config import Settings
from moodle_sync.errors import AccessDenied, ConfigError
from moodle_sync.moodle.functions import BATCH, FUNCTIONS, QUIZ_ATTEMPTS, QUIZ_ATTEMPTS_BEFORE_5_1
from moodle_sync.moodle.transport import Transport
from moodle_sync.moodle.wire.companion import CompanionStatus
from moodle_sync.moodle.wire.site import SiteInfo
from moodle_sync.net import HttpClient
from moodle_sync.state.resources import NEEDS_COMPANION
from moodle_sync.workflows.doctor import accounts, site
from moodle_sync.workflows.doctor.contact import Account, Feature, Meeting, Visit
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark, exit_code
from moodle_sync.workflows.doctor.needs import Role, needs, page

ROOT = Path(__file__).resolve().parents[3]
ROLES: tuple[Role, Role] = ("push", "pull")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
FEATURES = (Feature(name="enablecompletion", value=1), Feature(name="enablecompetencies", value=1))


def configured() -> Settings:
    return Settings.model_validate(
        {
            "site": {"name": "test", "url": "http://127.0.0.1:9", "namespace": "sag"},
            "ledger": {"origin": "test.example.org/ledger"},
        }
    )


def all_functions(role: Role) -> set[str]:
    wanted = needs(role)
    return {*wanted.functions, *wanted.companion, *(group[0] for group in wanted.one_of)}


def visit(role: Role, *, userid: int = 0, functions: set[str] | None = None, **changes: Any) -> Visit:
    info = SiteInfo(
        release="5.1+ (Build: 20251017)",
        version="2025100600.02",
        sitename="Test",
        siteurl="http://127.0.0.1:9",
        userid=userid or {"push": 3, "pull": 4}[role],
        username="ws",
        functions=frozenset(all_functions(role) if functions is None else functions),
    )
    values = {"account": Account(lang="en", advancedfeatures=FEATURES), "status": None, "refused": None, **changes}
    return Visit(role=role, transport=Transport("http://127.0.0.1:9", "t", HttpClient()), info=info, **values)


def status(version: int = 2099010100, servertime: datetime | None = NOW, **capabilities: bool) -> CompanionStatus:
    return CompanionStatus.model_construct(
        release="9.9.9", version=version, servertime=servertime, site_id="x" * 64, capabilities=capabilities
    )


def meeting(*visits: Visit, **errors: Any) -> Meeting:
    return Meeting({one.role: one for one in visits}, errors, bool(visits))


# ---- the data that ships -------------------------------------------------------------------------------------------


def in_roles_page(title: str) -> dict[str, bool]:
    """Capabilities of one part of docs/reference/roles.md, and whether they are marked as silent."""
    text = (ROOT / "docs" / "reference" / "roles.md").read_text(encoding="utf-8")
    part = text.split(f"## {title}\n")[1].split("\n## ")[0]
    return {name: bool(silent) for name, silent in re.findall(r"`([a-z]+/[a-z_]+:[a-z]+)`( \*\*S\*\*)?", part)}


@pytest.mark.parametrize("role", ROLES)
def test_capabilities_are_those_of_the_page_for_people(role: Role) -> None:
    shipped = {one.name: one.silent for one in needs(role).capabilities}
    assert shipped == in_roles_page(role.capitalize()), "docs/reference/roles.md and capabilities.toml differ"


@pytest.mark.parametrize("role", ROLES)
def test_functions_of_a_service_made_by_hand_are_those_of_the_page_for_people(role: Role) -> None:
    text = (ROOT / "docs" / "reference" / "routes.md").read_text(encoding="utf-8")
    part = text.split("## A service made by hand\n")[1].split("\n## ")[0]
    lines = part.split(f"### {role.capitalize()}\n")[1].split("\n### ")[0]
    every, _, one_of = lines.partition("and one of these:")
    named = [re.findall(r"`([a-z]+_[a-z0-9_]+)`", piece) for piece in (every, one_of)]
    assert named == [list(needs(role).functions), list(chain(*needs(role).one_of))]


@pytest.mark.parametrize("role", ROLES)
def test_every_capability_says_what_breaks_once(role: Role) -> None:
    rows = needs(role).capabilities
    assert len({one.name for one in rows}) == len(rows)
    assert all(len(one.breaks) > 15 for one in rows)


def test_functions_of_both_accounts_are_all_that_the_project_calls() -> None:
    wanted = [needs(role) for role in ROLES]
    listed = {name for one in wanted for name in (*one.functions, *one.companion, *chain(*one.one_of))}
    assert listed == set(FUNCTIONS), "capabilities.toml and moodle/functions.py differ"
    for one in wanted:
        assert len(set(one.functions)) == len(one.functions)
        assert BATCH in one.functions, "both accounts send batches"
    assert {FUNCTIONS[name].contracts for name in needs("pull").one_of[0]} == {("5.1",), ("4.5", "5.1")}


@pytest.mark.parametrize("role", ROLES)
def test_services_of_the_companion_hold_every_function_needed(role: Role) -> None:
    text = (ROOT / "moodle_sync" / "companion" / "local_moodlesync" / "db" / "services.php").read_text(encoding="utf-8")
    service = text.split(f"'moodle-sync {role}' =>")[1].split("],")[0]
    held = set(re.findall(r"'(\w+)',", service))
    assert {*needs(role).functions, *needs(role).companion, *chain(*needs(role).one_of)} <= held


def test_service_that_pulls_holds_nothing_that_tells_what_one_person_answered() -> None:
    text = (ROOT / "moodle_sync" / "companion" / "local_moodlesync" / "db" / "services.php").read_text(encoding="utf-8")
    service = text.split("'moodle-sync pull' =>")[1].split("],")[0]
    about_questionnaires = {name for name in re.findall(r"'(\w+)',", service) if name.startswith("mod_feedback_")}
    assert about_questionnaires == {
        "mod_feedback_get_feedbacks_by_courses",
        "mod_feedback_get_feedback_access_information",
        "mod_feedback_get_items",
        "mod_feedback_get_analysis",
    }


def test_only_pushing_writes() -> None:
    mine = {*needs("pull").functions, *needs("pull").companion, *chain(*needs("pull").one_of)}
    assert {name for name in mine if not FUNCTIONS[name].read} == {BATCH}, "a batch reads when all in it reads"


@pytest.mark.parametrize(
    "name",
    [
        "roles",
        "assign",
        "services",
        "authorised",
        "protocols",
        "tokens",
        "advanced",
        "competencies",
        "languages",
        "cron",
        "plugins",
    ],
)
def test_page_is_a_path_of_the_administration(name: str) -> None:
    assert page(name).startswith("Site administration › ")


# ---- findings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed", "code"),
    [
        ((), 0),
        ((Area.MOODLE,), 5),
        ((Area.LEDGER, Area.MOODLE), 4),
        ((Area.MOODLE, Area.CONFIG, Area.LEDGER), 2),
    ],
)
def test_exit_code_is_of_the_first_area_that_failed(failed: tuple[Area, ...], code: int) -> None:
    others = [Finding(Area.MOODLE, "x", mark, "") for mark in (Mark.OK, Mark.WARNING, Mark.UNKNOWN)]
    assert exit_code([*others, *(Finding(area, "x", Mark.FAILED, "") for area in failed)]) == code


def test_hint_of_a_finding_that_is_well_is_not_shown() -> None:
    assert Finding(Area.MOODLE, "x", Mark.OK, "fine", hint="do this").lines() == ["✓ x                  fine"]
    assert Finding(Area.MOODLE, "x", Mark.WARNING, "hm", ("a",), "do this").lines()[1:] == ["    a", "      → do this"]


# ---- tokens --------------------------------------------------------------------------------------------------------


def test_token_of_an_account_of_its_own_is_well() -> None:
    met = meeting(visit("push"), visit("pull"))
    assert [accounts.check_token(configured(), role, met).mark for role in ROLES] == [Mark.OK, Mark.OK]


def test_two_tokens_of_one_account_fail() -> None:
    met = meeting(visit("push", userid=7), visit("pull", userid=7))
    found = accounts.check_token(configured(), "pull", met)
    assert found.mark is Mark.FAILED
    assert "same account" in found.sentence


@pytest.mark.parametrize(
    ("account", "says"),
    [(Account(userissiteadmin=True), "administrator"), (Account(lang="fr"), '"fr"')],
)
def test_token_of_an_unfit_account_is_a_warning(account: Account, says: str) -> None:
    found = accounts.check_token(configured(), "pull", meeting(visit("pull", account=account)))
    assert found.mark is Mark.WARNING
    assert says in found.sentence


@pytest.mark.parametrize(
    ("error", "area"), [(ConfigError("none"), Area.CONFIG), (AccessDenied("refused"), Area.MOODLE)]
)
def test_token_that_is_missing_or_refused_fails_where_it_is_mended(error: Any, area: Area) -> None:
    found = accounts.check_token(configured(), "push", meeting(push=error))
    assert (found.mark, found.area, found.sentence) == (Mark.FAILED, area, error.message)


def test_token_that_may_call_nothing_names_the_capability_and_the_other_reasons() -> None:
    met = meeting(push=AccessDenied("refused", errorcode="accessexception"))
    found = accounts.check_token(configured(), "push", met)
    assert (found.mark, found.names) == (Mark.FAILED, ("webservice/rest:use",))
    assert [name in "".join(found.details) for name in (page("authorised"), page("services"))] == [True, True]


def test_capabilities_of_the_companion_are_needed_where_it_is() -> None:
    for role in ROLES:
        gone = set(needs(role).capabilities) - set(needs(role).without_companion().capabilities)
        assert {one.name for one in gone} <= {"local/moodlesync:read", "local/moodlesync:write"}
        assert gone


def test_functions_that_are_not_in_the_service_are_named() -> None:
    lacking = {"core_course_get_contents", "core_grading_get_definitions"}
    one = visit("pull", functions=all_functions("pull") - lacking)
    found = accounts.check_functions(one, companion=True)
    assert found.mark is Mark.FAILED
    assert set(found.names) == set(found.details) == lacking
    total = len(all_functions("pull"))
    assert found.sentence.startswith(f"2 of {total} are not")
    assert accounts.check_functions(visit("pull"), companion=True).sentence.startswith(f"{total} of {total} in")
    assert page("services") in found.hint


def test_functions_of_the_companion_count_only_where_it_is() -> None:
    one = visit("push", functions=set(needs("push").functions))
    assert accounts.check_functions(one, companion=False).mark is Mark.OK
    found = accounts.check_functions(one, companion=True)
    assert set(found.names) == set(needs("push").companion)


def test_functions_of_both_versions_are_taken_for_quiz_attempts() -> None:
    without = all_functions("pull") - {QUIZ_ATTEMPTS}
    old = visit("pull", functions=without | {QUIZ_ATTEMPTS_BEFORE_5_1})
    assert accounts.check_functions(old, companion=True).mark is Mark.OK
    found = accounts.check_functions(visit("pull", functions=without), companion=True)
    assert (found.mark, found.names) == (Mark.FAILED, (QUIZ_ATTEMPTS, QUIZ_ATTEMPTS_BEFORE_5_1))
    assert found.details == (f"{QUIZ_ATTEMPTS} or {QUIZ_ATTEMPTS_BEFORE_5_1}",)
    assert found.sentence.startswith("1 of")


def test_functions_without_batches_are_a_warning() -> None:
    one = visit("pull", functions=all_functions("pull") - {BATCH})
    found = accounts.check_functions(one, companion=True)
    assert (found.mark, found.names) == (Mark.WARNING, (BATCH,))
    assert "a request of its own" in found.details[0]
    neither = visit("pull", functions=all_functions("pull") - {BATCH, "core_course_get_contents"})
    assert accounts.check_functions(neither, companion=True).mark is Mark.FAILED


# ---- capabilities --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_capabilities_that_are_all_there_are_well(role: Role) -> None:
    told = {one.name: True for one in needs(role).capabilities}
    found = list(accounts.check_capabilities(needs(role), told, asked=""))
    assert [one.mark for one in found] == [Mark.OK]
    assert set(found[0].names) == set(told)
    assert f"{len(told)} of {len(told)}" in found[0].sentence


@pytest.mark.parametrize("role", ROLES)
def test_each_capability_that_is_missing_is_named_with_what_breaks(role: Role) -> None:
    for lacking in needs(role).capabilities:
        told = {one.name: one != lacking for one in needs(role).capabilities}
        found = next(iter(accounts.check_capabilities(needs(role), told, asked="")))
        assert (found.mark, found.names) == (Mark.FAILED, (lacking.name,))
        assert lacking.breaks in found.details[0]
        assert ("Moodle would not say so" in found.sentence) is lacking.silent
        assert page("roles") in found.hint


def test_capabilities_missing_of_both_kinds_are_told_apart() -> None:
    told = dict.fromkeys((one.name for one in needs("pull").capabilities), True)
    told |= {"moodle/grade:viewhidden": False, "moodle/grade:viewall": False}
    found = next(iter(accounts.check_capabilities(needs("pull"), told, asked="")))
    assert found.sentence == "2 missing, and of 1 of them Moodle would not say so:"
    assert [", without an error" in line for line in found.details] == [False, True]


def test_capabilities_that_nobody_tells_are_not_taken_for_there() -> None:
    found = list(accounts.check_capabilities(needs("pull"), {"webservice/rest:use": True}, asked="so"))
    assert [one.mark for one in found] == [Mark.OK, Mark.UNKNOWN]
    assert len(found[1].names) == len(needs("pull").capabilities) - 1
    assert sum("without an error" in line for line in found[1].details) == sum(
        one.silent for one in needs("pull").capabilities
    )


def test_pull_account_that_may_write_is_a_warning() -> None:
    told = {one.name: True for role in ROLES for one in needs(role).capabilities}
    [found] = accounts.check_excess(told)
    assert found.mark is Mark.WARNING
    assert "local/moodlesync:write" in found.names
    assert "mod/page:view" not in found.names
    assert list(accounts.check_excess({"mod/page:view": True})) == []


# ---- the site ------------------------------------------------------------------------------------------------------


def test_companion_that_is_absent_says_how_much_is_blocked() -> None:
    found = site.check_companion(meeting(visit("push", functions=set())))
    assert found.mark is Mark.WARNING
    assert f"{len(NEEDS_COMPANION)} kinds of change are blocked" in found.sentence
    assert "plugin build" in found.hint


@pytest.mark.parametrize(("older", "mark"), [(1, Mark.WARNING), (0, Mark.OK), (-1, Mark.OK)])
def test_companion_is_compared_with_the_one_shipped(older: int, mark: Mark) -> None:
    version = site.shipped()[1] - older
    assert site.check_companion(meeting(visit("pull", status=status(version)))).mark is mark


def test_companion_that_refuses_its_status_fails() -> None:
    refused = AccessDenied("not allowed", errorcode="nopermissions", hint="allow it")
    found = site.check_companion(meeting(visit("push", refused=refused)))
    assert (found.mark, found.hint) == (Mark.FAILED, "allow it")


@pytest.mark.parametrize(("value", "mark"), [(1, Mark.OK), (0, Mark.FAILED), ("", Mark.FAILED)])
def test_switches_are_as_the_site_says(value: Any, mark: Mark) -> None:
    features = (Feature(name="enablecompletion", value=value), Feature(name="enablecompetencies", value=1))
    found = list(site.check_switches(visit("push", account=Account(advancedfeatures=features))))
    assert [one.mark for one in found] == [mark, Mark.OK]


def test_switches_that_are_not_told_are_not_taken_for_on() -> None:
    assert [one.mark for one in site.check_switches(visit("push", account=Account()))] == [Mark.UNKNOWN] * 2


def test_what_the_companion_does_not_tell_is_not_taken_for_well() -> None:
    for told in (None, status()):
        found = [site.check_languages(told), site.check_cron(told)]
        assert [one.mark for one in found] == [Mark.UNKNOWN] * 2
        says = "without the companion" if told is None else "by release 9.9.9 of the companion"
        assert all(says in one.sentence for one in found)


@pytest.mark.parametrize(("languages", "mark"), [(("en", "fr"), Mark.OK), (("en", "fr_ca"), Mark.FAILED)])
def test_french_is_the_pack_of_that_name(languages: tuple[str, ...], mark: Mark) -> None:
    found = site.check_languages(status().model_copy(update={"languages": languages}))
    assert found.mark is mark
    assert page("languages") in found.hint or mark is Mark.OK


@pytest.mark.parametrize(
    ("age", "mark"),
    [
        (timedelta(minutes=15), Mark.OK),
        (timedelta(minutes=16), Mark.WARNING),
        (timedelta(days=1), Mark.WARNING),
        (timedelta(days=1, seconds=1), Mark.FAILED),
        (None, Mark.FAILED),
    ],
)
def test_cron_is_judged_by_moodles_clock(age: timedelta | None, mark: Mark) -> None:
    changes = {"languages": ("en",), "lastcron": None if age is None else NOW - age}
    found = site.check_cron(status().model_copy(update=changes))
    assert found.mark is mark
    assert page("cron") in found.hint or mark is Mark.OK


@pytest.mark.parametrize(
    ("assigns", "mark", "names"),
    [
        (None, Mark.UNKNOWN, needs("push").roles_to_assign),
        (("editingteacher", "student", "teacher"), Mark.OK, ()),
        (("student",), Mark.FAILED, ("teacher", "editingteacher")),
    ],
)
def test_roles_that_may_not_be_given_are_named(
    assigns: tuple[str, ...] | None, mark: Mark, names: tuple[str, ...]
) -> None:
    [found] = accounts.check_assigns(needs("push"), assigns)
    assert (found.mark, found.names) == (mark, names)
    assert found.hint == ("" if mark is Mark.OK else page("assign"))
    assert list(accounts.check_assigns(needs("pull"), assigns)) == []


@pytest.mark.parametrize(
    ("seconds", "mark"), [(100, Mark.OK), (-100, Mark.OK), (200, Mark.WARNING), (-200, Mark.WARNING)]
)
def test_clocks_that_disagree_are_a_warning(seconds: int, mark: Mark) -> None:
    told = status(servertime=NOW + timedelta(seconds=seconds))
    [found] = site.check_clock(visit("push", status=told), NOW)
    assert found.mark is mark
    assert list(site.check_clock(visit("push"), NOW)) == []
