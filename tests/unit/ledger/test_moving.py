"""A ledger moves to another store and back without a byte of it changing, and is never at two places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from databases import Database, PostgresDatabase, SqliteDatabase
from pgserver import Server

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger import Ledger, Places, moving
from moodle_sync.ledger.erasing import Act
from moodle_sync.ledger.proving import prove
from moodle_sync.publish.file import FilePublisher, read_published
from moodle_sync.store import entries, open_store, tree
from moodle_sync.store import moving as rows
from moodle_sync.store.baseline import Baselines
from moodle_sync.store.engine import exists
from moodle_sync.store.journal import Journal
from moodle_sync.store.moving import contents
from moodle_sync.store.tables import metadata

WORDS = {"name": {"desired": "aa", "observed": "E\u0301valuation"}}


@pytest.fixture
def full(ledger: Ledger, course: Any, clock: Any, tmp_path: Path) -> Ledger:
    """Something in every table: two years, an erasure, a refusal, a run that was cut off, rows that wait."""
    (tmp_path / "outside").mkdir()
    publisher = FilePublisher(tmp_path / "outside")
    for year, value in ((2026, "1"), (2026, "2"), (2027, "3")):
        clock.now = datetime(year, 2, 3, tzinfo=UTC)
        course.grades = {(item, userid): value for item in range(60) for userid in (7, 8, 9, 10, 11)}
        definition = [f"grid {value}"]
        ledger.stage(course.snapshot(definitions={_digest(definition): definition}), programme_digest=None, plan_id="p")
        ledger.seal()
        ledger.checkpoint([publisher])
    names = sorted({sealed.subject for sealed in ledger.facts(course.idnumber)})
    ledger.erase(names[:1], Act("rgpd-17", "request", course.idnumber))
    ledger.refuse_erasure(names[1:2], Act("opco-3y", "legal_claims"), datetime(2030, 1, 1, tzinfo=UTC).date())
    ledger.checkpoint([publisher])
    journal = Journal(ledger.store, clock)
    step = journal.started(journal.open_run("main", "d", "apply"), "course", "k", "create", {"é": 1})
    journal.finished(step, "unknown", {})
    Baselines(ledger.store).put("main", "course", "k", WORDS)
    _fill_the_rest(ledger)
    course.grades = {(1, 8): "4"}
    ledger.stage(course.snapshot(complete=False), programme_digest=None, plan_id=None)
    return ledger


def _digest(content: list[str]) -> str:
    from moodle_sync import canonical

    return canonical.digest(content)


def _fill_the_rest(ledger: Ledger) -> None:
    from moodle_sync.store import copies, handouts
    from moodle_sync.store.sites import SitePin, SitePins
    from moodle_sync.store.specs import SpecVersions

    with ledger.store.write() as transaction:
        at = "2026-02-03T08:00:00Z"
        copies.register(transaction, kind="store", path="/backups/store-1", made_at=at, until=None, clean=0)
        handouts.register(transaction, kind="pack", path="/out/pack.zip", at=at, subjects=["ab" * 16])
    SitePins(ledger.store).pin(SitePin("main", "https://m.example.org", "ab", "sag", datetime(2026, 2, 3, tzinfo=UTC)))
    versions = SpecVersions(ledger.store)
    versions.bind("sag:a@1", versions.put("programme", {"hours": "70"}))


@pytest.fixture
def other(database: Database, pgserver: Server, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An empty place of the other kind."""
    if database.kind == "postgres":
        yield SqliteDatabase(tmp_path_factory.mktemp("other"))
        return
    place = PostgresDatabase(pgserver)
    yield place
    place.close()


PROVEN = ((2026, 0), (2026, 255), (2026, 400), (2027, 0), (2027, 300))


def _look(places: Places, clock: Any, proven: tuple[tuple[int, int], ...] = PROVEN) -> tuple[Any, ...]:
    """Everything: the rows of every table, the heads, each leaf, and the proofs of some."""
    with Ledger.open(places, readonly=True, clock=clock, environ={}) as ledger:
        with ledger.store.read() as transaction:
            heads = tree.heads(transaction)
            leaves = [row for head in heads for block in entries.blocks(transaction, head.shard) for row in block]
            held = contents(transaction)
        bundle = prove(ledger.store, ledger.keystore, proven)
        return held, heads, leaves, bundle


def _move(places: Places, clock: Any, to: str, outside: Path) -> moving.Moved:
    with Ledger.open(places, clock=clock, environ={}) as ledger:
        return moving.move(ledger.store, ledger.keystore, to, read_published(outside))


