from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from moodle_sync.store import Store, schema
from moodle_sync.store.tables import metadata


def test_migrations_make_exactly_the_tables_that_the_code_uses(store: Store) -> None:
    with store.read() as transaction:
        assert compare_metadata(MigrationContext.configure(transaction), metadata) == []


def test_head_is_the_last_revision_and_every_other_one_is_older() -> None:
    script = ScriptDirectory(str(schema.Path(schema.__file__).with_name("migrations")))
    revisions = {revision.revision for revision in script.walk_revisions()}
    assert script.get_current_head() == schema.HEAD
    assert revisions - {schema.HEAD} == schema.OLDER


def test_every_table_is_strict(store: Store) -> None:
    with store.read() as transaction:
        rows = transaction.execute(text("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")).all()
    loose = {name for name, strict in rows if not strict and not name.startswith("sqlite_")}
    assert loose == {"alembic_version"}


def test_migrate_twice_changes_nothing(store: Store) -> None:
    schema.migrate(store)
    schema.require_current(store)


def test_missing_guards_names_a_dropped_and_a_weakened_one(store: Store) -> None:
    with store.read() as transaction:
        assert schema.missing_guards(transaction) == []
        transaction.execute(text("DROP TRIGGER entry_no_delete"))
        transaction.execute(text("DROP TRIGGER entry_no_update"))
        transaction.execute(text("CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT 1; END"))
        assert schema.missing_guards(transaction) == ["entry_no_delete", "entry_no_update"]
