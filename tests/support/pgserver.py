"""A PostgreSQL server of the tests' own: Debian's binaries, a temporary folder, gone when the run ends.

It does not flush to disk (the machine does not lose its power during the tests; the server may be killed all the same)
and keeps the default of every other setting that matters to the ledger.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

ROLE = "keeper"
"""Who the ledger connects as: an ordinary role that owns the database."""

PASSWORD = "not for the log 4711"
EMPTY, TABLES = "template_empty", "template_tables"
_HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_SETTINGS = {
    "fsync": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_min_messages": "fatal",
    "autovacuum": "off",  # what a test finds in the files is what the test wrote
}
# What tests write in SQLite's words, so that they can be the same on both.
_SHIM = (
    "CREATE DOMAIN blob AS bytea",
    "CREATE FUNCTION zeroblob(n int) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN decode(repeat('00', n), 'hex')",
)


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: that of the PATH, or the newest that Debian has."""
    found = shutil.which("initdb")
    if found is not None and shutil.which("pg_ctl") is not None:
        return Path(found).resolve().parent
    folders = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), key=lambda path: int(path.parts[-2])
    )
    return folders[-1] if folders else None


class Server:
    """A running server. Databases are made from two templates: an empty one, and one with the store's tables."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.data = self.folder / "data"
        self.port = _free_port()
        self._numbers = count(1)
        self._made = False
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", self.data)
        (self.data / "pg_hba.conf").write_text(_HBA, encoding="ascii")
        self.start()
        with self.admin() as admin:
            admin.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
            admin.execute(f"CREATE DATABASE {EMPTY} OWNER {ROLE}")
        with self.admin(EMPTY) as admin:
            for statement in _SHIM:
                admin.execute(statement)

    def url(self, database: str) -> str:
        """The address of a database, through the server's socket."""
        return f"postgresql+psycopg://{ROLE}@/{database}?host={self.folder}&port={self.port}"

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator[Any]:
        """A connection as the superuser, each statement on its own."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True
        ) as connection:
            yield connection

    def with_tables(self) -> str:
        """The template with the store's tables; made when it is first asked for."""
        if not self._made:
            from moodle_sync.store import init_store

            self.copy(EMPTY, TABLES)
            init_store(self.url(TABLES)).close()
            self._made = True
        return TABLES

    def create(self, template: str) -> str:
        """A new database, like the template."""
        name = f"t{next(self._numbers)}"
        self.copy(template, name)
        return name

    def copy(self, source: str, name: str) -> None:
        """Makes a database like another, in the place of one that has the name; whoever uses either is thrown out."""
        self.drop(name)
        with self.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (source,))
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {source} OWNER {ROLE}")

    def drop(self, name: str) -> None:
        """Removes a database, whoever uses it."""
        with self.admin() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def start(self) -> None:
        """Starts the server; after :meth:`crash` it recovers from its log."""
        settings = {**_SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.folder)}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def crash(self) -> None:
        """Kills every process of the server at once, as they stand."""
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def stop(self) -> None:
        """Ends the server and removes everything of it."""
        self.crash()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        user = {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        with (self.folder / "programs.log").open("ab") as log:
            done = subprocess.run(command, cwd=self.folder, stdout=log, stderr=log, check=False, **user)
        if done.returncode:
            said = (self.folder / "programs.log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{program} failed: {said[-2000:]}")


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to be instead of root, whom PostgreSQL refuses to run as; None for oneself."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
