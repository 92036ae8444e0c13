"""Programme versions and rubric definitions, stored by content, and which version a session is bound to.

In ten years a digest in a leaf must still be readable: nothing here is ever changed or removed. No personal data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from moodle_sync.canonical import JSON, canonical
from moodle_sync.clock import Clock, to_rfc3339, utc_now
from moodle_sync.errors import PlanRefused, VerificationFailed
from moodle_sync.store.engine import Store, Transaction
from moodle_sync.store.tables import binding, spec_version


class SpecVersions:
    """The stored versions and bindings of a store."""

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    def put(self, kind: str, content: JSON) -> str:
        """Stores a content once and returns its digest (SHA-256 of the canonical form, hex).

        ``kind`` says what it was first stored as. Raises TypeError for what has no canonical form, such as floats.
        """
        with self._store.write() as transaction:
            return put(transaction, kind, content)

    def get(self, digest: str) -> JSON | None:
        """The content behind a digest, or None.

        Raises:
            VerificationFailed: what is stored does not have that digest any more.
        """
        with self._store.read() as transaction:
            query = select(spec_version.c.content).where(spec_version.c.digest == digest)
            content = transaction.execute(query).scalar_one_or_none()
        if content is None:
            return None
        if hashlib.sha256(content).hexdigest() != digest:
            raise VerificationFailed(f"the stored content of {digest} was altered")
        parsed: Any = json.loads(content)
        return parsed

    def bind(self, course: str, digest: str) -> None:
        """Binds a session's course to a stored programme version, for good. The same digest again changes nothing.

        Raises:
            PlanRefused: the course is bound to another version.
            ValueError: no content with that digest is stored: :meth:`put` it first.
        """
        with self._store.write() as transaction:
            bound = transaction.execute(select(binding.c.digest).where(binding.c.course == course)).scalar_one_or_none()
            if bound is None:
                stored = select(spec_version.c.digest).where(spec_version.c.digest == digest)
                if transaction.execute(stored).one_or_none() is None:
                    raise ValueError(f"no spec version {digest} is stored")
                values = {"course": course, "digest": digest, "bound_at": to_rfc3339(self._clock())}
                transaction.execute(insert(binding).values(values))
            elif bound != digest:
                raise PlanRefused(
                    f"{course} is bound to programme version {bound[:12]}, not {digest[:12]}",
                    hint="A session keeps the version it began with: write errata, or open a new session.",
                )

    def bound(self, course: str) -> str | None:
        """The digest that a session's course is bound to, or None."""
        with self._store.read() as transaction:
            query = select(binding.c.digest).where(binding.c.course == course)
            return transaction.execute(query).scalar_one_or_none()


def every(transaction: Transaction) -> Iterator[tuple[str, bytes]]:
    """``(digest, content)`` of everything stored, a bounded number in memory."""
    query = select(spec_version.c.digest, spec_version.c.content).order_by(spec_version.c.digest)
    for rows in transaction.execute(query.execution_options(yield_per=100)).partitions():
        for row in rows:
            yield row.digest, row.content


def put(transaction: Transaction, kind: str, content: JSON) -> str:
    """Like :meth:`SpecVersions.put`, inside a transaction of the caller's."""
    data = canonical(content)
    digest = hashlib.sha256(data).hexdigest()
    # Not looked for first: two who stage in two scopes may both bring it.
    new = (postgresql if transaction.dialect.name == "postgresql" else sqlite).insert(spec_version)
    values = {"digest": digest, "kind": kind, "content": data}
    transaction.execute(new.values(values).on_conflict_do_nothing(index_elements=["digest"]))
    return digest
