from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from databases import Database

from moodle_sync import canonical
from moodle_sync.errors import LedgerError, LedgerUnusable
from moodle_sync.facts.models import Vanished
from moodle_sync.ledger import Ledger, Staged
from moodle_sync.store.specs import SpecVersions


def _values(ledger: Ledger, course: Any) -> list[str]:
    """The history in short: the grade, or "gone", of each sealed fact."""
    facts = [sealed.fact for sealed in ledger.facts(course.idnumber)]
    return ["gone" if isinstance(fact, Vanished) else str(getattr(fact, "grade", "enrolled")) for fact in facts]


def test_stage_twice_adds_nothing_sealed_or_not(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "12", (1, 8): "9"}
    course.enrolled = {7, 8}
    assert ledger.stage(course.snapshot(), programme_digest=None, plan_id=None) == Staged(4, 0, 0, 0)
    assert ledger.stage(course.snapshot(), programme_digest=None, plan_id=None) == Staged(0, 0, 0, 4)  # only pending
    assert ledger.seal().facts == 4
    size = ledger.size()
    assert ledger.stage(course.snapshot(), programme_digest=None, plan_id=None) == Staged(0, 0, 0, 4)
    assert (ledger.seal().count, ledger.size(), ledger.pending()) == (0, size, 0)


@pytest.mark.parametrize("seal_each", [True, False])
def test_stage_a_b_a_gives_three_entries_each_pointing_at_the_last(
    ledger: Ledger, course: Any, seal_each: bool
) -> None:
    for value in ("12", "13", "12"):
        course.grades = {(1, 7): value}
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
        if seal_each:
            ledger.seal()
    ledger.seal()
    facts = list(ledger.facts(course.idnumber))
    assert _values(ledger, course) == ["12", "13", "12"]
    places = [(sealed.shard, sealed.idx) for sealed in facts]
    assert [sealed.previous for sealed in facts] == [None, *places[:2]]
    assert len({sealed.subject for sealed in facts}) == 1


@pytest.mark.parametrize("seal_each", [True, False])
def test_stage_a_vanished_a_gives_three_entries(ledger: Ledger, course: Any, seal_each: bool) -> None:
    counts = []
    for grades in ({(1, 7): "12"}, {}, {}, {(1, 7): "12"}, {(1, 7): "12"}):
        course.grades = grades
        counts.append(ledger.stage(course.snapshot(), programme_digest=None, plan_id=None))
        if seal_each:
            ledger.seal()
    ledger.seal()
    assert counts == [
        Staged(1, 0, 0, 0),
        Staged(0, 0, 1, 0),
        Staged(0, 0, 0, 0),
        Staged(0, 1, 0, 0),
        Staged(0, 0, 0, 1),
    ]
    assert _values(ledger, course) == ["12", "gone", "12"]
    gone = [sealed.fact for sealed in ledger.facts(course.idnumber)][1]
    assert isinstance(gone, Vanished)
    assert (gone.was, gone.object, gone.userid) == ("grade", "grade:1:7", 7)
    assert gone.wsfunction == "gradereport_user_get_grade_items"


def test_stage_incomplete_snapshot_lets_nothing_vanish(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "12"}
    course.enrolled = {7}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    course.grades, course.enrolled = {}, set()
    snapshot = course.snapshot(complete=False)
    assert ledger.stage(snapshot, programme_digest=None, plan_id=None).added == 0
    snapshot = course.snapshot().model_copy(update={"complete": frozenset({"enrolment"})})
    assert ledger.stage(snapshot, programme_digest=None, plan_id=None) == Staged(0, 0, 1, 0)
    ledger.seal()
    assert sorted(_values(ledger, course)) == ["12", "enrolled", "gone"]


def test_stage_order_of_moodles_pages_changes_nothing(ledger: Ledger, course: Any) -> None:
    course.grades = {(item, userid): f"{item}" for item in range(4) for userid in range(10, 15)}
    course.enrolled = set(range(10, 15))
    first = course.snapshot()
    ledger.stage(first, programme_digest=None, plan_id=None)
    for seed in range(10):
        facts = list(first.facts)
        random.Random(seed).shuffle(facts)
        shuffled = first.model_copy(update={"facts": (*facts, facts[0])})  # a page that overlaps the next
        assert ledger.stage(shuffled, programme_digest=None, plan_id=None) == Staged(0, 0, 0, 25)
    ledger.seal()
    assert len(_values(ledger, course)) == 25


