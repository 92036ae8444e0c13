from __future__ import annotations

import base64
import hmac
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.errors import VerificationFailed
from moodle_sync.store import files
from moodle_sync.store.keys import (
    MasterKey,
    SubjectKey,
    _Mac,
    commit,
    load_master_key,
    new_master_key,
    seal,
    unseal,
)

KEY = SubjectKey(bytes(range(32)))
OTHER = SubjectKey(bytes(32))


def test_load_master_key_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    files.create(path, new_master_key())
    text = base64.b64encode(bytes(32)).decode()
    assert load_master_key(path, {"MOODLE_SYNC_MASTER_KEY": text}).id == MasterKey(bytes(32)).id
    assert load_master_key(path, {}).id != MasterKey(bytes(32)).id


def test_master_key_different_uses_give_different_bytes() -> None:
    master = MasterKey(bytes(32))
    values = {
        master.lookup("main", 7),
        master.lookup("main", 8),
        master.lookup("other", 7),
        master.person("7").encode(),
    }
    assert len(values) == 4
    assert master.lookup("main", 7) != MasterKey(bytes(range(32))).lookup("main", 7)


def test_keys_show_their_identifier_and_nothing_else() -> None:
    assert repr(MasterKey(bytes(32))) == f"MasterKey({MasterKey(bytes(32)).id})"
    assert repr(KEY) == f"SubjectKey({KEY.id})"
    assert KEY.id != OTHER.id


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_keys_of_another_size_are_refused(size: int) -> None:
    for kind in (MasterKey, SubjectKey):
        with pytest.raises(ValueError, match="32 bytes"):
            kind(bytes(size))


def test_encrypt_opens_only_with_the_same_key_nonce_and_commitment() -> None:
    nonce, ciphertext, commitment, _ = KEY.conceal(b"payload")
    assert KEY.decrypt(nonce, ciphertext, commitment) == b"payload"
    wrong = [
        (OTHER, nonce, ciphertext, commitment),
        (KEY, bytes(12), ciphertext, commitment),
        (KEY, b"", ciphertext, commitment),
        (KEY, nonce, ciphertext[:-1], commitment),
        (KEY, nonce, b"", commitment),
        (KEY, nonce, ciphertext, commit(b"salt", b"other")),
    ]
    for key, *parts in wrong:
        with pytest.raises(VerificationFailed):
            key.decrypt(*parts)


def test_seal_opens_only_in_its_context_and_whole() -> None:
    sealed = seal(AESGCM(bytes(32)), b"secret", b"here")
    assert unseal(AESGCM(bytes(32)), sealed, b"here", "it") == b"secret"
    assert seal(AESGCM(bytes(32)), b"secret", b"here") != sealed
    for data, context in ((sealed, b"there"), (sealed[:-1], b"here"), (sealed[:5], b"here"), (b"", b"here")):
        with pytest.raises(VerificationFailed, match="it does not decrypt"):
            unseal(AESGCM(bytes(32)), data, context, "it")


def test_ref_same_name_in_another_unicode_form_is_the_same() -> None:
    assert KEY.ref("main", "\u00c9") == KEY.ref("main", "E\u0301")
    assert KEY.ref("main", "1") != OTHER.ref("main", "1")
    assert KEY.ref("main", "x") != KEY.value_mac(b'["main","x"]')


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_commit_is_hmac_sha256(salt: bytes, payload: bytes) -> None:
    assert commit(salt, payload) == hmac.digest(salt, payload, "sha256")


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_mac_is_hmac_sha256(key: bytes, data: bytes) -> None:
    assert _Mac(key)(data) == hmac.digest(key, data, "sha256")
