"""The keys of the ledger's secrets: one master key, and under it one random key a subject.

Every use of a key has a key of its own, derived with HKDF-SHA-256: a reference can never be taken for a value, nor
one ciphertext for another. Nothing here is ever logged; the classes show only their identifiers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from moodle_sync.canonical import JSON, canonical, written
from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.store import files, keyrings

MASTER_VARIABLE = "MOODLE_SYNC_MASTER_KEY"
MASTER = "master"
"""The user name of the master key in the system's keyring."""
KEY_SIZE = 32
NONCE_SIZE = 12
SALT_SIZE = 32
_PERSON = "person"
_LOOKUP = "lookup/"
_BLOCK = 64  # what SHA-256 takes at a time
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class _Mac:
    """HMAC-SHA-256 (RFC 2104) under one key of at most 64 bytes, whose two blocks are hashed once and not each time."""

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def __call__(self, data: bytes) -> bytes:
        """The code of some data, 32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()


class MasterKey:
    """The organisation's master key: wraps the subjects' keys, and finds a person's subjects."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE:
            raise ValueError("a master key has 32 bytes")
        self._wrapping = AESGCM(_derive(secret, "master/wrap"))
        self.id = _derive(secret, "master/id")[:8].hex()
        self._secrets = {
            _PERSON: _derive(secret, "master/person"),
            _LOOKUP + self.id: _derive(secret, "master/lookup"),
        }
        self._person, self._lookup = (_Mac(one) for one in self._secrets.values())
        self._former: dict[str, _Mac] = {}

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"

    def hand_down(self, new: MasterKey) -> dict[str, bytes]:
        """What a new master key has to know of this one, wrapped under the new one, by use.

        People keep their digests in plans for good (Moodle holds them); lookups only until the mapping has new ones.
        """
        return {use: seal(new._wrapping, secret, use.encode()) for use, secret in self._secrets.items()}

    def inherit(self, wrapped: Mapping[str, bytes]) -> None:
        """Takes over what :meth:`hand_down` wrapped; raises VerificationFailed when it was altered."""
        for use, sealed in wrapped.items():
            secret = unseal(self._wrapping, sealed, use.encode(), "what an older master key handed down")
            if use == _PERSON:
                self._secrets[use] = secret
                self._person = _Mac(secret)
            elif use.startswith(_LOOKUP):
                self._former[use.removeprefix(_LOOKUP)] = _Mac(secret)

    def lookup_as(self, key_id: str, site: str, userid: int) -> bytes | None:
        """The lookup as the master key of this number made it; None when nothing of that key is known."""
        if key_id == self.id:
            return self.lookup(site, userid)
        former = self._former.get(key_id)
        return None if former is None else former(canonical([site, userid]))

    def rewrap(self, pseudonym: str, wrapped: bytes, new: MasterKey) -> bytes:
        """A subject's key, wrapped under a new master key; raises VerificationFailed when it was altered."""
        return new.wrap(pseudonym, unseal(self._wrapping, wrapped, pseudonym.encode(), "a wrapped key"))

    def lookup(self, site: str, userid: int) -> bytes:
        """What stands for a person of a site in the mapping: HMAC-SHA-256, useless without this key."""
        return self._lookup(canonical([site, userid]))

    def person(self, external_key: str) -> str:
        """What stands for a person in plans and journals, which are reviewed in git: hex, useless without this key."""
        return self._person(canonical(external_key)).hex()

    def wrap(self, pseudonym: str, secret: bytes) -> bytes:
        """A subject's key, encrypted for the keystore."""
        return seal(self._wrapping, secret, pseudonym.encode())

    def unwrap(self, pseudonym: str, wrapped: bytes) -> SubjectKey:
        """The reverse of :meth:`wrap`; raises VerificationFailed when it was altered."""
        return SubjectKey(unseal(self._wrapping, wrapped, pseudonym.encode(), "a wrapped key"))


