"""Copies every row of a store into another one, of the same kind or of the other, byte for byte.

The rows go through the guard rails of their new tables like any others. What is in the keystore is not here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Table, func, insert, select, text

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import marks, partitions, payloads, schema
from moodle_sync.store.engine import Transaction, connect, exists, finish_store, prepare_store, sqlite_path
from moodle_sync.store.tables import meta, metadata, payload

_BLOCK = 500


class Copied(NamedTuple):
    """What a table holds: how many rows, and SHA-256 over all of them in the order of their key."""

    rows: int
    digest: str


def make_room(url: str, source: str) -> None:
    """Makes an empty store at an address, marked as waiting for the ledger of ``source``.

    What an earlier move that was cut off left there is removed.

    Raises:
        LedgerUnusable: there is something else.
    """
    path = sqlite_path(url)
    if exists(url):
        _clear(url, path)
    part = prepare_store(url, lambda transaction: marks.put(transaction, marks.ARRIVING, source))
    if part is not None and path is not None:
        finish_store(part, path)


def _clear(url: str, path: Path | None) -> None:
    with connect(url) as store:
        if schema.revision(store) is None:
            raise LedgerUnusable("the place is taken; nothing was written", hint="Choose another place.")
        with store.write() as transaction:
            if marks.ARRIVING not in marks.get(transaction) and (path is not None or not _is_empty(transaction)):
                hint = "Name a new file, or an empty database."
                raise LedgerUnusable("there is a store already at that place; nothing was written", hint=hint)
            if path is None:
                metadata.drop_all(transaction)
                transaction.execute(text("DROP TABLE alembic_version"))
    if path is not None:
        for tail in ("-wal", "-shm", ""):  # the file last: killed in between, it is still known for what it is
            path.with_name(path.name + tail).unlink(missing_ok=True)


def _is_empty(transaction: Transaction) -> bool:
    return not any(transaction.execute(select(table).limit(1)).all() for table in metadata.sorted_tables)


def copy(source: Transaction, target: Transaction) -> None:
    """Copies every row; the caller commits. Both have this version's tables."""
    shards: set[int] = set()
    for table in metadata.sorted_tables:
        for rows in _blocks(source, table):
            for shard, part in _by_shard(table, rows):
                if shard is not None and shard not in shards:
                    partitions.open_year(target, shard)
                    shards.add(shard)
                target.execute(insert(table), part)
    if target.dialect.name == "postgresql":
        _go_on_counting(target)


def contents(transaction: Transaction) -> dict[str, Copied]:
    """What every table holds, by name: equal in two stores when every byte of every row is."""
    found: dict[str, Copied] = {}
    for table in metadata.sorted_tables:
        count, digest = 0, hashlib.sha256()
        for rows in _blocks(transaction, table):
            count += len(rows)
            digest.update("".join(f"{list(row.values())!r}\n" for row in rows).encode())
        found[table.name] = Copied(count, digest.hexdigest())
    return found


def _blocks(transaction: Transaction, table: Table) -> Iterator[list[dict[str, Any]]]:
    query = select(table).order_by(*table.primary_key.columns)
    if table is meta:
        query = query.where(meta.c.name.not_in((marks.MOVED, marks.ARRIVING)))
    result = transaction.execute(query.execution_options(yield_per=_BLOCK))
    for rows in result.mappings().partitions(_BLOCK):
        yield [dict(row) for row in rows]


def _by_shard(table: Table, rows: list[dict[str, Any]]) -> Iterator[tuple[int | None, list[dict[str, Any]]]]:
    if table not in partitions.PARTITIONED:
        yield None, rows
        return
    for shard in sorted({row["shard"] for row in rows}):
        yield shard, [row for row in rows if row["shard"] == shard]


def _go_on_counting(target: Transaction) -> None:
    # Rows came with their numbers: the server's counters do not know of them yet.
    payloads.go_on_counting(target)
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None or table is payload:
            continue
        last = target.execute(select(func.max(column))).scalar_one()
        if last is not None:
            target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, column.name), last)))
