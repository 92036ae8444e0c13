import json
from dataclasses import replace

import pytest

from moodle_sync.errors import PlanRefused, PlanStale, UsageError
from moodle_sync.plan import safety
from moodle_sync.plan.changes import Action, Change, FieldChange
from moodle_sync.plan.planfile import Plan, read_approved, refuse_stale
from moodle_sync.plan.rendering import render, summary
from moodle_sync.state.resources import Kind

CHANGE = Change(
    Action.UPDATE, Kind.ACTIVITY, "sag:a@1:M1.x", (FieldChange("due", 1770000000, 1771000000),), "sag:a@1", "M1.x", 9
)
PLAN = Plan(
    "site", "https://m.example.org", "sag", "5.1", "0.1.0", "2026-02-01T00:00:00Z", ("1",), {"sag:a@1": "d"}, (CHANGE,)
)


def approved(plan: Plan) -> str:
    return json.dumps(plan.document())


def test_plan_read_back_approves_itself_later() -> None:
    refuse_stale(read_approved(approved(PLAN)), replace(PLAN, made_at="2026-03-01T00:00:00Z"))


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, changes=()),
        replace(PLAN, changes=(replace(CHANGE, fields=(FieldChange("due", 1770000001, 1771000000),)),)),
        replace(PLAN, changes=(replace(CHANGE, fields=(FieldChange("due", 1770000000, 1771000001),)),)),
        replace(PLAN, programmes={"sag:a@1": "e"}),
        replace(PLAN, url="https://n.example.org"),
    ],
    ids=["fewer changes", "live moved", "spec moved", "programme moved", "other site"],
)
def test_plan_that_moved_is_stale(other: Plan) -> None:
    with pytest.raises(PlanStale):
        refuse_stale(read_approved(approved(PLAN)), other)


def test_plan_with_more_learners_than_approved_is_refused() -> None:
    more = replace(PLAN, changes=(replace(CHANGE, learners=10),))
    with pytest.raises(PlanStale, match="10 learners"):
        refuse_stale(read_approved(approved(PLAN)), more)
    refuse_stale(read_approved(approved(PLAN)), replace(PLAN, changes=(replace(CHANGE, learners=8),)))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 99}', '{"schema": 1, "digest": "x"}', "<html>"])
def test_what_is_no_plan_file_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        read_approved(text)


def test_safety_past_the_limits_names_the_flag() -> None:
    counts = safety.count([CHANGE])
    safety.check(counts, safety.Limits(max_changes=1, max_learners=9))
    with pytest.raises(PlanRefused, match="--allow-learners 9"):
        safety.check(counts, safety.Limits(max_changes=1, max_learners=8))
    with pytest.raises(PlanRefused, match="--allow-changes 1"):
        safety.check(counts, safety.Limits(max_changes=0, max_learners=9))


def test_safety_drift_writes_nothing() -> None:
    counts = safety.count([replace(CHANGE, action=Action.DRIFT)])
    assert (counts.writes, counts.learners, counts.drift) == (0, 0, 1)
    assert summary(counts).startswith("0 changes · 1 drift kept")


def test_render_shows_course_object_field_and_both_values() -> None:
    text = "\n".join(render(PLAN))
    assert 'Plan for "site" (https://m.example.org, Moodle 5.1, companion 0.1.0)' in text
    assert "~ activity" in text
    assert "9 learners with results" in text
    assert "Moodle has 2026-02-02 02:40:00 UTC, spec says 2026-02-13 16:26:40 UTC" in text
