"""Writes and reads many rows at once, as the driver takes and gives them.

SQLAlchemy looks at each value of each row on its way to the driver, and puts each that it reads into one of its own,
which costs more than the insert or the reading itself. Guard rails and constraints are the database's: they hold here
as anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from sqlalchemy import Executable, Table
from sqlalchemy.exc import DBAPIError

from moodle_sync.store.engine import Transaction

_TOGETHER = 500  # rows a statement: of twelve columns 6,000 values, SQLite takes 32,766
_TYPES = {int: "int8", str: "text", bytes: "bytea"}


def insert_rows(
    transaction: Transaction, table: Table, rows: Sequence[tuple[Any, ...]], columns: Sequence[str]
) -> None:
    """Inserts rows, in their order; each holds the values of these columns, in theirs.

    SQLite is given many rows a statement. PostgreSQL is sent them with one COPY, in which its guard rails run once, and
    not once a row.
    """
    if not rows:
        return
    if transaction.dialect.name == "sqlite":
        into = f'INSERT INTO "{table.name}" ({_names(columns)}) VALUES '  # noqa: S608 (names of our own)
        marks = f"({', '.join('?' * len(columns))})"
        for start in range(0, len(rows), _TOGETHER):
            some = rows[start : start + _TOGETHER]
            transaction.exec_driver_sql(into + ", ".join([marks] * len(some)), tuple(chain.from_iterable(some)))
        return
    _copy(transaction, table, rows, columns)


def fetch_rows(transaction: Transaction, query: Executable) -> list[tuple[Any, ...]]:
    """All rows of a query as plain tuples; its columns are numbers, texts and bytes, which need no conversion."""
    result = transaction.execute(query)
    cursor: Any = result.cursor
    try:
        with _as_sqlalchemy_says_it(transaction, "reading"):
            rows: list[tuple[Any, ...]] = cursor.fetchall()
    finally:
        result.close()  # also when it failed: a cursor left open keeps the connection at what it saw then
    return rows


@contextmanager
def _as_sqlalchemy_says_it(transaction: Transaction, doing: str) -> Iterator[None]:
    # The driver's own errors, as SQLAlchemy says what any other statement raises: the store knows how to explain them.
    dbapi = transaction.dialect.loaded_dbapi
    try:
        yield
    except dbapi.Error as error:
        raise DBAPIError.instance(doing, None, error, dbapi.Error, dialect=transaction.dialect) from error


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _copy(transaction: Transaction, table: Table, rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> None:
    driver: Any = transaction.connection.driver_connection
    into = f'COPY "{table.name}" ({_names(columns)}) FROM STDIN (FORMAT BINARY)'
    with _as_sqlalchemy_says_it(transaction, f"COPY {table.name}"), driver.cursor().copy(into) as copy:
        copy.set_types([_TYPES[table.c[name].type.python_type] for name in columns])
        for row in rows:
            copy.write_row(row)
