"""ledger migrate: a ledger of any older version keeps every root, checkpoint and proof, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from databases import Database
from ledgerscene import COURSE, OTHER, Scene
from restorescene import older_keystore
from sqlalchemy import Table, inspect, text

from moodle_sync.errors import LedgerUnusable
from moodle_sync.ledger import merkle, note
from moodle_sync.ledger.proving import Bundle, prove
from moodle_sync.publish.file import read_published
from moodle_sync.store import entries, files, partitions, schema
from moodle_sync.store.engine import Transaction, connect
from moodle_sync.store.tables import metadata
from moodle_sync.workflows import erasure
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger, verify
from moodle_sync.workflows.migrate import migrate

EVERY = sorted(schema.OLDER)
SEALED = ("meta", "signer", "tile", "frontier", "head", "checkpoint", "publication")


@pytest.fixture(scope="module")
def past() -> Callable[[Scene], None]:
    return _live


def _live(scene: Scene) -> None:
    """Long enough for full tiles, with two checkpoints."""
    scene.pull()
    with open_ledger(scene.settings) as ledger:
        for number in range(150):
            scene.grades[810051] = f"{number}.25"
            ledger.stage(scene.snapshot(COURSE), programme_digest=None, plan_id=None)
            ledger.seal()
    scene.pull(OTHER)


@pytest.fixture(params=EVERY)
def old(request: pytest.FixtureRequest, scene: Scene) -> Scene:
    """The same ledger in the tables of an older version, and its keystore in the file of the first one."""
    with connect(scene.settings.ledger.store, readonly=True) as store, store.read() as transaction:
        content = _as_it_was({table: _dicts(transaction, table.name) for table in metadata.sorted_tables})
    scene.store.lose()
    if scene.database is None:
        files.create(scene.folder / "data" / "ledger.db", b"")
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    with connect(scene.settings.ledger.store) as store, store.write() as transaction:
        config.attributes["connection"] = transaction
        command.upgrade(config, request.param)
        partitions.open_year(transaction, 2026)
        if scene.database is not None:
            transaction.execute(text("CREATE TABLE payload_2026 PARTITION OF payload FOR VALUES IN (2026)"))
        for table, rows in content.items():
            _fill(transaction, table, rows)
    older_keystore(scene.settings.ledger.keystore, EVERY.index(request.param) % 2 + 1)
    return scene


def _as_it_was(content: dict[Table, list[dict[str, Any]]]) -> dict[Table, list[dict[str, Any]]]:
    """What the tables of today say, as those up to 0004 said it; nothing waits here."""
    named = {table.name: rows for table, rows in content.items()}
    places = {row["payload"]: {"shard": row["shard"], "idx": row["idx"]} for row in named["entry"] if row["payload"]}
    assert not named["pending"]
    assert named["payload"]
    assert named["current"]
    sealed = {"payload": [row | places[row["id"]] for row in named["payload"]],
              "current": [row | places[row["payload"]] for row in named["current"]]}  # fmt: skip
    return {table: sealed.get(table.name, rows) for table, rows in content.items()}


def _dicts(transaction: Transaction, table: str) -> list[dict[str, Any]]:
    found = transaction.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))
    return [dict(row) for row in found.mappings()]


def _fill(transaction: Transaction, table: Table, rows: list[dict[str, Any]]) -> None:
    """Puts rows into a table as it was, if there was one."""
    if not inspect(transaction).has_table(table.name):
        return
    had = {one["name"] for one in inspect(transaction).get_columns(table.name)}
    for row in rows:
        mine = {name: value for name, value in row.items() if name in had}
        names = ", ".join(mine)
        transaction.execute(text(f"INSERT INTO {table.name} ({names}) VALUES (:{names.replace(', ', ', :')})"), mine)
    column = table.autoincrement_column
    if rows and column is not None and column.name in had and transaction.dialect.name == "postgresql":
        last = max(row[column.name] for row in rows)  # rows came with their numbers: the counter does not know of them
        transaction.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), {last})"))


def rows(scene: Scene) -> dict[str, list[dict[str, Any]]]:
    with connect(scene.settings.ledger.store, readonly=True) as store, store.read() as transaction:
        found = {table: _dicts(transaction, table) for table in SEALED}
        leaves = transaction.execute(text("SELECT shard, idx, leaf, leaf_hash FROM entry ORDER BY 1, 2"))
        return found | {"entry": [dict(row) for row in leaves.mappings()]}


def proofs(scene: Scene) -> Bundle:
    with open_ledger(scene.settings, readonly=True) as ledger:
        with ledger.store.read() as transaction:
            places = [(row.shard, row.idx) for block in entries.blocks(transaction, 2026) for row in block]
        return prove(ledger.store, ledger.keystore, places)


@pytest.fixture
def same(scene: Scene) -> Bundle:
    """The proofs of the ledger before anything was made older; to be asked for before ``old``."""
    return proofs(scene)


def test_migrate_keeps_every_root_and_proof_byte_for_byte(
    same: Bundle, old: Scene, database: Database, tell: Callable[[str], None]
) -> None:
    with pytest.raises(LedgerUnusable, match="ledger migrate"), open_ledger(old.settings, readonly=True):
        pass
    before = rows(old)
    published = read_published(old.settings.ledger.checkpoints)
    done = migrate(old.settings)
    assert done.after == schema.HEAD
    assert rows(old) == before
    assert verify(old.settings, payloads=True).ok
    bundle = proofs(old)
    assert bundle == same
    with open_ledger(old.settings, readonly=True) as ledger:
        publics = ledger.public_keys()
    for signed in published:
        point = note.verify(signed, publics)
        growth = merkle.Growth(256)
        growth.extend([merkle.leaf_hash(entry.data) for entry in bundle.entries[: point.size]])
        assert growth.root() == point.root
    size, notes = len(bundle.entries), len(published)
    tell(f"{database.kind} from {done.before}: {size} proofs and {notes} checkpoints are the same bytes, and hold")
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
def test_migrate_of_a_keystore_alone_is_enough(scene: Scene, version: int) -> None:
    older_keystore(scene.settings.ledger.keystore, version)
    with (
        pytest.raises(LedgerUnusable, match=rf"keystore has version {version}[\s\S]*ledger migrate"),
        open_ledger(scene.settings, readonly=True),
    ):
        pass
    migrate(scene.settings)
    assert verify(scene.settings, payloads=True).ok
