"""xAPI: every kind of fact gives statements that keep the specification's rules, the same ones each time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from xapirules import problems

from moodle_sync.facts.attested import ATTESTED_KINDS, parse_any
from moodle_sync.facts.models import Fact, Person
from moodle_sync.ledger.entries import Leaf
from moodle_sync.ledger.exporting import Exported
from moodle_sync.reports.xapi import DISPLAY, NOT_LEARNING, Statements

SITE, COURSE = "https://moodle.example.org/m", "sag:pouvoir-dagir@2026-02"
AT, SEEN = "2026-02-02T15:00:00Z", "2026-02-03T08:00:00Z"
COMMON = {"course": COURSE, "userid": 7, "occurred_at": AT}
OBSERVED = {**COMMON, "wsfunction": "w"}
ATTESTED = {**COMMON, "attested_by": "Z", "file": {"name": "f.pdf", "sha256": "ab" * 32, "size": 1}}
QUIZ = {
    **OBSERVED, "kind": "quiz_attempt", "attempt_id": 812, "cmid": 31, "activity": "M1.quiz", "attempt": 1,
    "state": "finished", "started_at": "2026-02-02T14:58:30Z", "finished_at": AT, "sumgrades": "7.5",
    "sumgrades_max": "10", "grade": "15", "grade_max": "20",
}  # fmt: skip
GRADE = {
    **OBSERVED, "kind": "grade", "item_id": 5, "item_type": "mod", "modname": "quiz", "cmid": 31, "activity": "M1.quiz",
    "grade": "17.13", "grade_min": "0", "grade_max": "20", "overridden": False, "hidden": False, "locked": False,
}  # fmt: skip
COMPLETION = {
    **OBSERVED, "kind": "activity_completion", "cmid": 32, "activity": "M1.page", "modname": "page",
    "state": "complete", "automatic": True, "overridden_by": None,
}  # fmt: skip
RUBRIC = {
    **OBSERVED, "kind": "rubric_filling", "instance_id": 1, "cmid": 33, "activity": "M1.synergies", "attempt": 0,
    "rater": 2, "definition_id": 1, "definition_digest": "ab" * 32, "grade": "3",
    "criteria": [{"criterion_id": 1, "criterion": "c", "level_id": None, "level": "", "score": None, "remark": "é"}],
}  # fmt: skip
ATTENDANCE = {
    **ATTESTED, "kind": "attendance", "day": "2026-02-02", "half": "am", "title": "T", "hours": "3.5", "present": True,
    "trainer": "F", "learner_signed": True, "trainer_signed": True,
}  # fmt: skip
ENROLMENT = {**OBSERVED, "kind": "enrolment", "active": True, "roles": ["student"], "groups": []}
COURSE_DONE = {**OBSERVED, "kind": "course_completion", "completed": True, "criteria": []}
INTERVIEW = {
    **ATTESTED, "kind": "interview", "reference": "E 1/2", "purpose": "final", "interviewer": "F", "outcome": "",
}  # fmt: skip
GONE = {**OBSERVED, "occurred_at": None, "kind": "vanished", "was": "grade", "object": "grade:5:7"}
SAID: dict[str, dict[str, Any]] = {
    "enrolment": ENROLMENT,
    "activity_completion": COMPLETION,
    "course_completion": COURSE_DONE,
    "quiz_attempt": QUIZ,
    "grade": GRADE,
    "rubric_filling": RUBRIC,
    "attendance": ATTENDANCE,
    "interview": INTERVIEW,
}
VERB = {
    "enrolment": "registered",
    "activity_completion": "completed",
    "course_completion": "completed",
    "quiz_attempt": "attempted",
    "grade": "scored",
    "rubric_filling": "scored",
    "attendance": "attended",
    "interview": "attended",
}


def row(idx: int, fact: dict[str, Any] | None, previous: int | None = None, **leaf: Any) -> Exported:
    kind = "attested" if fact is not None and "attested_by" in fact else "observed"
    values: dict[str, Any] = {
        "kind": kind, "site": "main", "session": COURSE, "programme": "cd" * 32, "plan": None, "run": "r1",
        "observed_at": SEEN, "subject": "0f" * 16, "previous": None if previous is None else (2026, previous),
        "commitment": "ab" * 32, "content": None,
    }  # fmt: skip
    person = Person(userid=7, idnumber="EXT-4471", username="zq", fullname="Zéphyrine Quintefeuille")
    return Exported(2026, idx, Leaf(**{**values, **leaf}), fact, None if fact is None else person)


def statements(*rows: Exported, **options: Any) -> list[dict[str, Any]]:
    fields = options.pop("fields", ("idnumber", "username"))
    made = Statements("example.org/registre", SITE, fields, pseudonyms=options.pop("pseudonyms", False))
    found = [one for item in rows for one in made.of(item)]
    for one in found:
        assert problems(one) == [], one
        assert not {"stored", "authority", "version"} & set(one)
    assert made.count == len(found)
    return found


@pytest.mark.parametrize("kind", sorted(SAID))
def test_statement_of_every_kind_keeps_the_rules(kind: str) -> None:
    parse_any(SAID[kind])  # it is a fact, not what somebody thought that one looks like
    (one,) = statements(row(3, SAID[kind]))
    assert one["verb"]["id"] == f"http://adlnet.gov/expapi/verbs/{VERB[kind]}"
    assert one["actor"]["account"] == {"homePage": SITE, "name": "EXT-4471"}
    assert one["object"]["id"].startswith(SITE)
    assert one["timestamp"] == AT
    assert one["context"]["revision"] == "cd" * 32
    assert one["context"]["extensions"][f"{SITE}/local/moodlesync/xapi/entry"] == "2026/3"
    assert "Quintefeuille" not in json.dumps(one)


def test_statement_every_kind_of_fact_is_said_or_left_out_on_purpose() -> None:
    observed = {str(model.model_fields["kind"].default) for model in get_args(get_args(Fact)[0])}
    assert set(SAID) | set(NOT_LEARNING) | {"vanished"} == observed | set(ATTESTED_KINDS)


def test_statement_results_are_numbers_and_durations() -> None:
    quiz, grade, rubric, present = (statements(row(1, one))[0]["result"] for one in (QUIZ, GRADE, RUBRIC, ATTENDANCE))
    assert quiz == {
        "completion": True,
        "duration": "PT90S",
        "score": {"scaled": 0.75, "raw": 15, "min": 0, "max": 20},
    }
    assert grade == {"score": {"scaled": 0.8565, "raw": 17.13, "min": 0, "max": 20}}
    assert rubric["score"] == {"raw": 3}
    assert present == {"duration": "PT12600S"}


@pytest.mark.parametrize(
    ("grade", "low", "high", "score"),
    [
        ("22", "0", "20", {"raw": 22}),
        ("-1", "0", "20", {"raw": -1}),
        ("1", "1", "1", {"raw": 1}),
        ("0", "-5", "5", {"scaled": 0.5, "raw": 0, "min": -5, "max": 5}),
        ("6.66667", "0", "20", {"scaled": 0.33333, "raw": 6.66667, "min": 0, "max": 20}),
    ],
)
def test_statement_score_has_bounds_only_where_it_lies_within(grade: str, low: str, high: str, score: Any) -> None:
    (one,) = statements(row(1, {**GRADE, "grade": grade, "grade_min": low, "grade_max": high}))
    assert one["result"]["score"] == score


@pytest.mark.parametrize(
    ("fact", "verb", "result"),
    [
        ({**COMPLETION, "state": "complete_pass"}, "passed", {"completion": True, "success": True}),
        ({**COMPLETION, "state": "complete_fail"}, "failed", {"completion": True, "success": False}),
        ({**QUIZ, "state": "inprogress", "finished_at": None}, "initialized", None),
        ({**QUIZ, "state": "abandoned"}, "terminated", {"completion": False}),
        ({**ENROLMENT, "active": False}, "suspended", None),
        ({**COMPLETION, "state": "incomplete"}, None, None),
        ({**COURSE_DONE, "completed": False}, None, None),
        ({**QUIZ, "state": "notstarted"}, None, None),
        ({**GRADE, "grade": None}, None, None),
        ({**ATTENDANCE, "present": False}, None, None),
        (GONE, None, None),
    ],
)
def test_statement_says_what_the_state_is_or_nothing(fact: Any, verb: str | None, result: Any) -> None:
    found = statements(row(1, fact))
    assert [one["verb"]["id"].rsplit("/", 1)[1] for one in found] == ([] if verb is None else [verb])
    assert not found or found[0].get("result") == result


def test_statement_objects_are_under_the_site_and_tell_what_they_are() -> None:
    course = f"{SITE}/course/view.php?idnumber=sag%3Apouvoir-dagir%402026-02"
    found = {kind: statements(row(1, fact))[0] for kind, fact in SAID.items()}
    assert found["course_completion"]["object"]["id"] == course
    assert found["quiz_attempt"]["object"]["id"] == found["grade"]["object"]["id"] == f"{SITE}/mod/quiz/view.php?id=31"
    assert found["attendance"]["object"]["id"] == f"{course}#attendance-2026-02-02-am"
    assert found["interview"]["object"]["id"] == f"{course}#interview-E%201%2F2"
    assert found["grade"]["context"]["contextActivities"]["parent"][0]["id"] == course
    assert "contextActivities" not in found["enrolment"]["context"]
    total = {**GRADE, "cmid": None, "modname": None, "activity": None, "item_type": "course"}
    assert statements(row(1, total))[0]["object"]["id"] == course
    manual = {**total, "item_type": "manual"}
    assert statements(row(1, manual))[0]["object"]["id"] == f"{SITE}/local/moodlesync/grade-item/5"


def test_statement_correction_refers_to_the_one_before_and_what_vanished_voids_all() -> None:
    rows = [
        row(0, GRADE),
        row(5, {**GRADE, "grade": "12"}, 0),
        row(9, GONE, 5),
        row(12, {**GRADE, "grade": "11"}, 9),
    ]
    first, second, void1, void2, again = statements(*rows)
    assert second["context"]["statement"] == {"objectType": "StatementRef", "id": first["id"]}
    assert [one["object"] for one in (void1, void2)] == [
        {"objectType": "StatementRef", "id": one["id"]} for one in (first, second)
    ]
    assert {one["verb"]["id"] for one in (void1, void2)} == {"http://adlnet.gov/expapi/verbs/voided"}
    assert void1["actor"]["account"]["name"] == "moodle-sync"
    assert "EXT-4471" not in json.dumps([void1, void2])
    assert "statement" not in again["context"]  # back under a new identifier: nothing stands before it
    assert len({one["id"] for one in (first, second, void1, void2, again)}) == 5


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (COMPLETION, {**COMPLETION, "state": "incomplete"}),
        (COURSE_DONE, {**COURSE_DONE, "completed": False}),
        (GRADE, {**GRADE, "grade": None}),
        (ATTENDANCE, {**ATTENDANCE, "present": False}),
    ],
)
def test_statement_that_is_no_longer_so_is_voided(before: Any, after: Any) -> None:
    said, void = statements(row(0, before), row(4, after, 0))
    assert void["object"]["id"] == said["id"]


def test_statement_erased_entries_are_not_said_and_the_chain_goes_on() -> None:
    first, void = statements(row(0, GRADE), row(2, None, 0), row(3, GONE, 2))
    assert void["object"]["id"] == first["id"]


def test_statement_papers_complaints_and_leaves_about_nobody_are_left_out() -> None:
    made = Statements("o", SITE, (), pseudonyms=False)
    for number, kind in enumerate(NOT_LEARNING):
        assert made.of(row(number, {**ATTESTED, "kind": kind})) == []
    assert made.not_said == dict.fromkeys(NOT_LEARNING, 1)
    assert made.of(row(99, None, kind="run", subject=None, commitment=None, content={"release": "5"})) == []


def test_statement_twice_is_the_same_and_another_ledger_gives_others() -> None:
    rows = [row(number, fact) for number, fact in enumerate(SAID.values())]
    assert statements(*rows) == statements(*rows)
    other = [one for item in rows for one in Statements("example.org/other", SITE, (), pseudonyms=False).of(item)]
    assert not {one["id"] for one in other} & {one["id"] for one in statements(*rows)}
    registrations = {one["context"]["registration"] for one in statements(*rows)}
    assert len(registrations) == 1  # one person in one session
    assert statements(row(0, GRADE, subject="aa" * 16))[0]["context"]["registration"] not in registrations


def test_statement_pseudonyms_name_nobody() -> None:
    for one in statements(*(row(n, fact) for n, fact in enumerate(SAID.values())), pseudonyms=True):
        account = {"homePage": f"{SITE}/local/moodlesync/pseudonyms", "name": "0f" * 16}
        assert one["actor"]["account"] == account
        assert "EXT-4471" not in json.dumps(one)
        assert "zq" not in json.dumps(one["actor"])


def test_statement_account_is_in_the_first_field_that_is_filled() -> None:
    assert statements(row(1, GRADE), fields=("username", "idnumber"))[0]["actor"]["account"]["name"] == "zq"
    assert statements(row(1, GRADE), fields=())[0]["actor"]["account"]["name"] == "userid:7"


def test_statement_without_a_time_of_its_own_is_dated_by_its_reading() -> None:
    (one,) = statements(row(1, {**ENROLMENT, "occurred_at": None}))
    assert one["timestamp"] == SEEN


def test_display_every_verb_has_its_words() -> None:
    assert all(english and french for english, french in DISPLAY.values())


BREAK: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("id", lambda one: one.update(id="1")),
    ("id missing", lambda one: one.pop("id")),
    ("null", lambda one: one["result"].update(success=None)),
    ("unknown key", lambda one: one.update(note="x")),
    ("stored", lambda one: one.update(stored=AT)),
    ("two identifiers", lambda one: one["actor"].update(mbox="mailto:a@example.org")),
    ("no identifier", lambda one: one["actor"].pop("account")),
    ("account without name", lambda one: one["actor"]["account"].update(name="")),
    ("homePage without scheme", lambda one: one["actor"]["account"].update(homePage="moodle.example.org")),
    ("verb", lambda one: one["verb"].update(id="scored")),
    ("display", lambda one: one["verb"].update(display={"en US": "x"})),
    ("object", lambda one: one["object"].update(id="quiz 31")),
    ("void", lambda one: one["verb"].update(id="http://adlnet.gov/expapi/verbs/voided")),
    ("score as text", lambda one: one["result"]["score"].update(raw="17")),
    ("scaled", lambda one: one["result"]["score"].update(scaled=1.01)),
    ("raw over max", lambda one: one["result"]["score"].update(raw=21)),
    ("min = max", lambda one: one["result"]["score"].update(min=20)),
    ("completion", lambda one: one["result"].update(completion="true")),
    ("duration", lambda one: one["result"].update(duration="90s")),
    ("empty result", lambda one: one.update(result={})),
    ("registration", lambda one: one["context"].update(registration="r")),
    ("platform of a reference", lambda one: one.update(object={"objectType": "StatementRef", "id": one["id"]})),
    ("language", lambda one: one["context"].update(language="")),
    ("parent", lambda one: one["context"]["contextActivities"].update(parent=[])),
    ("context key", lambda one: one["context"].update(session="x")),
    ("extension", lambda one: one["context"]["extensions"].update(entry=1)),
    ("timestamp", lambda one: one.update(timestamp="2026-02-02T15:00:00")),
]


@pytest.mark.parametrize("broken", [one[1] for one in BREAK], ids=[one[0] for one in BREAK])
def test_rules_find_what_breaks_them(broken: Callable[[dict[str, Any]], Any]) -> None:
    (one,) = statements(row(1, GRADE))
    wrong = copy.deepcopy(one)
    broken(wrong)
    assert problems(wrong) != []
