"""The other side: a witness, which a second organisation runs for the ledgers of those it knows (C2SP tlog-witness).

It keeps, for each log, the last checkpoint that it cosigned, and cosigns another one only with proof that it continues
that one. It learns nothing of what is in a ledger. No HTTP here: ``witness_http`` carries the bodies in and out.
"""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moodle_sync.clock import Clock
from moodle_sync.errors import ProofError, UsageError, VerificationFailed
from moodle_sync.ledger import cosignature, merkle, note
from moodle_sync.ledger.cosignature import WitnessKey
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.store import files

_KEY = "witness.key"
_NAME = "name.txt"
_LOGS = "logs.txt"
_STATE = "state"
_MOST_PROOF = 63
_LOGS_TEXT = """\
# One ledger a line: its origin without the year, a space, and its public key (base64, or name+id+base64).
# Whoever holds that ledger gives both. A ledger whose key changed has two lines.
"""


@dataclass(frozen=True)
class Answer:
    """What is answered: an HTTP status, a content type and a body."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class Witness:
    """A witness in a folder: its key and name, the ledgers it knows, and how far it has seen each of them."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._key: Ed25519PrivateKey = note.load_key(folder / _KEY)
        try:
            self.name = (folder / _NAME).read_text(encoding="utf-8").strip()
            self._logs = _read_logs((folder / _LOGS).read_text(encoding="utf-8"), folder / _LOGS)
        except OSError as error:
            raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from error

    @classmethod
    def init(cls, folder: Path, name: str, clock: Clock) -> Witness:
        """Makes a witness of that name in a new folder.

        Raises:
            UsageError: the name is none, or the folder holds a witness already; nothing was written.
        """
        if not note.ORIGIN.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a witness", hint="Take an address of yours: example.org/w1")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.create(folder / _KEY, note.new_key())
            files.create(folder / _NAME, f"{name}\n".encode(), files.PUBLIC)
            files.create(folder / _LOGS, _LOGS_TEXT.encode(), files.PUBLIC)
            (folder / _STATE).mkdir(mode=0o700)
        except FileExistsError as error:
            raise UsageError(f"there is a witness in {folder} already, or a part of one") from error
        except OSError as error:
            raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
        return cls(folder, clock)

    @property
    def key(self) -> WitnessKey:
        """Its name and public key, for those whose ledgers it witnesses."""
        return WitnessKey(self.name, note.public_bytes(self._key))

    @property
    def logs(self) -> tuple[str, ...]:
        """The origins of the ledgers that it knows."""
        return tuple(sorted(self._logs))

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosigns the checkpoint of a request, or refuses it: ``add-checkpoint`` of C2SP tlog-witness.

        What was cosigned is on disk before this returns.
        """
        try:
            old, proof, text = _parse(body)
            claimed = note.parse(note.split(text)[0])
        except VerificationFailed:
            return Answer(400, b"this is not a request to add a checkpoint\n")
        publics = self._logs.get(claimed.origin)
        if publics is None:
            return Answer(404, b"unknown log\n")
        try:
            checkpoint = note.verify(text, publics)
        except VerificationFailed:
            return Answer(403, b"not signed by a key that is known for this log\n")
        if old > checkpoint.size:
            return Answer(400, b"the old size is larger than that of the checkpoint\n")
        with self._locked():
            return self._decide(old, proof, checkpoint, text)

    def _decide(self, old: int, proof: list[bytes], checkpoint: Checkpoint, text: str) -> Answer:
        last = self._last(checkpoint)
        seen = last.size if last else 0
        if old != seen:
            return Answer(409, f"{seen}\n".encode(), "text/x.tlog.size")
        if last is not None and checkpoint.size == last.size and checkpoint.root != last.root:
            return Answer(409, b"another root was cosigned for this size\n")
        try:
            if last is not None and seen:
                merkle.verify_consistency(seen, checkpoint.size, proof, last.root, checkpoint.root)
            elif proof:
                raise ProofError("a proof where none is needed")
        except ProofError:
            return Answer(422, b"the proof does not show that this continues what was cosigned\n")
        if last != checkpoint:
            files.replace(self._state(checkpoint), note.without_cosignatures(text).encode(), files.PRIVATE)
        line = cosignature.cosign(checkpoint.text(), self.name, self._key, self._clock())
        return Answer(200, line.encode())

    def _last(self, checkpoint: Checkpoint) -> Checkpoint | None:
        path = self._state(checkpoint)
        if not path.exists():
            return None
        # It was verified before it was written; by which key does not matter any more.
        return note.parse(note.split(path.read_bytes().decode())[0])

    def _state(self, checkpoint: Checkpoint) -> Path:
        return self._folder / _STATE / quote(f"{checkpoint.origin}/{checkpoint.shard}", safe="")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Reading the last size and writing the next one is one step, for every thread and process."""
        with (self._folder / _STATE / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _parse(body: bytes) -> tuple[int, list[bytes], str]:
    try:
        head, blank, text = body.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise VerificationFailed("not UTF-8") from error
    first, *hashes = head.split("\n")
    size = re.fullmatch(r"old (0|[1-9][0-9]{0,18})", first)
    if not blank or size is None or len(hashes) > _MOST_PROOF:
        raise VerificationFailed("no old size, or too long a proof")
    proof = [note.from_base64(line) for line in hashes]
    if any(len(node) != merkle.HASH_SIZE for node in proof):
        raise VerificationFailed("a hash of the proof is none")
    return int(size[1]), proof, text


def _read_logs(text: str, path: Path) -> dict[str, list[bytes]]:
    logs: dict[str, list[bytes]] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        origin, _, key = line.strip().partition(" ")
        try:
            logs.setdefault(origin, []).extend(note.read_keys(key))
        except VerificationFailed as error:
            raise UsageError(f"{path}: {error.message}", hint="A line is: origin, a space, the public key.") from error
    return logs
