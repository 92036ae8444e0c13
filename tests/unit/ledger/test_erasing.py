"""After an erasure nothing of the person is left in any file, and everything else still holds."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from databases import Database

from moodle_sync.errors import LedgerUnusable, PlanRefused, UsageError
from moodle_sync.ledger import Ledger, Places
from moodle_sync.ledger.entries import parse
from moodle_sync.ledger.erasing import Act
from moodle_sync.ledger.people import find
from moodle_sync.ledger.proving import prove
from moodle_sync.publish.file import FilePublisher, read_published
from moodle_sync.store import entries, erasures, open_store, payloads, pending

ACT = Act("rgpd-17", "request", "sag:pouvoir-dagir@2026-02")
ME = 16
STORE = {
    "payload": ("nonce", "ciphertext", "commitment"),
    "pending": ("commitment",),
    "current": ("ref", "value_mac"),
    "subject": ("lookup", "identity"),
}
KEYSTORE = {"salt": ("commitment", "wrapped"), "subject_key": ("wrapped",)}


def _pseudonym(ledger: Ledger, userid: int) -> str:
    with ledger.store.read() as transaction:
        (known,) = find(transaction, ledger.keystore, "main", f"userid:{userid}")
    return known.pseudonym


def _needles(database: Database, folder: Path, pseudonym: str) -> dict[str, list[bytes]]:
    """Every byte string by which something of a subject could be brought back, by table and column."""
    found: dict[str, list[bytes]] = {}

    def look(connection: Any, tables: dict[str, tuple[str, ...]]) -> None:
        for table, columns in tables.items():
            owner = "subject" if table in STORE and table != "subject" else "pseudonym"
            query = f"SELECT {', '.join(columns)} FROM {table} WHERE {owner} = ?"
            rows = connection.execute(query, (pseudonym,)).fetchall()
            for number, column in enumerate(columns):
                found[f"{table}.{column}"] = [row[number] for row in rows]

    with database.raw() as connection:
        look(connection, STORE)
    keystore = sqlite3.connect(folder / "keystore.db")
    look(keystore, KEYSTORE)
    keystore.close()
    return found


def _files(database: Database, folder: Path) -> bytes:
    held = b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    return held if database.kind == "sqlite" else held + database.held()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return tmp_path / "outside"


def _live(places: Places, outside: Path, course: Any, users: int) -> None:
    """Corrections, a new name, something that vanished, and something that is still pending."""
    outside.mkdir()
    now = datetime(2026, 2, 3, 8, 0, tzinfo=UTC)
    Ledger.init(places, clock=lambda: now, environ={})
    with Ledger.open(places, clock=lambda: now, environ={}) as ledger:
        for round_ in range(4):
            everything = [(item, userid) for item in range(5) for userid in (ME, *range(30, 30 + users))]
            course.grades = {(item, userid): f"{item}.{round_ * (userid % 3)}1" for item, userid in everything}
            course.names = {ME: f"Zéphyrine Quintefeuille {round_}"}
            ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
            if round_ < 3:
                ledger.seal()
                ledger.checkpoint([FilePublisher(outside)])
        del course.grades[0, ME]
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)


@pytest.fixture(scope="module")
def lives() -> dict[tuple[str, int], Any]:
    """Ledgers with a past, by kind of database and how many others there are: made once, and put back for each test."""
    return {}


@pytest.fixture
def live(
    lives: dict[tuple[str, int], Any],
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
    database: Database,
    places: Places,
    outside: Path,
    course: Any,
    reopen: Any,
) -> Callable[[int], Ledger]:
    def do(users: int) -> Ledger:
        name = (database.kind, users)
        if name not in lives:
            _live(places, outside, course, users)
            folder = tmp_path_factory.mktemp("life")
            shutil.copytree(tmp_path, folder, dirs_exist_ok=True)
            lives[name] = (folder, database.save(folder), course)
        folder, saved, told = lives[name]
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
        database.load(saved)
        course.grades, course.names, course.at = dict(told.grades), dict(told.names), told.at
        return reopen()

    return do


@pytest.fixture
def lived_in(live: Callable[[int], Ledger]) -> Iterator[Ledger]:
    with live(3) as ledger:
        yield ledger


def test_erase_leaves_nothing_that_the_search_could_find_before(
    live: Callable[[int], Ledger], course: Any, database: Database, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    lived_in, folder = live(30), tmp_path
    me = _pseudonym(lived_in, ME)
    key = lived_in.keystore.key(me)
    assert key is not None
    with lived_in.store.read() as transaction:
        places = payloads.places_of(transaction, [me])
        sealed = entries.get(transaction, places).values()
        rows = payloads.get(transaction, [row.payload for row in sealed]).values()
        plain = [key.decrypt(row.nonce, row.ciphertext, row.commitment) for row in rows]
        people = find(transaction, lived_in.keystore, "main", f"userid:{ME}")
    assert len(plain) == 15  # what was found is what it should be: decrypted, it says who and what
    assert all(json.loads(one)["userid"] == ME for one in plain)
    assert people[0].person.fullname == "Zéphyrine Quintefeuille 3"
    needles, held = _needles(database, folder, me), _files(database, folder)
    found = Counter({name: sum(one in held for one in values) for name, values in needles.items()})
    assert found == {name: len(values) for name, values in needles.items()}
    assert min(found.values()) > 0, found

    erased = lived_in.erase([me], ACT)
    assert (erased.subjects, erased.entries, erased.pending) == (1, 15, 6)
    assert erased.scrubbed == (database.kind == "sqlite")
    for state in ("open", "closed"):
        left = _files(database, folder)
        for name, values in needles.items():
            assert not [one for one in values if one in left], (state, name)
        for text in ("Quintefeuille", *(one.decode() for one in plain)):
            assert text.encode() not in left, state
        if state == "open":
            lived_in.close()
    tell(
        f"{sum(found.values())} byte strings of one person found before the erasure, none after, in the files of "
        f"{database.kind} and the keystore: {dict(found)}"
    )
    if database.kind == "postgres":
        log = b"".join(path.read_bytes() for path in sorted((database.server.data / "pg_wal").glob("0*")))
        kept = {name: sum(one in log for one in values) for name, values in needles.items()}
        tell(f"the same byte strings in pg_wal, which the server keeps for itself: {kept}")
        assert (kept["salt.wrapped"], kept["subject_key.wrapped"]) == (0, 0)  # nothing that could open the others


def test_erase_everything_else_still_holds(
    lived_in: Ledger, course: Any, outside: Path, reopen: Callable[[], Ledger]
) -> None:
    me = _pseudonym(lived_in, ME)
    with lived_in.store.read() as transaction:
        before = {row.idx: row for block in entries.blocks(transaction, 2026) for row in block}
        mine = set(payloads.places_of(transaction, [me]))
        others = {(2026, idx) for idx, row in before.items() if parse(row.leaf).kind == "observed"} - mine
    size = lived_in.size()
    proven = prove(lived_in.store, lived_in.keystore, sorted(others))
    erased = lived_in.erase([me], ACT)
    assert erased.entry == f"2026/{size}"
    lived_in.seal()
    lived_in.checkpoint([FilePublisher(outside)])
    with reopen() as ledger:
        verification = ledger.verify(published=read_published(outside))
        assert verification.ok, [check for check in verification.checks if not check.ok]
        assert any("15 were erased" in check.sentence for check in verification.checks)
        again = prove(ledger.store, ledger.keystore, sorted(others))
        assert [one.payload for one in again.entries] == [one.payload for one in proven.entries]
        assert [one.salt for one in again.entries] == [one.salt for one in proven.entries]
        erased_too = prove(ledger.store, ledger.keystore, sorted(mine))
        assert all(one.erased and one.salt is None for one in erased_too.entries)
        with ledger.store.read() as transaction:
            after = {row.idx: row for block in entries.blocks(transaction, 2026) for row in block}
        assert {idx: after[idx] for idx in before} == before
        leaf = parse(after[size].leaf)
        assert (leaf.kind, leaf.session, leaf.subject, leaf.commitment) == ("erasure", course.idnumber, None, None)
        assert leaf.content == {"policy": "rgpd-17", "reason": "request", "subjects": 1, "entries": 15, "pending": 6}
        facts = [sealed for sealed in ledger.facts(course.idnumber) if sealed.subject == me]
        assert [(sealed.fact, sealed.person) for sealed in facts] == [(None, None)] * 15
        with pytest.raises(UsageError, match="knows nobody"):
            _pseudonym(ledger, ME)


def test_erase_a_person_of_whom_moodle_tells_again_is_somebody_new(lived_in: Ledger, course: Any) -> None:
    me = _pseudonym(lived_in, ME)
    lived_in.erase([me], ACT)
    staged = lived_in.stage(course.snapshot(), programme_digest=None, plan_id=None)
    assert (staged.new, staged.changed, staged.vanished) == (4, 0, 0)
    lived_in.seal()
    new = _pseudonym(lived_in, ME)
    assert new != me
    back = [sealed for sealed in lived_in.facts(course.idnumber) if sealed.subject == new]
    assert [sealed.previous for sealed in back] == [None] * 4
    assert lived_in.verify().ok


def test_erase_whole_session_leaves_the_other_one(ledger: Ledger, course: Any) -> None:
    course.grades = {(1, 7): "1", (1, 8): "2"}
    other = type(course)(idnumber="sag:other@1", grades={(9, 7): "3"})
    for one in (course, other):
        ledger.stage(one.snapshot(), programme_digest=None, plan_id=None)
    ledger.seal()
    names = sorted({sealed.subject for sealed in ledger.facts(course.idnumber)})
    assert ledger.erase(names, ACT).entries == 2
    assert [sealed.fact for sealed in ledger.facts(course.idnumber)] == [None, None]
    assert all(sealed.fact is not None for sealed in ledger.facts(other.idnumber))
    assert ledger.verify().ok


def test_erase_killed_at_every_write_resumes(
    lived_in: Ledger,
    database: Database,
    places: Any,
    keep: Callable[[], Callable[[], None]],
    reopen: Callable[[], Ledger],
    tmp_path: Path,
    killed_at: Callable[..., bool],
    tell: Callable[[str], None],
) -> None:
    """Whatever was reached: opened again it is whole, and once resumed nothing is left and no leaf is doubled."""
    me = _pseudonym(lived_in, ME)
    needles = [one for values in _needles(database, tmp_path, me).values() for one in values]
    size = lived_in.size()
    lived_in.close()
    restore = keep()

    def work() -> None:
        with reopen() as ledger:
            ledger.erase([me], ACT)

    reached: Counter[str] = Counter()
    point = 0
    while True:
        point += 1
        restore()
        killed = killed_at(point, work)
        with open_store(places.store_url) as store, store.read() as transaction:
            row = [one.state for one in erasures.unfinished(transaction)]
        state = row[0] if row else "done" if killed is False else "not begun"
        with reopen() as ledger:
            verification = ledger.verify()
            assert verification.ok, (point, state, [check for check in verification.checks if not check.ok])
            begun = ledger.size() == size + 1
            assert begun == (state in ("started", "erased", "done")), (point, state)
            if begun:
                ledger.finish_erasures(scrub=True)
            else:
                ledger.erase([me], ACT)
            assert ledger.size() == size + 1, point
            assert ledger.verify().ok, point
            with ledger.store.read() as transaction:
                assert erasures.unfinished(transaction) == [], point
        left = _files(database, tmp_path)
        assert not [one for one in needles if one in left], (point, state)
        if not killed:
            break
        reached[state] += 1
    tried = f"erasure on {database.kind} killed before each of {point - 1} writes"
    tell(f"{tried}, every one resumed; reached by then: {dict(reached)}")
    assert set(reached) >= {"not begun", "started", "erased"}


def test_erase_cut_off_after_the_keys_is_named_by_a_reader_and_finished_by_the_next_writer(
    lived_in: Ledger, course: Any, places: Any, reopen: Callable[[], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    me = _pseudonym(lived_in, ME)

    def cut(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(erasures, "delete_subjects", cut)
        with pytest.raises(KeyboardInterrupt):
            lived_in.erase([me], ACT)
    lived_in.close()
    with Ledger.open(places, readonly=True, environ={}) as reader:
        failed = [check for check in reader.verify().checks if not check.ok]
        assert "erasures" in {check.name for check in failed}
        assert any("ledger erase --resume" in check.sentence for check in failed)
        gone = [sealed for sealed in reader.facts(course.idnumber) if sealed.subject == me]
        assert gone
        assert all(sealed.fact is None and sealed.person is None for sealed in gone)
    with reopen() as ledger:
        checks = {check.name: check for check in ledger.verify().checks}
        assert checks["erasures"].ok
        assert "remnants may be left" in checks["erasures"].sentence
        assert all(check.ok for check in checks.values())
        ledger.finish_erasures(scrub=True)
        assert not any("remnants" in check.sentence for check in ledger.verify().checks)


def test_erase_while_another_process_reads_says_that_remnants_may_be_left(
    lived_in: Ledger, places: Any, clock: Any
) -> None:
    me = _pseudonym(lived_in, ME)
    store, lived_in.store = lived_in.store, open_store(places.store_url, busy_seconds=0.05)
    with open_store(places.store_url) as other:
        with other.read() as transaction:
            assert pending.count(transaction)  # from here on it holds its view
            with pytest.raises(LedgerUnusable, match="may still lie"):
                lived_in.erase([me], ACT)
        assert lived_in.finish_erasures(scrub=True) == 0
    lived_in.store.close()
    lived_in.store = store
    assert lived_in.verify().ok


def test_erase_in_a_new_year_closes_the_old_one_first(lived_in: Ledger, clock: Any) -> None:
    clock.now = datetime(2027, 1, 5, tzinfo=UTC)
    assert lived_in.erase([_pseudonym(lived_in, ME)], ACT).entry == "2027/1"
    assert lived_in.verify().ok


def test_refuse_stands_until_its_end(lived_in: Ledger, course: Any, clock: Any) -> None:
    me = _pseudonym(lived_in, ME)
    act = Act("opco-3y", "legal_obligation", course.idnumber)
    entry = lived_in.refuse_erasure([me], act, date(2029, 12, 31))
    with lived_in.store.read() as transaction:
        shard, _, idx = entry.partition("/")
        leaf = parse(entries.get(transaction, [(int(shard), int(idx))])[int(shard), int(idx)].leaf)
    assert leaf.content == {
        "policy": "opco-3y",
        "reason": "legal_obligation",
        "refused": 1,
        "until": "2029-12-31",
        "entries": 0,
    }
    with pytest.raises(PlanRefused, match="until 2029-12-31"):
        lived_in.erase([me], ACT)
    assert lived_in.verify().ok
    clock.now = datetime(2030, 1, 1, tzinfo=UTC)
    assert lived_in.erase([me], ACT).entries == 15
    assert lived_in.verify().ok
    with lived_in.store.read() as transaction:
        assert erasures.refusals(transaction, [me]) == []


def test_refuse_can_be_lifted(lived_in: Ledger) -> None:
    me = _pseudonym(lived_in, ME)
    lived_in.refuse_erasure([me], Act("opco-3y", "legal_claims"), date(2029, 12, 31))
    assert lived_in.erase([me], ACT, despite_refusal=True).subjects == 1


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (Act("rgpd-17", "because"), "not a reason; there are: .*request"),
        (Act("Zoé Néel asked", "request"), "cannot be the name"),
        (Act("", "request"), "cannot be the name"),
    ],
)
def test_erase_words_that_may_not_stand_in_a_leaf_are_refused(ledger: Ledger, act: Act, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ledger.erase(["00" * 16], act)
    assert ledger.size() == 0


def test_refuse_needs_an_end_in_the_future(lived_in: Ledger) -> None:
    act = Act("opco-3y", "legal_claims")
    with pytest.raises(UsageError, match="in the future"):
        lived_in.refuse_erasure([_pseudonym(lived_in, ME)], act, date(2026, 2, 3))
    with pytest.raises(UsageError, match="nothing to refuse"):
        lived_in.refuse_erasure([], act, date(2029, 1, 1))
    with pytest.raises(UsageError, match="nothing to erase"):
        lived_in.erase([], ACT)


def test_journal_forgets_whose_pseudonyms_belonged_together(lived_in: Ledger, raw: Callable[[], Any]) -> None:
    lived_in.erase([_pseudonym(lived_in, ME)], ACT)
    with raw() as connection:
        rows = connection.execute("SELECT state, subjects, scope FROM erasure").fetchall()
    assert rows == [("done", None, ACT.scope)]
