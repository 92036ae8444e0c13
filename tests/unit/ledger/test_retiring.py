"""A class of data whose retention is over goes from every file; the rest of the person, and every proof, stays."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from databases import Database

from moodle_sync.errors import LedgerError, UsageError, VerificationFailed
from moodle_sync.facts.attested import parse_any, parse_attested
from moodle_sync.facts.models import Grade
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.entries import parse
from moodle_sync.ledger.people import find
from moodle_sync.ledger.proving import prove
from moodle_sync.ledger.retiring import Retirement, held
from moodle_sync.publish.file import FilePublisher, read_published
from moodle_sync.store import entries, erasures, open_store, payloads, specs

COURSE = "sag:pouvoir-dagir@2026-02"
ME, ONLY_GRADES, REFUSED = 16, 17, 18
UNTIL = date(2030, 3, 31)


def grades(spared: tuple[str, ...] = ()) -> Retirement:
    return Retirement(
        site="main",
        scope=COURSE,
        classes=("assessment",),
        kinds=("grade", "quiz_attempt"),
        policy="qualiopi-4y",
        basis={"policy": "qualiopi-4y", "keep": "4y"},
        until=UNTIL,
        spared=spared,
    )


def pseudonym_in(ledger: Ledger, userid: int) -> str:
    with ledger.store.read() as transaction:
        (known,) = find(transaction, ledger.keystore, "main", f"userid:{userid}", COURSE)
    return known.pseudonym


@pytest.fixture
def lived_in(ledger: Ledger, course: Any, clock: Any, tmp_path: Path) -> Ledger:
    """Grades with corrections and one that vanished; two of three are enrolled too; one more learner elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    course.enrolled = {ME, REFUSED}
    for round_ in range(3):
        course.grades = {(n, user): f"{n}.{round_}{user % 7 + 1}" for n in range(4) for user in (ME, 17, 18)}
        if round_ == 2:
            del course.grades[0, ME]
        ledger.stage(course.snapshot(), programme_digest=None, plan_id=None)
        ledger.seal()
        ledger.checkpoint([FilePublisher(outside)])
    other = type(course)(idnumber="sag:other@1", grades={(9, ME): "3"})
    ledger.stage(other.snapshot(), programme_digest=None, plan_id=None)
    ledger.seal()
    clock.now = datetime(2030, 4, 1, 3, tzinfo=UTC)
    ledger.seal()
    return ledger


def needles(database: Database, folder: Path, ledger: Ledger, subject: str) -> dict[str, list[bytes]]:
    """Every byte string by which a subject's grades could be brought back, by table and column."""
    with ledger.store.read() as transaction:
        places = [one.place for one in held(ledger.store, ledger.keystore, "main") if one.subject == subject]
        sealed = entries.get(transaction, places)
        leaves = {place: parse(row.leaf) for place, row in sealed.items()}
        numbers = {place: row.payload for place, row in sealed.items()}
        key = ledger.keystore.key(subject)
        assert key is not None
        found_rows = payloads.get(transaction, numbers.values())
        rows = {place: found_rows[number or 0] for place, number in numbers.items()}
        said = {
            place: json.loads(key.decrypt(row.nonce, row.ciphertext, row.commitment)) for place, row in rows.items()
        }
    mine = [place for place, one in said.items() if one["kind"] in ("grade", "vanished")]
    found: dict[str, list[bytes]] = {
        "payload.nonce": [rows[place].nonce for place in mine],
        "payload.ciphertext": [rows[place].ciphertext for place in mine],
    }
    with database.raw() as store:
        query = "SELECT ref, value_mac, payload FROM current WHERE subject = ?"
        current = store.execute(query, (subject,)).fetchall()
    keystore = sqlite3.connect(folder / "keystore.db")
    states = [row for row in current if row[2] in {numbers[place] for place in mine}]
    found["current.ref"], found["current.value_mac"] = [row[0] for row in states], [row[1] for row in states]
    commitments = {bytes.fromhex(leaves[place].commitment or "") for place in mine}
    salts = keystore.execute("SELECT commitment, wrapped FROM salt").fetchall()
    found["salt.wrapped"] = [wrapped for commitment, wrapped in salts if commitment in commitments]
    keystore.close()
    return found


