"""ledger restore: the old ledger goes on, or says what it lost; whoever was erased stays erased; nothing ever forks."""

from __future__ import annotations

import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledgerscene import COURSE, OTHER, PEOPLE, SESSION, Scene, copy, make

from moodle_sync.errors import LedgerError, LedgerUnusable, UsageError, VerificationFailed
from moodle_sync.ledger import erasing, merkle, note
from moodle_sync.ledger.entries import parse
from moodle_sync.ledger.people import everybody, find
from moodle_sync.ledger.sealer import seal_own
from moodle_sync.publish.file import read_published
from moodle_sync.store import checkpoints, entries, erasures, tree
from moodle_sync.workflows import backup as backup_workflow
from moodle_sync.workflows import erasure
from moodle_sync.workflows import ledger as ledger_workflow
from moodle_sync.workflows import restore as restore_workflow
from moodle_sync.workflows.backup import BackedUp
from moodle_sync.workflows.copies import register
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.restore import Accepted, Restored, Source

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LOSS = Accepted(loss=True)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    make(folder).pull()
    return folder


@pytest.fixture
def scene(template: Path, tmp_path: Path) -> Scene:
    for name in ("disk", "vault"):
        (tmp_path / name).mkdir()
    return copy(template, tmp_path)


def take(scene: Scene, *, hours: int = 0) -> BackedUp:
    at = NOW + timedelta(hours=hours)
    return backup_workflow.backup(scene.settings, scene.folder / "disk", scene.folder / "vault", clock=lambda: at)


def lose(scene: Scene, *, keystore: bool = False) -> None:
    """The disk with the store is gone, with or without the keystore's; the keys that are kept apart are not."""
    ledger = scene.settings.ledger
    for tail in ("", "-wal", "-shm"):
        Path(ledger.store.removeprefix("sqlite:///") + tail).unlink(missing_ok=True)
    if keystore:
        ledger.keystore.unlink()
        for left in ledger.keystore.parent.glob("erased-*.list"):
            left.unlink()


def bring_back(scene: Scene, made: BackedUp, accepted: Accepted | None = None, *, keystore: bool = False) -> Restored:
    source = Source(made.store, made.keystore if keystore else None)
    return restore_workflow.restore(scene.settings, source, accepted)


def change(scene: Scene, grade: str) -> None:
    scene.grades[810051] = grade
    scene.pull(COURSE)


def erase_me(scene: Scene) -> erasure.ErasureResult:
    return erasure.erase(scene.settings, Target("EXT-4471", None), policy="rgpd-17", reason="request", yes=True)


def names(scene: Scene) -> set[str]:
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        return {one.person.fullname for one in everybody(transaction, ledger.keystore, "test")}


def outside(scene: Scene) -> list[note.Checkpoint]:
    with open_ledger(scene.settings, readonly=True) as ledger:
        publics = ledger.public_keys()
    return [note.verify(text, publics) for text in read_published(scene.settings.ledger.checkpoints)]


def assert_no_fork(scene: Scene, leaves: dict[int, list[bytes]]) -> int:
    """Every note that was ever published is over leaves that one history gives; ``leaves`` are those that were lost.

    Returns how many notes were held against it.
    """
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        history = dict(leaves)
        for head in tree.heads(transaction):
            mine = [row.leaf for block in entries.blocks(transaction, head.shard) for row in block]
            if head.shard in history:
                assert history[head.shard][: len(mine)] == mine, "two histories under one name"
            else:
                history[head.shard] = mine
    points = outside(scene)
    for one in points:
        tree_then = merkle.Growth(256)
        tree_then.extend([merkle.leaf_hash(leaf) for leaf in history[one.shard][: one.size]])
        assert (tree_then.size, tree_then.root()) == (one.size, one.root), (one.shard, one.size)
    return len(points)


def leaves_of(scene: Scene) -> dict[int, list[bytes]]:
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        return {
            head.shard: [row.leaf for block in entries.blocks(transaction, head.shard) for row in block]
            for head in tree.heads(transaction)
        }


