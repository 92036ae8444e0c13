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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

ROLE = "keeper"
"""Who the ledger connects as: an ordinary role that owns the database."""

PASSWORD = "not for the log 4711"
EMPTY, TABLES = "template_empty", "template_tables"
_HBA = "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
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
    def admin(self, database: str = "postgres", *, port: int | None = None) -> Iterator[Any]:
        """A connection as the superuser, each statement on its own; ``port`` for another server in the folder."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), port=port or self.port, user="postgres", dbname=database, autocommit=True
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
        self._start(self.data, {"port": str(self.port)})

    def _start(self, data: Path, more: dict[str, str]) -> None:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.folder), **more}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._run("pg_ctl", "-D", data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def crash(self) -> None:
        """Kills every process of the server at once, as they stand."""
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    @contextmanager
    def tls(self, certificate: bytes, key: bytes) -> Iterator[None]:
        """Lets it speak TLS meanwhile, with this certificate."""
        for name, content in (("server.crt", certificate), ("server.key", key)):
            self.write(self.data / name, content)
        self._reload("ALTER SYSTEM SET ssl = on", "ssl", "on")
        try:
            yield
        finally:
            self._reload("ALTER SYSTEM RESET ssl", "ssl", "off")

    def write(self, path: Path, content: bytes) -> None:
        """Puts a file that only the server may read in the place of one of that name."""
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    @contextmanager
    def standby(self) -> Iterator[Standby]:
        """A server that follows this one, from a copy of it as it is now."""
        place, port = self.folder / "standby", _free_port()
        source = ("-h", str(self.folder), "-p", str(self.port), "-U", "postgres")
        self._run("pg_basebackup", *source, "-D", place, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        try:
            self._start(place, {"port": str(port), "listen_addresses": ""})
            yield Standby(self, place, port)
        finally:
            self._run("pg_ctl", "-D", place, "-w", "-m", "immediate", "stop")
            shutil.rmtree(place)

    def _reload(self, statement: str, setting: str, value: str) -> None:
        with self.admin() as admin:
            admin.execute(statement)
            admin.execute("SELECT pg_reload_conf()")
        for _ in range(600):
            with self.admin() as admin:  # anew: a connection that is open may not have heard of it yet
                if admin.execute(f"SHOW {setting}").fetchone() == (value,):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{setting} is not {value}")

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


class Standby:
    """A server that follows another one, and can be told to wait."""

    def __init__(self, primary: Server, data: Path, port: int) -> None:
        self.primary, self.data, self.port = primary, data, port

    def url(self, url: str) -> str:
        """The address here of what is at an address of the primary."""
        return url.replace(f"port={self.primary.port}", f"port={self.port}")

    def pause(self) -> None:
        """Goes no further until :meth:`catch_up`."""
        with self.primary.admin(port=self.port) as here:
            here.execute("SELECT pg_wal_replay_pause()")
            self._wait(here, "SELECT pg_get_wal_replay_pause_state() = 'paused'", ())

    def catch_up(self) -> None:
        """Returns when it has everything that the primary has now."""
        with self.primary.admin() as admin:
            (place,) = admin.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
        with self.primary.admin(port=self.port) as here:
            here.execute("SELECT pg_wal_replay_resume()")
            self._wait(here, "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (place,))

    def take_over(self, meanwhile: Callable[[], object]) -> None:
        """Becomes a primary of its own, without anything of what was done meanwhile."""
        with self.primary.admin(port=self.port) as here:
            here.execute("ALTER SYSTEM SET primary_conninfo = ''")
            here.execute("SELECT pg_reload_conf()")
            self._wait(here, "SELECT count(*) = 0 FROM pg_stat_wal_receiver", ())
            meanwhile()
            here.execute("SELECT pg_promote()")

    @staticmethod
    def _wait(here: Any, query: str, values: tuple[str, ...]) -> None:
        for _ in range(1200):
            if here.execute(query, values or None).fetchone() == (True,):
                return
            time.sleep(0.05)
        raise RuntimeError("the standby does not follow")


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
