"""ledger restore: the old ledger goes on, or says what it lost; and nothing ever forks."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import killing
import pytest
from ledgerscene import PEOPLE, Scene, copy, make
from restorescene import LOSS, NOW, assert_no_fork, bring_back, change, leaves_of, lose, names, outside, take

from moodle_sync.errors import LedgerError, LedgerUnusable, UsageError, VerificationFailed
from moodle_sync.ledger.entries import parse
from moodle_sync.store import checkpoints, entries
from moodle_sync.workflows import backup as backup_workflow
from moodle_sync.workflows import ledger as ledger_workflow
from moodle_sync.workflows import restore as restore_workflow
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.restore import Source


@pytest.fixture
def scene(template: Path, tmp_path: Path) -> Scene:
    for name in ("disk", "vault"):
        (tmp_path / name).mkdir()
    return copy(template, tmp_path)


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
        if not killing.killed(partial(_arm, points), partial(bring_back, scene, made, LOSS, keystore=True)):
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


def _arm(limit: int) -> None:
    killing.count_files(killing.counter(limit), ("link", "replace", "rename", "unlink", "fsync"))
