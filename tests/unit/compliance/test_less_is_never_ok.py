"""Unknown never turns green: with less evidence nothing is ok that rested on it, and nothing becomes ok."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moodle_sync.compliance import Verdict
from moodle_sync.facts.models import KINDS

OTHER = "bb22cc33dd44"


@pytest.fixture
def pair(scene):
    """Two learners for whom everything is there, and no fewer than the programme wants."""
    both = scene.green(scene.small(capacity={"min": 2, "max": 3}))
    return scene.green(both, OTHER, 42, "Marc Olin")


def lost(scene, before, after, entry):
    """The findings that rested on an entry: none may be ok any more, and none that did not may have become so."""
    rested = {key for key, item in before.items() if entry in item.entries}
    assert rested, entry
    for key, item in after.items():
        assert item.verdict != Verdict.OK or (before[key].verdict == Verdict.OK and key not in rested), key
        assert entry not in item.entries or item.verdict != Verdict.OK
    return rested


def test_removing_any_fact_of_a_green_session_takes_ok_away(scene, pair, tell):
    before = scene.findings(pair.view())
    assert {item.verdict for item in before.values()} == {Verdict.OK}
    kinds, taken = [], 0
    for evidence in pair.evidence:
        after = scene.findings(pair.without(evidence.entry).view())
        rested = lost(scene, before, after, evidence.entry)
        assert after.keys() == before.keys()
        changed = {key for key in before if after[key].verdict != Verdict.OK}
        if evidence.fact.kind == "enrolment":  # without it nothing about that learner is ok
            rested |= {key for key in before if key[1] == evidence.subject}
        assert changed == rested, evidence.fact.kind
        kinds.append(evidence.fact.kind)
        taken += len(changed)
    assert set(kinds) == set(KINDS) - {"feedback_analysis"}  # about nobody: no finding of a learner rests on it
    assert len(kinds) == len(pair.evidence) == 26
    tell(f"{len(kinds)} facts of {len(set(kinds))} kinds removed in turn: {taken} findings lost their ok, no other did")


def test_any_fact_of_a_green_session_that_vanished_takes_ok_away(scene, pair):
    before = scene.findings(pair.view())
    for evidence in list(pair.evidence):
        item = replace(pair, evidence=list(pair.evidence))
        item.vanish(evidence.entry)
        after = scene.findings(item.view())
        lost(scene, before, after, evidence.entry)
        assert after.keys() == before.keys()


def test_any_fact_of_a_green_session_that_was_erased_takes_ok_away(scene, pair):
    before = scene.findings(pair.view())
    for number, evidence in enumerate(pair.evidence):
        gone = replace(evidence, fact=None, person=None)
        item = replace(pair, evidence=[*pair.evidence[:number], gone, *pair.evidence[number + 1 :]])
        after = scene.findings(item.view())
        lost(scene, before, after, evidence.entry)
        assert all(found.verdict != Verdict.OK for key, found in after.items() if key[1] == evidence.subject)


def less(fact) -> Iterator[dict[str, object]]:
    """Ways in which Moodle could have said less than the fact of a green session does."""
    other = {"activity": None}
    match fact.kind:
        case "enrolment":
            yield from ({"active": False}, {"roles": ()}, {"roles": ("guest",)})
        case "course_completion":
            yield {"completed": False}
        case "activity_completion":
            yield from (other, {"state": "incomplete"})
        case "quiz_attempt":
            unfinished = ("notstarted", "inprogress", "overdue", "abandoned", "something new")
            yield from (other, *({"state": state} for state in unfinished))
        case "grade":
            scale = {"grade_max": fact.grade_max + 1}
            yield from (other, scale, {"grade": None}, {"grade": Decimal("0.01")}, {"item_type": "outcome"})
        case "rubric_filling":
            first, *rest = fact.criteria
            for change in ({"score": None}, {"score": Decimal(0)}, {"score": Decimal(99)}, {"criterion": "Autre"}):
                yield {"criteria": (first.model_copy(update=change), *rest)}
            yield from (other, {"criteria": ()}, {"criteria": (*fact.criteria, first)}, {"rater": fact.userid})


def test_any_fact_of_a_green_session_that_says_less_takes_ok_away(scene, pair, tell):
    before = scene.findings(pair.view())
    tried = 0
    for number, evidence in enumerate(pair.evidence):
        for change in less(evidence.fact):
            changed = replace(evidence, fact=evidence.fact.model_copy(update=change))
            item = replace(pair, evidence=[*pair.evidence[:number], changed, *pair.evidence[number + 1 :]])
            lost(scene, before, scene.findings(item.view()), evidence.entry)
            tried += 1
    tell(f"{tried} facts of a green session made to say less, each took the ok away from what rested on it")
    assert tried == 104  # 52 for each learner


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_removing_several_facts_never_makes_anything_ok(scene, data):
    item = scene.green()
    item.complete(scene.SUBJECT, "M1.carte", None, state="incomplete")  # a first finding that is not ok
    before = scene.findings(item.view())
    for entry in data.draw(st.sets(st.sampled_from([evidence.entry for evidence in item.evidence[:-1]]), max_size=6)):
        item = item.without(entry)
    for key, finding in scene.findings(item.view()).items():
        if finding.verdict == Verdict.OK:
            assert before[key].verdict == Verdict.OK
            assert {*finding.entries} <= {evidence.entry for evidence in item.evidence}
