"""Which version of the tables a store has, how it gets to this one, and whether its guard rails still stand.

Migrations are alembic's and travel inside the package. alembic is imported only when one runs: opening is frequent.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import guards_postgres
from moodle_sync.store.engine import Store, Transaction
from moodle_sync.store.guards import GUARDS

HEAD = "0005"
"""The revision that this code reads and writes."""

OLDER: frozenset[str] = frozenset({"0001", "0002", "0003", "0004"})
"""Revisions that a migration leads from."""


def require_current(store: Store) -> None:
    """Passes when the store has exactly this version's tables.

    Raises:
        LedgerUnusable: it has not; the hint says what to run.
    """
    found = require_known(store)
    if found != HEAD:
        raise LedgerUnusable(
            f"the store has tables of version {found}, this program needs {HEAD}",
            hint="Copy the store to a safe place, then run: moodle-sync ledger migrate",
        )


def require_known(store: Store) -> str:
    """The version of the store's tables, when it is this one or one that a migration leads from.

    Raises:
        LedgerUnusable: it is neither.
    """
    found = revision(store)
    if found is None:
        raise LedgerUnusable("this database holds no moodle_sync store", hint="Run: moodle-sync ledger init")
    if found == HEAD or found in OLDER:
        return found
    raise LedgerUnusable(
        f"the store has tables of version {found}, which this program does not know (it knows {HEAD})",
        hint="It was written by a newer moodle_sync. Run: pip install --upgrade moodle-sync",
    )


def migrate(store: Store, revision: str = HEAD) -> None:
    """Brings the store to a revision, in one transaction; a store that is there already is left as it is."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    place = str(Path(__file__).with_name("migrations")).replace("%", "%%")
    config.set_main_option("script_location", place)
    config.set_main_option("path_separator", "os")
    with store.write() as transaction:
        config.attributes["connection"] = transaction
        command.upgrade(config, revision)


def missing_guards(transaction: Transaction) -> list[str]:
    """Names of the guard rails that are gone or are not as the migration made them, sorted."""
    if transaction.dialect.name == "postgresql":
        return guards_postgres.missing(transaction)
    rows = transaction.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    found = {str(name): str(sql) for name, sql in rows}
    return sorted(name for name, sql in GUARDS.items() if found.get(name) != sql)


def revision(store: Store) -> str | None:
    """The version of the store's tables, or None when there are none."""
    with store.read() as transaction:
        return _revision(transaction)


def _revision(transaction: Transaction) -> str | None:
    if not inspect(transaction).has_table("alembic_version"):
        return None
    found = transaction.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return str(found[0]) if len(found) == 1 else None
