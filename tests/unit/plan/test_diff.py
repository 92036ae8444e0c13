from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.canonical import digest
from moodle_sync.plan.changes import Action, Change
from moodle_sync.plan.diff import diff
from moodle_sync.state.flat import flatten
from moodle_sync.state.resources import Kind, Live, Observation, Resource

COURSE = "sag:demo@1"


def activity(**fields: Any) -> Resource:
    return Resource(Kind.ACTIVITY, f"{COURSE}:M1.x", fields, COURSE, "M1.x", {"modname": "page"})


def written(resource: Resource, **live: Any) -> Live:
    """The object as we last wrote it, with these fields edited since."""
    base = {name: {"desired": digest(value), "observed": value} for name, value in resource.fields.items()}
    fields = {**resource.fields, **live}
    return Live(resource.kind, resource.key, 7, fields, base, resource.course, resource.local)


def observe(*live: Live, **more: Any) -> Observation:
    return Observation({item.ref: item for item in live}, **more)


def changes(resource: Resource, *live: Live, **more: Any) -> list[Change]:
    return list(diff([resource], observe(*live, **more)))


def test_diff_absent_object_is_created_with_every_field() -> None:
    [change] = changes(activity(name="A", intro="B"))
    assert change.action is Action.CREATE
    assert [(f.name, f.desired) for f in change.fields] == [("name", "A"), ("intro", "B")]


def test_diff_object_as_the_spec_says_is_no_change() -> None:
    resource = activity(name="A")
    assert changes(resource, written(resource)) == []


def test_diff_spec_moved_is_an_update_of_that_field_only() -> None:
    before = activity(name="A", intro="B")
    [change] = changes(activity(name="A", intro="C"), written(before))
    assert (change.action, [f.name for f in change.fields]) == (Action.UPDATE, ["intro"])


def test_diff_hand_edit_is_drift_of_that_field_only() -> None:
    resource = activity(name="A", intro="B")
    [change] = changes(resource, written(resource, intro="edited"))
    assert (change.action, [f.name for f in change.fields]) == (Action.DRIFT, ["intro"])
    assert not change.fields[0].spec_changed


def test_diff_hand_edit_and_spec_moved_is_drift_that_says_so() -> None:
    before = activity(name="A")
    [change] = changes(activity(name="C"), written(before, name="edited"))
    assert change.action is Action.DRIFT
    assert change.fields[0].spec_changed


def test_diff_text_that_moodle_keeps_in_its_own_form_is_no_change() -> None:
    resource = activity(intro="<p>a & b</p>")
    base = {"intro": {"desired": digest("<p>a & b</p>"), "observed": "<p>a &amp; b</p>"}}
    live = replace(written(resource, intro="<p>a &amp; b</p>"), baseline=base)
    assert changes(resource, live) == []


def test_diff_no_baseline_and_another_value_is_a_conflict() -> None:
    resource = activity(name="A")
    [change] = changes(resource, replace(written(resource, name="B"), baseline={}))
    assert change.action is Action.CONFLICT


def test_diff_no_baseline_and_the_same_value_is_no_change() -> None:
    resource = activity(name="A")
    assert changes(resource, replace(written(resource), baseline={})) == []


def test_diff_true_is_not_one() -> None:
    resource = activity(visible=True)
    [change] = changes(resource, written(resource, visible=1))
    assert change.action is Action.DRIFT


def test_diff_left_the_spec_is_hidden_never_removed() -> None:
    gone = written(replace(activity(name="A", visible=True), key=f"{COURSE}:M1.old", local="M1.old"))
    found = changes(activity(name="A"), written(activity(name="A")), gone)
    assert [(c.action, c.local) for c in found] == [(Action.HIDE, "M1.old")]


def test_diff_without_companion_activities_are_blocked_and_courses_are_not() -> None:
    course = Resource(Kind.COURSE, COURSE, {"fullname": "Demo"}, COURSE)
    found = list(diff([course, activity(name="A")], observe(closed={Kind.ACTIVITY: "needs the companion plugin"})))
    assert [c.action for c in found] == [Action.CREATE, Action.BLOCKED]
    assert "companion" in found[1].reason


def enrolment() -> Resource:
    return Resource(Kind.ENROLMENT, f"{COURSE}:person-abc", {"role": "student"}, COURSE, "person-abc", {"person": "x"})


