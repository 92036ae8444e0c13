"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), with Ed25519.

Each shard is a tree of its own and so a log of its own: its origin, which is also the key name, is
``<origin of the ledger>/<shard>``. Pure but for :func:`load_key`; nothing here decides whether to sign.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger.merkle import HASH_SIZE
from moodle_sync.store import files

_ED25519 = b"\x01"
_DASH = "\u2014 "
ORIGIN = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """The head of one shard: its first ``size`` leaves have this root."""

    origin: str
    """Origin of the ledger, without the shard."""
    shard: int
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed: three lines."""
        return f"{self.origin}/{self.shard}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes that say which key signed: SHA-256(name ‖ newline ‖ 0x01 ‖ public key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """The public key as other tools of the transparency world take it: ``name+keyid+key``."""
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public key."""
    return key.public_key().public_bytes_raw()


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The signed note of a checkpoint."""
    return sign_text(checkpoint.text(), key)


def sign_text(text: str, key: Ed25519PrivateKey) -> str:
    """The signed note of a text that ends with a newline. Its first line is the key name: what kind of note it is."""
    name = text.partition("\n")[0]
    signature = key_id(name, public_bytes(key)) + key.sign(text.encode())
    return f"{text}\n{_DASH}{name} {base64.b64encode(signature).decode()}\n"


def verify(note: str, publics: Sequence[bytes]) -> Checkpoint:
    """The checkpoint of a note, if one of these public keys signed it; signatures by unknown keys are passed over.

    Raises:
        VerificationFailed: it is not a checkpoint, none of the keys signed it, or a signature of theirs is wrong.
    """
    text, signatures = _split(note)
    checkpoint = _parse(text)
    _require_signed(text, signatures, publics)
    return checkpoint


def verify_text(note: str, publics: Sequence[bytes]) -> str:
    """The text of a note that is no checkpoint. Raises as :func:`verify`."""
    text, signatures = _split(note)
    _require_signed(text, signatures, publics)
    return text


def _split(note: str) -> tuple[str, list[str]]:
    text, blank, rest = note.rpartition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise VerificationFailed("this is not a signed note")
    return text + "\n", rest[:-1].split("\n")


def _require_signed(text: str, signatures: Sequence[str], publics: Sequence[bytes]) -> None:
    mine = text.partition("\n")[0]
    known = {key_id(mine, public): public for public in publics}
    good = False
    for line in signatures:
        name, number, signature = _signature(line)
        if name != mine or number not in known:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(known[number]).verify(signature, text.encode())
        except InvalidSignature as error:
            raise VerificationFailed("the signature of a checkpoint does not hold") from error
        good = True
    if not good:
        raise VerificationFailed("the checkpoint is not signed by a key of this ledger")


def new_key() -> bytes:
    """A new signing key, as its file holds it (PEM, PKCS 8)."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(path: Path) -> Ed25519PrivateKey:
    """The signing key from its file.

    Raises:
        LedgerUnusable: it is missing, can be read by others, or is not an Ed25519 key.
    """
    files.require_private(path, "the signing key")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise LedgerUnusable(f"this is not a signing key: {path}", hint="Restore it from its backup.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerUnusable(f"this is not an Ed25519 key: {path}", hint="Restore it from its backup.")
    return key


def _parse(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:  # no extension lines: nobody could audit them
        raise VerificationFailed("a checkpoint has three lines: origin, size, root")
    origin, slash, shard = lines[0].rpartition("/")
    root = _base64(lines[2])
    if not slash or not ORIGIN.fullmatch(origin) or not _SIZE.fullmatch(shard) or not _SIZE.fullmatch(lines[1]):
        raise VerificationFailed("the origin or size of a checkpoint cannot be read")
    if len(root) != HASH_SIZE:
        raise VerificationFailed("the root of a checkpoint is not a SHA-256 hash")
    return Checkpoint(origin, int(shard), int(lines[1]), root)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    data = _base64(encoded)
    if not line.startswith(_DASH) or not space or not ORIGIN.fullmatch(name) or len(data) < 5:
        raise VerificationFailed("a signature line of a checkpoint cannot be read")
    return name, data[:4], data[4:]


def _base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise VerificationFailed("a checkpoint holds something that is not base64") from error
    if base64.b64encode(data).decode() != text:  # one text for each value, or a changed byte could go unseen
        raise VerificationFailed("a checkpoint holds base64 with stray bits")
    return data
