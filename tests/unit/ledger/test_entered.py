"""What a questionnaire gave as a whole is entered once: the ledger knows it, staged or sealed, there or gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from moodle_sync.facts.attested import parse_attested
from moodle_sync.facts.models import Fact, FeedbackAnalysis, Person, RatedQuestion, Vanished
from moodle_sync.ledger import Ledger
from moodle_sync.workflows.pull import stage

COURSE = "sag:pouvoir-dagir@2026-02"
SITE = "main"
CMID = 77


def analysis(cmid: int = CMID, answers: int = 6, **changes: Any) -> FeedbackAnalysis:
    question = RatedQuestion(
        item_id=5,
        label="",
        question="Claire ?",
        type="multichoicerated",
        answers=answers,
        mean=Decimal("3.25"),
        minimum=Decimal(1),
        maximum=Decimal(4),
    )
    closed = datetime(2026, 2, 2, 22, 59, 59, tzinfo=UTC)
    values: dict[str, Any] = {
        "course": COURSE,
        "userid": 0,
        "occurred_at": closed,
        "wsfunction": "mod_feedback_get_analysis",
        "cmid": cmid,
        "activity": "appreciation",
        "anonymous": True,
        "closed_at": closed,
        "asked": 7,
        "answers": answers,
        "withheld": None,
        "questions": (question,),
    }
    return FeedbackAnalysis(**{**values, **changes})


@pytest.fixture
def read(ledger: Ledger, course: Any) -> Callable[..., int]:
    """Stages these facts beside an enrolment, as a pull does; answers how many were added."""
    course.enrolled = {16}

    def do(*facts: Fact, complete: bool = True) -> int:
        snapshot = course.snapshot(complete=complete)
        mine = (*snapshot.facts, *(fact.model_copy(update={"course": course.idnumber}) for fact in facts))
        return stage(ledger, snapshot.model_copy(update={"facts": mine})).staged.added

    return do


def known(ledger: Ledger) -> dict[int, FeedbackAnalysis | None]:
    return ledger.feedback_analyses(SITE, COURSE)


def sealed(ledger: Ledger) -> list[Any]:
    return [one.fact for one in ledger.facts(COURSE) if one.fact is not None and one.fact.userid == 0]


def test_entered_is_what_was_staged_as_well_as_what_was_sealed(ledger: Ledger, read: Callable[..., int]) -> None:
    assert known(ledger) == {}
    assert read(analysis()) == 2
    assert known(ledger) == {CMID: analysis()}, "a pull that was killed before it sealed has read it all the same"
    ledger.seal()
    assert known(ledger) == {CMID: analysis()}
    assert ledger.feedback_analyses(SITE, "sag:other@1") == {}


def test_entered_is_nothing_that_was_attested_about_nobody(ledger: Ledger, read: Callable[..., int]) -> None:
    said = {
        "kind": "improvement_action", "course": COURSE, "userid": 0, "occurred_at": "2026-02-02T10:00:00Z",
        "attested_by": "Z", "file": {"name": "a.pdf", "sha256": "ab" * 32, "size": 1}, "reference": "A1", "text": "x",
        "owner": "Y", "due": "2026-03-01", "state": "planned",
    }  # fmt: skip
    ledger.attest(SITE, [parse_attested(said)], people={}, programmes={})
    read(analysis())
    ledger.seal()
    assert known(ledger) == {CMID: analysis()}


def test_entered_stays_as_it_was_whatever_is_read_later(ledger: Ledger, read: Callable[..., int]) -> None:
    """Two pulls at once: the second one has read one answer more."""
    read(analysis())
    assert read(analysis(answers=7)) == 0
    ledger.seal()
    assert read(analysis(answers=7)) == 0
    assert read(analysis(answers=7, activity="autre")) == 1, "what it is called may be learnt later"
    ledger.seal()
    assert sealed(ledger) == [analysis(), analysis(activity="autre")]


def test_entered_below_the_threshold_stays_a_count(ledger: Ledger, read: Callable[..., int]) -> None:
    few = analysis(answers=3, withheld="few", questions=())
    read(few)
    ledger.seal()
    assert read(analysis()) == 0
    assert sealed(ledger) == [few]


def test_entered_vanishes_after_a_complete_snapshot_alone_and_comes_back_as_it_was(
    ledger: Ledger, read: Callable[..., int]
) -> None:
    read(analysis(), analysis(78))
    ledger.seal()
    assert read(analysis(78), complete=False) == 0, "not told whole: nothing is gone"
    assert read(analysis(78)) == 1
    ledger.seal()
    gone = sealed(ledger)[-1]
    assert isinstance(gone, Vanished)
    assert (gone.was, gone.object, gone.userid) == ("feedback_analysis", f"feedback_analysis:{CMID}", 0)
    assert known(ledger) == {CMID: analysis(), 78: analysis(78)}, "what is gone was read all the same"
    assert read(analysis(78)) == 0
    assert read(analysis(answers=9), analysis(78)) == 1
    ledger.seal()
    assert sealed(ledger)[-1] == analysis()


def test_entered_and_gone_before_it_was_sealed_is_not_read_again(ledger: Ledger, read: Callable[..., int]) -> None:
    read(analysis())
    read()
    assert known(ledger) == {CMID: None}
    assert read(analysis(answers=9)) == 0
    ledger.seal()
    assert known(ledger) == {CMID: analysis()}, "sealed in the meantime, it can be said again"


def test_entered_names_the_activity_for_a_route_that_is_not_told_its_key(
    ledger: Ledger, read: Callable[..., int]
) -> None:
    read(analysis())
    ledger.seal()
    assert ledger.activity_keys(COURSE)[CMID] == "appreciation"


def test_entered_is_about_nobody_and_survives_everybodys_erasure(ledger: Ledger, read: Callable[..., int]) -> None:
    read(analysis())
    ledger.seal()
    assert {one.person for one in ledger.facts(COURSE) if one.fact and one.fact.userid == 0} == {Person(userid=0)}
    assert ledger.verify().ok
