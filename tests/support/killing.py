"""Work in a child process that is killed (SIGKILL) before its n-th write, as a test's fault."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Collection
from typing import Any

READS = ("SELECT", "PRAGMA", "BEGIN")
"""How SQL begins that writes nothing."""

Count = Callable[..., None]
"""Told of each write before it happens: the statement where it is SQL, nothing for any other."""


def killed(arm: Callable[[], object], work: Callable[[], object]) -> bool:
    """Arms and works in a child; True when it was killed, False when it finished before that."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            arm()
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed before it was killed"
    return False


def counter(limit: int, reads: Collection[str] = READS) -> Count:
    """Kills this process before its ``limit``-th write; statements that begin with one of ``reads`` are none."""
    seen = 0

    def count(statement: object = "COMMIT", *_: object) -> None:
        nonlocal seen
        if str(statement).split(None, 1)[0] in reads:
            return
        seen += 1
        if seen >= limit:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def count_files(count: Count, names: Collection[str]) -> None:
    """From now on each call of these functions of ``os`` is counted first."""

    def before(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            count()
            return call(*arguments, **options)

        return counted

    for name in names:
        setattr(os, name, before(getattr(os, name)))


def count_sql(count: Count) -> None:
    """From now on each statement of a SQLite connection that is opened is counted first."""
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(count)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment] # one of its overloads is all that is needed


def count_server(count: Count) -> None:
    """From now on each statement to a PostgreSQL server, and each commit there, is counted first."""
    import psycopg

    def before(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(self: Any, statement: object = "COMMIT", *arguments: Any, **options: Any) -> Any:
            count(statement)
            return call(self, *(() if statement == "COMMIT" else (statement,)), *arguments, **options)

        return counted

    for kind, name in ((psycopg.Cursor, "execute"), (psycopg.Cursor, "executemany"), (psycopg.Connection, "commit")):
        setattr(kind, name, before(getattr(kind, name)))
