"""ledger migrate: the store's tables brought to this version; every entry, root and proof stays as it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from moodle_sync.config import Settings
from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import schema
from moodle_sync.store.engine import connect, sqlite_path
from moodle_sync.store.keystore import upgrade_keystore


@dataclass(frozen=True)
class Migrated:
    """From which version of the tables to which."""

    before: str
    after: str

    def lines(self) -> list[str]:
        """For a person."""
        if self.before == self.after:
            return [f"The tables have version {self.after} already: nothing was changed."]
        return [f"The tables went from version {self.before} to {self.after}. Now run: moodle-sync ledger verify"]

    def document(self) -> Any:
        """For a program."""
        return asdict(self)


def migrate(settings: Settings) -> Migrated:
    """Bring the store to this version, in one transaction, and the keystore before it, in another.

    Raises:
        LedgerUnusable: there is no store, or it was written by a newer program.
    """
    path = sqlite_path(settings.ledger.store)
    if path is not None and not path.is_file():
        raise LedgerUnusable(f"there is no store at {path}", hint="Run: moodle-sync ledger init")
    if settings.ledger.keystore.exists():
        upgrade_keystore(settings.ledger.keystore)
    with connect(settings.ledger.store) as store:
        before = schema.require_known(store)
        schema.migrate(store)
        schema.require_current(store)
    return Migrated(before, schema.HEAD)
