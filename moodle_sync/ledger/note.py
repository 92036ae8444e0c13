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
DASH = "\u2014 "
"""What a signature line begins with."""
ORIGIN = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_VERIFIER_KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+(\S+)")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


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
    return f"{text}\n{DASH}{name} {base64.b64encode(signature).decode()}\n"


def verify(note: str, publics: Sequence[bytes]) -> Checkpoint:
    """The checkpoint of a note, if one of these public keys signed it; signatures by unknown keys are passed over.

    Raises:
        VerificationFailed: it is not a checkpoint, none of the keys signed it, or a signature of theirs is wrong.
    """
    text, rest = split(note)
    checkpoint = parse(text)
    _require_signed(text, rest, publics)
    return checkpoint


def verify_text(note: str, publics: Sequence[bytes]) -> str:
    """The text of a note that is no checkpoint. Raises as :func:`verify`."""
    text, rest = split(note)
    _require_signed(text, rest, publics)
    return text


def _require_signed(text: str, rest: str, publics: Sequence[bytes]) -> None:
    mine = text.partition("\n")[0]
    known = {key_id(mine, public): public for public in publics}
    good = False
    for line in rest[:-1].split("\n"):
        name, number, signature = signature_line(line)
        if name != mine or number not in known:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(known[number]).verify(signature, text.encode())
        except InvalidSignature as error:
            raise VerificationFailed("the signature of a checkpoint does not hold") from error
        good = True
    if not good:
        raise VerificationFailed("the checkpoint is not signed by a key of this ledger")


def split(note: str) -> tuple[str, str]:
    """The text of a signed note, and its signature lines.

    Raises:
        VerificationFailed: it is none.
    """
    text, blank, rest = note.rpartition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise VerificationFailed("this is not a signed note")
    return f"{text}\n", rest


def without_cosignatures(note: str) -> str:
    """A note with the signature lines of its own log alone: as it was stored, whoever cosigned it since.

    Raises:
        VerificationFailed: it is no signed note.
    """
    text, rest = split(note)
    name = text.partition("\n")[0]
    own = [f"{line}\n" for line in rest[:-1].split("\n") if line.startswith(f"{DASH}{name} ")]
    return f"{text}\n{''.join(own)}"


def read_keys(text: str) -> list[bytes]:
    """Public keys (Ed25519, 32 bytes) from text, one a line: a verifier key (``name+id+key``), or base64 alone.

    Raises:
        VerificationFailed: a line is neither, or there is none.
    """
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        named = _VERIFIER_KEY.fullmatch(line)
        data = from_base64(named[3] if named else line)
        if named:
            if data[:1] != _ED25519 or key_id(named[1], data[1:]).hex() != named[2]:
                raise VerificationFailed("the id in a public key is not that of its name and key")
            data = data[1:]
        if len(data) != 32:
            raise VerificationFailed("a public key has 32 bytes: name+id+base64, or base64 alone")
        found.append(data)
    if not found:
        raise VerificationFailed("there is no public key")
    return found


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


def parse(text: str) -> Checkpoint:
    """The checkpoint of a text of three lines, whoever signed it.

    Raises:
        VerificationFailed: it is none.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:  # no extension lines: nobody could audit them
        raise VerificationFailed("a checkpoint has three lines: origin, size, root")
    origin, slash, shard = lines[0].rpartition("/")
    root = from_base64(lines[2])
    if not slash or not ORIGIN.fullmatch(origin) or not SIZE.fullmatch(shard) or not SIZE.fullmatch(lines[1]):
        raise VerificationFailed("the origin or size of a checkpoint cannot be read")
    if len(root) != HASH_SIZE:
        raise VerificationFailed("the root of a checkpoint is not a SHA-256 hash")
    return Checkpoint(origin, int(shard), int(lines[1]), root)


def signature_line(line: str) -> tuple[str, bytes, bytes]:
    """Key name, key id and signature of one signature line, without its newline.

    Raises:
        VerificationFailed: it is none.
    """
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    data = from_base64(encoded)
    if not line.startswith(DASH) or not space or not ORIGIN.fullmatch(name) or len(data) < 5:
        raise VerificationFailed("a signature line of a checkpoint cannot be read")
    return name, data[:4], data[4:]


def from_base64(text: str) -> bytes:
    """The bytes of base64 as RFC 4648 §4 writes them: one text for each value.

    Raises:
        VerificationFailed: it is not that.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise VerificationFailed("a checkpoint holds something that is not base64") from error
    if base64.b64encode(data).decode() != text:  # one text for each value, or a changed byte could go unseen
        raise VerificationFailed("a checkpoint holds base64 with stray bits")
    return data
