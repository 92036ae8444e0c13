"""The address of a store: a database URL, in which no password may stand.

``sqlite:///data/ledger.db`` is a file; ``postgresql+psycopg://user@host/database`` is a database on a server. What is
read here is written to messages and into other stores, so a secret in it is refused before anything else is done.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from moodle_sync.errors import LedgerUnusable

PASSWORD_VARIABLE = "MOODLE_SYNC_STORE_PASSWORD"  # noqa: S105 (the name of a variable, not a password)
_DRIVER = "postgresql+psycopg"
_SECRET = ("password", "sslpassword")
_EXAMPLE = "Write it like sqlite:///ledger.db or postgresql+psycopg://user@host/database"


def parse(url: str) -> URL:
    """The parts of an address, with the driver that this program uses.

    Raises:
        LedgerUnusable: it is no address of a store, or holds a password; the message never shows the address.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise LedgerUnusable("the address of the store is not a database URL", hint=_EXAMPLE) from None
    if parsed.password or any(name in parsed.query for name in _SECRET):
        raise LedgerUnusable(
            "the address of the store holds a password, and addresses are shown and written down",
            hint=f"Take it out, and set {PASSWORD_VARIABLE}, or write it to ~/.pgpass (mode 0600).",
        )
    if parsed.drivername in ("postgresql", "postgres", _DRIVER):
        if not parsed.database:
            raise LedgerUnusable("the address of the store names no database", hint=_EXAMPLE)
        return parsed.set(drivername=_DRIVER)
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise LedgerUnusable("the store is in SQLite or in PostgreSQL, through psycopg", hint=_EXAMPLE)
    if not parsed.database or parsed.database == ":memory:":
        raise LedgerUnusable("the store needs a file", hint="Write its address like sqlite:///ledger.db")
    return parsed


def sqlite_path(url: str) -> Path | None:
    """The file behind a store's address, or None when it names a database server.

    Raises:
        LedgerUnusable: as :func:`parse`.
    """
    parsed = parse(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def on_this_machine(url: str) -> bool:
    """Whether a store is a file, or in a server on this machine: reached by a socket, or at an address of loopback.

    Raises:
        LedgerUnusable: as :func:`parse`.
    """
    parsed = parse(url)
    if parsed.get_backend_name() == "sqlite":
        return True
    named = parsed.query.get("host") or parsed.query.get("hostaddr") or parsed.host or os.environ.get("PGHOST") or "/"
    hosts = [host for one in ([named] if isinstance(named, str) else named) for host in one.split(",")]
    return any(host.startswith(("/", "@", "127.")) or host in ("localhost", "::1") for host in hosts)


def proves_itself(url: str) -> bool:
    """Whether nobody can pose as the server of a store: it is on this machine, or its certificate is looked at."""
    parsed = parse(url)
    mode = parsed.query.get("sslmode") or os.environ.get("PGSSLMODE")
    return on_this_machine(url) or mode == "verify-full"


def with_path(url: str, path: Path) -> str:
    """The address of a SQLite store at another place."""
    return parse(url).set(database=str(path)).render_as_string(hide_password=False)
