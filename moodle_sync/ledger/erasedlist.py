"""The list of what was erased, as it is kept outside the ledger: by it a restored backup learns of later erasures.

A signed note under a key name of its own (``<origin>/erased``), never to be taken for a checkpoint. It says up to which
entry of the ledger it is complete; then the pseudonyms, and the commitments of single payloads, in the order of their
names: random numbers that nothing joins to anybody, and of which no two are said to belong together. Pure; who writes
and reads the files is a workflow.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger import note

_HEAD = re.compile(r"(0|[1-9][0-9]{0,18})/(0|[1-9][0-9]{0,18})")
_PSEUDONYM = 32
_NAME = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")


@dataclass(frozen=True)
class ErasedList:
    """Everything whose erasure was carried out before the ledger had grown past ``size`` entries of ``shard``."""

    origin: str
    shard: int
    size: int
    names: frozenset[str]

    @property
    def head(self) -> tuple[int, int]:
        """Up to where the list is complete."""
        return (self.shard, self.size)


def sign(origin: str, head: tuple[int, int], names: Collection[str], key: Ed25519PrivateKey) -> str:
    """The signed note of a list."""
    lines = [f"{origin}/erased", f"{head[0]}/{head[1]}", *sorted(set(names))]
    return note.sign_text("".join(f"{line}\n" for line in lines), key)


def verify(text: str, publics: Sequence[bytes]) -> ErasedList:
    """The list of a note, if one of these public keys signed it.

    Raises:
        VerificationFailed: it is not such a list, or none of the keys signed it.
    """
    lines = note.verify_text(text, publics).split("\n")[:-1]
    origin, slash, kind = lines[0].rpartition("/")
    head = _HEAD.fullmatch(lines[1]) if len(lines) > 1 else None
    names = lines[2:]
    if not slash or kind != "erased" or head is None or not all(_NAME.fullmatch(name) for name in names):
        raise VerificationFailed("this is not a list of what was erased")
    return ErasedList(origin, int(head[1]), int(head[2]), frozenset(names))


def split(names: Collection[str]) -> tuple[list[str], list[bytes]]:
    """The pseudonyms and the commitments among the names of a list, each in order."""
    pseudonyms = sorted(name for name in names if len(name) == _PSEUDONYM)
    return pseudonyms, [bytes.fromhex(name) for name in sorted(names) if len(name) != _PSEUDONYM]
