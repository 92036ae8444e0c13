"""A ledger with every place that there is, all of them on loopback: a remote, a mailbox, an authority, a witness."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import ledgerscene
from databases import Database
from mailserver import Post, post
from tsa import Authority, Stamping, stamping

from moodle_sync.clock import utc_now
from moodle_sync.config import load_settings
from moodle_sync.publish.witness_http import listening
from moodle_sync.publish.witnessing import Witness
from moodle_sync.workflows.ledger import open_ledger

LEDGER = ("data", "checkpoints", "checkpoints.git", "timestamps", "cosignatures")
"""Everything in the folder that whoever holds the ledger can write; with ``data`` goes what is in a database."""

_KEPT: dict[Path, Callable[[], None]] = {}
"""What puts a database back, by the folder of the copy."""


@dataclass
class Surroundings:
    """The ledger's scene and what is around it."""

    scene: ledgerscene.Scene
    far: Path
    box: Post
    stamps: Stamping
    witness: Path

    @property
    def mail(self) -> Path:
        """The last mail, as somebody kept it."""
        file = self.scene.folder.with_name("kept.eml")
        file.write_bytes(self.box.mails[-1][1])
        return file


@contextmanager
def surrounded(folder: Path, authority: Authority, database: Database | None = None) -> Iterator[Surroundings]:
    """A new ledger in ``folder/ledger``, empty, and all its places."""
    home = folder / "ledger"
    home.mkdir()
    scene = ledgerscene.make(home, database)
    far = folder / "far.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", far)
    git("init", "--quiet", "--bare", "--initial-branch=main", home / "checkpoints.git")
    git("--git-dir", home / "checkpoints.git", "remote", "add", "origin", far)
    Witness.init(folder / "witness", "witness.example.net/w1", utc_now)
    with open_ledger(scene.settings) as ledger:
        public = ledger._key().public_key().public_bytes_raw()
    origin = scene.settings.ledger.origin
    (folder / "witness" / "logs.txt").write_text(f"{origin} {base64.b64encode(public).decode()}\n")
    with ExitStack() as stack:
        box = stack.enter_context(post())
        stamps = stack.enter_context(stamping(authority))
        witness = Witness(folder / "witness", utc_now)
        url, server = stack.enter_context(listening(witness, "127.0.0.1", 0))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        stack.callback(thread.join, 10)
        stack.callback(server.shutdown)
        config = home / "config.toml"
        config.write_text(
            config.read_text(encoding="utf-8") + '[publish.git]\nrepository = "checkpoints.git"\nremote = "origin"\n'
            f'[publish.email]\nhost = "127.0.0.1"\nport = {box.port}\nsecurity = "none"\n'
            'sender = "registre@example.org"\nto = ["auditrice@cabinet.example.net"]\n'
            f'[publish.timestamp]\nurl = "{stamps.url}"\nroots = "{authority.root}"\n'
            f'[publish.witness]\nurl = "{url}"\nkey = "{witness.key}"\n',
            encoding="utf-8",
        )
        scene.settings = load_settings(config)
        yield Surroundings(scene, far, box, stamps, folder / "witness")


def git(*words: str | Path) -> None:
    """git, with no settings of this machine."""
    subprocess.run(
        ["git", *map(str, words)], capture_output=True, check=True, env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}
    )


def keep(scene: ledgerscene.Scene, where: Path, names: tuple[str, ...] = LEDGER) -> None:
    """A copy of what whoever holds the ledger can write."""
    for name in names:
        if (scene.folder / name).exists():
            shutil.copytree(scene.folder / name, where / name)
    if scene.database is not None and "data" in names:
        _KEPT[where] = scene.database.keep()


def put_back(scene: ledgerscene.Scene, where: Path, names: tuple[str, ...] = LEDGER) -> None:
    """Puts that copy in place of what is there now."""
    for name in names:
        shutil.rmtree(scene.folder / name, ignore_errors=True)
    for name in names:
        if (where / name).exists():
            shutil.copytree(where / name, scene.folder / name)
    if "data" in names:
        put_store_back(where)


def put_store_back(where: Path) -> None:
    """Makes the database what it was when that copy was taken, if it was one of a database."""
    if where in _KEPT:
        _KEPT[where]()
