"""ledger restore after an erasure: whoever was erased stays erased, or the backup does not open."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from ledgerscene import COURSE, OTHER, PEOPLE, SESSION, Scene
from restorescene import LOSS, NOW, bring_back, erase_me, lose, names, take

from moodle_sync.errors import LedgerUnusable, UsageError
from moodle_sync.ledger import erasing
from moodle_sync.ledger.entries import parse
from moodle_sync.ledger.people import find
from moodle_sync.ledger.sealer import seal_own
from moodle_sync.store import entries, erasures, payloads
from moodle_sync.workflows import erasure
from moodle_sync.workflows import ledger as ledger_workflow
from moodle_sync.workflows.copies import register
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.restore import Accepted


@pytest.fixture
def scene(scene: Scene) -> Scene:
    for name in ("disk", "vault"):
        (scene.folder / name).mkdir()
    return scene


@pytest.fixture(autouse=True)
def at_the_time() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


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
    held = scene.held("data", "disk")
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
            place, *_ = payloads.places_of(transaction, [me.pseudonym])
            (sealed,) = entries.get(transaction, [place]).values()
            (row,) = payloads.get(transaction, [sealed.payload]).values()
        (secret,) = ledger.keystore.salts([(row.subject, row.commitment)]).values()
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
    held = scene.held("data", "disk", "vault")
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
    held = scene.held("data")
    assert row.ciphertext not in held
    assert secret not in held
