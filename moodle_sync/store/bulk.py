"""Writes many rows at once, handed to the driver as they are.

SQLAlchemy looks at each value of each row on its way to the driver, which costs more than the insert itself. Guard
rails and constraints are the database's: they hold here as anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table

from moodle_sync.store.engine import Transaction


def insert_rows(transaction: Transaction, table: Table, rows: Sequence[Iterable[Any]], columns: Sequence[str]) -> None:
    """Inserts rows, each a tuple of the values of these columns, in their order."""
    if not rows:
        return
    marks = ", ".join(["?" if transaction.dialect.paramstyle == "qmark" else "%s"] * len(columns))
    names = ", ".join(f'"{name}"' for name in columns)
    transaction.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(rows))  # noqa: S608 (names)