@pytest.mark.parametrize("keystore", [False, True])
def test_restore_when_nothing_was_lost_continues_the_old_ledger(scene: Scene, keystore: bool) -> None:
    made, before = take(scene), leaves_of(scene)
    lose(scene, keystore=keystore)
    restored = bring_back(scene, made, keystore=keystore)
    assert (restored.entries, restored.lost, restored.entry, restored.erasures_known) == (20, None, None, True)
    assert leaves_of(scene) == before
    assert names(scene) == {one.fullname for one in PEOPLE.values()}
    change(scene, "12.5")
    assert ledger_workflow.verify(scene.settings, payloads=True).ok
    assert assert_no_fork(scene, {}) == 2
    assert [one.shard for one in outside(scene)] == [2026, 2026]


def test_restore_behind_what_was_published_is_refused_and_says_what_is_lost(scene: Scene) -> None:
    made = take(scene)
    change(scene, "12.5")
    lose(scene)
    with pytest.raises(LedgerUnusable, match=r"2 entries are lost: 2026/20 to 2026/21\n.*--accept-loss"):
        bring_back(scene, made)
    assert not Path(scene.settings.ledger.store.removeprefix("sqlite:///")).exists()
    assert not [path for path in (scene.folder / "data").iterdir() if "part" in path.name]


def test_restore_with_a_loss_says_so_for_ever_and_never_forks(scene: Scene) -> None:
    made = take(scene)
    for grade in ("12.5", "13.5"):
        change(scene, grade)
    old = leaves_of(scene)
    lose(scene)
    restored = bring_back(scene, made, LOSS)
    assert restored.lost == "4 entries are lost: 2026/20 to 2026/23"
    assert restored.proven_by == 1
    assert restored.entry == "2027/1"
    scene.grades[810051] = "14.5"  # another history than the one that is lost, past its length
    for grade in ("15.5", "16.5", "17.5"):
        change(scene, grade)
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        rows = entries.get(transaction, [(2027, 0), (2027, 1)])
        last = checkpoints.last(transaction, 2026)
    assert last is not None
    link, loss = (parse(rows[2027, idx].leaf) for idx in (0, 1))
    assert link.content == {"shard": 2026, "size": 20, "note": last.note}
    assert loss.kind == "checkpoint"
    assert loss.content == {"lost_after": [2026, 20], "known": [2026, 24], "erasures_known": True}
    checked = ledger_workflow.verify(scene.settings, payloads=True)
    assert checked.ok, checked.lines()
    said = "\n".join(checked.lines())
    assert "entries after the first 20 of 2026 were lost" in said
    assert "2 checkpoints found outside are over what was lost" in said
    assert assert_no_fork(scene, old) == 6


def test_fork_check_finds_the_fork_that_a_plain_copy_would_make(scene: Scene) -> None:
    """What the promise is worth: without it, the same steps do fork, and are found."""
    store = Path(scene.settings.ledger.store.removeprefix("sqlite:///"))
    shutil.copy(store, scene.folder / "old.db")
    change(scene, "12.5")
    old = leaves_of(scene)
    lose(scene)
    shutil.copy(scene.folder / "old.db", store)
    away = scene.folder / "away"
    scene.settings.ledger.checkpoints.rename(away)  # out of reach: nobody can know
    scene.settings.ledger.checkpoints.mkdir()
    change(scene, "13.5")
    change(scene, "14.5")
    for path in away.rglob("*.checkpoint"):
        shutil.copy(path, scene.settings.ledger.checkpoints / path.parent.name / f"away-{path.name}")
    with pytest.raises(AssertionError, match="two histories"):
        assert_no_fork(scene, old)
    assert not ledger_workflow.verify(scene.settings, payloads=False).ok


def test_ledger_that_was_put_back_by_hand_is_not_written_to(scene: Scene) -> None:
    store = Path(scene.settings.ledger.store.removeprefix("sqlite:///"))
    shutil.copy(store, scene.folder / "old.db")
    change(scene, "12.5")
    lose(scene)
    shutil.copy(scene.folder / "old.db", store)
    with pytest.raises(LedgerUnusable, match=r"1 published checkpoints are not in.* 22 entries of 2026"):
        change(scene, "13.5")
    assert leaves_of(scene).keys() == {2026}
    assert len(leaves_of(scene)[2026]) == 20


