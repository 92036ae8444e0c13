"""The store in PostgreSQL, through psycopg 3: several pullers may stage at once, one process seals.

Whoever writes takes advisory locks first, which the server gives back when the transaction or the connection ends. A
read is one snapshot (REPEATABLE READ READ ONLY). The keystore is never here: a server's log and backups hold
ciphertext only. The reasons are in docs/adr/0009-postgresql.md.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store.address import PASSWORD_VARIABLE

OLDEST = 14
"""The oldest major version of PostgreSQL that this is written for."""

_LEDGER, _SCOPES = 0x6D73_0001, 0x6D73_0002  # the two spaces of our advisory locks in a database
_DURABLE = ("fsync", "full_page_writes")
_SCRUBBED = ("payload", "pending", "current", "subject", "refusal", "erasure", "handout", "handout_subject")
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "connect_timeout": 15}

# libpq's words
_LOST = re.compile("closed the connection|consuming input|sending|connection is lost|is closed|pipeline")
_TLS = re.compile("certificate|SSL error|does not support SSL")
_STANDBY = "A standby cannot be written to: name the primary."
_POOLED = (
    "a pooler gives each transaction or statement another connection",
    "Connect directly, or set the pooler to session mode (of PgBouncer: pool_mode = session).",
)
_MARK = "moodle_sync.connection"

_ADVICE: dict[str, tuple[str, str]] = {
    # SQLSTATE, whole or its class: what is said, and what to do
    "55P03": ("the store is locked by another process", "Wait until it has finished, then run again."),
    "40P01": ("the store is locked by another process", "Run again: nothing was written."),
    "40001": ("the server took the view of the store away", "Run again: nothing was written."),
    "57014": ("the server stopped a statement that took too long", "Raise statement_timeout for this role."),
    "25006": ("the store is open for reading only (readonly)", _STANDBY),
    "42501": ("this role may not do that in the database", "The role must own the tables: see the reference."),
    "42P05": _POOLED,  # statements that were prepared by somebody else's connection, or are not there
    "26000": _POOLED,
    "42P07": ("the database holds a table of that name, and not of ours", "Give moodle_sync a database of its own."),
    "53": ("the server has no room left (disk, memory or connections)", "Make room, then run again."),
    "XX": ("the server finds its own files damaged", "Keep them as they are, restore a backup."),
    "58": ("the server cannot read or write its own files", "Keep them as they are, look at the server's log."),
}


class Postgres:
    """A database on a server, as a :class:`~moodle_sync.store.backend.Backend`."""

    def __init__(self, url: URL, *, readonly: bool, busy_seconds: float) -> None:
        self._url = url
        self._readonly = readonly
        self._settings = _Settings(busy_seconds)

    def engine(self) -> Engine:
        """See :class:`~moodle_sync.store.backend.Backend`. No connection is made yet."""
        _require_driver()
        given: dict[str, Any] = {**_KEEPALIVE, "application_name": "moodle_sync", "client_encoding": "utf8"}
        options = {name: value for name, value in given.items() if name not in self._url.query}
        password = os.environ.get(PASSWORD_VARIABLE)
        if password:
            options["password"] = password
        engine = create_engine(self._url, connect_args=options, pool_pre_ping=True, hide_parameters=True)
        # Several rows an INSERT, also where nothing is returned: the guard rails then run once a statement.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        event.listen(engine, "connect", self._settings)
        event.listen(engine, "begin", _require_own_connection)
        return engine

    def reading(self, connection: Connection) -> Connection:
        """See :class:`~moodle_sync.store.backend.Backend`."""
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def writing(self, connection: Connection) -> Connection:
        """See :class:`~moodle_sync.store.backend.Backend`.

        READ COMMITTED, because a snapshot would be taken before the locks are had, and be stale when they are.
        """
        return connection.execution_options(isolation_level="READ COMMITTED", postgresql_readonly=self._readonly)

    def lock(self, connection: Connection, scope: str | None) -> None:
        """See :class:`~moodle_sync.store.backend.Backend`.

        The scope comes first: a stager that waits for its scope does not keep the sealer waiting.
        """
        if scope is None:
            connection.execute(select(func.pg_advisory_xact_lock(_LEDGER, 0)))
        else:
            connection.execute(select(func.pg_advisory_xact_lock(_SCOPES, _number(scope))))
            connection.execute(select(func.pg_advisory_xact_lock_shared(_LEDGER, 0)))

    def explain(self, error: DBAPIError) -> LedgerUnusable | None:
        """See :class:`~moodle_sync.store.backend.Backend`. No password is in any of it: none is in the address."""
        state = str(getattr(error.orig, "sqlstate", None) or "")
        advice = _ADVICE.get(state) or _ADVICE.get(state[:2])
        said = str(error.orig).strip().split("\n")[0]
        if state == "0A000" and "recovery" in said:  # to begin a transaction that writes is refused otherwise there
            advice = ("this server only follows another one", _STANDBY)
        if "statement pooling" in said:
            advice = _POOLED
        if advice is not None:
            return LedgerUnusable(f"{advice[0]}: {said}" if state != "55P03" else advice[0], hint=advice[1])
        if error.connection_invalidated or state[:2] in ("08", "57") or (not state and _LOST.search(said)):
            hint = "See that the server runs, then run again: whatever was not acknowledged is done anew, never twice."
            return LedgerUnusable(f"the connection to the database was lost: {said}", hint=hint)
        if not state and type(error.orig).__name__ == "OperationalError" and _TLS.search(said):
            hint = (
                "Name the file with the certificate of the server's authority in the address (sslrootcert=…), and the "
                "host as the server's own certificate names it. Nothing was sent to that server."
            )
            return LedgerUnusable(f"the server did not prove who it is: {said}", hint=hint)
        if not state and type(error.orig).__name__ == "OperationalError":
            hint = (
                "Does the server run, and are host, port, role and database right? The password comes from "
                f"{PASSWORD_VARIABLE}, PGPASSWORD or ~/.pgpass; whom the server lets in stands in its pg_hba.conf."
            )
            return LedgerUnusable(f"the database cannot be reached: {said}", hint=hint)
        return None

    def scrub(self, engine: Engine) -> bool:
        """Writes the tables that rows are deleted from anew; says False: the server's log and archives are its own.

        Raises:
            LedgerUnusable: another process reads or writes. Run again later.
        """
        with engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                for table in _SCRUBBED:
                    connection.exec_driver_sql(f"VACUUM (FULL) {table}")
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != "55P03":
                    raise
                raise LedgerUnusable(
                    "another process uses the store: what was deleted may still lie in its tables",
                    hint="Wait until it has finished, then run: moodle-sync ledger erase --resume",
                ) from error
            _checkpoint(connection)
        return False

    def risks(self, connection: Connection) -> list[str]:
        """See :class:`~moodle_sync.store.backend.Backend`."""
        values = {name: connection.execute(select(func.current_setting(name))).scalar_one() for name in _DURABLE}
        return [f"{name} = {value}" for name, value in values.items() if value != "on"]


def _checkpoint(connection: Connection) -> None:
    # The files of the tables as they were are removed at the next checkpoint, at the latest in checkpoint_timeout.
    try:
        connection.exec_driver_sql("CHECKPOINT")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":  # the role is not in pg_checkpoint: it comes by itself
            raise


def _require_own_connection(connection: Connection) -> None:
    """Passes when what a transaction begins on is the server's connection that was set for us, and nobody's since.

    Behind a pooler that changes connections in between, commits may not be flushed, and a prepared statement may be
    another one of the same name.

    Raises:
        LedgerUnusable: it is not.
    """
    raw: Any = connection.connection.driver_connection
    query = f"SELECT current_setting('{_MARK}', true)"
    try:
        (found,) = raw.execute(query, prepare=False).fetchone()
    except connection.dialect.loaded_dbapi.Error as error:
        connection.invalidate(error)
        raise DBAPIError(query, None, error, hide_parameters=True) from error
    if found != connection.info.get(_MARK):
        raise LedgerUnusable(_POOLED[0], hint=_POOLED[1])


class _Settings:
    """What each new connection is set to; also looks at what cannot be set."""

    _QUERY = (
        "SELECT set_config('lock_timeout', %(lock_timeout)s, false),"
        f" set_config('{_MARK}', %(mark)s, false),"
        " set_config('synchronous_commit',"
        "  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
        "  ELSE current_setting('synchronous_commit') END, false),"
        " current_setting('server_encoding'), current_setting('server_version_num')::int"
    )

    def __init__(self, busy_seconds: float) -> None:
        self._values = {"lock_timeout": str(max(1, round(busy_seconds * 1000)))}  # milliseconds; 0 would be for ever

    def __call__(self, connection: Any, record: Any) -> None:
        connection.autocommit = True
        record.info[_MARK] = secrets.token_hex(8)
        values = {**self._values, "mark": record.info[_MARK]}
        *_, encoding, version = connection.execute(self._QUERY, values).fetchone()
        connection.autocommit = False
        if encoding != "UTF8":
            connection.close()
            hint = "Make one: createdb --encoding=UTF8 --template=template0 NAME"
            raise LedgerUnusable(f"the database has the encoding {encoding}, the ledger needs UTF8", hint=hint)
        if version < OLDEST * 10_000:
            connection.close()
            raise LedgerUnusable(
                f"the server is PostgreSQL {version // 10_000}, the ledger needs {OLDEST} or newer",
                hint="Use a newer server, or keep the ledger in SQLite.",
            )


def _number(scope: str) -> int:
    # 32 bits, signed: two scopes that fall on one number only wait for each other
    return int.from_bytes(hashlib.sha256(scope.encode()).digest()[:4], "big", signed=True)


def _require_driver() -> None:
    try:
        import psycopg  # noqa: F401 (is it there, with its library?)
    except ImportError as error:
        raise LedgerUnusable(
            "the store is in PostgreSQL, and what speaks to it is not installed",
            hint="Run: pip install 'moodle-sync[postgres]'",
        ) from error
