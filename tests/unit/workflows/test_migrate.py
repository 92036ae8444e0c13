"""ledger migrate: a ledger of any older version keeps every root, checkpoint and proof, byte for byte."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from ledgerscene import COURSE, OTHER, Scene, copy, make

from moodle_sync.errors import LedgerUnusable
from moodle_sync.ledger import merkle, note
from moodle_sync.ledger.proving import Bundle, prove
from moodle_sync.publish.file import read_published
from moodle_sync.store import entries, schema
from moodle_sync.store.engine import connect
from moodle_sync.workflows import erasure
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger, verify
from moodle_sync.workflows.migrate import migrate

EVERY = sorted(schema.OLDER)
SEALED = ("meta", "signer", "tile", "frontier", "head", "checkpoint", "publication")
# What the tables of today say, as those up to 0004 said it; nothing waits here.
AS_IT_WAS = (
    "INSERT INTO main.payload SELECT e.shard, e.idx, p.subject, p.nonce, p.ciphertext, p.commitment, p.key_id "
    "FROM new.entry e JOIN new.payload p ON p.id = e.payload",
    "INSERT INTO main.current SELECT c.subject, c.ref, e.shard, e.idx, NULL, c.value_mac, c.gone "
    "FROM new.current c JOIN new.entry e ON e.payload = c.payload",
)
SALTS_AS_THEY_WERE = (
    "ALTER TABLE salt RENAME TO new_salt",
    "CREATE TABLE salt (commitment BLOB PRIMARY KEY, pseudonym TEXT NOT NULL, wrapped BLOB NOT NULL) STRICT",
    "CREATE INDEX salt_pseudonym ON salt (pseudonym)",
    "INSERT INTO salt SELECT commitment, pseudonym, wrapped FROM new_salt",
    "DROP TABLE new_salt",
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger long enough for full tiles, with two checkpoints."""
    folder = tmp_path_factory.mktemp("template")
    scene = make(folder)
    scene.pull()
    for number in range(150):
        scene.grades[810051] = f"{number}.25"
        with open_ledger(scene.settings) as ledger:
            ledger.stage(scene.snapshot(COURSE), programme_digest=None, plan_id=None)
            ledger.seal()
    scene.pull(OTHER)
    return folder


@pytest.fixture(params=EVERY)
def old(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Scene:
    """The same ledger in the tables of an older version, and its keystore in the file of the first one."""
    scene = copy(template, tmp_path)
    path = tmp_path / "data" / "ledger.db"
    path.rename(tmp_path / "new.db")
    sqlite3.connect(path).close()
    path.chmod(0o600)
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    with connect(scene.settings.ledger.store) as store, store.write() as transaction:
        config.attributes["connection"] = transaction
        command.upgrade(config, request.param)
    connection = sqlite3.connect(path)
    connection.execute("ATTACH ? AS new", (str(tmp_path / "new.db"),))
    tables = [row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
    for table in tables:
        if table not in ("alembic_version", "payload", "pending", "current"):
            had = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} ({had}) SELECT {had} FROM new.{table} ORDER BY 1, 2")
    for statement in AS_IT_WAS:
        assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()
    (tmp_path / "new.db").unlink()
    first_keystore(tmp_path / "data" / "keystore.db", EVERY.index(request.param) % 2 + 1)
    return scene


def first_keystore(path: Path, version: int) -> None:
    """Makes a keystore one of an older version."""
    connection = sqlite3.connect(path)
    for statement in SALTS_AS_THEY_WERE:
        connection.execute(statement)
    for table in ("erased", "carried") if version == 1 else ():
        connection.execute(f"DROP TABLE {table}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()


def rows(scene: Scene) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(scene.folder / "data" / "ledger.db")
    found = {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in SEALED}
    found["entry"] = connection.execute("SELECT shard, idx, leaf, leaf_hash FROM entry ORDER BY 1, 2").fetchall()
    connection.close()
    return found


def proofs(scene: Scene) -> Bundle:
    with open_ledger(scene.settings, readonly=True) as ledger:
        with ledger.store.read() as transaction:
            places = [(row.shard, row.idx) for block in entries.blocks(transaction, 2026) for row in block]
        return prove(ledger.store, ledger.keystore, places)


def test_migrate_keeps_every_root_and_proof_byte_for_byte(
    old: Scene, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LedgerUnusable, match="ledger migrate"), open_ledger(old.settings, readonly=True):
        pass
    before = rows(old)
    published = read_published(old.settings.ledger.checkpoints)
    done = migrate(old.settings)
    assert done.after == schema.HEAD
    assert rows(old) == before
    assert verify(old.settings, payloads=True).ok
    (tmp_path / "same").mkdir()
    bundle, same = proofs(old), proofs(copy(template, tmp_path / "same"))
    assert bundle == same
    with open_ledger(old.settings, readonly=True) as ledger:
        publics = ledger.public_keys()
    for text in published:
        point = note.verify(text, publics)
        growth = merkle.Growth(256)
        growth.extend([merkle.leaf_hash(entry.data) for entry in bundle.entries[: point.size]])
        assert growth.root() == point.root
    with capsys.disabled():
        size, notes = len(bundle.entries), len(published)
        print(f"\nfrom {done.before}: {size} proofs and {notes} checkpoints are the same bytes, and hold")
    assert len(bundle.entries) > 256
    assert migrate(old.settings).lines()[0].endswith("nothing was changed.")


def test_migrated_ledger_goes_on_and_erases(old: Scene) -> None:
    migrate(old.settings)
    old.grades[810063] = "5.5"
    assert old.pull(COURSE) == 2  # that, and the other's grade as it was at first
    erasure.refuse(
        old.settings, Target("EXT-5582", None), policy="opco", reason="legal_claims", until=date(2099, 1, 1), yes=True
    )
    did = erasure.erase(old.settings, Target("EXT-4471", None), policy="rgpd-17", reason="request", yes=True)
    assert did.entries == 6
    with open_ledger(old.settings, readonly=True) as ledger:
        assert len(ledger.keystore.erased()) == 2
    assert verify(old.settings, payloads=True).ok


@pytest.mark.parametrize("version", [1, 2])
def test_migrate_of_a_keystore_alone_is_enough(template: Path, tmp_path: Path, version: int) -> None:
    scene = copy(template, tmp_path)
    first_keystore(tmp_path / "data" / "keystore.db", version)
    with (
        pytest.raises(LedgerUnusable, match=rf"keystore has version {version}[\s\S]*ledger migrate"),
        open_ledger(scene.settings, readonly=True),
    ):
        pass
    migrate(scene.settings)
    assert verify(scene.settings, payloads=True).ok
