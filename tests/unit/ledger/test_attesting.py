"""What is attested is staged whole or not at all, and is never mixed up with what was observed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from databases import Database

from moodle_sync.errors import LedgerError
from moodle_sync.facts.attested import Attached, Convocation, Derogation, parse_any, parse_attested
from moodle_sync.facts.models import Person
from moodle_sync.ledger import Ledger, Staged
from moodle_sync.ledger.entries import parse
from moodle_sync.store import entries

FILE = Attached(name="lettre.pdf", sha256="ab" * 32, size=12)


def _letter(userid: int, channel: Any = "email", course: str = "sag:pouvoir-dagir@2026-02") -> Convocation:
    return Convocation(
        course=course,
        userid=userid,
        occurred_at=datetime(2026, 1, 5, tzinfo=UTC),
        attested_by="Ana Roux",
        file=FILE,
        channel=channel,
    )


def _attest(ledger: Ledger, *facts: Any) -> Staged:
    return ledger.attest("main", facts, people={7: Person(userid=7, fullname="Élève 7")}, programmes={})


def test_attest_same_and_other_content(ledger: Ledger, course: Any) -> None:
    assert _attest(ledger, _letter(7), _letter(8)) == Staged(2, 0, 0, 0)
    assert _attest(ledger, _letter(7), _letter(8)) == Staged(0, 0, 0, 2)  # pending counts too
    ledger.seal()
    assert _attest(ledger, _letter(8, "post"), _letter(7)) == Staged(0, 1, 0, 1)
    ledger.seal()
    first, second, third = ledger.attested(course.idnumber)
    assert third.previous in {(one.shard, one.idx) for one in (first, second)}
    assert list(ledger.facts(course.idnumber)) == []
    names = {one.person.fullname for one in (first, second) if one.person is not None}
    assert names == {"Élève 7", ""}
    assert ledger.verify().ok


def test_attest_leaf_says_nothing_of_a_person(ledger: Ledger, database: Database) -> None:
    _attest(ledger, _letter(7))
    ledger.seal()
    with ledger.store.read() as transaction:
        rows = [row for block in entries.blocks(transaction, 2026) for row in block]
    leaf, run = (parse(row.leaf) for row in rows)
    assert (leaf.kind, leaf.session, len(leaf.commitment or "")) == ("attested", "sag:pouvoir-dagir@2026-02", 64)
    assert run.content == {"source": "attest", "new": 1, "changed": 0}
    stored = database.held()
    for secret in (b"lettre", b"abababab", b"Ana Roux", b"convocation", b"2026-01-05"):
        assert secret not in stored, secret


def test_attest_two_contents_of_one_thing_is_refused_and_adds_nothing(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="two different things"):
        _attest(ledger, _letter(7), _letter(8), _letter(8, "post"))
    assert ledger.pending() == 0


def test_attest_pull_shares_the_pseudonym_and_lets_nothing_vanish(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "12"}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    _attest(ledger, _letter(7))
    assert ledger.stage(course.snapshot(), programme_digest=None, plan_id=None) == Staged(0, 0, 0, 1)
    ledger.seal()
    (sealed,), (letter,) = ledger.facts(course.idnumber), ledger.attested(course.idnumber)
    assert sealed.subject == letter.subject
    assert sealed.person == letter.person
    assert letter.person is not None
    assert letter.person.username == "u7"  # what is known elsewhere does not replace what this session knows
    assert ledger.verify().ok


def test_attest_killed_at_every_write_is_whole_or_not_there(
    ledger: Ledger,
    keep: Callable[[], Callable[[], None]],
    reopen: Callable[[], Ledger],
    killed_at: Callable[..., bool],
    tell: Callable[[str], None],
) -> None:
    ledger.close()
    restore = keep()

    def work() -> None:
        with reopen() as mine:
            _attest(mine, _letter(7), _letter(8))
            mine.seal()

    point = -1
    while True:
        point += 2
        restore()
        killed = killed_at(point, work)
        with reopen() as mine:
            assert mine.pending() + mine.size() in (0, 3), point
            work()
            assert mine.size() == 3, point
            assert mine.verify().ok, point
        if not killed:
            break
    tell(f"attesting killed before {point // 2} of {point - 1} writes: all or nothing each time, and every one resumed")
    assert point > 10


def test_parse_any_tells_the_two_unions_apart() -> None:
    letter = _letter(7)
    assert parse_any(letter.payload()) == letter
    derogation = Derogation(
        course="site", userid=0, occurred_at=datetime(2026, 1, 5, tzinfo=UTC), attested_by="Ana", file=FILE,
        reference="X-1", rule="délai", author="Ana", reason="désistement",
    )  # fmt: skip
    assert parse_attested(derogation.payload()) == derogation
    with pytest.raises(ValueError, match="does not match any of the expected tags"):
        parse_any({**letter.payload(), "kind": "rumour"})


@pytest.mark.parametrize("reference", ["", " ", "a:b", "x" * 101, "a\nb"])
def test_reference_is_one_that_can_name_a_thing(reference: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        Derogation(
            course="site", userid=0, occurred_at=datetime(2026, 1, 5, tzinfo=UTC), attested_by="Ana", file=FILE,
            reference=reference, rule="délai", author="Ana", reason="désistement",
        )  # fmt: skip