def test_stage_one_object_with_two_values_is_refused_and_adds_nothing(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "12", (2, 7): "5"}
    snapshot = course.snapshot()
    other = snapshot.facts[0].model_copy(update={"locked": True})
    with pytest.raises(LedgerError, match="two different things of one grade"):
        ledger.stage(
            snapshot.model_copy(update={"facts": (*snapshot.facts, other)}), programme_digest=None, plan_id=None
        )
    assert ledger.pending() == 0


def test_stage_fact_of_another_course_is_refused(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "12"}
    with pytest.raises(ValueError, match="of another"):
        ledger.stage(course.snapshot(course="sag:other@1"), programme_digest=None, plan_id=None)


def test_stage_same_person_in_two_sessions_has_two_pseudonyms(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "12"}
    other = type(course)(idnumber="sag:other@1", grades={(2, 7): "12"})
    for one in (course, other):
        ledger.stage(one.snapshot(), programme_digest=None, plan_id=None)
    ledger.seal()
    (first,), (second,) = ledger.facts(course.idnumber), ledger.facts(other.idnumber)
    assert first.subject != second.subject
    assert first.person == second.person
    assert first.person is not None
    assert first.person.fullname == "Élève 7"


def test_stage_new_name_is_kept_and_is_no_entry(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    course.grades = {(1, 7): "12"}
    assert pull() == 1
    course.names = {7: "Zoé Néel"}
    assert pull() == 0
    (sealed,) = ledger.facts(course.idnumber)
    assert sealed.person is not None
    assert sealed.person.fullname == "Zoé Néel"
    nobody = course.snapshot().model_copy(update={"people": {}})
    ledger.stage(nobody, programme_digest=None, plan_id=None)
    (sealed,) = ledger.facts(course.idnumber)
    assert sealed.person.fullname == "Zoé Néel"  # type: ignore[union-attr]


def test_stage_definitions_are_stored_under_their_digest(ledger: Ledger, course: Any) -> None:
    definition = [{"criterion": "Clarté", "levels": ["0", "1"]}]
    digest = canonical.digest(definition)
    ledger.stage(course.snapshot(definitions={digest: definition}), programme_digest=None, plan_id=None)
    assert SpecVersions(ledger.store).get(digest) == definition
    with pytest.raises(ValueError, match="digest"):
        ledger.stage(course.snapshot(definitions={"00" * 32: definition}), programme_digest=None, plan_id=None)


def test_stage_lost_key_is_named_and_nothing_is_staged(ledger: Ledger, course: Any, tmp_path: Any) -> None:
    course.grades = {(1, 7): "12"}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    ledger.keystore._connection.execute("DELETE FROM subject_key")
    ledger.keystore._keys.clear()
    with pytest.raises(LedgerUnusable, match="keystore lacks a key"):
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    assert ledger.pending() == 2  # the fact and its run, as before


def test_stage_same_value_twice_has_two_commitments(ledger: Ledger, course: Any, raw: Callable[[], Any]) -> None:
    for value in ("12", "13", "12"):
        course.grades = {(1, 7): value}
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    ledger.seal()
    with raw() as connection:
        rows = connection.execute("SELECT commitment, nonce, ciphertext FROM payload").fetchall()
    assert [len({row[column] for row in rows}) for column in range(3)] == [3, 3, 3]


def test_stage_no_personal_text_is_in_the_databases_files(
    ledger: Ledger, course: Any, pull: Callable[[], int], database: Database
) -> None:
    course.grades = {(4711, 815): "12.75"}
    course.names = {815: "Zephyrine Quintefeuille"}
    pull()
    stored = database.held()
    assert b"sag:pouvoir-dagir@2026-02" in stored  # the search does find what is there
    for secret in (b"Zephyrine", b"4711", b"12.75", b"gradereport", b"2026-02-02"):
        assert secret not in stored, secret


def test_stage_an_object_of_whom_moodle_tells_nothing_is_neither_read_nor_gone(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "12", (1, 8): "9"}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    course.grades = {}
    snapshot = course.snapshot().model_copy(update={"untold": frozenset({("grade", 7)})})
    assert ledger.stage(snapshot, programme_digest=None, plan_id=None) == Staged(0, 0, 1, 0)
    ledger.seal()
    [gone] = [sealed.fact for sealed in ledger.facts(course.idnumber) if isinstance(sealed.fact, Vanished)]
    assert gone.userid == 8
