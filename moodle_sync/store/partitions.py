"""The partitions of ``entry`` on PostgreSQL: one a shard, made when the shard is opened.

SQLite knows none. What can be erased keeps no statistics: they would hold values of rows that are gone.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table

from moodle_sync.store import guards_postgres
from moodle_sync.store.tables import entry

PARTITIONED: tuple[Table, ...] = (entry,)
NO_STATISTICS: dict[str, tuple[str, ...]] = {
    "subject": ("lookup", "identity"),
    "payload": ("nonce", "ciphertext", "commitment"),
    "pending": ("commitment",),
    "current": ("ref", "value_mac"),
}
"""Columns of which PostgreSQL keeps no sample, by table."""


def open_year(transaction: Connection, shard: int) -> None:
    """Makes the partitions of a shard, in the transaction that opens it; on SQLite nothing is to be done.

    They are attached, not made in place: that way whoever reads the ledger meanwhile is not waited for.
    """
    if transaction.dialect.name != "postgresql":
        return
    for table in PARTITIONED:
        parent, partition = table.name, f"{table.name}_{int(shard)}"
        for statement in (
            f"CREATE TABLE {partition} (LIKE {parent} INCLUDING ALL)",
            *without_statistics(parent, partition),
            *guards_postgres.on_partition(parent, partition),
            f"ALTER TABLE {parent} ATTACH PARTITION {partition} FOR VALUES IN ({int(shard)})",
            *guards_postgres.on_attached(parent, partition),
        ):
            transaction.exec_driver_sql(statement)


def without_statistics(table: str, place: str | None = None) -> list[str]:
    """What keeps values of these columns out of the server's statistics, on the table or on a partition of it."""
    columns = NO_STATISTICS.get(table, ())
    return [f"ALTER TABLE {place or table} ALTER COLUMN {column} SET STATISTICS 0" for column in columns]
