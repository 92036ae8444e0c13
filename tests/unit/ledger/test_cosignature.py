"""Cosignatures, held against the words of the specification and against every flipped byte."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from notes import signed

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger import cosignature, note

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = note.public_bytes(KEY)
NAME = "witness.example.net/w1"
WITNESS = cosignature.WitnessKey(NAME, PUBLIC)
AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def test_cosign_line_is_built_as_the_specification_says() -> None:
    """By hand: key id over 0x04, eight bytes of time, and a signature over header, time and the whole text."""
    one, _ = signed(5)
    line = cosignature.cosign(one.text(), NAME, KEY, AT)
    assert line.endswith("\n")
    dash, name, encoded = line[:-1].split(" ")
    data = base64.b64decode(encoded)
    assert (dash, name, len(data)) == ("—", NAME, 76)
    assert data[:4] == hashlib.sha256(NAME.encode() + b"\n\x04" + PUBLIC).digest()[:4]
    assert int.from_bytes(data[4:12], "big") == 1795327200
    KEY.public_key().verify(data[12:], b"cosignature/v1\ntime 1795327200\n" + one.text().encode())


def test_verify_gives_the_time_and_passes_over_other_keys() -> None:
    one, text = signed(5)
    other = cosignature.cosign(one.text(), "other.example.org/w", Ed25519PrivateKey.generate(), AT)
    lines = note.split(text)[1] + other + cosignature.cosign(one.text(), NAME, KEY, AT)
    assert cosignature.verify(one.text(), lines, WITNESS) == AT
    with pytest.raises(VerificationFailed, match="no cosignature"):
        cosignature.verify(one.text(), note.split(text)[1] + other, WITNESS)


def test_verify_every_flipped_byte_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    one, _ = signed(5)
    line = cosignature.cosign(one.text(), NAME, KEY, AT).encode()
    text = one.text().encode()
    tried = 0
    for source in (line, text):
        for place in range(len(source)):
            changed = bytearray(source)
            changed[place] ^= 1 << (place % 8)
            said = changed.decode("utf-8", errors="replace")
            words = (one.text(), said) if source is line else (said, line.decode())
            with pytest.raises(VerificationFailed):
                cosignature.verify(*words, WITNESS)
            tried += 1
    with capsys.disabled():
        print(f"\ncosignature: {tried} bytes flipped, all found")


def test_read_key_is_the_reverse_of_its_text_and_refuses_what_does_not_belong_together() -> None:
    assert cosignature.read_key(f"{WITNESS}\n") == WITNESS
    text = str(WITNESS)
    log = note.verifier_key(NAME, PUBLIC)
    for wrong in ("", NAME, text.replace("w1", "w2"), text[:-4], text.replace("+BH", "+AH"), log, f"{text}+x"):
        with pytest.raises(VerificationFailed):
            cosignature.read_key(wrong)


def test_without_cosignatures_is_the_note_as_it_was_stored() -> None:
    one, text = signed(5)
    assert note.without_cosignatures(text + cosignature.cosign(one.text(), NAME, KEY, AT)) == text
    assert note.without_cosignatures(text) == text
    with pytest.raises(VerificationFailed):
        note.without_cosignatures("no note")


def test_read_keys_takes_verifier_keys_and_base64_and_nothing_else() -> None:
    named, bare = note.verifier_key("example.org/registre/2026", PUBLIC), base64.b64encode(PUBLIC).decode()
    assert note.read_keys(f"{named}\n\n{bare}\n") == [PUBLIC, PUBLIC]
    for wrong in ("", "x", named.replace("2026", "2027"), bare[:-4], str(WITNESS)):
        with pytest.raises(VerificationFailed):
            note.read_keys(wrong)
