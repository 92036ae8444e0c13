"""ledger restore to a file or to a server: nothing is there until everything is, and nothing erased ever was."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from databases import Database
from ledgerscene import COURSE, Scene, make
from restorescene import LOSS, NOW, bring_back, erase_me, leaves_of, lose, names, nothing_there, older_keystore, take

from moodle_sync.config import load_settings
from moodle_sync.errors import LedgerUnusable, PlanRefused, UsageError, VerificationFailed
from moodle_sync.ledger.people import find
from moodle_sync.store import entries, files, moving, open_store, payloads
from moodle_sync.store.engine import exists
from moodle_sync.workflows import ledger as ledger_workflow
from moodle_sync.workflows import manifests, restore_place
from moodle_sync.workflows import restore as restore_workflow
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.locks import only_one
from moodle_sync.workflows.move import move


@pytest.fixture
def scene(scene: Scene) -> Scene:
    for name in ("disk", "vault"):
        (scene.folder / name).mkdir()
    return scene


@pytest.fixture(autouse=True)
def at_the_time() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def _at(scene: Scene, url: str) -> Scene:
    """The same scene with its store at another address."""
    config = scene.folder / "config.toml"
    text = config.read_text(encoding="utf-8").replace("[ledger]\n", f'[ledger]\nstore = "{url}"\n', 1)
    config.write_text(text, encoding="utf-8")
    scene.settings = load_settings(config)
    return scene


@pytest.mark.only("postgres")
def test_backup_of_a_file_restored_to_a_server_is_the_same_ledger(database: Database, tmp_path: Path) -> None:
    scene = make(tmp_path)
    scene.pull()
    for name in ("disk", "vault"):
        (tmp_path / name).mkdir()
    made, before = take(scene), leaves_of(scene)
    lose(scene, keystore=True)
    restored = bring_back(_at(scene, database.url), made, keystore=True)
    assert (restored.store, restored.entries, restored.lost) == (database.url, 20, None)
    assert database.url in restored.lines()[0]
    assert leaves_of(scene) == before
    assert not list((tmp_path / "data").glob("*ledger.db*"))
    scene.database = database
    scene.grades[810051] = "12.5"
    scene.pull(COURSE)  # rows came with their numbers, and the counters go on after them
    checked = ledger_workflow.verify(scene.settings, payloads=True)
    assert checked.ok, checked.lines()
    again = take(scene, hours=1)
    lose(scene)
    assert bring_back(scene, again).entries == 22


@pytest.mark.only("postgres")
def test_what_was_erased_never_reaches_the_server(database: Any, tmp_path: Path, tell: Callable[[str], None]) -> None:
    """Not its tables, and not its write-ahead log, which is not ours to clean."""
    scene = make(tmp_path)
    scene.pull()
    for name in ("disk", "vault"):
        (tmp_path / name).mkdir()
    made = take(scene)
    for folder in (made.store, made.keystore):
        assert folder is not None
        shutil.copytree(folder, tmp_path / "offline" / folder.name)
    mine, others = _ciphertexts(scene, "EXT-4471"), _ciphertexts(scene, "EXT-5582")
    erase_me(scene)
    shutil.rmtree(made.store)
    shutil.copytree(tmp_path / "offline" / made.store.name, made.store)
    assert all(one in (made.store / "ledger.db").read_bytes() for one in mine)
    lose(scene)
    restored = bring_back(_at(scene, database.url), made, LOSS)
    assert restored.payloads_gone == len(mine) == 6
    log = [path for path in (database.server.data / "pg_wal").iterdir() if path.is_file()]
    held = database.held() + b"".join(path.read_bytes() for path in log)
    assert all(one in held for one in others)  # the search does find what is there
    assert not [one for one in mine if one in held]
    tell(
        f"{len(mine)} ciphertexts of the erased one in {len(held)} bytes of tables and log: none; {len(others)} others"
    )


def _ciphertexts(scene: Scene, key: str) -> list[bytes]:
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        known = [one.pseudonym for one in find(transaction, ledger.keystore, "test", key)]
        sealed = entries.get(transaction, payloads.places_of(transaction, known)).values()
        return [row.ciphertext for row in payloads.get(transaction, [row.payload for row in sealed]).values()]


@pytest.mark.only("postgres")
def test_copy_that_arrives_otherwise_is_not_opened_and_nothing_is_left(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = take(scene)
    lose(scene)
    real = moving.copy

    def flipping(source: Any, target: Any) -> None:
        real(source, target)
        target.exec_driver_sql("UPDATE subject SET identity = 'flipped'")

    monkeypatch.setattr(moving, "copy", flipping)
    with pytest.raises(VerificationFailed, match="the copy does not hold"):
        bring_back(scene, made)
    assert nothing_there(scene)
    monkeypatch.undo()
    assert bring_back(scene, made).entries == 20


@pytest.mark.only("postgres")
def test_server_that_goes_away_before_the_last_step_leaves_what_the_next_restore_removes(
    scene: Scene, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = take(scene)
    lose(scene)

    def cut(*_: object) -> None:
        database.server.crash()
        raise LedgerUnusable("the connection to the database was lost")

    monkeypatch.setattr(restore_place.ledger_moving, "arrive", cut)
    try:
        with pytest.raises(LedgerUnusable, match="connection to the database was lost"):
            bring_back(scene, made)
    finally:
        database.server.start()
    monkeypatch.undo()
    with pytest.raises(LedgerUnusable, match="ledger restore again"):
        open_store(database.url)
    assert bring_back(scene, made).entries == 20
    assert ledger_workflow.verify(scene.settings, payloads=True).ok


@pytest.mark.only("postgres")
def test_place_that_a_ledger_is_moving_to_is_left_as_it_is(scene: Scene, database: Any, tmp_path: Path) -> None:
    """A move that was cut off after the ledger had left: this place holds the only one that can be written to."""
    made = take(scene)
    with database.raw() as connection:
        connection.execute("INSERT INTO meta (name, value) VALUES ('arriving', 'sqlite:////srv/before.db')")
    with pytest.raises(LedgerUnusable, match=r"another ledger is on its way to that place, from sqlite:////srv/before"):
        bring_back(scene, made)
    with database.raw() as connection:
        connection.execute("DELETE FROM meta WHERE name = 'arriving'")
    assert ledger_workflow.verify(scene.settings, payloads=True).ok


def test_restore_while_another_runs_is_refused(scene: Scene) -> None:
    """Both would work on the same file: the one could give its name to what the other has just begun."""
    made = take(scene)
    lose(scene)
    with only_one(scene.settings, "restore"), pytest.raises(PlanRefused, match="Another restore"):
        bring_back(scene, made)
    assert bring_back(scene, made).entries == 20


def test_restore_removes_keys_that_a_killed_one_left_beside_their_place(scene: Scene) -> None:
    made = take(scene)
    lose(scene)
    left = files.part_of(scene.settings.ledger.keystore)
    shutil.copy(scene.settings.ledger.keystore, left)
    bring_back(scene, made)
    assert not left.exists()


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("there", [True, False])
def test_keystore_of_an_older_version_is_brought_to_this_one(scene: Scene, version: int, there: bool) -> None:
    """There is no store to migrate it with: the restore does it, whether it comes from a backup or stayed."""
    made = take(scene)
    assert made.keystore is not None
    lose(scene, keystore=not there)
    path = scene.settings.ledger.keystore if there else made.keystore / "keystore.db"
    older_keystore(path, version)
    if not there:
        manifests.write(made.keystore, manifests.sized(manifests.read(made.keystore), path))
    assert bring_back(scene, made, keystore=not there).entries == 20
    checked = ledger_workflow.verify(scene.settings, payloads=True)
    assert checked.ok, checked.lines()


def test_restored_ledger_can_be_moved(scene: Scene, tmp_path: Path) -> None:
    made = take(scene)
    lose(scene)
    bring_back(scene, made)
    others = scene.settings.ledger.checkpoints / "other.example.org%2Fledger"  # that publishes to the same folder
    others.mkdir()
    (others / "2026-000000000003.checkpoint").write_text("other.example.org/ledger/2026\n3\nAAAA\n\n", encoding="utf-8")
    moved = move(scene.settings, f"sqlite:///{tmp_path / 'moved.db'}")
    assert moved.heads[0][:2] == (2026, 20)


@pytest.mark.only("sqlite")
def test_restore_to_a_folder_that_is_not_there_says_so(scene: Scene) -> None:
    made = take(scene)
    ledger = scene.settings.ledger.model_copy(update={"store": f"sqlite:///{scene.folder / 'nowhere' / 'ledger.db'}"})
    settings = scene.settings.model_copy(update={"ledger": ledger})
    with pytest.raises(UsageError, match="there is no folder"):
        restore_workflow.restore(settings, restore_workflow.Source(made.store))
    assert not exists(ledger.store)
    assert names(scene)
