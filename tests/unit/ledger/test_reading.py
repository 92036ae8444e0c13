from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from moodle_sync.errors import VerificationFailed
from moodle_sync.facts.models import ActivityCompletion, CourseCompletion, Fact
from moodle_sync.ledger import Ledger


def test_facts_of_one_course_only_with_person_and_times(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "12"}
    other = type(course)(idnumber="sag:other@1", grades={(9, 7): "3"})
    for one in (course, other):
        ledger.stage(one.snapshot(), programme_digest="cd" * 32, plan_id="plan-1")
    assert list(ledger.facts(course.idnumber)) == []  # pending is not sealed
    ledger.seal()
    (sealed,) = ledger.facts(course.idnumber)
    assert sealed.fact == course.facts()[0]
    assert sealed.observed_at == datetime(2026, 2, 3, 8, 30, tzinfo=UTC)
    assert sealed.person is not None
    assert (sealed.person.userid, sealed.person.fullname) == (7, "Élève 7")
    assert (sealed.kind, sealed.programme_digest, sealed.number) == ("observed", "cd" * 32, "2026/0")


def test_facts_past_a_block_are_all_there_in_order(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    course.grades = {(item, userid): "1" for item in range(60) for userid in range(20)}
    assert pull() == 1200
    places = [(sealed.shard, sealed.idx) for sealed in ledger.facts(course.idnumber)]
    assert places == [(2026, idx) for idx in range(1200)]


def test_activity_keys_are_as_the_newest_entry_has_them(ledger: Ledger, course: Any) -> None:
    def seal(*facts: Fact) -> dict[int, str]:
        snapshot = course.snapshot().model_copy(update={"facts": facts, "complete": frozenset()})
        ledger.stage(snapshot, programme_digest=None, plan_id=None)
        ledger.seal()
        return ledger.activity_keys(course.idnumber)

    def opened(cmid: int, key: str | None) -> Fact:
        told = {"cmid": cmid, "activity": key, "modname": "page", "state": "complete", "automatic": True}
        return ActivityCompletion(**about, overridden_by=None, **told)

    about: Any = {"course": course.idnumber, "userid": 7, "occurred_at": None, "wsfunction": "x"}
    criteria = [
        {"type": 4, "activity": key, "cmid": cmid, "complete": True, "completed_at": None}
        for cmid, key in ((11, "fin"), (12, None), (None, None))
    ]
    completed = CourseCompletion(**about, completed=False, criteria=criteria)
    assert ledger.activity_keys(course.idnumber) == {}
    assert seal(opened(10, "bienvenue"), opened(13, None), completed) == {10: "bienvenue", 11: "fin"}
    assert seal(opened(13, "depuis"), opened(10, "accueil")) == {10: "accueil", 11: "fin", 13: "depuis"}
    assert seal(opened(10, None)) == {11: "fin", 13: "depuis"}, "its idnumber was taken away: it is ours no longer"
    assert ledger.activity_keys("sag:other@1") == {}


def test_facts_erased_come_without_fact_and_person(
    ledger: Ledger, course: Any, pull: Callable[[], int], raw: Callable[[], Any]
) -> None:
    """What an erasure leaves: no key, no payload, no mapping, and the leaf."""
    course.grades = {(1, 7): "12"}
    pull()
    ledger.keystore._connection.execute("DELETE FROM subject_key")
    ledger.keystore._keys.clear()
    with raw() as connection:
        for table in ("current", "payload", "subject"):
            connection.execute(f"DELETE FROM {table}")
    (sealed,) = ledger.facts(course.idnumber)
    assert (sealed.fact, sealed.person) == (None, None)
    assert sealed.subject


def test_facts_payload_gone_without_an_erasure_is_refused(
    ledger: Ledger, course: Any, pull: Callable[[], int], raw: Callable[[], Any]
) -> None:
    course.grades = {(1, 7): "12"}
    pull()
    with raw() as connection:
        connection.execute("DELETE FROM payload")
    with pytest.raises(VerificationFailed, match="not erased"):
        list(ledger.facts(course.idnumber))


def test_facts_payloads_swapped_are_refused(
    ledger: Ledger, course: Any, pull: Callable[[], int], raw: Callable[[], Any]
) -> None:
    course.grades = {(1, 7): "12", (2, 7): "13"}
    pull()
    with raw() as connection:
        connection.execute("UPDATE payload SET id = id + 10")
        connection.execute("UPDATE payload SET id = 13 - id")
    with pytest.raises(VerificationFailed, match="commits to"):
        list(ledger.facts(course.idnumber))
