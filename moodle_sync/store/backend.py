"""What differs between the databases that a store can be in; the rest of this package is the same SQL on both."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from moodle_sync.errors import LedgerUnusable


class Backend(Protocol):
    """One kind of database, bound to one address, to be read only or not, and to a time to wait for others."""

    def engine(self) -> Engine:
        """Connections with every setting that the ledger's promises need; one that cannot have them is refused."""

    def reading(self, connection: Connection) -> Connection:
        """The connection, set so that the transaction that begins next is one consistent view."""

    def writing(self, connection: Connection) -> Connection:
        """The connection, set so that the transaction that begins next may write."""

    def lock(self, connection: Connection, scope: str | None) -> None:
        """Called first in a transaction that writes: returns when it has the right to write.

        None is the right to write anything, which nobody else has at the same time; a scope is the right to stage in
        that scope, which others may have in other scopes.
        """

    def explain(self, error: DBAPIError) -> LedgerUnusable | None:
        """What a database error means to whoever runs the program; None for a mistake of our own."""

    def scrub(self, engine: Engine) -> bool:
        """Removes what deleted rows left in the database's files; says whether nothing can be left elsewhere."""

    def risks(self, connection: Connection) -> list[str]:
        """Settings of the server under which a power cut may take what was acknowledged."""
