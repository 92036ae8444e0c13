"""ledger restore: the old ledger goes on, or says what it lost; and nothing ever forks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import killing
import pytest
import time_machine
from databases import Database
from ledgerscene import PEOPLE, Scene, make
from restorescene import (
    LOSS,
    NOW,
    assert_no_fork,
    bring_back,
    change,
    leaves_of,
    lose,
    names,
    nothing_there,
    outside,
    take,
)

from moodle_sync.errors import LedgerError, LedgerUnusable, UsageError, VerificationFailed
from moodle_sync.ledger.entries import parse
from moodle_sync.store import checkpoints, entries, marks, open_store
from moodle_sync.store.engine import connect, exists
from moodle_sync.store.moving import contents
from moodle_sync.workflows import backup as backup_workflow
from moodle_sync.workflows import ledger as ledger_workflow
from moodle_sync.workflows import restore as restore_workflow
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.restore import Source


@pytest.fixture
def scene(scene: Scene) -> Scene:
    for name in ("disk", "vault"):
        (scene.folder / name).mkdir()
    return scene


@pytest.fixture(autouse=True)
def at_the_time() -> Iterator[None]:
    """Copies of the keystore have an end, which comes on some day."""
    with time_machine.travel(NOW, tick=True):
        yield


def _keep_store(scene: Scene) -> Callable[[], None]:
    """Keeps the store alone; what is answered puts it back by hand."""
    if scene.database is not None:
        return scene.database.keep()
    store = scene.folder / "data" / "ledger.db"
    shutil.copy(store, scene.folder / "old.db")
    return lambda: shutil.copy(scene.folder / "old.db", store)  # type: ignore[return-value]


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
    assert nothing_there(scene)


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
    put_back = _keep_store(scene)
    change(scene, "12.5")
    old = leaves_of(scene)
    lose(scene)
    put_back()
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
    put_back = _keep_store(scene)
    change(scene, "12.5")
    lose(scene)
    put_back()
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
    before = leaves_of(scene)
    with pytest.raises((UsageError, LedgerUnusable), match=r"nothing (is written over|was written)"):
        bring_back(scene, made)
    assert leaves_of(scene) == before
    lose(scene)
    with pytest.raises(UsageError, match=r"keystore\.db is there"):
        bring_back(scene, made, keystore=True)


def test_restore_of_a_changed_backup_is_refused_at_every_byte_tried(scene: Scene, tell: Callable[[str], None]) -> None:
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
    tell(f"{tried} changed backups refused")


def test_restore_takes_no_older_keystore_than_the_store(scene: Scene) -> None:
    first = take(scene)
    second = take(scene, hours=1)
    lose(scene, keystore=True)
    with pytest.raises(UsageError, match="older than that of the store"):
        restore_workflow.restore(scene.settings, Source(second.store, first.keystore))
    newer = restore_workflow.restore(scene.settings, Source(first.store, second.keystore))
    assert newer.lost is None


def test_restore_killed_anywhere_can_be_run_again(
    scene: Scene, database: Database, tell: Callable[[str], None]
) -> None:
    made = take(scene)
    change(scene, "12.5")
    old = leaves_of(scene)
    lose(scene, keystore=True)
    put_back = scene.keep("disk", "vault", "data", "checkpoints")
    step = 1 if database.kind == "sqlite" else 7  # each case costs a database there
    point, found = 1, {"nothing there": 0, "not open": 0, "open": 0}
    while killing.killed(partial(_arm, point), partial(bring_back, scene, made, LOSS, keystore=True)):
        state = _state(scene)
        found[state] += 1
        if state != "open":
            bring_back(scene, made, LOSS, keystore=not scene.settings.ledger.keystore.exists())
        checked = ledger_workflow.verify(scene.settings, payloads=True)
        assert checked.ok, (point, checked.lines())
        assert set(leaves_of(scene)) == {2026, 2027}
        change(scene, "13.5")
        assert_no_fork(scene, old)
        store = scene.folder / "data" / "ledger.db"
        left = [path for path in (scene.folder / "data").iterdir() if ".db.part" in path.name]
        assert not [path for path in left if not (store.exists() and path.samefile(store))], point
        put_back()
        point += step
    tell(f"restore to {database.kind} killed at {sum(found.values())} of {point} writes, every one finished: {found}")
    assert sum(found.values()) > 10
    assert found["nothing there"] > 3
    assert (found["not open"] > 3) == (database.kind == "postgres")


def _state(scene: Scene) -> str:
    """What a restore that was killed left: what does not open holds no less than what was there before it, nothing."""
    if not exists(scene.settings.ledger.store):
        return "nothing there"
    with connect(scene.settings.ledger.store, readonly=True) as store, store.read() as transaction:
        if not any(copied.rows for copied in contents(transaction).values()) and not marks.get(transaction):
            return "not open"  # tables, and nothing in them: no ledger
        waiting = marks.ARRIVING in marks.get(transaction)
    if not waiting:
        return "open"
    with pytest.raises(LedgerUnusable, match="ledger restore again"):
        open_store(scene.settings.ledger.store)
    return "not open"


def _arm(limit: int) -> None:
    count = killing.counter(limit, (*killing.READS, "CREATE", "ALTER"))
    killing.count_server(count)
    killing.count_files(count, ("link", "replace", "rename", "unlink", "fsync"))