def files(database: Database, folder: Path) -> bytes:
    mine = b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    return mine if database.kind == "sqlite" else mine + database.held()


def test_held_names_what_vanished_by_what_it_was(lived_in: Ledger) -> None:
    counted = Counter((one.scope, one.kind) for one in held(lived_in.store, lived_in.keystore, "main"))
    assert counted == {(COURSE, "grade"): 36, (COURSE, "enrolment"): 2, ("sag:other@1", "grade"): 1}
    assert list(held(lived_in.store, lived_in.keystore, "elsewhere")) == []


def test_retire_leaves_nothing_of_the_class_that_the_search_could_find_before(
    lived_in: Ledger, database: Database, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    me, gone, refused = (pseudonym_in(lived_in, user) for user in (ME, ONLY_GRADES, REFUSED))
    wanted, kept = needles(database, tmp_path, lived_in, me), needles(database, tmp_path, lived_in, refused)
    before = files(database, tmp_path)
    found = {name: sum(one in before for one in values) for name, values in wanted.items()}
    assert found == {name: len(values) for name, values in wanted.items()}
    assert min(found.values()) > 0, found
    done = lived_in.retire(grades(spared=(refused,)))
    lived_in.finish_erasures(scrub=True)
    assert (done.subjects, done.entries, done.pending) == (1, 24, 0)  # of one learner nothing else was held
    for state in ("open", "closed"):
        left = files(database, tmp_path)
        assert not [one for values in wanted.values() for one in values if one in left], state
        assert all(one in left for values in kept.values() for one in values), state
        if state == "closed":
            break
        assert lived_in.keystore.key(me) is not None
        assert lived_in.keystore.key(gone) is None
        lived_in.close()
    tell(f"{sum(found.values())} byte strings of one person's grades found before, none after: {found}")


def test_retire_everything_else_still_holds(lived_in: Ledger, course: Any, tmp_path: Path) -> None:
    with lived_in.store.read() as transaction:
        before = {row.idx: row for block in entries.blocks(transaction, 2026) for row in block}
    stays = [one.place for one in held(lived_in.store, lived_in.keystore, "main") if one.kind == "enrolment"]
    proven = prove(lived_in.store, lived_in.keystore, stays)
    done = lived_in.retire(grades())
    assert (done.subjects, done.entries, done.entry) == (1, 36, "2030/1")
    checked = lived_in.verify(published=read_published(tmp_path / "outside"))
    assert checked.ok, [one for one in checked.checks if not one.ok]
    assert any("36 were erased" in one.sentence for one in checked.checks)
    again = prove(lived_in.store, lived_in.keystore, stays)
    assert [one.payload for one in again.entries] == [one.payload for one in proven.entries]
    with lived_in.store.read() as transaction:
        after = {row.idx: row for block in entries.blocks(transaction, 2026) for row in block}
        leaf = parse(entries.get(transaction, [(2030, 1)])[2030, 1].leaf)
    assert after == before
    assert (leaf.kind, leaf.session, leaf.subject, leaf.commitment) == ("erasure", COURSE, None, None)
    assert isinstance(leaf.content, dict)
    basis = leaf.content.pop("basis")
    assert leaf.content == {
        "policy": "qualiopi-4y",
        "reason": "retention_over",
        "classes": ["assessment"],
        "until": "2030-03-31",
        "subjects": 1,
        "entries": 36,
        "pending": 0,
    }
    with lived_in.store.read() as transaction:
        assert json.loads(dict(specs.every(transaction))[basis])["keep"] == "4y"
    gone = prove(
        lived_in.store, lived_in.keystore, [(2026, idx) for idx, row in before.items() if b"observed" in row.leaf]
    )
    assert sum(one.erased and one.salt is None for one in gone.entries) == 36
    facts = list(lived_in.facts(COURSE))
    assert [one.fact.kind for one in facts if one.fact is not None] == ["enrolment"] * 2
    assert [one.fact for one in lived_in.facts("sag:other@1")] != [None]
    with pytest.raises(UsageError, match="nothing of grade, quiz_attempt is left"):
        lived_in.retire(grades())


def test_retired_kinds_are_not_entered_again_and_the_others_are(lived_in: Ledger, course: Any) -> None:
    lived_in.retire(grades())
    course.grades |= {(77, ME): "1", (1, ME): "19.9"}
    course.enrolled = {ME, ONLY_GRADES}
    staged = lived_in.stage(course.snapshot(), programme_digest=None, plan_id=None)
    assert (staged.new, staged.changed, staged.vanished) == (1, 0, 1)  # an enrolment came, another went
    lived_in.seal()
    assert not [one for one in lived_in.facts(COURSE) if isinstance(one.fact, Grade)]
    other = type(course)(idnumber="sag:other@1", grades={(9, ME): "4"})
    assert lived_in.stage(other.snapshot(), programme_digest=None, plan_id=None).changed == 1
    lived_in.seal()
    assert lived_in.verify().ok


def test_retired_kinds_of_somebody_spared_stay_and_do_not_vanish(lived_in: Ledger, course: Any) -> None:
    refused = pseudonym_in(lived_in, REFUSED)
    lived_in.retire(grades(spared=(refused,)))
    course.grades = {}  # the course was emptied in Moodle
    assert lived_in.stage(course.snapshot(), programme_digest=None, plan_id=None).added == 0
    lived_in.seal()
    kept = [one for one in lived_in.facts(COURSE) if isinstance(one.fact, Grade)]
    assert {one.subject for one in kept} == {refused}
    assert len(kept) == 12
    lived_in.retire(grades())  # the refusal has ended
    assert not [one for one in lived_in.facts(COURSE) if isinstance(one.fact, Grade)]
    assert lived_in.verify().ok


def test_retired_class_takes_no_attestation(lived_in: Ledger) -> None:
    sheet = {"name": "a.pdf", "sha256": "ab" * 32, "size": 3}
    fact = parse_attested(
        {
            "kind": "convocation",
            "course": COURSE,
            "userid": ME,
            "occurred_at": "2026-02-01T00:00:00Z",
            "attested_by": "Z",
            "file": sheet,
            "channel": "post",
        }
    )
    lived_in.attest("main", [fact], people={}, programmes={})
    lived_in.seal()
    item = grades()
    lived_in.retire(Retirement(**{**vars(item), "kinds": ("convocation",)}))
    with pytest.raises(UsageError, match="retention of convocation is over"):
        lived_in.attest("main", [fact.model_copy(update={"channel": "email"})], people={}, programmes={})


def test_retire_waits_for_the_sealer(lived_in: Ledger, course: Any) -> None:
    course.grades[1, ME] = "20"
    lived_in.stage(course.snapshot(), programme_digest=None, plan_id=None)
    with pytest.raises(LedgerError, match="not sealed"):
        lived_in.retire(grades())


@pytest.mark.parametrize("salt_too", [False, True])
def test_payload_that_was_just_deleted_is_still_found(
    lived_in: Ledger, raw: Callable[[], Any], tmp_path: Path, reopen: Callable[[], Ledger], salt_too: bool
) -> None:
    """A retention erasure excuses as many payloads as its entry says, and not one more."""
    refused = pseudonym_in(lived_in, REFUSED)
    lived_in.retire(grades(spared=(refused,)))
    (place,) = [
        one.place
        for one in held(lived_in.store, lived_in.keystore, "main")
        if (one.subject, one.kind) == (refused, "enrolment")
    ]
    lived_in.close()
    with raw() as connection:
        number = connection.execute("SELECT payload FROM entry WHERE shard = ? AND idx = ?", place).fetchone()
        commitment = connection.execute("SELECT commitment FROM payload WHERE id = ?", number).fetchone()
        connection.execute("DELETE FROM current WHERE payload = ?", number)
        connection.execute("DELETE FROM payload WHERE id = ?", number)
    if salt_too:
        keystore = sqlite3.connect(tmp_path / "keystore.db")
        keystore.execute("DELETE FROM salt WHERE commitment = ?", commitment)
        keystore.commit()
        keystore.close()
    with reopen() as ledger:
        failed = {one.name: one.sentence for one in ledger.verify().checks if not one.ok}
        assert "payloads" in failed
        assert ("is gone and was not erased" in failed["payloads"]) != salt_too
        assert "25 payloads are missing, 24 were erased" in failed["payloads"]
        if not salt_too:
            with pytest.raises(VerificationFailed, match="was not erased"):
                list(ledger.facts(COURSE))


def test_retire_killed_at_every_write_resumes(
    lived_in: Ledger,
    places: Any,
    reopen: Callable[[], Ledger],
    database: Database,
    keep: Callable[[], Callable[[], None]],
    tmp_path: Path,
    killed_at: Callable[..., bool],
    tell: Callable[[str], None],
) -> None:
    me, refused = pseudonym_in(lived_in, ME), pseudonym_in(lived_in, REFUSED)
    wanted = [one for values in needles(database, tmp_path, lived_in, me).values() for one in values]
    size = lived_in.size()
    lived_in.close()
    restore = keep()

    def work() -> None:
        with reopen() as ledger:
            ledger.retire(grades(spared=(refused,)))
            ledger.finish_erasures(scrub=True)

    reached: Counter[str] = Counter()
    point = 0
    while True:
        point += 1
        restore()
        killed = killed_at(point, work)
        with open_store(places.store_url) as store, store.read() as transaction:
            row = [one.state for one in erasures.unfinished(transaction)]
        state = row[0] if row else "not begun" if killed else "done"
        with reopen() as ledger:
            assert ledger.verify().ok, (point, state)
            if ledger.size() <= size + 1 and state == "not begun":
                if not [
                    one
                    for one in held(ledger.store, ledger.keystore, "main")
                    if (one.subject, one.kind) == (me, "grade")
                ]:
                    state = "done"
                else:
                    ledger.retire(grades(spared=(refused,)))
            ledger.finish_erasures(scrub=True)
            leaves = [parse(row.leaf) for row in rows(ledger)]
            assert [leaf.kind for leaf in leaves].count("erasure") == 1, (point, state)
            assert ledger.verify().ok, point
            left = [one.kind for one in held(ledger.store, ledger.keystore, "main") if one.scope == COURSE]
            assert Counter(left) == {"enrolment": 2, "grade": 12}, (point, state)
        held_bytes = files(database, tmp_path)
        assert not [one for one in wanted if one in held_bytes], (point, state)
        if not killed:
            break
        reached[state] += 1
    tell(f"retirement killed before each of {point - 1} writes, every one resumed; reached: {dict(reached)}")
    assert set(reached) >= {"not begun", "started", "erased"}


def rows(ledger: Ledger) -> list[Any]:
    with ledger.store.read() as transaction:
        shards = sorted(entries.counts(transaction))
        return [row for shard in shards for block in entries.blocks(transaction, shard) for row in block]


def test_retire_of_what_is_about_nobody_leaves_it_known_to_be_about_nobody(lived_in: Ledger, course: Any) -> None:
    """Otherwise the entries that are left would be taken for those of a learner of whom everything was erased."""
    said = {
        "kind": "feedback_analysis", "course": COURSE, "userid": 0, "occurred_at": "2026-02-02T23:00:00Z",
        "wsfunction": "mod_feedback_get_analysis", "cmid": 7, "activity": "avis", "anonymous": True,
        "closed_at": "2026-02-02T23:00:00Z", "asked": 9, "answers": 6, "withheld": None, "questions": [],
    }  # fmt: skip
    fact = parse_any(said)
    snapshot = course.snapshot()
    lived_in.stage(snapshot.model_copy(update={"facts": (*snapshot.facts, fact)}), programme_digest=None, plan_id=None)
    lived_in.seal()
    results = Retirement(
        site="main", scope=COURSE, classes=("results",), kinds=("feedback_analysis",), policy="qualiopi-4y",
        basis={"policy": "qualiopi-4y", "keep": "4y"}, until=UNTIL,
    )  # fmt: skip
    done = lived_in.retire(results)
    assert (done.subjects, done.entries) == (0, 1)
    [left] = [one for one in lived_in.facts(COURSE) if one.person is not None and one.person.userid == 0]
    assert left.fact is None
    assert lived_in.verify().ok
    assert lived_in.feedback_analyses("main", COURSE) == {}
    snapshot = course.snapshot()
    lived_in.stage(snapshot.model_copy(update={"facts": (*snapshot.facts, fact)}), programme_digest=None, plan_id=None)
    lived_in.seal()
    assert len([one for one in lived_in.facts(COURSE) if one.person is not None and one.person.userid == 0]) == 1
