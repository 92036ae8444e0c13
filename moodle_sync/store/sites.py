"""Which Moodle stands behind a configured site name, as pinned at first contact.

A mismatch (a staging clone, a moved site) is refused here; a move is an explicit act, not an update.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from moodle_sync.clock import from_rfc3339, to_rfc3339
from moodle_sync.errors import WrongSite
from moodle_sync.store.engine import Store
from moodle_sync.store.tables import site_pin


@dataclass(frozen=True)
class SitePin:
    """A site as first met: its address, the digest of its site identifier, our namespace in it, and when (UTC)."""

    name: str
    url: str
    site_id: str
    namespace: str
    pinned_at: datetime


class SitePins:
    """The pins of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, name: str) -> SitePin | None:
        """The pin of this site name, or None before first contact."""
        with self._store.read() as transaction:
            row = transaction.execute(select(site_pin).where(site_pin.c.name == name)).one_or_none()
        if row is None:
            return None
        return SitePin(row.name, row.url, row.site_id, row.namespace, from_rfc3339(row.pinned_at))

    def pin(self, pin: SitePin) -> None:
        """Pins a site for good. The same pin again changes nothing, and keeps the first time.

        An empty site identifier (a site met without the companion) is filled in by the first pin that has one.

        Raises:
            WrongSite: the name is pinned to another address, site identifier or namespace.
        """
        with self._store.write() as transaction:
            row = transaction.execute(select(site_pin).where(site_pin.c.name == pin.name)).one_or_none()
            if row is None:
                values = {**vars(pin), "pinned_at": to_rfc3339(pin.pinned_at)}
                transaction.execute(insert(site_pin).values(values))
                return
            if not row.site_id and pin.site_id:
                transaction.execute(update(site_pin).where(site_pin.c.name == pin.name).values(site_id=pin.site_id))
        compared = ("url", "site_id", "namespace") if row.site_id else ("url", "namespace")
        differs = [field for field in compared if getattr(row, field) != getattr(pin, field)]
        if differs:
            raise WrongSite(
                f"the site {pin.name!r} was pinned with another {' and '.join(differs)}",
                hint="Look at the address in the configuration. A test copy of a site needs a name of its own.",
            )
