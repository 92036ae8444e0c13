from __future__ import annotations

import hashlib

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from databases import Database
from sqlalchemy import text

from moodle_sync.store import Store, schema, tree
from moodle_sync.store.engine import connect
from moodle_sync.store.tables import metadata

# SHA-256 of what each released revision made in SQLite: never to change, whatever it learns to say to PostgreSQL.
RELEASED = {
    "0001": "f2ee6b1f30b4df181ea4b1867a29bcc5a7b279bafd7b2f4e3f3aad634f68b290",
    "0002": "c222cc06c8374fa5cf0c31435dd16d6ccd6e77af312a69196371fece50875544",
}


def test_migrations_make_exactly_the_tables_that_the_code_uses(store: Store) -> None:
    with store.read() as transaction:
        found = compare_metadata(MigrationContext.configure(transaction), metadata)
    assert found == []


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("revision", sorted(RELEASED))
def test_released_revision_makes_the_same_in_sqlite_for_ever(database: Database, revision: str) -> None:
    with database.raw():
        pass  # an empty file
    with connect(database.url) as store:
        schema.migrate(store, revision)
    with database.raw() as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY rowid").fetchall()
    assert hashlib.sha256(repr(rows).encode()).hexdigest() == RELEASED[revision]


def test_head_is_the_last_revision_and_every_other_one_is_older() -> None:
    script = ScriptDirectory(str(schema.Path(schema.__file__).with_name("migrations")))
    revisions = {revision.revision for revision in script.walk_revisions()}
    assert script.get_current_head() == schema.HEAD
    assert revisions - {schema.HEAD} == schema.OLDER


@pytest.mark.only("sqlite")
def test_every_table_is_strict(store: Store) -> None:
    with store.read() as transaction:
        rows = transaction.execute(text("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")).all()
    loose = {name for name, strict in rows if not strict and not name.startswith("sqlite_")}
    assert loose == {"alembic_version"}


def test_migrate_twice_changes_nothing(store: Store) -> None:
    schema.migrate(store)
    schema.require_current(store)


@pytest.mark.only("sqlite")
def test_missing_guards_names_a_dropped_and_a_weakened_one(store: Store) -> None:
    with store.read() as transaction:
        assert schema.missing_guards(transaction) == []
        transaction.execute(text("DROP TRIGGER entry_no_delete"))
        transaction.execute(text("DROP TRIGGER entry_no_update"))
        transaction.execute(text("CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT 1; END"))
        assert schema.missing_guards(transaction) == ["entry_no_delete", "entry_no_update"]


WEAKENED = {
    "DROP TRIGGER entry_no_delete ON entry": ["entry_no_delete", "entry_no_delete of entry_2026"],
    "DROP TRIGGER entry_no_truncate ON entry_2026": ["entry_no_truncate of entry_2026"],
    "DROP TRIGGER entry_no_gap ON entry_2026": ["entry_no_gap of entry_2026"],
    "ALTER TABLE checkpoint DISABLE TRIGGER checkpoint_no_second": ["checkpoint_no_second"],
    "ALTER TABLE entry_2026 DISABLE TRIGGER entry_no_update": ["entry_no_update of entry_2026"],
    "ALTER TABLE binding DISABLE TRIGGER USER": ["binding_no_delete", "binding_no_truncate", "binding_no_update"],
    "ALTER TABLE binding ENABLE TRIGGER binding_no_update": ["binding_no_update"],  # not for a replica any more
    "ALTER TRIGGER binding_no_update ON binding RENAME TO other": ["binding_no_update"],
    "CREATE OR REPLACE FUNCTION ledger_next_checkpoint() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'": [
        "checkpoint_no_second"
    ],
    "CREATE OR REPLACE TRIGGER checkpoint_no_second BEFORE INSERT ON checkpoint FOR EACH ROW WHEN (NEW.size = 7) "
    "EXECUTE FUNCTION ledger_next_checkpoint()": ["checkpoint_no_second"],
    "CREATE OR REPLACE TRIGGER binding_no_update BEFORE UPDATE OF course ON binding FOR EACH ROW "
    "EXECUTE FUNCTION ledger_refuse('binding')": ["binding_no_update"],
    "ALTER FUNCTION ledger_next_checkpoint() SET search_path = pg_catalog": ["checkpoint_no_second"],
}


@pytest.mark.only("postgres")
def test_missing_guards_names_what_was_dropped_disabled_or_weakened(store: Store, database: Database) -> None:
    with store.write() as transaction:
        tree.open_shard(transaction, tree.Head(2026, 0, b""))
    for statement, names in WEAKENED.items():
        with store.write() as transaction:
            assert schema.missing_guards(transaction) == []
            transaction.execute(text(statement))
            assert schema.missing_guards(transaction) == names, statement
            transaction.rollback()
    with store.read() as transaction:
        assert schema.missing_guards(transaction) == []
    print(f"{len(WEAKENED)} ways to weaken a guard rail tried, all named")