def test_diff_enrolment_of_somebody_without_account_is_blocked() -> None:
    resource = enrolment()
    [change] = changes(resource, absent_people=frozenset({"abc"}))
    assert change.action is Action.BLOCKED


def test_diff_enrolled_by_hand_is_satisfied_and_not_ours() -> None:
    resource = enrolment()
    live = Live(Kind.ENROLMENT, resource.key, 0, {}, course=COURSE, local="person-abc", foreign=True)
    assert changes(resource, live) == []


def rubric(*levels: tuple[str, str, str]) -> Resource:
    lines = [{"key": key, "score": score, "definition": text} for key, score, text in levels]
    fields = flatten({"name": "R", "description": "", "criteria": [{"key": "c", "description": "C", "levels": lines}]})
    return Resource(Kind.RUBRIC, f"{COURSE}:M1.x", fields, COURSE, "M1.x")


TWO = (("0", "0", "non"), ("1", "1", "oui"))


def test_diff_rubric_text_of_a_used_rubric_is_an_update() -> None:
    live = replace(written(rubric(*TWO)), learners=9, locked="used")
    [change] = changes(rubric(TWO[0], ("1", "1", "oui, argumenté")), live)
    assert (change.action, change.learners) == (Action.UPDATE, 9)
    assert [f.name for f in change.fields] == ["criteria.c.levels.1.definition"]


@pytest.mark.parametrize(
    "after",
    [(TWO[0], ("1", "2", "oui")), (*TWO, ("2", "2", "plus")), (TWO[0],)],
    ids=["score", "level added", "level removed"],
)
def test_diff_structure_of_a_used_rubric_is_refused(after: tuple[tuple[str, str, str], ...]) -> None:
    live = replace(written(rubric(*TWO)), learners=9, locked="used")
    [change] = changes(rubric(*after), live)
    assert change.action is Action.REFUSED
    assert "used" in change.reason


def test_diff_level_added_to_an_unused_rubric_is_an_update() -> None:
    [change] = changes(rubric(*TWO, ("2", "2", "plus")), written(rubric(*TWO)))
    assert change.action is Action.UPDATE


def test_diff_level_added_by_hand_is_drift_and_names_the_list() -> None:
    resource = rubric(*TWO)
    hand = flatten(
        {
            "criteria": [
                {
                    "key": "c",
                    "description": "C",
                    "levels": [
                        {"key": "0", "score": "0", "definition": "non"},
                        {"key": "1", "score": "1", "definition": "oui"},
                        {"key": "?12", "score": "2", "definition": "à la main"},
                    ],
                }
            ]
        }
    )
    [change] = changes(resource, written(resource, **hand))
    assert (change.action, [f.name for f in change.fields]) == (Action.DRIFT, ["criteria.c.levels"])


def test_diff_questions_of_an_attempted_quiz_are_refused() -> None:
    before = activity(questions={"format": "gift", "text": "old"})
    live = replace(written(before, questions=[{"key": "Q1"}]), learners=3, locked="used")
    base = {"questions": {"desired": digest({"format": "gift", "text": "old"}), "observed": [{"key": "Q1"}]}}
    [change] = changes(activity(questions={"format": "gift", "text": "new"}), replace(live, baseline=base))
    assert change.action is Action.REFUSED


VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["a", "b", "é"]))
FIELDS = st.dictionaries(st.sampled_from(["name", "intro", "due"]), VALUES, min_size=1)


@given(spec=FIELDS, live=FIELDS, wrote=FIELDS)
def test_diff_applied_converges_and_never_plans_a_drifted_field(
    spec: dict[str, Any], live: dict[str, Any], wrote: dict[str, Any]
) -> None:
    resource = activity(**spec)
    there = Live(
        Kind.ACTIVITY,
        resource.key,
        7,
        live,
        {name: {"desired": digest(value), "observed": value} for name, value in wrote.items()},
        COURSE,
        "M1.x",
    )
    found = changes(resource, there)
    updated = {f.name: f.desired for c in found if c.action is Action.UPDATE for f in c.fields}
    for name in updated:
        assert digest(live.get(name)) == digest(wrote[name]), "only what is still as we wrote it may be planned"
    base = {**there.baseline, **{n: {"desired": digest(v), "observed": v} for n, v in updated.items()}}
    after = replace(there, fields={**live, **updated}, baseline=base)
    assert [c for c in changes(resource, after) if c.action is Action.UPDATE] == []
