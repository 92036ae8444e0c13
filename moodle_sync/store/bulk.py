"""Writes many rows at once, handed to the driver as they are.

SQLAlchemy looks at each value of each row on its way to the driver, which costs more than the insert itself. Guard
rails and constraints are the database's: they hold here as anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table

from moodle_sync.store.engine import Transaction

_ARRAYS = {int: "bigint[]", str: "text[]", bytes: "bytea[]"}


def insert_rows(
    transaction: Transaction, table: Table, rows: Sequence[tuple[Any, ...]], columns: Sequence[str]
) -> None:
    """Inserts rows, in their order; each holds the values of these columns, in theirs.

    A column that is None in all of them is left out: a driver looks at each value. PostgreSQL is given one array a column in one statement: its guard rails run once a statement, and are dear.
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
        transaction.exec_driver_sql(f"{into} VALUES ({marks})", list(zip(*(values for _, values in filled), strict=True)))
        return
    arrays = ", ".join(f"%s::{_ARRAYS[table.c[name].type.python_type]}" for name, _ in filled)
    lists = tuple(list(values) for _, values in filled)
    transaction.exec_driver_sql(f"{into} SELECT * FROM unnest({arrays})", lists)  # noqa: S608 (names)
