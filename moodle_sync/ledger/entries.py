"""A leaf: what is sealed for ever, and holds no personal data; and the payload that its commitment stands for.

The byte form is RFC 8785 of a closed set of members, all always present. Moodle's ids, exact times, the precise kind
and the value are in the payload, which can be deleted. Nothing here is a rule or a verdict.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal, NamedTuple, get_args

import orjson

from moodle_sync.canonical import JSON, canonical
from moodle_sync.errors import VerificationFailed
from moodle_sync.store.keys import SubjectKey

SCHEMA = 1

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


class Mould:
    """The bytes of the leaves of one batch of facts, which differ in four members: the rest is written once.

    ``leaf`` is any of them; what it says in the four does not matter.
    """

    def __init__(self, leaf: Leaf) -> None:
        gaps: dict[str, Any] = {name: secrets.token_hex(16) for name in ("commitment", "plan", "previous", "subject")}
        data = leaf._replace(**gaps).to_bytes()
        self._parts: list[bytes] = []
        for name in sorted(gaps):  # as canonical members are
            part, data = data.split(canonical(gaps[name]))
            self._parts.append(part)
        self._parts.append(data)
        self._texts: dict[str | None, bytes] = {}

    def fill(self, subject: str, previous: tuple[int, int] | None, commitment: bytes, plan: str | None) -> bytes:
        """The same bytes as :meth:`Leaf.to_bytes` gives."""
        first, second, third, fourth, last = self._parts
        before = b"null" if previous is None else canonical(previous)
        promised = commitment.hex().encode()
        return b'%b"%b"%b%b%b%b%b%b%b' % (
            first, promised, second, self._text(plan), third, before, fourth, self._text(subject), last,
        )  # fmt: skip

    def _text(self, text: str | None) -> bytes:
        if text not in self._texts:
            self._texts[text] = canonical(text)
        return self._texts[text]


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
