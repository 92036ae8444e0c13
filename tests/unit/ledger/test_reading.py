from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from moodle_sync.errors import VerificationFailed
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
        connection.execute("UPDATE payload SET idx = idx + 10")
        connection.execute("UPDATE payload SET idx = 11 - idx")
    with pytest.raises(VerificationFailed, match="commits to"):
        list(ledger.facts(course.idnumber))
