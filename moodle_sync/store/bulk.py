"""Writes many rows at once, handed to the driver as they are.

SQLAlchemy looks at each value of each row on its way to the driver, which costs more than the insert itself. Guard
rails and constraints are the database's: they hold here as anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Table
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


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _copy(transaction: Transaction, table: Table, rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> None:
    dbapi = transaction.dialect.loaded_dbapi
    driver: Any = transaction.connection.driver_connection
    try:
        with driver.cursor().copy(f'COPY "{table.name}" ({_names(columns)}) FROM STDIN (FORMAT BINARY)') as copy:
            copy.set_types([_TYPES[table.c[name].type.python_type] for name in columns])
            for row in rows:
                copy.write_row(row)
    except dbapi.Error as error:  # as SQLAlchemy says what any other statement raises
        wrapped = DBAPIError.instance(f"COPY {table.name}", None, error, dbapi.Error, dialect=transaction.dialect)
        raise wrapped from error
