"""Copies every row of a store into another one, of the same kind or of the other, byte for byte.

The rows go through the guard rails of their new tables like any others. What is in the keystore is not here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
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


def require_room(url: str, source: str) -> None:
    """Passes when :func:`make_room` finds room at an address; writes nothing.

    Raises:
        LedgerUnusable: there is something that was not begun for this ``source``.
    """
    if not exists(url):
        return
    with connect(url, readonly=True) as store:
        known = schema.revision(store)
        if known is None:
            raise LedgerUnusable("the place is taken; nothing was written", hint="Choose another place.")
        with store.read() as transaction:
            _require_begun(transaction, source, known, on_server=sqlite_path(url) is None)


def make_room(url: str, source: str) -> None:
    """Makes an empty store at an address, marked as waiting for the ledger of ``source``.

    What was begun for the same ``source`` and cut off is removed, and nothing else is.

    Raises:
        LedgerUnusable: as :func:`require_room`.
    """
    clear(url, source)
    part = prepare_store(url, lambda transaction: marks.put(transaction, marks.ARRIVING, source))
    path = sqlite_path(url)
    if part is not None and path is not None:
        finish_store(part, path)


def clear(url: str, source: str) -> None:
    """Removes what was begun at an address for the ledger of ``source`` and has not ended, if there is something.

    Raises:
        LedgerUnusable: as :func:`require_room`.
    """
    require_room(url, source)
    path = sqlite_path(url)
    if not exists(url):
        return
    with connect(url) as store, store.write() as transaction:
        _require_begun(transaction, source, schema.HEAD, on_server=path is None)  # it may have ended meanwhile
        if path is None:
            metadata.drop_all(transaction)
            transaction.execute(text("DROP TABLE alembic_version"))
    if path is not None:
        for tail in ("-wal", "-shm", ""):  # the file last: killed in between, it is still known for what it is
            path.with_name(path.name + tail).unlink(missing_ok=True)


def _require_begun(transaction: Transaction, source: str, known: str, *, on_server: bool) -> None:
    found = marks.get(transaction).get(marks.ARRIVING)
    if found == source:
        return
    if found is not None:
        raise LedgerUnusable(
            f"another ledger is on its way to that place, from {found}; nothing was written",
            hint="End what was begun there, with the command and the configuration of then; or choose another place.",
        )
    # On a server the tables are made before the mark is set: killed in between, they are there and hold nothing.
    if not (on_server and known == schema.HEAD and _is_empty(transaction)):
        hint = "Name a new file, or an empty database."
        raise LedgerUnusable("there is a store already at that place; nothing was written", hint=hint)


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
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        # The number of a payload that was erased is still named by its entry.
        last = payloads.highest(target) if table is payload else target.execute(select(func.max(column))).scalar_one()
        if last:
            target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, column.name), last)))