def test_move_there_and_back_every_byte_root_and_proof_is_the_same(
    full: Ledger,
    database: Database,
    other: Any,
    places: Places,
    course: Any,
    clock: Any,
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    full.close()
    before = _look(places, clock)
    empty = {name for name, copied in before[0].items() if not copied.rows}
    assert empty == set(), "a table that is empty would be moved untested"
    moved = _move(places, clock, other.url, tmp_path / "outside")
    there = replace(places, store_url=other.url)
    assert _look(there, clock) == before
    assert moved.rows == sum(copied.rows for copied in before[0].values())
    with pytest.raises(LedgerUnusable, match="has moved to"):
        Ledger.open(places, clock=clock, environ={})
    assert _look(places, clock) == before  # what was left behind can still be read
    with Ledger.open(there, clock=clock, environ={}) as ledger:  # and it goes on there
        assert ledger.seal().facts == 1
        course.grades = {(1, 8): "5", (1, 99): "6"}
        ledger.stage(course.snapshot(complete=False), programme_digest=None, plan_id=None)
        somebody = next(one for one in ledger.facts(course.idnumber) if one.fact and one.fact.userid != 8)
        ledger.erase([somebody.subject], Act("rgpd-17", "request"), despite_refusal=True)
        ledger.checkpoint([FilePublisher(tmp_path / "outside")])
        journal = Journal(ledger.store, clock)
        journal.started(journal.open_run("main", "e", "apply"), "course", "k", "update", {})
        found = ledger.verify(published=read_published(tmp_path / "outside"))
        assert (found.ok, found.unprotected_tail) == (True, 0), [check for check in found.checks if not check.ok]
    between = _look(there, clock)
    back = SqliteDatabase(tmp_path / "..") if database.kind == "sqlite" else PostgresDatabase(database.server)
    if database.kind == "sqlite":
        back.path = tmp_path / "back.db"
        back.url = f"sqlite:///{back.path}"
    try:
        _move(there, clock, back.url, tmp_path / "outside")
        assert _look(replace(places, store_url=back.url), clock) == between
        with Ledger.open(replace(places, store_url=back.url), clock=clock, environ={}) as ledger:
            assert ledger.seal().facts == 2
            assert ledger.verify(published=read_published(tmp_path / "outside")).ok
    finally:
        back.close()
    tell(
        f"{database.kind} → {other.kind} → {database.kind}: {moved.rows} rows of {len(before[0])} tables, "
        f"{len(before[2])} leaves, {len(before[1])} roots and {len(before[3].entries)} proofs the same"
    )


def test_move_everything_of_every_table_is_looked_at() -> None:
    """The fixture above has to fill each table; a new one must be added to it."""
    assert len(metadata.sorted_tables) == 24


@pytest.mark.only("sqlite")
def test_move_to_a_place_that_is_taken_is_refused(full: Ledger, other: Any, tmp_path: Path) -> None:
    def to(url: str) -> None:
        moving.move(full.store, full.keystore, url, None)

    taken = tmp_path / "taken.db"
    taken.write_bytes(b"mine")
    with pytest.raises(LedgerUnusable):
        to(f"sqlite:///{taken}")
    assert taken.read_bytes() == b"mine"
    with pytest.raises(LedgerUnusable, match="a store already"):
        to(full.store.url)
    with other.raw() as connection:
        connection.execute("CREATE TABLE run (mine int)")
    with pytest.raises(LedgerUnusable, match="database of its own"):
        to(other.url)
    assert full.seal().facts == 1  # and it is still here


@pytest.mark.only("sqlite")
def test_move_a_copy_that_is_not_the_same_leaves_the_ledger_where_it_is(
    full: Ledger, other: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = rows.copy

    def flipping(source: Any, target: Any) -> None:
        real(source, target)
        name = metadata.tables["subject"]
        target.execute(name.update().values(identity=b"flipped"))

    monkeypatch.setattr(rows, "copy", flipping)
    with pytest.raises(VerificationFailed, match="the copy does not hold"):
        moving.move(full.store, full.keystore, other.url, None)
    with pytest.raises(LedgerUnusable, match="has not arrived"):
        open_store(other.url)
    assert full.seal().facts == 1
    monkeypatch.undo()
    moving.move(full.store, full.keystore, other.url, None)  # what the first one left there is removed
    open_store(other.url).close()


def test_move_second_one_at_the_same_time_takes_nothing_away_from_the_first(
    full: Ledger, other: Any, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would make room where the first has just brought everything, and the first would leave for an empty store."""
    real, refused = moving.bring, []

    def bring(*arguments: Any) -> Any:
        found = real(*arguments)
        with open_store(places.store_url, busy_seconds=0.1) as second, pytest.raises(LedgerUnusable) as caught:
            moving.move(second, full.keystore, other.url, None)
        refused.append(caught.value.message)
        return found

    monkeypatch.setattr(moving, "bring", bring)
    moved = moving.move(full.store, full.keystore, other.url, None)
    assert refused == ["the store is locked by another process"]
    with open_store(other.url) as store, store.read() as transaction:
        assert tuple(tree.heads(transaction)) == moved.heads
        assert sum(copied.rows for copied in contents(transaction).values()) == moved.rows


def test_move_takes_no_place_that_another_ledger_is_on_its_way_to(full: Ledger, other: Any) -> None:
    rows.make_room(other.url, "sqlite:////srv/another.db")
    for act in (
        lambda: moving.move(full.store, full.keystore, other.url, None),
        lambda: rows.clear(other.url, full.store.url),
        lambda: moving.arrive(other.url, full.store.url, ()),
        lambda: moving.arrive(other.url, "sqlite:////srv/another.db", tuple(_heads(full))),  # not what was verified
    ):
        with pytest.raises(LedgerUnusable, match=r"another ledger is on its way|somebody else wrote"):
            act()
    with pytest.raises(LedgerUnusable, match="has not arrived"):
        open_store(other.url)
    assert full.seal().facts == 1
    rows.clear(other.url, "sqlite:////srv/another.db")
    assert not exists(other.url)
    moving.move(full.store, full.keystore, other.url, None)


def _heads(ledger: Ledger) -> list[tree.Head]:
    with ledger.store.read() as transaction:
        return tree.heads(transaction)


def test_move_writer_that_was_open_before_is_refused_afterwards(
    full: Ledger, course: Any, clock: Any, places: Places, other: Any, tmp_path: Path
) -> None:
    """A pull that goes on during the move must not sign another history of the same ledger."""
    _move(places, clock, other.url, tmp_path / "outside")
    for act in (full.seal, lambda: full.stage(course.snapshot(), programme_digest=None, plan_id=None)):
        with pytest.raises(LedgerUnusable, match="has moved to"):
            act()  # type: ignore[operator]


def test_move_killed_while_it_writes_is_here_or_there_and_never_both(
    ledger: Ledger,
    course: Any,
    database: Database,
    other: Any,
    places: Places,
    clock: Any,
    keep: Callable[[], Callable[[], None]],
    tmp_path: Path,
    killed_at: Callable[..., bool],
    tell: Callable[[str], None],
) -> None:
    (tmp_path / "outside").mkdir()
    course.grades = {(1, 7): "1", (1, 8): "2"}
    ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
    ledger.seal()
    ledger.checkpoint([FilePublisher(tmp_path / "outside")])
    ledger.close()
    before, restore, nothing = _look(places, clock, ((2026, 0),)), keep(), other.keep()
    there = replace(places, store_url=other.url)

    def work() -> None:
        with Ledger.open(places, readonly=True, clock=clock, environ={}) as ledger:
            done = moving.resume(places.store_url, ledger.keystore, other.url, None)
        if done is None:
            _move(places, clock, other.url, tmp_path / "outside")

    def writes(one: Places) -> bool:
        try:
            Ledger.open(one, clock=clock, environ={}).close()
        except LedgerUnusable:
            return False
        return True

    states: dict[str, int] = {}
    point = 0
    while True:
        point += 4
        restore()
        nothing()
        killed = killed_at(point, work)
        here, gone = writes(places), writes(there)
        assert not (here and gone), point
        if not killed:
            break
        state = "here" if here else "there" if gone else "on the way"
        states[state] = states.get(state, 0) + 1
        if not gone:
            work()
        assert (writes(places), writes(there)) == (False, True), point
        assert _look(there, clock, ((2026, 0),)) == before, point
    tell(f"move {database.kind} → {other.kind} killed at {sum(states.values())} of {point} writes: {states}")
    assert states["here"] > 5


def test_move_killed_between_leaving_and_arriving_is_ended_by_the_next_one(
    full: Ledger, other: Any, places: Places, clock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moving, "arrive", cut)
        with pytest.raises(KeyboardInterrupt):
            _move(places, clock, other.url, tmp_path / "outside")
    for one in (places, replace(places, store_url=other.url)):
        with pytest.raises(LedgerUnusable, match=r"has moved|has not arrived"):
            Ledger.open(one, clock=clock, environ={})
    with pytest.raises(LedgerUnusable, match="has moved to"):
        moving.resume(places.store_url, full.keystore, f"sqlite:///{tmp_path / 'elsewhere.db'}", None)
    assert moving.resume(places.store_url, full.keystore, other.url, None) is not None
    Ledger.open(replace(places, store_url=other.url), clock=clock, environ={}).close()
    with pytest.raises(LedgerUnusable, match="nothing is left to do"):
        moving.resume(places.store_url, full.keystore, other.url, None)
