from __future__ import annotations

from typing import Any

import pytest

from moodle_sync.store import Store, open_store
from moodle_sync.store.journal import Journal


@pytest.fixture
def journal(store: Store, clock: Any) -> Journal:
    return Journal(store, clock)


def test_open_steps_keeps_those_cut_off_and_those_unknown(journal: Journal, url: str) -> None:
    run = journal.open_run("main", "d1", "apply")
    steps = {name: journal.started(run, "activity", name, "create", {"n": 1}) for name in ("a", "b", "c", "d", "e")}
    journal.finished(steps["a"], "done", {"id": 7})
    journal.finished(steps["b"], "failed", {"errorcode": "x"})
    journal.finished(steps["c"], "unknown", {})
    journal.finished(steps["d"], "unknown", {})
    journal.finished(steps["d"], "done", {"id": 8})
    with open_store(url) as again:  # as the next process finds it
        found = Journal(again).open_steps("main")
    assert [(step.key, step.state) for step in found] == [("c", "unknown"), ("e", "started")]
    assert (found[1].id, found[1].run_id, found[1].plan_digest, found[1].kind) == (steps["e"], run, "d1", "activity")
    assert (found[1].action, found[1].detail) == ("create", {"n": 1})
    assert journal.open_steps("other") == []


def test_finished_settled_step_is_refused_and_unknown_is_not_settled(journal: Journal) -> None:
    run = journal.open_run("main", "d1", "apply")
    step = journal.started(run, "course", "k", "update", {})
    journal.finished(step, "unknown", {})
    journal.close_run(run, "part")
    journal.finished(step, "done", {})  # settled by the next run, after the first was closed
    for outcome in ("done", "failed", "unknown"):
        with pytest.raises(ValueError, match="settled"):
            journal.finished(step, outcome, {})
    assert journal.open_steps("main") == []


def test_finished_needs_the_id_that_started_gave(journal: Journal) -> None:
    run = journal.open_run("main", "d1", "apply")
    step = journal.started(run, "course", "k", "update", {})
    journal.finished(step, "done", {})
    for other in (step + 1, 99):  # step + 1 is the row of the outcome
        with pytest.raises(ValueError, match="no step"):
            journal.finished(other, "done", {})


def test_close_run_counts_steps_by_state_and_shuts_it(journal: Journal) -> None:
    run = journal.open_run("main", "d1", "apply")
    for name, outcome in (("a", "done"), ("b", "done"), ("c", "failed"), ("d", None)):
        step = journal.started(run, "course", name, "update", {})
        if outcome:
            journal.finished(step, outcome, {})
    journal.close_run(run, "failed")
    (last,) = journal.last_runs("main", 5)
    assert (last.id, last.outcome, last.counts) == (run, "failed", {"done": 2, "failed": 1, "started": 1})
    assert last.finished is not None
    assert last.finished > last.started
    with pytest.raises(ValueError, match="not open"):
        journal.close_run(run, "done")
    with pytest.raises(ValueError, match="not open"):
        journal.started(run, "course", "k", "update", {})
    with pytest.raises(ValueError, match="not open"):
        journal.started("nobody", "course", "k", "update", {})


def test_last_runs_newest_first_and_no_more_than_asked(journal: Journal) -> None:
    runs = [journal.open_run("main", None, "apply") for _ in range(3)]
    journal.open_run("other", None, "apply")
    assert [run.id for run in journal.last_runs("main", 2)] == [runs[2], runs[1]]
    assert journal.last_runs("main", 1)[0].finished is None


def test_plans_of_names_the_plan_that_made_each_thing(journal: Journal) -> None:
    course = "sag:pouvoir_dagir@1"

    def applied(plan: str, key: str, action: str, outcome: Any = "done", kind: str = "activity") -> None:
        run = journal.open_run("main", plan, "apply")
        step = journal.started(run, kind, key, action, {})
        if outcome:
            journal.finished(step, outcome, {})

    applied("p1", course, "create", kind="course")
    applied("p1", f"{course}:M1.quiz", "create")
    applied("p1", f"{course}:M1.page", "create", "failed")
    applied("p1", f"{course}:M1.lost", "create", "unknown")
    applied("p1", f"{course}:M1.cut", "create", None)
    applied("p2", f"{course}:M1.page", "create")
    applied("p2", f"{course}:M1.quiz", "update")
    applied("p2", course, "update", kind="course")
    applied("p3", f"{course}:M1.page", "create")  # made again
    applied("p3", f"{course}:adopted", "update")
    applied("p4", f"{course}:adopted", "update")
    applied("p4", f"{course}:M1.quiz", "create", kind="rubric")
    applied("p4", "sag:pouvoirXdagir@1:M9.other", "create")
    applied("p4", f"{course}0", "create", kind="course")
    assert journal.plans_of("main", course) == {"": "p1", "M1.quiz": "p1", "M1.page": "p3", "adopted": "p4"}
    assert journal.plans_of("elsewhere", course) == {}
