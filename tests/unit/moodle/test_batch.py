"""call_many: order, resumption after an error, and what was sent is never sent again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moodle_sync.errors import AccessDenied, AnswerLost, MoodleRefused, NotFound, NotMoodle, Unreachable
from moodle_sync.moodle import batch
from moodle_sync.moodle.batch import Call, call_many
from moodle_sync.moodle.functions import BATCH
from moodle_sync.moodle.transport import Transport
from moodle_sync.net import TransientFault

READ = "core_completion_get_course_completion_status"
WRITE = "core_course_update_categories"


def reads(count: int) -> list[Call]:
    return [Call(READ, {"courseid": 7, "userid": number}) for number in range(count)]


def writes(count: int) -> list[Call]:
    return [Call(WRITE, {"categories": [{"id": number}]}) for number in range(count)]


def transport(site: Any) -> Transport:
    return Transport("https://moodle.example.org", "0" * 32, site, sleep=lambda _: None)


class Moodle:
    """Runs the calls of a batch in order and stops at the first error, as Moodle does."""

    def __init__(self, *, failing: tuple[int, ...] = (), batches: bool = True) -> None:
        self.failing = failing
        self.batches = batches
        self.executed: list[int] = []

    def __call__(self, wsfunction: str, form: dict[str, Any]) -> Any:
        if wsfunction != BATCH:
            return self.run({"userid": int(form["userid"])} if "userid" in form else form)
        if not self.batches:
            return {"exception": "webservice_access_exception", "errorcode": "accessexception", "message": "no"}
        done = []
        for request in form["requests"]:
            answer = self.run(json.loads(request["arguments"]))
            failed = isinstance(answer, dict) and "errorcode" in answer
            packed = json.dumps(answer)
            done.append({"error": True, "exception": packed} if failed else {"error": False, "data": packed})
            if failed:
                break
        return {"responses": done}

    def run(self, arguments: dict[str, Any]) -> Any:
        number = int(arguments["userid"] if "userid" in arguments else arguments["categories"][0]["id"])
        self.executed.append(number)
        if number in self.failing:
            return {"exception": "x", "errorcode": "userdeleted", "message": "deleted"}
        return {"completionstatus": number}


@pytest.mark.parametrize("batches", [True, False])
def test_call_many_answers_in_order_and_goes_on_after_errors(site: Any, batches: bool) -> None:
    site.responder = moodle = Moodle(failing=(0, 3, 4, 9), batches=batches)
    made = transport(site)
    outcomes = call_many(made, reads(10), size=4)
    assert [type(one.error) for one in outcomes] == [
        NotFound if number in (0, 3, 4, 9) else type(None) for number in range(10)
    ]
    assert [one.value["completionstatus"] for one in outcomes if one.error is None] == [1, 2, 5, 6, 7, 8]
    assert moodle.executed == list(range(10))
    assert made.can_batch is batches
    with pytest.raises(NotFound):
        outcomes[3].unwrap()


def test_call_many_counts_calls_and_requests(site: Any) -> None:
    site.responder = Moodle()
    made = transport(site)
    call_many(made, reads(250))
    assert (made.calls, made.requests) == (250, 3)
    assert [len(form["requests"]) for form in site.forms] == [100, 100, 50]


def test_call_many_asks_for_stored_text_in_each_call(site: Any) -> None:
    site.responder = Moodle()
    call_many(transport(site), reads(1))
    request = site.forms[0]["requests"][0]
    assert (request["settingraw"], request["settingfilter"], request["settingfileurl"]) == ("1", "0", "0")


def test_call_many_of_nothing_sends_nothing(site: Any) -> None:
    assert call_many(transport(site), []) == []
    assert site.forms == []


def test_call_many_at_the_largest_size_stays_below_the_variable_limit(site: Any) -> None:
    site.responder = Moodle()
    call_many(transport(site), reads(batch.MAX_SIZE), size=batch.MAX_SIZE)
    assert len(site.forms) == 1
    with pytest.raises(ValueError, match="171"):
        call_many(transport(site), reads(1), size=batch.MAX_SIZE + 1)


def test_call_many_with_long_arguments_cuts_by_size(site: Any) -> None:
    site.responder = lambda name, form: {"responses": [{"error": False, "data": "null"} for _ in form["requests"]]}
    long = [Call(WRITE, {"categories": [{"id": 1, "description": "x" * 200_000}]}) for _ in range(5)]
    assert [one.error for one in call_many(transport(site), long)] == [None] * 5
    assert [len(form["requests"]) for form in site.forms] == [2, 2, 1]


def test_call_many_of_reads_is_repeated_after_a_fault(site: Any) -> None:
    answer = {"responses": [{"error": False, "data": "1"}]}
    site.answers = [TransientFault("x"), answer]
    assert call_many(transport(site), reads(1))[0].unwrap() == 1


def test_call_many_of_reads_raises_when_the_site_fails(site: Any) -> None:
    site.answers = [NotMoodle("html")]
    with pytest.raises(NotMoodle):
        call_many(transport(site), reads(3))


def test_call_many_with_writes_never_sends_again_what_was_lost(site: Any) -> None:
    done = {"responses": [{"error": False, "data": "null"}, {"error": False, "data": "null"}]}
    site.answers = [done, AnswerLost("gone"), done, done]
    outcomes = call_many(transport(site), writes(6), size=2)
    assert [type(one.error) for one in outcomes] == [
        type(None), type(None), AnswerLost, AnswerLost, Unreachable, Unreachable,
    ]  # fmt: skip
    assert len(site.forms) == 2


def test_call_many_single_writes_never_send_again_what_was_lost(site: Any) -> None:
    made = transport(site)
    made.can_batch = False
    site.answers = [b"null", AnswerLost("gone"), b"null"]
    outcomes = call_many(made, writes(3))
    assert [type(one.error) for one in outcomes] == [type(None), AnswerLost, Unreachable]
    assert len(site.forms) == 2


def test_call_many_with_a_write_among_reads_counts_as_writing(site: Any) -> None:
    site.answers = [TransientFault("x")]
    outcomes = call_many(transport(site), [*reads(1), *writes(1)])
    assert [type(one.error) for one in outcomes] == [TransientFault, TransientFault]
    assert site.writes == [True]


@pytest.mark.parametrize(
    "body",
    [
        {"responses": []},
        {"responses": [{"error": False, "data": "1"}]},
        {"responses": [{"error": False, "data": "1"}] * 3},
        {"other": 1},
        [],
    ],
)
def test_call_many_with_answers_that_do_not_match_is_refused(site: Any, body: Any) -> None:
    site.answers = [body, body]
    with pytest.raises(NotMoodle):
        call_many(transport(site), reads(2))
    assert [type(one.error) for one in call_many(transport(site), writes(2))] == [AnswerLost, AnswerLost]


def test_call_many_with_an_inner_warning_that_refuses_is_an_error(site: Any) -> None:
    data = json.dumps({"warnings": [{"warningcode": "errorinvalidparam", "message": "x"}]})
    site.answers = [{"responses": [{"error": False, "data": data}]}]
    outcome = call_many(transport(site), [Call("core_course_update_courses", {"courses": [{"id": 1}]})])[0]
    assert isinstance(outcome.error, MoodleRefused)


def test_call_many_with_another_denial_of_the_batch_raises(site: Any) -> None:
    site.answers = [{"exception": "x", "errorcode": "invalidtoken", "message": "x"}]
    with pytest.raises(AccessDenied):
        call_many(transport(site), reads(2))
