"""A small Moodle on 127.0.0.1, for tests and demonstrations: real HTTP, and the rough edges of the real one.

Written from what real sites answered; it shares no code with the client, so that the two can disagree. It imports
errors, ids and clock alone, and keeps its state in memory or in a JSON file.

    with Sandbox(version="5.1") as site:
        ...  # site.url, site.push_token, site.pull_token, site.actors()

A stand-in proves how the client behaves, not how Moodle does: where the two disagree, the real Moodle is right.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from moodle_sync import clock
from moodle_sync.sandbox import accounts, catalogue, persistence
from moodle_sync.sandbox.contracts import VERSIONS
from moodle_sync.sandbox.dispatch import Dispatcher
from moodle_sync.sandbox.faults import Faults
from moodle_sync.sandbox.server import Server
from moodle_sync.sandbox.world import World

__all__ = ["VERSIONS", "Faults", "Sandbox", "World"]


class Sandbox:
    """One stand-in site.

    Attributes:
        world: its state; tests may read and change it.
        faults: what is to go wrong.
        problems: every request that broke its contract, and every answer of the sandbox that did (``defect: …``).
    """

    def __init__(
        self,
        version: str = "5.1",
        *,
        companion: bool = True,
        state: Path | None = None,
        port: int = 0,
        folder: str = "",
        debug: bool = False,
        now: Callable[[], datetime] = clock.utc_now,
    ) -> None:
        """A site of that version, not yet served.

        Args:
            version: ``4.5`` or ``5.1``.
            companion: whether ``local_moodlesync`` is installed.
            state: a JSON file to start from when it exists, and to write after every call.
            port: 0 for a free one.
            folder: the sub-folder that the site is in, such as ``campus``.
            debug: whether errors carry ``debuginfo``, the path of a wrong argument (a production site tells none).
            now: the site's clock.

        Raises:
            ConfigError: the state is not one, or of another version.
            ValueError: a version that is not served.
        """
        if version not in VERSIONS:
            raise ValueError(f"there is no sandbox of Moodle {version}, only of {', '.join(VERSIONS)}")
        catalogue.load()
        self.world = World(version, companion=companion, now=now)
        self.faults = Faults()
        self._state = state
        if state is not None and state.exists():
            persistence.load(self.world, state)
        else:
            accounts.seed(self.world)
        self._dispatcher = Dispatcher(self.world, self.faults)
        self._server = Server(self._dispatcher, self.faults, port=port, folder=folder, debug=debug)
        self.world.url = self._server.url

    @property
    def url(self) -> str:
        """The site's address, without a trailing slash."""
        return self._server.url

    @property
    def push_token(self) -> str:
        """The token of the service account that writes."""
        return accounts.token_of(self.world, "ws_push")

    @property
    def pull_token(self) -> str:
        """The token of the service account that reads."""
        return accounts.token_of(self.world, "ws_pull")

    @property
    def core_pull_token(self) -> str:
        """A second token of the account that reads, whose service holds core functions only."""
        return accounts.token_of(self.world, "ws_pull", "moodlesync_core_pull")

    @property
    def problems(self) -> list[str]:
        """What broke a contract so far, as text that names the path."""
        return list(self._dispatcher.problems)

    @property
    def calls(self) -> list[str]:
        """Every function that was called so far, in order, those inside batches too."""
        return list(self._dispatcher.calls)

    def actors(self) -> dict[str, Any]:
        """Learners, trainers and the editor with their tokens, as the live suite reads them."""
        return accounts.actors(self.world)

    def write_actors(self, path: Path) -> None:
        """Write :meth:`actors` as a JSON file, readable by its owner alone."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.actors(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def set_time(self, epoch: int) -> None:
        """Let the site's clock show this time (epoch seconds), and go on from there."""
        self.advance(epoch - self.world.now())

    def advance(self, seconds: int) -> None:
        """Put the site's clock forward (or back)."""
        before = self.world.clock
        shift = timedelta(seconds=seconds)
        self.world.clock = lambda: before() + shift

    def call(self, token: str, wsfunction: str, *, raw: bool = True, **arguments: Any) -> Any:
        """One call without HTTP, for setting a scene up. Raises :class:`MoodleError` as Moodle would answer."""
        return self._dispatcher.call(self._dispatcher.login(token, raw=raw), wsfunction, arguments)

    def start(self) -> Self:
        """Serve from now on."""
        self._server.start(self._save)
        self.world.url = self._server.url
        return self

    def stop(self) -> None:
        """Serve no longer, and keep the state when there is a file for it."""
        self._server.stop()
        self._save()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _save(self) -> None:
        if self._state is not None:
            persistence.save(self.world, self._state)
