"""witness init, witness serve: what a second organisation runs to witness the ledgers of others. Needs no ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moodle_sync.clock import utc_now
from moodle_sync.errors import UsageError
from moodle_sync.publish.witness_http import listening
from moodle_sync.publish.witnessing import Witness

JSON = Any


@dataclass(frozen=True)
class Described:
    """A witness: where it is, its key for those whose ledgers it witnesses, and the ledgers that it knows."""

    folder: Path
    key: str
    logs: tuple[str, ...]
    url: str = ""

    def lines(self) -> list[str]:
        """For a person."""
        known = ", ".join(self.logs) or f"none yet: write them into {self.folder / 'logs.txt'}"
        lines = [f"key      {self.key}", f"ledgers  {known}"]
        return [*lines, f"url      {self.url}"] if self.url else lines

    def document(self) -> JSON:
        """For a program."""
        return {"folder": str(self.folder), "key": self.key, "logs": list(self.logs), "url": self.url or None}


def init(folder: Path, name: str) -> Described:
    """Make a witness of that name.

    Raises:
        UsageError: the name is none, or a witness is there already.
    """
    made = Witness.init(folder, name, utc_now)
    return Described(folder, str(made.key), made.logs)


@contextmanager
def serving(folder: Path, host: str, port: int) -> Iterator[Described]:
    """The witness of a folder, listening until the block ends.

    Raises:
        UsageError: the address cannot be used, or ``logs.txt`` is wrong. LedgerUnusable: the key is missing or open.
    """
    witness = Witness(folder, utc_now)
    with ExitStack() as stack:
        try:
            url, server = stack.enter_context(listening(witness, host, port))
        except OSError as error:
            raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Described(folder, str(witness.key), witness.logs, url)
        finally:
            server.shutdown()
            thread.join()
