"""Apply against a Moodle in memory: what it leaves when nothing goes wrong, and when everything does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from moodle_sync.apply.companion import FUNCTIONS
from moodle_sync.apply.executor import execute, settle
from moodle_sync.apply.run import Outcome, Run
from moodle_sync.plan.changes import WRITES, Change
from moodle_sync.plan.diff import diff
from moodle_sync.spec.enrolments import EnrolmentLine
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import SessionGroup
from moodle_sync.state.desired import SessionSpec, desired
from moodle_sync.state.resources import Kind
from moodle_sync.store.engine import Store, init_store
from moodle_sync.store.journal import Journal
from moodle_sync.workflows.observe import MoodleBaselines, observe
from moodle_sync.workflows.site import PushSite

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = [EnrolmentLine(f"AP-{n:03d}", "student", None, None, "a") for n in range(1, 4)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with init_store(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def spec() -> SessionSpec:
    specs = load_specs(ROOT / "course_specs")
    [session] = specs.sessions.values()
    session = session.model_copy(update={"groups": (SessionGroup(key="a", title="Groupe A"),)})
    return SessionSpec("sag", specs, session, PEOPLE)


@pytest.fixture(scope="module")
def small(spec: SessionSpec) -> SessionSpec:
    """The same with one module and two objectives: every kind is there, and a fault can be tried at each write."""
    [(version, programme)] = spec.specs.programmes.items()
    [(edition, framework)] = spec.specs.frameworks.items()
    objectives = framework.objectives[:2]
    module = programme.modules[0].model_copy(update={"activities": programme.modules[0].activities[:2]})
    short = replace(
        spec.specs,
        programmes={version: programme.model_copy(update={"modules": (module,)})},
        frameworks={edition: framework.model_copy(update={"objectives": objectives})},
    )
    return replace(spec, specs=short)


def look(moodle: Any, spec: SessionSpec) -> tuple[Run, list[Change]]:
    """Observe and diff, as plan does."""
    resources = desired(spec, lambda person: f"{hash(person):x}".replace("-", "f").ljust(24, "0"))
    info = SimpleNamespace(functions=frozenset(FUNCTIONS.values()))
    site = PushSite(push=moodle, info=info, companion=moodle, status=None)  # type: ignore[arg-type]
    baselines = MoodleBaselines(moodle, "sag")
    seen = observe(site, resources, baselines, "sag", "idnumber")
    run = Run(
        push=moodle,
        companion=moodle,
        namespace="sag",
        journal=None,  # type: ignore[arg-type]
        run_id="",
        baselines=baselines,
        observed=seen.observation,
        resources={resource.ref: resource for resource in resources},
        competency_scale=2,
        people=seen.people,
    )
    return run, list(diff(resources, seen.observation))


def apply(moodle: Any, spec: SessionSpec, store: Store) -> list[Outcome]:
    run, changes = look(moodle, spec)
    run.journal = Journal(store)
    run.run_id = run.journal.open_run("site", "d" * 64, "apply")
    outcomes = [*settle(run), *execute(run, [change for change in changes if change.action in WRITES])]
    run.journal.close_run(run.run_id, "done")
    return outcomes


def problems(outcomes: list[Outcome]) -> list[str]:
    return [f"{outcome.change.kind} {outcome.change.key}: {outcome.problem}" for outcome in outcomes if outcome.problem]


def test_apply_then_plan_is_empty_for_every_kind(moodle: Any, spec: SessionSpec, store: Store) -> None:
    assert problems(apply(moodle, spec, store)) == []
    assert look(moodle, spec)[1] == []
    assert {kind for kind, _ in moodle.rows} == {kind.value for kind in Kind}
    assert Journal(store).open_steps("site") == []


def test_apply_twice_writes_nothing_the_second_time(moodle: Any, spec: SessionSpec, store: Store) -> None:
    apply(moodle, spec, store)
    before, moodle.writes = moodle.snapshot(), 0
    assert apply(moodle, spec, store) == []
    assert (moodle.writes, moodle.snapshot()) == (0, before)


@pytest.mark.parametrize("how", ["before", "after", "lost"])
def test_apply_killed_at_any_write_then_run_again_ends_as_undisturbed(
    how: str, moodle: Any, killed: type[BaseException], small: SessionSpec, store: Store
) -> None:
    spec = small
    apply(moodle, spec, store)
    undisturbed, total = moodle.snapshot(), moodle.writes
    for number in range(1, total + 1):
        again = type(moodle)()
        again.fault = (number, how)
        try:
            first = apply(again, spec, store)
        except killed:
            first = []
        again.fault = None
        apply(again, spec, store)
        assert problems(apply(again, spec, store)) == [], (number, problems(first))
        assert again.snapshot() == undisturbed, f"write {number}"
        assert look(again, spec)[1] == [], f"write {number}"
    print(f"{total} writes, each {how}")
    assert total >= 20


def test_apply_a_failed_course_fails_its_children_by_name(moodle: Any, spec: SessionSpec, store: Store) -> None:
    def refuse(**fields: Any) -> int:
        from moodle_sync.errors import MoodleRefused

        raise MoodleRefused("the short name is taken", errorcode="shortnametaken")

    moodle.create_course = refuse
    outcomes = apply(moodle, spec, store)
    failed = problems(outcomes)
    assert any("short name is taken" in line for line in failed)
    assert any(line.startswith("activity") and "course" in line for line in failed)
    assert ("framework", "sag:cooperation-territoriale@2026-02") in moodle.rows


def test_apply_keeps_what_a_person_edited_in_the_same_rubric(moodle: Any, spec: SessionSpec, store: Store) -> None:
    apply(moodle, spec, store)
    key = next(key for kind, key in moodle.rows if kind == "rubric")
    lines = moodle.rows[("rubric", key)]["fields"]["criteria"]
    lines[0]["description"] = "edited by hand"
    _, changes = look(moodle, spec)
    assert [(c.action, [f.name for f in c.fields]) for c in changes] == [
        ("drift", [f"criteria.{lines[0]['key']}.description"])
    ]


def test_settle_gives_a_baseline_to_what_was_found_as_the_spec_says(
    moodle: Any, spec: SessionSpec, store: Store
) -> None:
    apply(moodle, spec, store)
    moodle.baselines.clear()
    # Questions are compared by their baseline alone: without it nobody can tell whose they are.
    moodle.rows = {ref: row for ref, row in moodle.rows.items() if "questions" not in row["fields"]}
    assert problems(apply(moodle, spec, store)) == []
    category = next(row for (kind, _), row in moodle.rows.items() if kind == "category")
    category["fields"]["name"] = "Renamed"
    _, changes = look(moodle, spec)
    assert [(c.action, c.kind) for c in changes] == [("drift", Kind.CATEGORY)]


def test_apply_hides_what_left_the_spec_and_says_what_it_is(moodle: Any, small: SessionSpec, store: Store) -> None:
    apply(moodle, small, store)
    [(version, programme)] = small.specs.programmes.items()
    shorter = programme.model_copy(update={"outside_modules": programme.outside_modules[1:]})
    left = replace(small, specs=replace(small.specs, programmes={version: shorter}))
    gone = programme.outside_modules[0].key
    asked: list[dict[str, Any]] = []
    write = moodle.write
    moodle.write = lambda *args: [asked.extend(args[-1]), write(*args)][-1]
    assert problems(apply(moodle, left, store)) == []
    [hidden] = [item for item in asked if item["key"] == gone]
    assert (hidden["fields"], hidden["modname"]) == ({"visible": False}, "page")
    assert moodle.rows[("activity", gone)]["fields"]["visible"] is False
    assert [change.action for change in look(moodle, left)[1]] == ["left"], "said, and nothing more is written"
