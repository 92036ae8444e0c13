"""ledger backup: what is written is whole, proven, private and registered; cut off, it leaves nothing of that name."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import killing
import pytest
import time_machine
from databases import Database
from ledgerscene import COURSE, PEOPLE, REMARKS, Scene

from moodle_sync.config import load_settings
from moodle_sync.errors import LedgerError, LedgerUnusable, PlanRefused, UsageError
from moodle_sync.store import Store, copying, init_store, open_store
from moodle_sync.store.moving import Copied, contents
from moodle_sync.workflows import manifests
from moodle_sync.workflows.backup import BackedUp, backup
from moodle_sync.workflows.copies import register
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.locks import only_one

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


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


def rows(url: str) -> dict[str, Copied]:
    """What every table of a store holds."""
    with open_store(url, readonly=True) as store, store.read() as transaction:
        return contents(transaction)


def take(scene: Scene, *, at: datetime = NOW) -> BackedUp:
    return backup(scene.settings, scene.folder / "disk", scene.folder / "vault", clock=lambda: at)


def test_backup_is_the_ledger_without_its_keys(scene: Scene) -> None:
    scene.stage("sag:pouvoir-dagir@2026-02-marseille")  # nothing new: stays as it is
    made = take(scene)
    assert (made.exit_code, made.entries, made.owed.lines()) == (0, 20, [])
    assert made.store == (scene.folder / "disk" / "ledger-20261122T020000Z").resolve()
    manifest = manifests.read(made.store)
    manifests.require_whole(made.store, manifest)
    assert manifest.origin == "test.example.org/ledger"
    assert manifest.checkpoint is not None
    assert manifest.checkpoint.startswith("test.example.org/ledger/2026\n20\n")
    assert [(head.shard, head.size) for head in manifest.heads] == [(2026, 20)]
    assert [path.name for path in sorted(made.store.iterdir())] == ["ledger.db", "manifest.json"]
    for file in [*made.store.iterdir(), *(made.keystore or Path()).iterdir()]:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(made.store.stat().st_mode) == 0o700
    mine, copied = rows(scene.settings.ledger.store), rows(f"sqlite:///{made.store / 'ledger.db'}")
    assert {name for name in mine if copied[name] != mine[name]} == {"copy"}  # registered afterwards
    connection = sqlite3.connect(made.store / "ledger.db")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert not tables & {"subject_key", "salt"}
    keys = sqlite3.connect(made.keystore / "keystore.db" if made.keystore else "")
    wrapped = [row[0] for row in keys.execute("SELECT wrapped FROM subject_key UNION ALL SELECT wrapped FROM salt")]
    keys.close()
    assert len(wrapped) > 20
    held = (made.store / "ledger.db").read_bytes()
    assert not [one for one in wrapped if one in held]


def test_backup_says_and_writes_nothing_in_clear(scene: Scene) -> None:
    made = take(scene)
    words = [word for one in PEOPLE.values() for word in (one.fullname, one.username, one.idnumber)]
    texts = [*words, *REMARKS.values(), scene.settings.ledger.master_key.read_text().strip()]
    folders = [scene.folder / "disk", scene.folder / "vault"]
    held = b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())
    said = "\n".join(made.lines()) + json.dumps(made.document())
    for text in texts:
        assert text.encode() not in held
        assert text not in said


def test_backup_registers_both_and_ends_with_a_published_checkpoint(scene: Scene) -> None:
    take(scene)
    known = register(scene.settings)
    assert [(row.kind, row.until) for row in known.copies] == [("store", None), ("keystore", "2026-12-06T02:00:00Z")]
    assert all(Path(row.path).is_dir() for row in known.copies)
    with open_ledger(scene.settings, readonly=True) as ledger:
        last = ledger.last_checkpoint()
    assert last is not None
    assert last.places


def test_backup_destroys_keystore_copies_past_their_end_and_no_others(scene: Scene) -> None:
    first, second = take(scene), take(scene, at=NOW + timedelta(days=1))
    assert first.keystore is not None
    assert second.keystore is not None
    with scene.store.raw() as connection:
        old = "UPDATE copy SET until = '2020-01-01T00:00:00Z' WHERE path = ?"
        connection.execute(old, (str(first.keystore),))
    (due,) = register(scene.settings).owed.copies
    assert due == f"{first.keystore} (copy of the keystore) should have been destroyed on 2020-01-01T00:00:00Z"
    third = take(scene, at=NOW + timedelta(days=2))
    assert (third.changed, third.owed.lines()) == (1, [])
    assert not first.keystore.exists()
    assert second.keystore.exists()
    assert all(made.store.exists() for made in (first, second, third))


@pytest.mark.parametrize(
    ("out", "vault", "message"),
    [
        ("disk", "disk", "two folders"),
        ("disk", "disk/inside", "two folders"),
        ("disk/inside", "disk", "two folders"),
        ("nowhere", "vault", "there is no folder"),
        ("disk", "nowhere", "there is no folder"),
        ("data", "vault", "holds the keystore itself"),
        (None, "vault", "where to"),
    ],
)
def test_backup_refuses_folders_that_would_bring_key_and_lock_together(
    scene: Scene, out: str | None, vault: str, message: str
) -> None:
    (scene.folder / "disk" / "inside").mkdir()
    with pytest.raises(UsageError, match=message):
        backup(scene.settings, scene.folder / out if out else None, scene.folder / vault)
    assert register(scene.settings).copies == ()


def test_backup_takes_its_folders_from_the_configuration(scene: Scene) -> None:
    text = (scene.folder / "config.toml").read_text()
    (scene.folder / "config.toml").write_text(
        text + '[backup]\nfolder = "disk"\nkeystore_folder = "vault"\nkeystore_days = 3\n', encoding="utf-8"
    )
    made = backup(load_settings(scene.folder / "config.toml"), clock=lambda: NOW)
    assert made.until == "2026-11-25T02:00:00Z"


def test_backup_while_another_runs_is_refused(scene: Scene) -> None:
    with only_one(scene.settings, "backup"), pytest.raises(PlanRefused, match="Another backup"):
        take(scene)


def test_backup_of_a_damaged_ledger_is_not_kept(scene: Scene) -> None:
    scene.store.drop_guards("entry_no_update")
    with scene.store.raw() as connection:
        (leaf,) = connection.execute("SELECT leaf FROM entry WHERE idx = 3").fetchone()
        changed = bytes(leaf).replace(b"observed", b"obserwed", 1)
        assert changed != bytes(leaf)
        connection.execute("UPDATE entry SET leaf = ? WHERE idx = 3", (changed,))
    with pytest.raises(LedgerError):
        take(scene)
    assert list((scene.folder / "disk").iterdir()) == []
    assert register(scene.settings).copies == ()


def test_backup_that_would_not_end_with_a_checkpoint_is_not_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = copying.copy_store

    def sealed_meanwhile(store: Store, path: Path) -> None:
        scene.grades[810051] = "12.5"
        with open_ledger(scene.settings) as other:
            other.stage(scene.snapshot(COURSE), programme_digest=None, plan_id=None)
            other.seal()
        copied(store, path)

    monkeypatch.setattr(copying, "copy_store", sealed_meanwhile)
    with pytest.raises(LedgerUnusable, match="another process sealed meanwhile"):
        take(scene)
    assert [path for path in (scene.folder / "disk").iterdir() if path.is_dir()] == []
    assert register(scene.settings).copies == ()
    monkeypatch.undo()
    assert take(scene).entries == 22


def test_backup_cut_off_anywhere_leaves_nothing_that_looks_whole(
    scene: Scene, database: Database, tell: Callable[[str], None]
) -> None:
    kept = points = 0
    while True:
        points += 1
        killed = _killed(points, lambda number=points: take(scene, at=NOW + timedelta(minutes=number)))  # type: ignore[misc]
        for folder in (*(scene.folder / "disk").glob("*"), *(scene.folder / "vault").glob("*")):
            if folder.is_dir() and not folder.name.startswith(".") and f"T02{points:02}" in folder.name:
                manifests.require_whole(folder, manifests.read(folder))
                paths = {row.path for row in register(scene.settings).copies}
                assert str(folder.resolve()) in paths, "a copy that nobody knows of"
                kept += 1
        if not killed:
            break
    take(scene)
    left = [path for path in scene.folder.rglob("*.part") if not path.name.endswith(f"{os.getpid()}.part")]
    assert not [path for path in left if path.is_dir() and "20261122T020000Z" in path.name]
    tried = f"backup from {database.kind} killed before each of {points - 1} writes"
    tell(f"{tried}; every folder found under its name was whole ({kept})")
    assert points > 10


def _killed(point: int, work: Callable[[], object]) -> bool:
    """Runs work in a child that is killed before its n-th rename, link, sync or removal."""
    names = ("link", "replace", "rename", "unlink", "fsync", "mkdir")
    return killing.killed(lambda: killing.count_files(killing.counter(point), names), work)


def test_copy_by_rows_is_the_same_store(
    scene: Scene, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How a store on a database server is copied."""
    if database.kind == "sqlite":
        monkeypatch.setattr(copying, "sqlite_path", lambda url: None)
    scene.stage(COURSE)
    with open_ledger(scene.settings, readonly=True) as ledger:
        copying.copy_store(ledger.store, tmp_path / "copy.db")
    assert rows(f"sqlite:///{tmp_path / 'copy.db'}") == rows(scene.settings.ledger.store)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    with pytest.raises(LedgerUnusable):
        init_store(f"sqlite:///{tmp_path / 'copy.db'}")
