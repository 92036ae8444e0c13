"""What we last wrote to each object of a site, field by field: the third side of the three-way comparison.

Used for sites without the companion, which otherwise keeps it in Moodle beside the objects. Values are kept exactly
as given; comparing them is the plan's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from moodle_sync.store.engine import Store, Transaction
from moodle_sync.store.tables import baseline

_CHUNK = 500  # SQLite takes 32,766 variables in a statement, PostgreSQL 65,535

Fields = dict[str, Any]
"""``{field: {"desired": sha256 hex, "observed": JSON as read back}}``."""


class Baselines:
    """The baselines of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, site: str, kind: str, keys: Sequence[str]) -> dict[str, Fields]:
        """The baseline of each of these objects that has one, by key."""
        found: dict[str, Fields] = {}
        with self._store.read() as transaction:
            for chunk in _chunks(keys):
                query = select(baseline.c.objkey, baseline.c.value).where(
                    baseline.c.site == site, baseline.c.kind == kind, baseline.c.objkey.in_(chunk)
                )
                found.update({key: json.loads(value) for key, value in transaction.execute(query)})
        return found

    def put(self, site: str, kind: str, key: str, fields: Mapping[str, Any]) -> None:
        """Stores these fields of one object; its other fields stay as they are."""
        with self._store.write() as transaction:
            before = self._one(transaction, site, kind, key)
            value = json.dumps({**(before or {}), **fields}, ensure_ascii=False, sort_keys=True, allow_nan=False)
            if before is None:
                transaction.execute(insert(baseline).values(site=site, kind=kind, objkey=key, value=value))
            else:
                transaction.execute(update(baseline).where(*_is(site, kind, key)).values(value=value))

    def drop(self, site: str, kind: str, key: str) -> None:
        """Forgets one object; an object that has no baseline is no error."""
        with self._store.write() as transaction:
            transaction.execute(delete(baseline).where(*_is(site, kind, key)))

    @staticmethod
    def _one(transaction: Transaction, site: str, kind: str, key: str) -> Fields | None:
        value = transaction.execute(select(baseline.c.value).where(*_is(site, kind, key))).scalar_one_or_none()
        return None if value is None else json.loads(value)


def _is(site: str, kind: str, key: str) -> tuple[Any, ...]:
    return baseline.c.site == site, baseline.c.kind == kind, baseline.c.objkey == key


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
