from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import files


@pytest.mark.parametrize("umask", [0o000, 0o077])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_create_and_replace_give_the_mode_whatever_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    old = os.umask(umask)
    try:
        files.create(tmp_path / "a", b"1", mode)
        files.replace(tmp_path / "b", b"2", mode)
    finally:
        os.umask(old)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [mode, mode]


def test_create_existing_file_or_link_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("target", "link", "dangling"):
        with pytest.raises(FileExistsError):
            files.create(tmp_path / name, b"other")
    assert (tmp_path / "target").read_bytes() == b"mine"
    assert not (tmp_path / "nowhere").exists()


def test_replace_takes_the_place_and_leaves_nothing_beside(tmp_path: Path) -> None:
    files.replace(tmp_path / "a", b"1")
    files.replace(tmp_path / "a", b"2")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"2")]


def test_move_new_taken_name_is_kept_and_the_part_removed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    part = files.part_of(tmp_path / "a")
    part.write_bytes(b"other")
    with pytest.raises(FileExistsError):
        files.move_new(part, tmp_path / "a")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"mine")]


@pytest.mark.parametrize(
    ("mode", "fine"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o666, False)]
)
def test_require_private_looks_at_group_and_others(tmp_path: Path, mode: int, fine: bool) -> None:
    path = tmp_path / "a"
    path.touch()
    path.chmod(mode)
    if fine:
        files.require_private(path, "it")
    else:
        with pytest.raises(LedgerUnusable, match=f"chmod 600 {path}"):
            files.require_private(path, "it")
