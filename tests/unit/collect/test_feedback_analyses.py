"""Questionnaires as a whole: read once each, after they have closed, and nothing of fewer people than may be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from moodle_sync.collect import CallEstimate, collect_course
from moodle_sync.facts.models import FeedbackAnalysis, Snapshot, parse
from moodle_sync.moodle.pull import PullClient

COURSE = "sag:pull1@2026-02"
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
CLOSED = NOW - timedelta(hours=3)
READ = (
    "mod_feedback_get_feedbacks_by_courses",
    "mod_feedback_get_feedback_access_information",
    "mod_feedback_get_analysis",
)


class Questionnaires:
    """The two questionnaires of the recorded course, in course order, with what other recordings say of such."""

    def __init__(self, moodle: Any) -> None:
        self.moodle = moodle
        self.closes: dict[int, datetime | None] = {}
        self.analysis = "analysis_anonymous"
        self.access = "access_anonymous"
        self.promises: dict[str, Any] = {"anonymous": 1, "multiple_submit": False}
        self.gone: set[int] = set()
        modules = [one for section in moodle.body("course_contents") for one in section["modules"]]
        self.cmids = [one["id"] for one in modules if one["modname"] == "feedback"]
        self.closes[self.cmids[0]] = CLOSED
        moodle.changes["core_course_get_contents"] = self.page
        moodle.questionnaires = self

    def page(self, answer: Any, arguments: Any) -> Any:
        for section in answer:
            section["modules"] = [one for one in section["modules"] if one["id"] not in self.gone]
            for module in section["modules"]:
                closes = self.closes.get(module["id"])
                if closes is not None:
                    closing = {"label": "Closed:", "timestamp": int(closes.timestamp()), "dataid": "timeclose"}
                    module["dates"] = [{"label": "Opened:", "timestamp": 1, "dataid": "timeopen"}, closing]
        return answer

    def told(self, arguments: Any) -> Any:
        rows = self.moodle.questionnaire("feedbacks")
        found = zip(rows["feedbacks"], self.cmids, strict=False)
        return {**rows, "feedbacks": [{**row, **self.promises, "coursemodule": cmid} for row, cmid in found]}


@pytest.fixture
def page(moodle: Any) -> Questionnaires:
    return Questionnaires(moodle)


def pull(client: PullClient, **settings: Any) -> Snapshot:
    return collect_course(client, "sagiterre", COURSE, settings.pop("now", NOW), **settings)


def analyses(snapshot: Snapshot) -> list[FeedbackAnalysis]:
    return [fact for fact in snapshot.facts if isinstance(fact, FeedbackAnalysis)]


def asked(moodle: Any) -> list[str]:
    return [name for name, _ in moodle.called if name in READ]


def numbers(fact: FeedbackAnalysis) -> Iterator[tuple[str, int, str | None, str | None, str | None]]:
    for one in fact.questions:
        values = (one.mean, one.minimum, one.maximum)
        yield (one.question, one.answers, *(None if value is None else f"{value:f}" for value in values))


def test_closed_questionnaire_is_summed_up(client: PullClient, moodle: Any, page: Questionnaires) -> None:
    costs: list[CallEstimate] = []
    snapshot = pull(client, announce=costs.append)
    [fact] = analyses(snapshot)
    assert (fact.userid, fact.cmid, fact.activity) == (0, page.cmids[0], "M1.F1")
    assert (fact.occurred_at, fact.closed_at, fact.anonymous) == (CLOSED, CLOSED, True)
    assert (fact.answers, fact.asked, fact.withheld) == (6, None, None), (
        "of three learners there are fewer than answers"
    )
    assert list(numbers(fact)) == [
        ("Combien ?", 6, "42.5000", None, None),
        ("De 0 à 10", 6, "6.5000", "0", "10"),
        ("Note", 6, "2.1667", "1", "4"),
        ("Note, en liste", 5, "4.0000", "0", "5"),
    ]
    assert "feedback_analysis" in snapshot.complete
    assert asked(moodle) == list(READ)
    assert parse(fact.payload()) == fact
    assert 0 not in snapshot.people
    assert snapshot.calls <= costs[0].calls


def test_no_answer_in_words_and_no_single_number_gets_into_the_fact(client: PullClient, page: Questionnaires) -> None:
    said = json.dumps(page.moodle.questionnaire("analysis_anonymous"), ensure_ascii=False)
    text = analyses(pull(client))[0].data().decode()
    for secret in ("Texte", "ligne", '"45"', '"41"'):
        assert secret in said
        assert secret not in text


@pytest.mark.parametrize("closes", [None, NOW + timedelta(seconds=1)])
def test_questionnaire_that_has_not_closed_is_not_looked_at(
    client: PullClient, moodle: Any, page: Questionnaires, closes: datetime | None
) -> None:
    page.closes[page.cmids[0]] = closes
    snapshot = pull(client)
    assert (analyses(snapshot), asked(moodle)) == ([], [])
    assert "feedback_analysis" in snapshot.complete


def test_questionnaire_is_open_as_long_as_the_site_says_so(
    client: PullClient, moodle: Any, page: Questionnaires
) -> None:
    page.access = "access_open"
    snapshot = pull(client)
    assert analyses(snapshot) == []
    assert READ[2] not in asked(moodle)
    assert "feedback_analysis" in snapshot.complete


def test_what_is_known_is_said_again_and_never_read_again(
    client: PullClient, moodle: Any, page: Questionnaires
) -> None:
    [first] = analyses(pull(client))
    moodle.called.clear()
    page.analysis = "analysis_few"  # as if three answers had been deleted since
    known = {first.cmid: first.model_copy(update={"activity": None, "asked": 9})}
    snapshot = pull(client, entered=lambda: known)
    assert analyses(snapshot) == [first.model_copy(update={"asked": 9})], "only its key is learnt"
    assert asked(moodle) == []
    assert (snapshot.warnings, "feedback_analysis" in snapshot.complete) == ((), True)


def test_what_is_known_and_not_at_hand_is_neither_said_nor_read_again(
    client: PullClient, moodle: Any, page: Questionnaires
) -> None:
    snapshot = pull(client, entered=lambda: {page.cmids[0]: None})
    assert (analyses(snapshot), asked(moodle)) == ([], [])


@pytest.mark.parametrize("closes", [None, CLOSED + timedelta(days=30)])
def test_questionnaire_that_is_open_again_is_named_and_not_read_again(
    client: PullClient, moodle: Any, page: Questionnaires, closes: datetime | None
) -> None:
    [first] = analyses(pull(client))
    moodle.called.clear()
    page.closes[page.cmids[0]] = closes
    for now in (NOW, NOW + timedelta(days=60)):  # while it is open, and when it has closed once more
        snapshot = pull(client, now=now, entered=lambda: {first.cmid: first})
        assert analyses(snapshot) == [first]
        [warning] = snapshot.warnings
        assert f"questionnaire {first.cmid} was opened again" in warning
        assert "feedback_analysis" in snapshot.complete
    assert asked(moodle) == []


def test_deleted_questionnaire_is_not_said_again(client: PullClient, page: Questionnaires) -> None:
    [first] = analyses(pull(client))
    page.gone = {first.cmid}
    snapshot = pull(client, entered=lambda: {first.cmid: first})
    assert analyses(snapshot) == []
    assert "feedback_analysis" in snapshot.complete


def test_nobody_is_asked_what_is_known_in_a_course_without_questionnaires(
    client: PullClient, page: Questionnaires
) -> None:
    def entered() -> Any:
        raise AssertionError("asked")

    page.gone = set(page.cmids)
    assert analyses(pull(client, entered=entered)) == []


@pytest.mark.parametrize(("small_group", "withheld"), [(3, None), (4, "few")])
def test_few_answers_are_counted_and_nothing_more(
    client: PullClient, page: Questionnaires, small_group: int, withheld: str | None
) -> None:
    page.analysis = "analysis_few"
    [fact] = analyses(pull(client, small_group=small_group))
    assert (fact.answers, fact.asked, fact.withheld) == (3, 3, withheld)
    assert bool(fact.questions) is (withheld is None)


def test_question_that_few_answered_has_no_mean(client: PullClient, page: Questionnaires) -> None:
    [fact] = analyses(pull(client, small_group=6))
    assert {one.question: one.mean is None for one in fact.questions} == {
        "Combien ?": False,
        "De 0 à 10": False,
        "Note": False,
        "Note, en liste": True,
    }
    assert [one.answers for one in fact.questions] == [6, 6, 6, 5]


@pytest.mark.parametrize(
    ("anonymous", "multiple", "withheld"), [(1, True, "repeated"), (2, True, None), (1, False, None)]
)
def test_answers_of_nobody_knows_how_many_people_have_no_mean(
    client: PullClient, page: Questionnaires, anonymous: int, multiple: bool, withheld: str | None
) -> None:
    page.promises = {"anonymous": anonymous, "multiple_submit": multiple}
    [fact] = analyses(pull(client))
    assert (fact.anonymous, fact.answers, fact.withheld) == (anonymous == 1, 6, withheld)
    assert bool(fact.questions) is (withheld is None)


@pytest.mark.parametrize("function", READ)
def test_questionnaires_are_not_complete_without_a_function(
    client: PullClient, moodle: Any, page: Questionnaires, function: str
) -> None:
    moodle.without.add(function)
    snapshot = pull(client)
    assert analyses(snapshot) == []
    assert "feedback_analysis" not in snapshot.complete
    assert any(line.startswith("feedback_analysis: not read") for line in snapshot.warnings)


@pytest.mark.parametrize("name", ["analysis_denied", "analysis_of_no_group", "analysis_of_one_group"])
def test_part_of_the_answers_is_never_taken_for_all(client: PullClient, page: Questionnaires, name: str) -> None:
    page.analysis = name
    snapshot = pull(client)
    assert analyses(snapshot) == []
    assert "feedback_analysis" not in snapshot.complete


def test_account_that_does_not_see_all_groups_reads_no_answer(
    client: PullClient, moodle: Any, page: Questionnaires
) -> None:
    def refuse(answer: Any, arguments: Any) -> Any:
        if any(option["name"] == "groupid" for option in arguments["options"]):
            return {"exception": "x", "errorcode": "notingroup", "message": "no"}
        return answer

    moodle.changes["core_enrol_get_enrolled_users"] = refuse
    snapshot = pull(client)
    assert (analyses(snapshot), asked(moodle)) == ([], [])
    assert any("moodle/site:accessallgroups" in line for line in snapshot.warnings)
    assert "feedback_analysis" not in snapshot.complete


def test_questionnaire_that_is_not_told_of_makes_them_incomplete(
    client: PullClient, moodle: Any, page: Questionnaires
) -> None:
    page.closes = dict.fromkeys(page.cmids, CLOSED)
    moodle.changes[READ[0]] = lambda answer, arguments: {**answer, "feedbacks": answer["feedbacks"][:1]}
    snapshot = pull(client)
    assert [fact.cmid for fact in analyses(snapshot)] == page.cmids[:1]
    assert "feedback_analysis" not in snapshot.complete


def test_two_questionnaires_close_on_one_night(client: PullClient, page: Questionnaires) -> None:
    page.closes = dict.fromkeys(page.cmids, CLOSED)
    page.analysis = "analysis_named"
    found = analyses(pull(client, small_group=5))
    assert [(fact.cmid, fact.activity, fact.answers) for fact in found] == [
        (page.cmids[0], "M1.F1", 5),
        (page.cmids[1], None, 5),
    ]
    assert found[0].questions[2].mean == Decimal("2.2")