def test_restore_twice_in_a_year_takes_a_new_shard_each_time(scene: Scene) -> None:
    made = take(scene)
    change(scene, "12.5")
    first = leaves_of(scene)
    lose(scene)
    bring_back(scene, made, LOSS)
    change(scene, "13.5")
    again = take(scene, hours=1)
    change(scene, "14.5")
    second = leaves_of(scene)
    lose(scene)
    assert bring_back(scene, again, LOSS).entry == "2028/1"
    change(scene, "15.5")
    assert ledger_workflow.verify(scene.settings, payloads=True).ok
    assert_no_fork(scene, {**first, 2027: second[2027]})
    # The first backup still is the beginning of all this, and still gives up more.
    lose(scene)
    restored = bring_back(scene, made, LOSS)
    assert restored.entry == "2029/1"
    assert restored.lost is not None
    assert "everything after the first 20 entries of 2026 is lost, up to 2028/" in restored.lost
    assert ledger_workflow.verify(scene.settings, payloads=True).ok


def test_restore_of_another_history_than_the_published_one_is_refused(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    impostor = make(tmp_path / "other")
    impostor.pull()
    made = backup_workflow.backup(impostor.settings, scene.folder / "disk", scene.folder / "vault", clock=lambda: NOW)
    for part in (scene.settings.ledger.signing_key, scene.settings.ledger.master_key):
        shutil.copy(tmp_path / "other" / "data" / part.name, part)
    lose(scene, keystore=True)
    with pytest.raises(VerificationFailed):
        bring_back(scene, made, LOSS, keystore=True)


def test_restore_needs_the_places_that_were_published_to(scene: Scene) -> None:
    made = take(scene)
    lose(scene)
    shutil.rmtree(scene.settings.ledger.checkpoints)
    with pytest.raises(LedgerUnusable, match="none was found: what was lost cannot be told"):
        bring_back(scene, made, LOSS)


def test_restore_never_writes_over_anything(scene: Scene) -> None:
    made = take(scene)
    with pytest.raises(UsageError, match="nothing is written over"):
        bring_back(scene, made)
    lose(scene)
    with pytest.raises(UsageError, match=r"keystore\.db is there"):
        bring_back(scene, made, keystore=True)


def test_restore_of_a_changed_backup_is_refused_at_every_byte_tried(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    made = take(scene)
    lose(scene)
    path = made.store / "ledger.db"
    whole, tried = path.read_bytes(), 0
    for place in range(0, len(whole), 7919):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(LedgerError, match="not the file that was backed up"):
            bring_back(scene, made)
        tried += 1
    for changed in (whole[:-4096], whole[: len(whole) // 2], b""):
        path.write_bytes(changed)
        with pytest.raises(LedgerError, match="not the file that was backed up"):
            bring_back(scene, made)
        tried += 1
    path.write_bytes(whole)
    assert bring_back(scene, made).entries == 20
    with capsys.disabled():
        print(f"\n{tried} changed backups refused")


def test_restore_takes_no_older_keystore_than_the_store(scene: Scene) -> None:
    first = take(scene)
    second = take(scene, hours=1)
    lose(scene, keystore=True)
    with pytest.raises(UsageError, match="older than that of the store"):
        restore_workflow.restore(scene.settings, Source(second.store, first.keystore))
    newer = restore_workflow.restore(scene.settings, Source(first.store, second.keystore))
    assert newer.lost is None


def test_restore_killed_anywhere_can_be_run_again(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made = take(scene)
    change(scene, "12.5")
    lose(scene, keystore=True)
    for name in ("disk", "vault", "data", "checkpoints"):
        shutil.copytree(scene.folder / name, scene.folder / "kept" / name)
    points = 0
    while True:
        points += 1
        child = os.fork()
        if child == 0:
            _kill_before(points)
            code = 3
            try:
                bring_back(scene, made, LOSS, keystore=True)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        store = Path(scene.settings.ledger.store.removeprefix("sqlite:///"))
        if not store.exists():
            bring_back(scene, made, LOSS, keystore=not scene.settings.ledger.keystore.exists())
        checked = ledger_workflow.verify(scene.settings, payloads=True)
        assert checked.ok, (points, checked.lines())
        assert set(leaves_of(scene)) == {2026, 2027}
        for name in ("disk", "vault", "data", "checkpoints"):
            shutil.rmtree(scene.folder / name)
            shutil.copytree(scene.folder / "kept" / name, scene.folder / name)
    with capsys.disabled():
        print(f"\nrestore killed before each of {points - 1} writes, every one finished")
    assert points > 10


def _kill_before(limit: int) -> None:
    seen = 0

    def before(call):  # type: ignore[no-untyped-def]
        def counted(*arguments, **options):  # type: ignore[no-untyped-def]
            nonlocal seen
            seen += 1
            if seen >= limit:
                os.kill(os.getpid(), 9)
            return call(*arguments, **options)

        return counted

    for name in ("link", "replace", "rename", "unlink", "fsync"):
        setattr(os, name, before(getattr(os, name)))


# ---- erasures -----------------------------------------------------------------------------------------------------


def test_restore_of_an_older_backup_out_of_reach_replays_the_erasure(scene: Scene) -> None:
    made = take(scene)
    assert made.keystore is not None
    for folder in (made.store, made.keystore):  # on a disk that is not plugged in
        shutil.copytree(folder, scene.folder / "offline" / folder.name)
    did = erase_me(scene)
    assert did.entry == "2026/20"
    with open_ledger(scene.settings) as ledger:
        ledger_workflow.sign(scene.settings, ledger)
    for folder in (made.store, made.keystore):
        shutil.rmtree(folder)
        shutil.copytree(scene.folder / "offline" / folder.name, folder)
    lose(scene, keystore=True)
    restored = bring_back(scene, made, LOSS, keystore=True)
    assert (restored.replayed, restored.payloads_gone, restored.erasures_known) == (2, 6, True)
    assert names(scene) == {PEOPLE[810051].fullname, PEOPLE[810063].fullname}
    checked = ledger_workflow.verify(scene.settings, payloads=True)
    assert checked.ok, checked.lines()
    assert any("6 were erased" in check.sentence for check in checked.checks)
    assert restored.owed == ()
    held = b"".join(path.read_bytes() for path in scene.folder.glob("d*/**/*.db"))
    assert PEOPLE[810047].fullname.encode() not in held


def test_restore_without_the_list_of_erasures_refuses(scene: Scene) -> None:
    made = take(scene)
    erase_me(scene)
    with open_ledger(scene.settings) as ledger:
        ledger_workflow.sign(scene.settings, ledger)
    lose(scene, keystore=True)
    for left in scene.folder.rglob("erased-*.list"):
        left.unlink()
    with pytest.raises(LedgerUnusable, match=r"carried out up to 2026/21 is not known.*none was found"):
        bring_back(scene, made, LOSS, keystore=True)
    restored = bring_back(scene, made, Accepted(loss=True, unknown_erasures=True), keystore=True)
    assert not restored.erasures_known
    assert "carry them out again" in "\n".join(restored.lines())
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        leaf = parse(entries.get(transaction, [(2027, 1)])[2027, 1].leaf)
    assert leaf.content == {"lost_after": [2026, 20], "known": [2026, 21], "erasures_known": False}


def test_restore_with_an_older_list_than_the_last_checkpoint_refuses(scene: Scene) -> None:
    made = take(scene)
    lists = list(scene.folder.rglob("erased-*.list"))
    older = {path: path.read_bytes() for path in lists}
    assert len(older) == 3
    erase_me(scene)
    with open_ledger(scene.settings) as ledger:
        ledger_workflow.sign(scene.settings, ledger)
    lose(scene)
    for path, data in older.items():
        path.write_bytes(data)
    with pytest.raises(LedgerUnusable, match="the newest found ends at 2026/20"):
        bring_back(scene, made, LOSS)


def test_restore_believes_no_list_that_was_changed(scene: Scene) -> None:
    made = take(scene)
    erase_me(scene)
    lose(scene, keystore=True)
    for path in scene.folder.rglob("erased-*.list"):
        lines = path.read_text(encoding="utf-8").split("\n")
        path.write_text("\n".join(lines[:2] + lines[3:]), encoding="utf-8")  # one name less
    with pytest.raises(LedgerUnusable, match="none was found"):
        bring_back(scene, made, LOSS, keystore=True)


def test_restore_after_an_erasure_that_was_never_published_loses_its_entry_and_says_so(scene: Scene) -> None:
    made = take(scene)
    erase_me(scene)  # sealed, and the disk dies before the next checkpoint
    lose(scene)
    with pytest.raises(LedgerUnusable, match="1 entries are lost: 2026/20 to 2026/20"):
        bring_back(scene, made)
    restored = bring_back(scene, made, LOSS)
    assert restored.replayed == 2
    assert ledger_workflow.verify(scene.settings, payloads=True).ok
    assert names(scene) == {PEOPLE[810051].fullname, PEOPLE[810063].fullname}


def test_restore_doubts_every_copy_that_it_finds_and_cleans_it(scene: Scene) -> None:
    made = take(scene)
    newer = take(scene, hours=1)  # nothing changed: the same head
    kept = scene.folder / "kept"
    shutil.copytree(newer.store, kept)
    erase_me(scene)
    shutil.rmtree(newer.store)
    shutil.copytree(kept, newer.store)  # as if it had been out of reach of the erasure
    lose(scene)
    restored = bring_back(scene, made, LOSS)
    assert restored.owed == ()
    paths = {Path(row.path) for row in register(scene.settings).copies}
    assert {made.store, newer.store, made.keystore} <= paths
    connection = sqlite3.connect(newer.store / "ledger.db")
    assert connection.execute("SELECT COUNT(*) FROM subject").fetchone()[0] == 4
    connection.close()


def test_restored_reports_and_proofs_say_erased(scene: Scene) -> None:
    made = take(scene)
    erase_me(scene)
    lose(scene)
    bring_back(scene, made, LOSS)
    with open_ledger(scene.settings, readonly=True) as ledger:
        facts = list(ledger.facts(COURSE))
        assert sum(sealed.fact is None for sealed in facts) == 3
        assert len(facts) == 9
        assert sum(sealed.fact is None for sealed in ledger.facts(OTHER)) == 3
    with pytest.raises(UsageError, match="knows nobody"):
        erasure.erase(scene.settings, Target("EXT-4471", SESSION), policy="rgpd-17", reason="request", yes=False)


def test_single_payload_that_was_erased_stays_erased(scene: Scene) -> None:
    """As a retention policy erases: of a subject who stays, one class of payloads goes."""
    kept = scene.folder / "kept"
    made = take(scene)
    assert made.keystore is not None
    shutil.copytree(made.store, kept / "store")
    shutil.copytree(made.keystore, kept / "keystore")
    with open_ledger(scene.settings) as ledger:
        with ledger.store.read() as transaction:
            (me,) = find(transaction, ledger.keystore, "test", "EXT-4471", COURSE)
            place, *_ = entries.places_of(transaction, [me.pseudonym])
            row = entries.payloads_at(transaction, [place])[place]
        secret = ledger.keystore.salts([row.commitment])[row.commitment][1]
        with ledger.store.write() as transaction:
            options = {"policy": "x", "reason": "y", "at": "2026-11-22T00:00:00Z"}
            number = erasures.begin(transaction, scope=None, pseudonyms=[], **options)
            ledger.keystore.destroy([], [row.commitment])
            sealed, waiting = erasures.delete_payloads(transaction, [row.commitment])
            assert (sealed, waiting) == (1, 0)
            seal_own(transaction, "erasure", None, {"entries": 1}, NOW)
            erasures.erased(transaction, number, erasures.Gone(0, 1, 0), "2026/20")
        erasing.scrub(ledger.store, ledger.keystore, NOW)
        left = erasure.after_erasure(scene.settings, ledger)
        ledger_workflow.sign(scene.settings, ledger)
    assert (left.cleaned, left.owed) == (2, ())
    for folder in ("data", "disk", "vault"):
        held = b"".join(path.read_bytes() for path in (scene.folder / folder).rglob("*") if path.is_file())
        assert row.ciphertext not in held
        assert secret not in held
    assert row.ciphertext in (kept / "store" / "ledger.db").read_bytes()  # the search does find it
    assert secret in (kept / "keystore" / "keystore.db").read_bytes()
    assert ledger_workflow.verify(scene.settings, payloads=True).ok
    for name, place_ in (("store", made.store), ("keystore", made.keystore)):
        shutil.rmtree(place_)
        shutil.copytree(kept / name, place_)
    lose(scene, keystore=True)
    restored = bring_back(scene, made, LOSS, keystore=True)
    assert (restored.replayed, restored.payloads_gone) == (1, 1)
    assert PEOPLE[810047].fullname in names(scene)
    checked = ledger_workflow.verify(scene.settings, payloads=True)
    assert checked.ok, checked.lines()
    held = b"".join(path.read_bytes() for path in (scene.folder / "data").iterdir())
    assert row.ciphertext not in held
    assert secret not in held
