"""What the tests of ``ledger restore`` share: a ledger backed up, lost, brought back, and held against a fork."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ledgerscene import COURSE, Scene

from moodle_sync.ledger import merkle, note
from moodle_sync.ledger.people import everybody
from moodle_sync.publish.file import read_published
from moodle_sync.store import entries, tree
from moodle_sync.store.engine import exists
from moodle_sync.workflows import backup as backup_workflow
from moodle_sync.workflows import erasure
from moodle_sync.workflows import restore as restore_workflow
from moodle_sync.workflows.backup import BackedUp
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.restore import Accepted, Restored, Source

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LOSS = Accepted(loss=True)


def take(scene: Scene, *, hours: int = 0) -> BackedUp:
    at = NOW + timedelta(hours=hours)
    return backup_workflow.backup(scene.settings, scene.folder / "disk", scene.folder / "vault", clock=lambda: at)


def lose(scene: Scene, *, keystore: bool = False) -> None:
    """The disk with the store is gone, with or without the keystore's; the keys that are kept apart are not."""
    ledger = scene.settings.ledger
    scene.store.lose()
    if keystore:
        ledger.keystore.unlink()
        for left in ledger.keystore.parent.glob("erased-*.list"):
            left.unlink()


def nothing_there(scene: Scene) -> bool:
    """Whether the place of the store is as empty as it was before a restore that was refused, and no file is left."""
    left = [path for path in (scene.folder / "data").iterdir() if "part" in path.name]
    return not left and not exists(scene.settings.ledger.store)


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


_SALTS_AS_THEY_WERE = (
    "ALTER TABLE salt RENAME TO new_salt",
    "CREATE TABLE salt (commitment BLOB PRIMARY KEY, pseudonym TEXT NOT NULL, wrapped BLOB NOT NULL) STRICT",
    "CREATE INDEX salt_pseudonym ON salt (pseudonym)",
    "INSERT INTO salt SELECT commitment, pseudonym, wrapped FROM new_salt",
    "DROP TABLE new_salt",
)


def older_keystore(path: Path, version: int) -> None:
    """Makes a keystore one of an older version, 1 or 2."""
    connection = sqlite3.connect(path)
    for statement in _SALTS_AS_THEY_WERE:
        connection.execute(statement)
    for table in ("erased", "carried") if version == 1 else ():
        connection.execute(f"DROP TABLE {table}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()
