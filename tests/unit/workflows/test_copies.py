"""After an erasure nothing of the person is left in backups, exports and logs either, or it is said where it is."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import killing
import pytest
import time_machine
from databases import Database
from ledgerscene import COURSE, GRADES, PEOPLE, REMARKS, SESSION, Scene

from moodle_sync.errors import UsageError
from moodle_sync.ledger import Ledger
from moodle_sync.ledger.continuing import examine
from moodle_sync.ledger.people import find
from moodle_sync.store import entries, open_store, payloads
from moodle_sync.workflows import copies as copies_workflow
from moodle_sync.workflows import erasure, exports, manifests, proofs
from moodle_sync.workflows.backup import BackedUp, backup
from moodle_sync.workflows.copies import register
from moodle_sync.workflows.doctor.ledger import check_ledger
from moodle_sync.workflows.erasure import ErasureResult, Target
from moodle_sync.workflows.ledger import open_ledger, verify
from moodle_sync.workflows.report import session_report
from moodle_sync.workflows.status import status

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ME = 810047
TABLES = {
    "ledger.db": {
        "payload": ("subject", ("nonce", "ciphertext")),
        "pending": ("subject", ("commitment",)),
        "current": ("subject", ("ref", "value_mac")),
        "subject": ("pseudonym", ("lookup", "identity")),
    },
    "keystore.db": {"salt": ("pseudonym", ("wrapped",)), "subject_key": ("pseudonym", ("wrapped",))},
}


@pytest.fixture
def scene(scene: Scene) -> Scene:
    for name in ("disk", "vault", "out"):
        (scene.folder / name).mkdir()
    return scene


@pytest.fixture(autouse=True)
def at_the_time() -> Iterator[None]:
    """Copies of the keystore have an end, which comes on some day."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def log_of_everything(tmp_path: Path) -> Iterator[Path]:
    """The log at its most talkative, as a file."""
    path = tmp_path / "everything.log"
    handler = logging.FileHandler(path, encoding="utf-8")
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield path
    root.setLevel(before)
    root.removeHandler(handler)
    handler.close()


def take(scene: Scene, *, hours: int = 0) -> BackedUp:
    at = NOW + timedelta(hours=hours)
    return backup(scene.settings, scene.folder / "disk", scene.folder / "vault", clock=lambda: at)


def erase_me(scene: Scene, *, delete_copies: bool = False, yes: bool = True) -> ErasureResult:
    me = Target("EXT-4471", None)
    return erasure.erase(scene.settings, me, policy="rgpd-17", reason="request", yes=yes, delete_copies=delete_copies)


def needles(scene: Scene) -> set[bytes]:
    """Every byte string by which something of me could be brought back, from the ledger and from every copy of it."""
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        mine = [one.pseudonym for one in find(transaction, ledger.keystore, "test", "EXT-4471")]
    found: set[bytes] = set()

    def look(connection: Any, tables: dict[str, tuple[str, tuple[str, ...]]]) -> None:
        for table, (owner, columns) in tables.items():
            for name in mine:
                query = f"SELECT {', '.join(columns)} FROM {table} WHERE {owner} = ?"
                for row in connection.execute(query, (name,)).fetchall():
                    found.update(value for value in row if value is not None)

    for path in scene.folder.rglob("*.db"):
        connection = sqlite3.connect(path)
        look(connection, TABLES[path.name])
        connection.close()
    if scene.database is not None:
        with scene.database.raw() as server:
            look(server, TABLES["ledger.db"])
    return found


