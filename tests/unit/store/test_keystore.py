from __future__ import annotations

import secrets
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.store.keys import MasterKey, SubjectKey
from moodle_sync.store.keystore import Keystore, create_keystore, open_keystore

MASTER = MasterKey(bytes(range(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keystore.db"
    create_keystore(path, MASTER)
    return path


@pytest.fixture
def keystore(path: Path) -> Iterator[Keystore]:
    with open_keystore(path, MASTER) as keystore:
        yield keystore


def test_create_is_private_and_never_over_something(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_keystore(path, MASTER)
    assert path.read_bytes() == before


def test_add_keys_and_salts_come_back_and_lie_wrapped(keystore: Keystore, path: Path) -> None:
    secret = secrets.token_bytes(32)
    key = SubjectKey(secret)
    _, _, commitment, sealed = key.conceal(b"payload")
    keystore.add({"p1": secret}, [("p1", commitment, sealed)])
    salt = key.unseal_salt(commitment, sealed)
    with open_keystore(path, MASTER, readonly=True) as again:
        found = again.key("p1")
        assert found is not None
        assert found.id == key.id
        asked = [("p1", commitment), ("p1", bytes(32)), ("p2", commitment)]
        assert again.salts(asked) == {("p1", commitment): sealed}
        assert found.unseal_salt(commitment, sealed) == salt
        assert again.key("p2") is None
        assert again.count() == (1, 1)
    stored = path.read_bytes()
    assert commitment in stored  # the search does find what is there
    assert secret not in stored
    assert salt not in stored


def test_add_same_salt_twice_is_refused_and_keeps_nothing_of_the_call(keystore: Keystore) -> None:
    keystore.add({"p1": bytes(32)}, [("p1", b"c", b"w")])
    with pytest.raises(VerificationFailed):
        keystore.add({"p2": bytes(32)}, [("p2", b"d", b"w"), ("p1", b"c", b"w")])
    assert keystore.count() == (1, 1)


def test_key_wrapped_for_another_pseudonym_does_not_open(keystore: Keystore, path: Path) -> None:
    keystore.add({"p1": bytes(32)}, [])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE subject_key SET pseudonym = 'p2'")
    connection.close()
    with pytest.raises(VerificationFailed, match="does not decrypt"):
        keystore.key("p2")


def test_deleted_key_leaves_no_bytes_in_the_file(keystore: Keystore, path: Path) -> None:
    keystore.add({f"p{n}": secrets.token_bytes(32) for n in range(50)}, [])
    row = keystore._connection.execute("SELECT wrapped FROM subject_key WHERE pseudonym = 'p7'").fetchone()
    assert row[0] in path.read_bytes()
    keystore._connection.execute("DELETE FROM subject_key WHERE pseudonym = 'p7'")
    assert row[0] not in path.read_bytes()
    assert sorted(other.name for other in path.parent.iterdir()) == ["keystore.db"]  # no journal, no log


def test_salts_more_than_one_statement_takes_are_all_found(keystore: Keystore) -> None:
    asked = [(f"p{n % 7}", n.to_bytes(4, "big")) for n in range(1200)]
    keystore.add({}, [(*one, b"w") for one in asked])
    assert sorted(keystore.salts(asked)) == sorted(asked)


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("PRAGMA user_version = 9", "pip install --upgrade"),
        ("PRAGMA user_version = 0", "not a keystore"),
        ("DELETE FROM master", "not the one of this keystore"),
    ],
)
def test_open_other_file_or_version_is_named(path: Path, statement: str, match: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()
    with pytest.raises(LedgerUnusable, match=match):
        open_keystore(path, MASTER)


def test_open_not_a_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keystore.db"
    path.write_bytes(b"x" * 5000)
    path.chmod(0o600)
    with pytest.raises(LedgerUnusable, match="cannot be used"):
        open_keystore(path, MASTER)


def test_open_readonly_refuses_to_write(path: Path) -> None:
    with open_keystore(path, MASTER, readonly=True) as keystore, pytest.raises(LedgerUnusable, match="readonly"):
        keystore.add({"p1": bytes(32)}, [])


def test_rotate_hands_down_what_people_are_called_in_plans(keystore: Keystore, path: Path) -> None:
    secret, new = secrets.token_bytes(32), MasterKey(secrets.token_bytes(32))
    keystore.add({"p1": secret}, [])
    person, lookup = MASTER.person("EXT-1"), MASTER.lookup("main", 7)
    assert new.person("EXT-1") != person
    assert keystore.rotate(new) == 1
    found = keystore.key("p1")
    assert found is not None
    assert found.id == SubjectKey(secret).id
    assert keystore.master.person("EXT-1") == person
    assert keystore.master.lookup_as(MASTER.id, "main", 7) == lookup
    assert keystore.rotating()
    keystore.rotated()
    assert not keystore.rotating()
    with pytest.raises(LedgerUnusable, match="is not the one of this keystore"):
        open_keystore(path, MASTER)


def test_destroy_keeps_that_it_destroyed(keystore: Keystore) -> None:
    commitment = secrets.token_bytes(32)
    keystore.add({"p1": bytes(32), "p2": bytes(32)}, [("p2", commitment, b"w"), ("p2", b"other", b"w")])
    assert keystore.destroy(["p1"], [commitment]) == (1, 1)
    assert keystore.destroy(["p1"], [commitment]) == (0, 0)
    assert keystore.erased() == sorted(["p1", commitment.hex()])
    assert keystore.count() == (1, 1)
