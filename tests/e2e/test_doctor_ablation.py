"""Each capability that the two accounts need is taken away in turn, on a sandbox of each version: doctor has to say so.

With the companion it names exactly that one. Without it, what reads can show is held here name by name, so that it
cannot silently become less; and whatever is missing, it is never said to be there.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest

from moodle_sync.cli.main import run
from moodle_sync.config import load_settings
from moodle_sync.sandbox import VERSIONS, Sandbox
from moodle_sync.workflows.doctor import check_moodle
from moodle_sync.workflows.doctor.findings import Finding, Mark
from moodle_sync.workflows.doctor.needs import Role, needs, page

ROOT = Path(__file__).resolve().parents[2]
ROLES: tuple[Role, Role] = ("push", "pull")
EACH = [(role, one.name) for role in ROLES for one in needs(role).capabilities]
CORE = [(role, name) for role, name in EACH if not name.startswith("local/moodlesync:")]
SESSION = "2026-02-marseille"
COURSE = f"sag:pouvoir-dagir@{SESSION}"

HIDDEN_COURSE = "moodle/course:viewhiddencourses"
FOUND: dict[Role, set[str]] = {
    "push": {
        "webservice/rest:use",
        "moodle/category:manage",
        "moodle/course:view",
        "moodle/course:viewhiddenactivities",
        "moodle/course:update",
        "mod/page:view",
        "mod/assign:view",
        "mod/quiz:view",
        "mod/feedback:view",
        "mod/url:view",
        "mod/resource:view",
        "moodle/user:viewdetails",
        "moodle/user:viewalldetails",
        "moodle/site:viewuseridentity",
    },
    "pull": {
        "webservice/rest:use",
        "moodle/course:view",
        "moodle/course:viewhiddenactivities",
        "moodle/course:enrolreview",
        "moodle/role:review",
        "moodle/site:accessallgroups",
        "moodle/site:viewuseridentity",
        "moodle/user:viewdetails",
        "moodle/user:viewalldetails",
        "report/progress:view",
        "report/completion:view",
        "moodle/grade:viewall",
        "gradereport/user:view",
        "moodle/grade:managegradingforms",
        "mod/quiz:view",
        "mod/quiz:viewreports",
        "mod/assign:view",
        "mod/assign:viewgrades",
        "mod/feedback:view",
        "mod/feedback:viewreports",
    },
}
"""What reads alone find, taken away one at a time, in a course with one activity of each type and one hidden."""
SHOWN_WHEN_THERE: dict[Role, set[str]] = {"push": {"moodle/course:viewhiddensections"}, "pull": set()}
"""A hidden section that is read shows that it may be; one that is not there shows nothing."""


class Site:
    """A sandbox with the shipped programme on it and eight learners, as doctor meets it."""

    def __init__(self, sandbox: Sandbox, config: Path) -> None:
        self.sandbox = sandbox
        self._settings = load_settings(config)

    def look(self) -> list[Finding]:
        return list(check_moodle(self._settings, [COURSE]))

    def without(self, role: Role, capability: str) -> list[Finding]:
        """What doctor finds while this account lacks this capability."""
        self.sandbox.faults.lack(capability, role)
        try:
            return self.look()
        finally:
            self.sandbox.faults.clear()

    @contextmanager
    def bare(self) -> Iterator[None]:
        """Meanwhile the two services hold the core functions that are asked for, and nothing else."""
        world = self.sandbox.world
        services = [service for role in ROLES for service in world.services.where(shortname=f"moodlesync_{role}")]
        held = [service.functions for service in services]
        for role, service in zip(ROLES, services, strict=True):
            listed = {*needs(role).functions, *chain(*needs(role).one_of)}
            service.functions = [name for name in service.functions if name in listed]
        try:
            yield
        finally:
            for service, functions in zip(services, held, strict=True):
                service.functions = functions


@pytest.fixture(scope="module", params=VERSIONS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("doctor")
    with Sandbox(request.param) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOODLE_SYNC_PUSH_TOKEN", sandbox.push_token)
        patch.setenv("MOODLE_SYNC_PULL_TOKEN", sandbox.pull_token)
        config = write_folder(folder, sandbox)
        for words in (["ledger", "init"], ["plan", "--out", str(folder / "plan.json")]):
            assert run([*words, "--config", str(config)]) == 0
        assert run(["apply", str(folder / "plan.json"), "--config", str(config)]) == 0
        hide_things(sandbox)
        yield Site(sandbox, config)


def write_folder(folder: Path, sandbox: Sandbox) -> Path:
    for name in ("course_specs", "mappings"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "enrolments").mkdir()
    with (folder / "enrolments" / f"{SESSION}.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [[one["idnumber"], "student"] for one in sandbox.actors()["learners"][:8]]
        csv.writer(file).writerows([["person", "role"], *rows])
    config = folder / "config.toml"
    config.write_text(
        f'[site]\nname = "test"\nurl = "{sandbox.url}"\nnamespace = "sag"\n'
        '[ledger]\norigin = "test.example.org/ledger"\ncheckpoints = "outside"\n',
        encoding="utf-8",
    )
    return config


def hide_things(sandbox: Sandbox) -> None:
    """Somebody hid a page and a section by hand, and restricted a page."""
    world = sandbox.world
    [course] = world.courses.where(idnumber=COURSE)
    pages = world.modules.where(course=course.id, modname="page")
    pages[0].visible = False
    pages[1].availability = '{"op":"&","c":[{"type":"date","d":">=","t":4102444800}],"showc":[false]}'
    empty = [section for section in world.sections.where(course=course.id) if not section.sequence]
    hidden = empty[0] if empty else world.sections.where(course=course.id)[-1]
    hidden.visible = False


def failed(findings: list[Finding]) -> dict[str, tuple[str, ...]]:
    """The names in each finding that failed, by its name."""
    return {finding.name: finding.names for finding in findings if finding.mark is Mark.FAILED}


def names(findings: list[Finding], role: Role, mark: Mark) -> set[str]:
    """The capabilities of an account that are said to be so."""
    return {name for one in findings if (one.name, one.mark) == (f"{role} capabilities", mark) for name in one.names}


def label(role: Role, capability: str) -> str:
    """The check that a missing capability belongs to: without this one not even the token is accepted."""
    return f"{role} token" if capability == "webservice/rest:use" else f"{role} capabilities"


def test_doctor_with_the_companion_names_exactly_the_missing_capability(site: Site) -> None:
    assert failed(site.look()) == {}
    for role, capability in EACH:
        findings = site.without(role, capability)
        assert failed(findings) == {label(role, capability): (capability,)}
        [named] = [finding for finding in findings if finding.mark is Mark.FAILED]
        assert page("roles") in named.hint
    print(f"{len(EACH)} capabilities taken away in turn, {len(EACH)} named")


def test_doctor_without_the_companion_names_what_reads_show_and_claims_nothing_else(site: Site) -> None:
    with site.bare():
        sound = site.look()
        assert failed(sound) == {}
        for role, capability in CORE:
            findings = site.without(role, capability)
            expected = {label(role, capability): (capability,)} if capability in FOUND[role] else {}
            assert failed(findings) == expected, (role, capability)
            assert capability not in names(findings, role, Mark.OK), (role, capability)
            if not expected:
                assert capability in names(findings, role, Mark.UNKNOWN), (role, capability)
    for role in ROLES:
        every = {name for other, name in CORE if other == role}
        told, untold = names(sound, role, Mark.OK), names(sound, role, Mark.UNKNOWN)
        assert (told | untold, told & untold) == (every, set())
        assert told - FOUND[role] == SHOWN_WHEN_THERE[role]
        print(f"{role}: {len(FOUND[role])} of {len(every)} found by reads alone when taken away in turn")


@pytest.mark.parametrize("role", ROLES)
def test_doctor_without_the_companion_names_who_may_not_see_a_hidden_course(site: Site, role: Role) -> None:
    [course] = site.sandbox.world.courses.where(idnumber=COURSE)
    course.visible = False
    try:
        with site.bare():
            assert {HIDDEN_COURSE} <= names(site.look(), role, Mark.OK)
            for capability in (HIDDEN_COURSE, "moodle/course:view"):
                assert failed(site.without(role, capability)) == {f"{role} capabilities": (capability,)}
    finally:
        course.visible = True


@pytest.mark.parametrize("role", ROLES)
def test_doctor_without_the_companion_tells_two_missing_ones_that_stand_for_one_another(site: Site, role: Role) -> None:
    site.sandbox.faults.lack("moodle/course:enrolreview", role)
    with site.bare():
        missing = failed(site.without(role, "moodle/course:viewparticipants"))[f"{role} capabilities"]
    assert "moodle/course:viewparticipants" in missing
    assert ("moodle/course:enrolreview" in missing) is (role == "pull"), "the pushing account does not need it"


def test_doctor_names_the_role_that_may_not_be_given(site: Site) -> None:
    world = site.sandbox.world
    [role] = world.roles.where(shortname="moodlesync_push")
    held = role.assigns
    role.assigns = [number for number in held if world.roles[number].shortname != "teacher"]
    try:
        findings = site.look()
    finally:
        role.assigns = held
    assert failed(findings) == {"push assigns": ("teacher",)}
    assert [one.hint for one in findings if one.mark is Mark.FAILED] == [page("assign")]


@pytest.mark.parametrize(
    ("off", "name", "where"),
    [
        ("completion", "completion", "advanced"),
        ("competencies", "competencies", "competencies"),
        ("french", "French", "languages"),
        ("rest", "web services", "protocols"),
    ],
)
def test_doctor_names_what_is_switched_off_on_the_site(site: Site, off: str, name: str, where: str) -> None:
    site.sandbox.faults.off.add(off)
    try:
        findings = site.look()
    finally:
        site.sandbox.faults.clear()
    assert failed(findings) == {name: ()}
    [named] = [finding for finding in findings if finding.mark is Mark.FAILED]
    assert page(where) in named.hint


@pytest.mark.parametrize(
    ("age", "mark", "says"),
    [
        (None, Mark.FAILED, "never ran"),
        (2 * 86400, Mark.FAILED, "48 hours ago"),
        (3600, Mark.WARNING, "60 minutes ago"),
        (600, Mark.OK, "last run"),
    ],
)
def test_doctor_judges_cron_by_when_it_last_ran(site: Site, age: int | None, mark: Mark, says: str) -> None:
    site.sandbox.faults.cron_age = age
    try:
        [cron] = [finding for finding in site.look() if finding.name == "cron"]
    finally:
        site.sandbox.faults.clear()
    assert cron.mark is mark
    assert says in cron.sentence
    assert mark is Mark.OK or page("cron") in cron.hint
