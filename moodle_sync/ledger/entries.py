"""A leaf: what is sealed for ever, and holds no personal data; and the payload that its commitment stands for.

The byte form is RFC 8785 of a closed set of members, all always present. Moodle's ids, exact times, the precise kind
and the value are in the payload, which can be deleted. Nothing here is a rule or a verdict.
"""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple, get_args

import orjson

from moodle_sync.canonical import JSON, canonical
from moodle_sync.errors import VerificationFailed
from moodle_sync.store.keys import SubjectKey, commit

SCHEMA = 1
SALT_SIZE = 32

LeafKind = Literal["observed", "attested", "spec", "run", "checkpoint", "erasure", "closing"]
KINDS: tuple[str, ...] = get_args(LeafKind)
PERSONAL = ("observed", "attested")
"""Kinds that are about a subject and have a payload; the others say what they say in ``content``."""


class Leaf(NamedTuple):
    """One leaf. ``previous`` is ``(shard, idx)`` of the last entry about the same object.

    ``commitment`` (hex) belongs to the personal kinds, ``content`` (JSON without personal data) to the others; the
    one that does not belong is None. ``observed_at`` is the run's, RFC 3339.
    """

    kind: str
    site: str | None
    session: str | None
    programme: str | None
    plan: str | None
    run: str | None
    observed_at: str
    subject: str | None
    previous: tuple[int, int] | None
    commitment: str | None
    content: JSON | None

    def to_bytes(self) -> bytes:
        """The bytes that are hashed into the tree."""
        return canonical(dict(zip(_MEMBERS, (*self, SCHEMA), strict=True)))


_MEMBERS = (*Leaf._fields, "v")


def parse(data: bytes) -> Leaf:
    """A leaf from its bytes.

    Raises:
        VerificationFailed: not the canonical bytes of a leaf of a schema that this program knows.
    """
    try:
        members = orjson.loads(data)
        same = canonical(members) == data
        if members.pop("v") != SCHEMA:
            raise VerificationFailed("a leaf has a schema that this program does not know; a newer one may")
        previous = members["previous"]
        if previous is not None:
            members["previous"] = shard, idx = tuple(previous)
            same = same and type(shard) is int and type(idx) is int
        leaf = Leaf(**members)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise VerificationFailed("a leaf cannot be read") from error
    personal = leaf.kind in PERSONAL
    if (
        not same
        or leaf.kind not in KINDS
        or (leaf.commitment is None) == personal
        or (leaf.content is None) != personal
    ):
        raise VerificationFailed("a leaf is not in its canonical form")
    return leaf


class Secret(NamedTuple):
    """An encrypted payload on its way into ``pending``, and its salt, wrapped, on its way into the keystore."""

    nonce: bytes
    ciphertext: bytes
    commitment: bytes
    wrapped_salt: bytes


def conceal(key: SubjectKey, payload: JSON) -> Secret:
    """Encrypts a payload under its subject's key. The same payload twice gives two different commitments."""
    data, salt = canonical(payload), os.urandom(SALT_SIZE)
    commitment = commit(salt, data)
    nonce, ciphertext = key.encrypt(data, commitment)
    return Secret(nonce, ciphertext, commitment, key.seal_salt(commitment, salt))


def reveal(key: SubjectKey, nonce: bytes, ciphertext: bytes, commitment: bytes) -> dict[str, Any]:
    """A payload, decrypted.

    Raises:
        VerificationFailed: the ciphertext, its nonce, its commitment or the key was altered.
    """
    payload: dict[str, Any] = orjson.loads(key.decrypt(nonce, ciphertext, commitment))
    return payload


def number(shard: int, idx: int) -> str:
    """How an entry is called in front of people: ``2026/17``."""
    return f"{shard}/{idx}"