def files(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def plain(scene: Scene) -> list[bytes]:
    """What the ledger says of me, decrypted: the proof that the search looks for the right thing."""
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        found = []
        for one in find(transaction, ledger.keystore, "test", "EXT-4471"):
            key = ledger.keystore.key(one.pseudonym)
            assert key is not None
            sealed = entries.get(transaction, payloads.places_of(transaction, [one.pseudonym])).values()
            rows = payloads.get(transaction, [row.payload for row in sealed]).values()
            found += [key.decrypt(row.nonce, row.ciphertext, row.commitment) for row in rows]
    return found


def test_erase_leaves_nothing_in_backups_exports_and_logs(
    scene: Scene, log_of_everything: Path, database: Database, tell: Callable[[str], None]
) -> None:
    first = take(scene)
    scene.grades[ME] = "18.29"
    scene.pull(COURSE)
    scene.grades[ME] = "19.31"
    scene.stage(COURSE)
    second = take(scene, hours=1)
    out = scene.folder / "out"
    exports.export(scene.settings, out / "all.ndjson", session=None, form="ndjson")
    exports.export(scene.settings, out / "session.csv", session=SESSION, form="csv")
    exports.access(scene.settings, "EXT-4471", out / "me.html", form="html")
    proofs.prove_person(scene.settings, "EXT-4471", SESSION, out / "pack")
    proofs.prove_session(scene.settings, SESSION, out / "session.zip")
    session_report(scene.settings, SESSION, file=out / "report.html", as_of=None)
    exports.access(scene.settings, "EXT-5582", out / "somebody-else.html", form="html")

    said = plain(scene)
    assert sum(b"17.13" in one for one in said) == 2
    mine, held = needles(scene), scene.held()
    assert len(mine) == 43
    assert all(one in held for one in mine)  # the search does find them
    if scene.database is not None:
        assert sum(one in scene.database.held() for one in mine) > 20  # in the files of the server, too
    assert b"Quintefeuille" in files(out)

    would = erase_me(scene, yes=False)
    written = ["all.ndjson", "session.csv", "me.html", "pack", "session.zip", "report.html"]
    assert [Path(path).name for path in would.handouts] == written
    did = erase_me(scene, delete_copies=True)
    assert [Path(path).name for path in did.deleted] == written
    assert (did.copies_cleaned, did.owed) == (4, ())

    left = scene.held()
    assert [one for one in mine if one in left] == []
    clear = [*said, *(text.encode() for text in ("Quintefeuille", "EXT-4471", REMARKS[ME]))]
    assert [one for one in clear if one in left] == []
    assert (out / "somebody-else.html").exists()
    for made in (first, second):
        for folder in (made.store, made.keystore):
            assert folder is not None
            manifests.require_whole(folder, manifests.read(folder))
    assert verify(scene.settings, payloads=True).ok
    found = f"{len(mine)} byte strings and {len(clear)} plain ones found before, none after"
    tell(f"erasure on {database.kind}: {found}, in {len(held)} bytes")


def test_cleaned_backups_still_are_the_beginning_of_the_ledger(scene: Scene) -> None:
    made = take(scene)
    erase_me(scene)
    with open_store(f"sqlite:///{made.store / 'ledger.db'}", readonly=True) as store:
        found = examine(store, scene.settings.ledger.origin)
    manifest = manifests.read(made.store)
    assert [(head.shard, head.size, head.root.hex()) for head in found.heads] == [
        (head.shard, head.size, head.root) for head in manifest.heads
    ]
    assert found.closed


def test_copy_out_of_reach_is_owed_until_it_is_back(scene: Scene) -> None:
    made = take(scene)
    assert made.keystore is not None
    made.store.rename(scene.folder / "away")
    did = erase_me(scene)
    assert did.copies_cleaned == 1
    sentence = f"{made.store} (copy of the store, kept without an end) still holds what was erased"
    assert did.owed == (sentence,)
    assert f"! {sentence}" in did.lines()
    assert f"! {'erasure':<12}{sentence}" in status(scene.settings).lines()
    assert f"! {sentence}" in verify(scene.settings, payloads=False).lines()
    assert sentence in [finding.sentence for finding in check_ledger(scene.settings)]
    again = take(scene, hours=1)
    assert again.owed.copies == (sentence,)
    (scene.folder / "away").rename(made.store)
    third = take(scene, hours=2)
    assert (third.changed, third.owed.lines()) == (1, [])
    connection = sqlite3.connect(made.store / "ledger.db")
    assert connection.execute("SELECT COUNT(*) FROM subject").fetchone()[0] == 4
    connection.close()


def test_copy_that_was_destroyed_by_hand_is_forgotten_when_a_person_says_so(scene: Scene) -> None:
    made = take(scene)
    with pytest.raises(UsageError, match="still there"):
        register(scene.settings, settle=str(made.store))
    shutil.rmtree(made.store)
    erase_me(scene)
    assert len(register(scene.settings).owed.copies) == 1
    assert register(scene.settings, settle=str(made.store)).owed.copies == ()
    with pytest.raises(UsageError, match="not in the register"):
        register(scene.settings, settle=str(made.store))


def test_file_that_was_changed_or_moved_stays_owed(scene: Scene) -> None:
    out = scene.folder / "out"
    for name in ("changed", "moved", "kept"):
        exports.access(scene.settings, "EXT-4471", out / f"{name}.html", form="html")
    with (out / "changed.html").open("a", encoding="utf-8") as file:
        file.write("<!-- a note of mine -->")
    (out / "moved.html").rename(out / "elsewhere.html")
    did = erase_me(scene, delete_copies=True)
    assert [Path(path).name for path in did.deleted] == ["kept.html"]
    assert [line.split(" ")[0].rpartition("/")[2] for line in did.owed] == ["changed.html", "moved.html"]
    assert all("right of access" in line for line in did.owed)
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        assert transaction.exec_driver_sql("SELECT COUNT(*) FROM handout_subject").scalar_one() == 0


def test_file_that_is_written_again_is_owed_no_more(scene: Scene) -> None:
    page = scene.folder / "out" / "report.html"
    session_report(scene.settings, SESSION, file=page, as_of=None)
    assert len(erase_me(scene).owed) == 1
    session_report(scene.settings, SESSION, file=page, as_of=None)
    assert register(scene.settings).owed.lines() == []
    assert "Quintefeuille" not in page.read_text(encoding="utf-8")


def test_pack_that_could_not_be_written_over_stays_registered(scene: Scene) -> None:
    pack = scene.folder / "out" / "pack"
    proofs.prove_person(scene.settings, "EXT-4471", SESSION, pack)
    with pytest.raises(UsageError, match="there already"):
        proofs.prove_person(scene.settings, "EXT-5582", SESSION, pack)
    assert erase_me(scene, delete_copies=True).deleted == (str(pack),)


def test_erase_killed_while_it_cleans_copies_is_finished_by_resume(
    scene: Scene, database: Database, tell: Callable[[str], None]
) -> None:
    take(scene)
    mine, points, owing, tried = needles(scene), 1, 0, 0
    put_back = scene.keep("disk", "vault", "data")
    step = 1 if database.kind == "sqlite" else 3  # each case costs a database there
    while True:
        killed = _killed_in_settle(points, scene)
        owing += bool(register(scene.settings).owed.copies)
        for row in register(scene.settings).copies:  # a restore at this moment would take them for what they are
            manifests.require_whole(Path(row.path), manifests.read(Path(row.path)))
        resumed = erasure.resume(scene.settings)
        assert resumed.owed == ()
        left = scene.held("disk", "vault", "data")
        assert [one for one in mine if one in left] == [], points
        for row in register(scene.settings).copies:
            manifests.require_whole(Path(row.path), manifests.read(Path(row.path)))
        put_back()
        if not killed:
            break
        tried, points = tried + 1, points + step
    of = f"{tried} of {points} writes" if step > 1 else f"each of {tried} writes"
    tell(f"cleaning of copies on {database.kind} killed before {of}, {owing} times owed, always finished")
    assert owing > 3


def _killed_in_settle(point: int, scene: Scene) -> bool:
    settle = copies_workflow.settle

    def counting(ledger: Ledger) -> int:
        count = killing.counter(point)
        killing.count_sql(count)
        killing.count_server(count)
        killing.count_files(count, ("replace", "unlink", "fsync"))
        return settle(ledger)

    return killing.killed(lambda: setattr(copies_workflow, "settle", counting), lambda: erase_me(scene))


def test_logs_hold_nothing_of_anybody(scene: Scene, log_of_everything: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("a.library").debug("Zéphyrine Quintefeuille")  # the search does find what is there
    scene.grades[ME] = "18.29"
    scene.pull()
    take(scene)
    exports.export(scene.settings, scene.folder / "out" / "all.csv", session=None, form="csv")
    proofs.prove_person(scene.settings, "EXT-4471", SESSION, scene.folder / "out" / "pack")
    erase_me(scene, delete_copies=True)
    first, *lines = log_of_everything.read_text(encoding="utf-8").splitlines()
    assert "Quintefeuille" in first
    words = [word for one in PEOPLE.values() for word in (one.fullname, one.username, one.idnumber, str(one.userid))]
    for word in [*words, *REMARKS.values(), *GRADES.values()]:
        assert not [line for line in lines if word in line], word
