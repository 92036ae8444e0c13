from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger import note
from moodle_sync.publish.file import FilePublisher, read_published

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def _point(size: int, *, shard: int = 2026, seed: str = "a") -> note.Checkpoint:
    return note.Checkpoint("example.org/registre", shard, size, hashlib.sha256(f"{seed}{size}".encode()).digest())


def _publish(directory: Path, *points: note.Checkpoint) -> list[str]:
    texts = [note.sign(point, KEY) for point in points]
    for point, text in zip(points, texts, strict=True):
        FilePublisher(directory).publish(point, text)
    return texts


def test_publish_one_file_a_size_and_the_latest(tmp_path: Path) -> None:
    old = tmp_path.stat().st_mode
    texts = _publish(tmp_path, _point(2), _point(10), _point(3, shard=2027))
    folder = tmp_path / "example.org%2Fregistre"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "2026-000000000002.checkpoint",
        "2026-000000000010.checkpoint",
        "2027-000000000003.checkpoint",
        "latest",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}
    assert (folder / "latest").read_text(encoding="utf-8") == texts[2]
    assert read_published(tmp_path) == texts
    assert tmp_path.stat().st_mode == old


def test_publish_same_note_twice_changes_nothing(tmp_path: Path) -> None:
    texts = _publish(tmp_path, _point(2), _point(2))
    assert read_published(tmp_path) == texts[:1]


def test_publish_other_note_of_the_same_size_is_refused_and_the_first_kept(tmp_path: Path) -> None:
    (first,) = _publish(tmp_path, _point(2))
    with pytest.raises(VerificationFailed, match="published before"):
        _publish(tmp_path, _point(2, seed="b"))
    assert read_published(tmp_path) == [first]
    assert (tmp_path / "example.org%2Fregistre" / "latest").read_text(encoding="utf-8") == first


def test_publish_after_a_killed_one_leaves_no_half_file_to_read(tmp_path: Path) -> None:
    (first,) = _publish(tmp_path, _point(2))
    (tmp_path / "example.org%2Fregistre" / ".2026-000000000009.checkpoint.77.part").write_text("half")
    assert read_published(tmp_path) == [first]


def test_publish_and_read_missing_directory_is_named_and_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "disk"
    with pytest.raises(LedgerUnusable, match="no directory"):
        _publish(missing, _point(2))
    with pytest.raises(LedgerUnusable, match="no directory"):
        read_published(missing)
    assert not missing.exists()


def test_publish_place_where_a_file_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "example.org%2Fregistre").write_text("in the way")
    with pytest.raises(LedgerUnusable, match="cannot be written"):
        _publish(tmp_path, _point(2))


def test_place_names_the_directory(tmp_path: Path) -> None:
    assert FilePublisher(tmp_path).place == f"file:{tmp_path}"
