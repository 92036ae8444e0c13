from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from databases import Database

from moodle_sync.errors import DoneInPart, LedgerUnusable, VerificationFailed
from moodle_sync.ledger import Ledger, note, rotating
from moodle_sync.store import checkpoints


class Place:
    """A publisher in memory, which can be out of reach."""

    def __init__(self, name: str = "memory") -> None:
        self.place = name
        self.newest_only = False
        self.down = False
        self.notes: list[str] = []

    def publish(self, checkpoint: note.Checkpoint, text: str) -> None:
        if self.down:
            raise LedgerUnusable("no route")
        self.notes.append(text)


def _grow(course: Any, pull: Callable[[], int], value: int) -> None:
    course.grades = {(1, 7): str(value)}
    assert pull() == 1


def test_checkpoint_empty_ledger_signs_nothing(ledger: Ledger) -> None:
    place = Place()
    assert ledger.checkpoint([place]) is None
    assert place.notes == []


def test_checkpoint_signs_each_size_once(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    place = Place()
    _grow(course, pull, 1)
    first = ledger.checkpoint([place])
    again = ledger.checkpoint([place])
    assert first is not None
    assert again is not None
    assert (first.new, again.new, first.places, first.note) == (True, False, ("memory",), again.note)
    assert place.notes == [first.note]
    assert note.verify(first.note, ledger.public_keys()) == first.checkpoint
    assert (first.checkpoint.origin, first.checkpoint.shard, first.checkpoint.size) == ("example.org/registre", 2026, 2)


def test_checkpoint_place_out_of_reach_gets_what_it_missed_later(
    ledger: Ledger, course: Any, pull: Callable[[], int]
) -> None:
    near, far = Place("near"), Place("far")
    far.down = True
    for value in (1, 2):
        _grow(course, pull, value)
        with pytest.raises(DoneInPart, match="not published everywhere") as caught:
            ledger.checkpoint([far, near])
        assert caught.value.failures == ("far: no route",)
    far.down = False
    published = ledger.checkpoint([far, near])
    assert published is not None
    assert published.places == ("far", "near")
    assert near.notes == far.notes
    assert len(far.notes) == 2


def test_checkpoint_place_that_takes_the_newest_alone_gets_no_older_one(
    ledger: Ledger, course: Any, pull: Callable[[], int]
) -> None:
    for value in (1, 2):
        _grow(course, pull, value)
        ledger.checkpoint()
    place = Place()
    place.newest_only = True
    published = ledger.checkpoint([place])
    assert published is not None
    assert place.notes == [published.note]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE idx = 1) WHERE idx = 0",
        "UPDATE entry SET leaf = substr(leaf, 1, length(leaf) - 1) WHERE idx = 3",
        "DELETE FROM entry WHERE idx = 3",
        "UPDATE head SET root = zeroblob(32)",
        "UPDATE head SET size = size - 1",
        "UPDATE checkpoint SET note = replace(note, 'a', 'b')",
    ],
)
def test_checkpoint_disk_that_is_not_what_was_sealed_is_not_signed(
    ledger: Ledger, course: Any, pull: Callable[[], int], database: Database, damage: str
) -> None:
    _grow(course, pull, 1)
    ledger.checkpoint()
    _grow(course, pull, 2)
    database.drop_guards()
    with database.raw() as connection:
        assert connection.execute(damage).rowcount == 1
    with pytest.raises(VerificationFailed):
        ledger.checkpoint()
    with ledger.store.read() as transaction:
        assert len(checkpoints.every(transaction)) == 1


def test_checkpoint_history_rewritten_under_the_same_key_is_not_signed_again(
    ledger: Ledger, course: Any, pull: Callable[[], int], database: Database
) -> None:
    """Entries, hashes, head and frontier all agree; only the earlier checkpoint remembers."""
    from moodle_sync.ledger import merkle

    _grow(course, pull, 1)
    ledger.checkpoint()
    database.drop_guards()
    with database.raw() as connection:
        leaf = connection.execute("SELECT leaf FROM entry WHERE idx = 0").fetchone()[0].replace(b"main", b"mein")
        connection.execute("UPDATE entry SET leaf = ?, leaf_hash = ? WHERE idx = 0", (leaf, merkle.leaf_hash(leaf)))
        growth = merkle.Growth(256)
        growth.extend([row[0] for row in connection.execute("SELECT leaf_hash FROM entry ORDER BY idx")])
        connection.execute("UPDATE head SET root = ?", (growth.root(),))
        connection.execute("UPDATE frontier SET hashes = ?", (b"".join(growth.frontier()),))
    course.grades = {(1, 8): "2"}
    pull()
    with pytest.raises(VerificationFailed, match="checkpoint 2026/2"):
        ledger.checkpoint()


def test_checkpoint_of_another_origin_is_not_continued(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    _grow(course, pull, 1)
    ledger.checkpoint()
    _grow(course, pull, 2)
    ledger.origin = "example.net/other"
    with pytest.raises(VerificationFailed):
        ledger.checkpoint()


def test_checkpoint_with_a_new_key_still_proves_those_of_the_old_one(
    ledger: Ledger, course: Any, pull: Callable[[], int], clock: Any
) -> None:
    _grow(course, pull, 1)
    first = ledger.checkpoint()
    ledger._signing_key = Ed25519PrivateKey.generate()
    _grow(course, pull, 2)
    with pytest.raises(LedgerUnusable, match="none of this ledger's"):
        ledger.checkpoint()
    rotating.announce_signer(ledger.store, note.public_bytes(ledger._signing_key), clock())
    second = ledger.checkpoint()
    assert first is not None
    assert second is not None
    assert len(ledger.public_keys()) == 2
    assert ledger.verify(published=[first.note, second.note]).ok


def test_checkpoint_open_for_reading_only_is_refused(ledger: Ledger, places: Any) -> None:
    with Ledger.open(places, readonly=True, environ={}) as reader, pytest.raises(LedgerUnusable, match="reading only"):
        reader.checkpoint()


def test_publish_by_two_processes_at_once_notes_it_once(ledger: Ledger, course: Any, pull: Callable[[], int]) -> None:
    """The second one brings the same note to the same place, while the first one has noted it already."""
    _grow(course, pull, 1)

    class Slow(Place):
        def publish(self, checkpoint: note.Checkpoint, text: str) -> None:
            super().publish(checkpoint, text)
            if len(self.notes) == 1:
                ledger.checkpoint([self])

    place = Slow()
    signed = ledger.checkpoint([place])
    assert signed is not None
    assert (signed.places, place.notes) == (("memory",), [signed.note, signed.note])
