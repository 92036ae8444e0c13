"""Entries of the ledger as a Parquet file, in row groups, a bounded number in memory. Needs the extra ``parquet``.

The rows are those of the CSV, typed: times are UTC timestamps, decimals stay text inside ``said``, which is JSON.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from moodle_sync.clock import from_rfc3339
from moodle_sync.errors import UsageError
from moodle_sync.ledger.exporting import COLUMNS, Exported

ROWS = 10_000
"""Rows of a group: what is in memory at a time."""
_TIMES = ("observed_at", "occurred_at")


def parquet(rows: Iterable[Exported], group: int = ROWS) -> Iterator[bytes]:
    """The bytes of the file, group by group.

    Raises:
        UsageError: pyarrow is not installed; before anything is read.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        hint = 'Run: pip install "moodle-sync[parquet]"'
        raise UsageError("the format parquet needs the package pyarrow", hint=hint) from error
    return _groups(pyarrow, iter(rows), group)


def _groups(arrow: Any, rows: Iterator[Exported], group: int) -> Iterator[bytes]:
    schema = arrow.schema([(name, _type(arrow, name)) for name in COLUMNS])
    sink = io.BytesIO()
    drain = _Drain(sink)
    writer = arrow.parquet.ParquetWriter(arrow.PythonFile(drain, mode="w"), schema, compression="zstd")
    while block := [_typed(row) for row in islice(rows, group)]:
        writer.write_table(arrow.Table.from_pylist(block, schema=schema), row_group_size=group)
        yield drain.taken()
    writer.close()
    yield drain.taken()


class _Drain(io.RawIOBase):
    """A file that is only appended to: what was written is handed on and forgotten, its length is not."""

    def __init__(self, sink: io.BytesIO) -> None:
        super().__init__()
        self._sink = sink
        self._length = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keeps bytes until they are taken."""
        count = self._sink.write(data)
        self._length += count
        return count

    def tell(self) -> int:
        """How much was written in all: the file's footer says where each group begins."""
        return self._length

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return data


def _type(arrow: Any, name: str) -> Any:
    if name in _TIMES:
        return arrow.timestamp("ms", tz="UTC")
    return {"userid": arrow.int64(), "erased": arrow.bool_()}.get(name, arrow.string())


def _typed(row: Exported) -> dict[str, Any]:
    values = row.columns()
    return {**values, **{name: from_rfc3339(values[name]) if values[name] else None for name in _TIMES}}
