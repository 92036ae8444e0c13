"""Cosignatures of a witness on a checkpoint (C2SP tlog-cosignature, Ed25519, ``cosignature/v1``).

A cosignature says that, at its time, the witness knew of no checkpoint of this log that contradicts this one. Pure:
whoever cosigns decides elsewhere (``publish.witnessing``) whether it may.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger import note

_TYPE = b"\x04"
_SIZE = 4 + 8 + 64
_LAST = 253402300799  # the end of the year 9999: the last second that can be shown


@dataclass(frozen=True)
class WitnessKey:
    """Name and public key (Ed25519, 32 bytes) of a witness."""

    name: str
    public: bytes

    @property
    def number(self) -> bytes:
        """The four bytes that say which key cosigned: SHA-256(name ‖ newline ‖ 0x04 ‖ public key)[:4]."""
        return hashlib.sha256(self.name.encode() + b"\n" + _TYPE + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.number.hex()}+{base64.b64encode(_TYPE + self.public).decode()}"


def read_key(text: str) -> WitnessKey:
    """The key of a witness from its text, ``name+id+base64``.

    Raises:
        VerificationFailed: it is none, or name, id and key do not belong together.
    """
    name, _, rest = text.strip().partition("+")
    number, _, encoded = rest.partition("+")
    data = note.from_base64(encoded)
    if not note.ORIGIN.fullmatch(name) or len(data) != 33 or data[:1] != _TYPE:
        raise VerificationFailed("this is not the key of a witness: name+id+base64 of an Ed25519 cosignature key")
    key = WitnessKey(name, data[1:])
    if not re.fullmatch(r"[0-9a-f]{8}", number) or key.number.hex() != number:
        raise VerificationFailed(f"the id in the key of witness {name} is not that of its name and key")
    return key


def cosign(text: str, name: str, key: Ed25519PrivateKey, at: datetime) -> str:
    """The signature line, with its newline, of a witness for the text (three lines) of a checkpoint."""
    seconds = int(at.timestamp())
    signature = key.sign(_message(text, seconds))
    data = WitnessKey(name, note.public_bytes(key)).number + seconds.to_bytes(8, "big") + signature
    return f"{note.DASH}{name} {base64.b64encode(data).decode()}\n"


def verify(text: str, lines: str, key: WitnessKey) -> datetime:
    """When the witness cosigned this checkpoint's text, by one of these signature lines; others are passed over.

    Raises:
        VerificationFailed: none of the lines is by this witness, or one that is does not hold.
    """
    found: datetime | None = None
    for line in lines.removesuffix("\n").split("\n"):
        name, number, signature = note.signature_line(line)
        if (name, number) != (key.name, key.number):
            continue
        seconds = int.from_bytes(signature[:8], "big")
        if len(signature) != _SIZE - 4 or seconds > _LAST:
            raise VerificationFailed(f"a cosignature of {key.name} has no readable time or signature")
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature[8:], _message(text, seconds))
        except InvalidSignature as error:
            raise VerificationFailed(f"a cosignature of {key.name} does not hold") from error
        found = datetime.fromtimestamp(seconds, UTC)
    if found is None:
        raise VerificationFailed(f"there is no cosignature of {key.name}")
    return found


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
