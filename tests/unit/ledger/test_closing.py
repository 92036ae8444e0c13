"""The yearly closing is the last leaf of its year, once, under its last checkpoint, and nothing takes it back."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.errors import LedgerUnusable, PlanRefused, UsageError
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.entries import Leaf, parse
from moodle_sync.ledger.erasing import Act
from moodle_sync.ledger.exporting import exported
from moodle_sync.ledger.people import everybody
from moodle_sync.publish.file import FilePublisher, read_published
from moodle_sync.store import checkpoints, entries

IN_2027 = datetime(2027, 1, 4, 3, tzinfo=UTC)


def count(ledger: Ledger, year: int) -> dict[str, Any]:
    """As simple as can be: what the workflow would count is tested with it."""
    rows = [row for row in exported(ledger.store, ledger.keystore) if row.leaf.kind == "observed"]
    return {"year": year, "facts": len(rows), "erased": sum(row.erased for row in rows)}


@pytest.fixture
def reopen(places: Any, clock: Any) -> Callable[[], Ledger]:
    return lambda: Ledger.open(places, clock=clock, environ={}, count=count)


@pytest.fixture
def lived_in(ledger: Ledger, course: Any, clock: Any, tmp_path: Path) -> Ledger:
    """A year with two pulls, signed and published as every night."""
    (tmp_path / "outside").mkdir()
    for value in ("1", "2"):
        course.grades = {(1, 7): value, (1, 8): "3"}
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
        ledger.seal()
        ledger.checkpoint([FilePublisher(tmp_path / "outside")])
    clock.now = IN_2027
    return ledger


def leaves(ledger: Ledger, shard: int) -> list[Leaf]:
    with ledger.store.read() as transaction:
        return [parse(row.leaf) for block in entries.blocks(transaction, shard) for row in block]


def signed(ledger: Ledger, shard: int) -> int:
    with ledger.store.read() as transaction:
        last = checkpoints.last(transaction, shard)
    assert last is not None
    return last.size


def test_first_seal_of_a_year_closes_the_old_one(lived_in: Ledger, course: Any, tmp_path: Path) -> None:
    assert lived_in.seal().count == 0
    assert lived_in.closings() == []  # nothing to seal, nothing to close
    course.grades[1, 7] = "4"
    lived_in.stage(course.snapshot(), programme_digest=None, plan_id=None)
    lived_in.seal()
    lived_in.checkpoint([FilePublisher(tmp_path / "outside")])
    old, new = leaves(lived_in, 2026), leaves(lived_in, 2027)
    assert [leaf.kind for leaf in old].count("closing") == 1
    assert old[-1].kind == "closing"
    assert old[-1].content == {"year": 2026, "facts": 3, "erased": 0}
    assert (old[-1].subject, old[-1].session, old[-1].commitment) == (None, None, None)
    assert signed(lived_in, 2026) == len(old)
    assert [leaf.kind for leaf in new] == ["checkpoint", "observed", "run"]
    checked = lived_in.verify(published=read_published(tmp_path / "outside"))
    assert checked.ok, [one for one in checked.checks if not one.ok]


def test_closing_by_hand_is_the_same_and_the_seal_after_it_adds_none(lived_in: Ledger, course: Any) -> None:
    made = lived_in.close_year(2026)
    assert (made.number, made.content["facts"]) == ("2026/5", 3)
    assert signed(lived_in, 2026) == 6
    course.grades[1, 7] = "4"
    lived_in.stage(course.snapshot(), programme_digest=None, plan_id=None)
    lived_in.seal()
    assert [one.number for one in lived_in.closings()] == ["2026/5"]
    assert lived_in.verify().ok


def test_closing_twice_is_refused_and_a_correction_points_at_the_first(lived_in: Ledger, course: Any) -> None:
    lived_in.close_year(2026)
    with pytest.raises(PlanRefused, match=r"(?s)2026 is closed, entry 2026/5.*--correct"):
        lived_in.close_year(2026)
    course.grades[2, 7] = "4"
    lived_in.stage(course.snapshot(), programme_digest=None, plan_id=None)
    lived_in.seal()
    made = lived_in.close_year(2026, correct=True)
    assert made.content == {"year": 2026, "facts": 4, "erased": 0, "corrects": "2026/5"}
    assert made.number == "2027/3"
    assert leaves(lived_in, 2027)[-1].previous == (2026, 5)
    assert leaves(lived_in, 2026)[5].content == {"year": 2026, "facts": 3, "erased": 0}
    again = lived_in.close_year(2026, correct=True)
    assert again.content["corrects"] == "2027/3"
    assert lived_in.verify().ok


def test_erasure_after_it_changes_nothing_and_forbids_to_count_again(lived_in: Ledger) -> None:
    lived_in.close_year(2026)
    before = leaves(lived_in, 2026)
    with lived_in.store.read() as transaction:
        names = [one.pseudonym for one in everybody(transaction, lived_in.keystore, "main")]
    lived_in.erase(names, Act("rgpd-17", "request"))
    assert leaves(lived_in, 2026) == before
    assert lived_in.closings()[0].content["facts"] == 3
    with pytest.raises(PlanRefused, match="3 entries that closing 2026/5 counted were erased since"):
        lived_in.close_year(2026, correct=True)
    assert lived_in.verify().ok


def test_erasure_that_opens_a_year_closes_the_old_one_before_it_erases(lived_in: Ledger) -> None:
    with lived_in.store.read() as transaction:
        names = [one.pseudonym for one in everybody(transaction, lived_in.keystore, "main")]
    lived_in.erase(names, Act("rgpd-17", "request"))
    assert leaves(lived_in, 2026)[-1].content == {"year": 2026, "facts": 3, "erased": 0}
    assert [leaf.kind for leaf in leaves(lived_in, 2027)] == ["checkpoint", "erasure"]


@pytest.mark.parametrize(("year", "words"), [(2027, "is not over"), (2028, "is not over"), (2025, "holds nothing")])
def test_closing_of_another_year_is_refused(lived_in: Ledger, year: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        lived_in.close_year(year)
    with pytest.raises(PlanRefused, match="nothing to correct"):
        lived_in.close_year(2026, correct=True)
    assert lived_in.closings() == []


def test_year_that_ended_without_a_closing_can_be_closed_later(
    lived_in: Ledger, course: Any, places: Any, clock: Any, reopen: Callable[[], Ledger]
) -> None:
    lived_in.close()
    with Ledger.open(places, clock=clock, environ={}) as plain:  # as an older version sealed it
        course.grades[1, 7] = "4"
        plain.stage(course.snapshot(), programme_digest=None, plan_id=None)
        plain.seal()
        assert plain.closings() == []
        with pytest.raises(LedgerUnusable, match="nothing can be closed"):
            plain.close_year(2026)
    with reopen() as ledger:
        made = ledger.close_year(2026)
        assert (made.number, made.content.get("corrects")) == ("2027/3", None)
        assert ledger.verify().ok


def test_closing_killed_at_every_write_is_there_once(
    lived_in: Ledger,
    course: Any,
    reopen: Callable[[], Ledger],
    tmp_path: Path,
    killed_at: Callable[..., bool],
    tell: Callable[[str], None],
) -> None:
    course.grades[1, 7] = "4"
    lived_in.stage(course.snapshot(), programme_digest=None, plan_id=None)
    lived_in.close()
    kept = tmp_path.with_name(f"{tmp_path.name}-kept")
    shutil.copytree(tmp_path, kept)

    def work() -> None:
        with reopen() as ledger:
            ledger.seal()

    reached: Counter[str] = Counter()
    point, killed = 0, True
    while killed:
        point += 1
        shutil.rmtree(tmp_path)
        shutil.copytree(kept, tmp_path)
        killed = killed_at(point, work)
        with reopen() as ledger:
            reached[f"{len(ledger.closings())} closing, {len(leaves(ledger, 2027))} in 2027"] += killed
            ledger.seal()
            assert [leaf.kind for leaf in leaves(ledger, 2026)].count("closing") == 1, point
            assert signed(ledger, 2026) == len(leaves(ledger, 2026)), point
            assert [leaf.kind for leaf in leaves(ledger, 2027)] == ["checkpoint", "observed", "run"], point
            assert ledger.verify().ok, point
    shutil.rmtree(kept)
    tell(f"closing killed before each of {point - 1} writes; reached: {json.dumps(reached)}")
    assert len(reached) >= 2
