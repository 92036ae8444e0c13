"""The leaf of a fact names the plan that made its activity, and no plan where none of ours did."""

from __future__ import annotations

from typing import Any

from moodle_sync.ledger import Ledger
from moodle_sync.ledger.exporting import exported
from moodle_sync.ledger.plans import Plans


def test_leaf_names_the_plan_of_the_activity(ledger: Ledger, course: Any) -> None:
    course.enrolled = {7}
    course.grades = {(1, 7): "1", (2, 7): "2", (3, 7): "3", (4, 7): "4"}
    snapshot = course.snapshot()
    where = {
        1: {"activity": "M1.a"},
        2: {"activity": "M1.b"},
        3: {"activity": None},
        4: {"activity": None, "cmid": None},
    }
    facts = [one.model_copy(update=where.get(getattr(one, "item_id", 0), {})) for one in snapshot.facts]
    plans = Plans("p-course", {"M1.a": "p-a"})
    ledger.stage(
        snapshot.model_copy(update={"facts": tuple(facts)}), programme_digest=None, plan_id="p-course", plans=plans
    )
    ledger.seal()
    rows = [row for row in exported(ledger.store, ledger.keystore) if row.fact is not None]
    found = {row.fact["item_id"] if row.fact["kind"] == "grade" else 0: row.leaf.plan for row in rows if row.fact}
    # of the enrolment and the course total the course's; of M1.b and of somebody else's activity none is known
    assert found == {0: "p-course", 1: "p-a", 2: None, 3: None, 4: "p-course"}
    course.enrolled, course.grades = set(), {}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id="p-course")
    ledger.seal()
    gone = [
        row.leaf.plan for row in exported(ledger.store, ledger.keystore) if row.fact and row.fact["kind"] == "vanished"
    ]
    assert gone == ["p-course"] * 5
