"""The list of what was erased: what was signed comes back, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger import erasedlist, note
from moodle_sync.store import files

ORIGIN = "example.org/registre"
NAMES = ["0f" * 16, "aa" * 32, "01" * 16]


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[], note.Ed25519PrivateKey]:
    made = 0

    def do() -> note.Ed25519PrivateKey:
        nonlocal made
        made += 1
        files.create(tmp_path / f"{made}.key", note.new_key())
        return note.load_key(tmp_path / f"{made}.key")

    return do


def test_list_comes_back_sorted_so_that_no_group_shows(keys: Callable[[], note.Ed25519PrivateKey]) -> None:
    key = keys()
    text = erasedlist.sign(ORIGIN, (2026, 20), NAMES, key)
    assert text == erasedlist.sign(ORIGIN, (2026, 20), [*NAMES[::-1], NAMES[0]], key)
    assert text.split("\n")[:5] == [f"{ORIGIN}/erased", "2026/20", *sorted(NAMES)]
    found = erasedlist.verify(text, [note.public_bytes(key)])
    assert (found.origin, found.head, found.names) == (ORIGIN, (2026, 20), frozenset(NAMES))
    assert erasedlist.split(found.names) == (["01" * 16, "0f" * 16], [bytes.fromhex("aa" * 32)])
    empty = erasedlist.verify(erasedlist.sign(ORIGIN, (0, 0), [], key), [note.public_bytes(key)])
    assert (empty.head, empty.names) == ((0, 0), frozenset())


def test_list_changed_anywhere_is_none(keys: Callable[[], note.Ed25519PrivateKey], tell: Callable[[str], None]) -> None:
    key = keys()
    publics = [note.public_bytes(key), note.public_bytes(keys())]
    data = erasedlist.sign(ORIGIN, (2026, 20), NAMES, key).encode()
    tried = 0
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(VerificationFailed):
            erasedlist.verify(changed.decode("utf-8", errors="replace"), publics)
        with pytest.raises(VerificationFailed):
            erasedlist.verify(data[:place].decode("utf-8", errors="replace"), publics)
        tried += 2
    with pytest.raises(VerificationFailed):
        erasedlist.verify(data.decode(), publics[1:])
    tell(f"list of what was erased: {tried} changed or shortened ones refused")


def test_list_and_checkpoint_are_never_taken_for_one_another(keys: Callable[[], note.Ed25519PrivateKey]) -> None:
    key = keys()
    publics = [note.public_bytes(key)]
    with pytest.raises(VerificationFailed):
        note.verify(erasedlist.sign(ORIGIN, (2026, 20), NAMES, key), publics)
    with pytest.raises(VerificationFailed):
        erasedlist.verify(note.sign(note.Checkpoint(ORIGIN, 2026, 20, bytes(32)), key), publics)
    for text in (f"{ORIGIN}/erased\n", f"{ORIGIN}/erased\n2026/20\nname\n", f"{ORIGIN}/other\n2026/20\n"):
        with pytest.raises(VerificationFailed):
            erasedlist.verify(note.sign_text(text, key), publics)
