from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger import note
from moodle_sync.store import files

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = note.public_bytes(KEY)
POINT = note.Checkpoint("example.org/registre", 2026, 42, hashlib.sha256(b"root").digest())
SIGNED = note.sign(POINT, KEY)


def test_sign_gives_the_c2sp_form_byte_by_byte() -> None:
    root = base64.b64encode(POINT.root).decode()
    text, signature = SIGNED.split("\n\n")
    assert text == f"example.org/registre/2026\n42\n{root}"
    dash, name, encoded = signature.rstrip("\n").split(" ")
    assert (dash, name) == ("\u2014", "example.org/registre/2026")
    data = base64.b64decode(encoded)
    assert data[:4] == hashlib.sha256(b"example.org/registre/2026\n\x01" + PUBLIC).digest()[:4]
    Ed25519PublicKey.from_public_bytes(PUBLIC).verify(data[4:], f"{text}\n".encode())


def test_key_id_is_that_of_the_specifications_own_example() -> None:
    # C2SP signed-note: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", as Go's sumdb/note.
    public = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    expected = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert note.verifier_key("PeterNeumann", public) == expected


def test_verify_every_changed_byte_is_refused() -> None:
    assert note.verify(SIGNED, [PUBLIC]) == POINT
    data, tried = SIGNED.encode(), 0
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            with pytest.raises(VerificationFailed):
                note.verify(changed.decode("utf-8", errors="replace"), [PUBLIC])
            tried += 1
    for mutant in (SIGNED[:-1], SIGNED + "\n", "\n" + SIGNED, SIGNED + "x", "", "\n\n", SIGNED.replace("\n", "\r\n")):
        with pytest.raises(VerificationFailed):
            note.verify(mutant, [PUBLIC])
    assert tried == len(data) * 8


def test_verify_unknown_signatures_are_passed_over_and_never_enough() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    witness = "\u2014 witness.example " + base64.b64encode(bytes(68)).decode() + "\n"
    assert note.verify(SIGNED + witness, [PUBLIC]) == POINT
    with pytest.raises(VerificationFailed, match="not signed by a key"):
        note.verify(SIGNED, [note.public_bytes(other)])
    with pytest.raises(VerificationFailed, match="not signed by a key"):
        note.verify(SIGNED, [])


def test_verify_extension_lines_are_refused() -> None:
    text = POINT.text() + "more\n"
    signature = base64.b64encode(note.key_id("example.org/registre/2026", PUBLIC) + KEY.sign(text.encode())).decode()
    with pytest.raises(VerificationFailed, match="three lines"):
        note.verify(f"{text}\n\u2014 example.org/registre/2026 {signature}\n", [PUBLIC])


def test_load_key_gives_back_the_key_that_was_made(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    files.create(path, note.new_key())
    assert note.sign(POINT, note.load_key(path)) == note.sign(POINT, note.load_key(path))


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", b"\x00" * 64])
def test_load_key_something_else_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "signing.key"
    files.create(path, content)
    with pytest.raises(LedgerUnusable, match="not a signing key"):
        note.load_key(path)
