"""Writes many rows at once, handed to the driver as they are.

SQLAlchemy looks at each value of each row on its way to the driver, which costs more than the insert itself. Guard
rails and constraints are the database's: they hold here as anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError

from moodle_sync.store.engine import Transaction

_TYPES = {int: "int8", str: "text", bytes: "bytea"}


def insert_rows(
    transaction: Transaction, table: Table, rows: Sequence[tuple[Any, ...]], columns: Sequence[str]
) -> None:
    """Inserts rows, in their order; each holds the values of these columns, in theirs.

    A column that is None in all of them is left out: a driver looks at each value. PostgreSQL is sent
    them with one COPY, in which its guard rails run once, and not once a row.
    """
    if not rows:
        return
    filled = [
        (name, values)
        for name, values in zip(columns, zip(*rows, strict=True), strict=True)
        if values.count(None) < len(rows)
    ]
    into = f'INSERT INTO "{table.name}" (' + ", ".join(f'"{name}"' for name, _ in filled) + ")"
    if transaction.dialect.name == "sqlite":
        marks = ", ".join("?" * len(filled))
        by_row = list(zip(*(values for _, values in filled), strict=True))
        transaction.exec_driver_sql(f"{into} VALUES ({marks})", by_row)
        return
    _copy(transaction, table, filled)


def _copy(transaction: Transaction, table: Table, filled: Sequence[tuple[str, Sequence[Any]]]) -> None:
    names = ", ".join(f'"{name}"' for name, _ in filled)
    dbapi = transaction.dialect.loaded_dbapi
    driver: Any = transaction.connection.driver_connection
    try:
        with driver.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)') as copy:
            copy.set_types([_TYPES[table.c[name].type.python_type] for name, _ in filled])
            for row in zip(*(values for _, values in filled), strict=True):
                copy.write_row(row)
    except dbapi.Error as error:  # as SQLAlchemy says what any other statement raises
        wrapped = DBAPIError.instance(f"COPY {table.name}", None, error, dbapi.Error, dialect=transaction.dialect)
        raise wrapped from error