class SubjectKey:
    """The key of one subject. Destroying it makes everything that is known of the subject unreadable."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE:
            raise ValueError("a subject's key has 32 bytes")
        self._secret = secret

    def __repr__(self) -> str:
        return f"SubjectKey({self.id})"

    @cached_property
    def id(self) -> str:
        """Says which key an encrypted row needs, and nothing else."""
        return _derive(self._secret, "subject/id")[:8].hex()

    def ref(self, site: str, object_id: str) -> bytes:
        """What stands for an object (its id in Moodle may tell who it is about) in tables that are not encrypted."""
        return self._ref(written((site, object_id)) or canonical([site, object_id]))

    def value_mac(self, value: bytes) -> bytes:
        """What a value (its canonical bytes) is compared by, without keeping the value."""
        return self._value(value)

    def conceal(self, payload: bytes) -> tuple[bytes, bytes, bytes, bytes]:
        """``(nonce, ciphertext, commitment, wrapped salt)`` of a payload (its canonical bytes), never twice the same.

        AES-GCM, bound to the commitment; the salt is on its way into the keystore.
        """
        fresh = os.urandom(SALT_SIZE + 2 * NONCE_SIZE)  # asked for once: each call goes to the system
        salt, nonce, other = fresh[:SALT_SIZE], fresh[SALT_SIZE:-NONCE_SIZE], fresh[-NONCE_SIZE:]
        commitment = commit(salt, payload)
        ciphertext = self._payload.encrypt(nonce, payload, commitment)
        return nonce, ciphertext, commitment, other + self._salt.encrypt(other, salt, commitment)

    def decrypt(self, nonce: bytes, ciphertext: bytes, commitment: bytes) -> bytes:
        """The payload; raises VerificationFailed when anything of it was altered."""
        try:
            return self._payload.decrypt(nonce, ciphertext, commitment)
        except (InvalidTag, ValueError) as error:
            raise VerificationFailed("a payload does not decrypt: it was altered, or its key was") from error

    def seal_identity(self, pseudonym: str, identity: JSON) -> bytes:
        """A person, encrypted for the mapping."""
        return seal(self._identity, canonical(identity), pseudonym.encode())

    def unseal_identity(self, pseudonym: str, sealed: bytes) -> bytes:
        """The reverse of :meth:`seal_identity`, as canonical JSON; raises VerificationFailed when it was altered."""
        return unseal(self._identity, sealed, pseudonym.encode(), "an identity")

    def unseal_salt(self, commitment: bytes, sealed: bytes) -> bytes:
        """The salt of a payload, as :meth:`conceal` wrapped it; raises VerificationFailed when it was altered."""
        return unseal(self._salt, sealed, commitment, "a salt")

    @cached_property
    def _ref(self) -> _Mac:
        return _Mac(_derive(self._secret, "subject/ref"))

    @cached_property
    def _value(self) -> _Mac:
        return _Mac(_derive(self._secret, "subject/value"))

    @cached_property
    def _payload(self) -> AESGCM:
        return AESGCM(_derive(self._secret, "subject/payload"))

    @cached_property
    def _identity(self) -> AESGCM:
        return AESGCM(_derive(self._secret, "subject/identity"))

    @cached_property
    def _salt(self) -> AESGCM:
        return AESGCM(_derive(self._secret, "subject/salt"))


def commit(salt: bytes, payload: bytes) -> bytes:
    """The commitment in a leaf: HMAC-SHA-256(salt, payload). Says nothing of the payload without the salt.

    Of a salt of at most 64 bytes, written out as RFC 2104 has it: half the time of the library's call.
    """
    block, sha256 = salt.ljust(_BLOCK, b"\0"), hashlib.sha256
    return sha256(block.translate(_OUTER) + sha256(block.translate(_INNER) + payload).digest()).digest()


def seal(key: AESGCM, secret: bytes, context: bytes) -> bytes:
    """``nonce ‖ ciphertext`` (AES-GCM), which opens only in the same context."""
    nonce = os.urandom(NONCE_SIZE)
    return nonce + key.encrypt(nonce, secret, context)


def unseal(key: AESGCM, sealed: bytes, context: bytes, what: str) -> bytes:
    """The reverse of :func:`seal`; raises VerificationFailed, saying ``what`` it was."""
    try:
        return key.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], context)
    except (InvalidTag, ValueError) as error:
        raise VerificationFailed(f"{what} does not decrypt: it was altered, or its key was") from error


def new_master_key() -> bytes:
    """The text of a new master key, as the environment or a key file holds it."""
    return base64.b64encode(os.urandom(KEY_SIZE)) + b"\n"


def load_master_key(path: Path | None, environ: Mapping[str, str], keyring: str | None = None) -> MasterKey:
    """The master key from ``MOODLE_SYNC_MASTER_KEY`` if that is set, else from the system's keyring, else its file.

    Raises:
        LedgerUnusable: there is none, the file can be read by others, or it is not base64 of 32 bytes.
    """
    text, source = read_master_key(path, environ, keyring)
    return parse_master_key(text, source)


def read_master_key(path: Path | None, environ: Mapping[str, str], keyring: str | None) -> tuple[str, str]:
    """The text of the master key, and where it was found. Raises as :func:`load_master_key`."""
    text = environ.get(MASTER_VARIABLE, "")
    if text:
        return text, f"the environment variable {MASTER_VARIABLE}"
    if keyring is not None:
        found = keyrings.get(keyring, MASTER)
        if found is None:
            hint = f"Put it there, or set {MASTER_VARIABLE}."
            raise LedgerUnusable(f"the keyring holds no master key of the name {keyring!r}", hint=hint)
        return found, "the keyring"
    if path is None:
        raise LedgerUnusable("no master key is given", hint=f"Set {MASTER_VARIABLE}, or name a key file.")
    files.require_private(path, "the master key")
    return path.read_text(encoding="ascii", errors="replace"), str(path)


def parse_master_key(text: str, source: str) -> MasterKey:
    """The master key of its text; raises LedgerUnusable, naming the source and not the text, when it is none."""
    try:
        return MasterKey(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError) as error:
        hint = "Restore it from where it was kept when the ledger was made."
        raise LedgerUnusable(f"the master key in {source} is not base64 of 32 bytes", hint=hint) from error


def _derive(secret: bytes, use: str) -> bytes:
    return HKDFExpand(SHA256(), KEY_SIZE, f"moodle-sync/1/{use}".encode()).derive(secret)
