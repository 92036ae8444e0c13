"""Files that learners download: read whole, or refused with a reason."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from moodle_sync.errors import Problem
from moodle_sync.spec.files import LIMIT, SpecFile, read_file


def test_read_file_gives_every_byte_and_its_digest(tmp_path: Path) -> None:
    content = bytes(range(256)) + "é\r\n\n".encode()
    (tmp_path / "fiche.bin").write_bytes(content)
    found = read_file(tmp_path / "fiche.bin", "files/fiche.bin")
    assert found == SpecFile("files/fiche.bin", "fiche.bin", content)
    assert isinstance(found, SpecFile)
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_spec_file_digest_is_of_the_content_alone() -> None:
    one, other = SpecFile("files/a", "a", b"x"), SpecFile("files/b", "b", b"x")
    assert one.sha256 == other.sha256
    assert SpecFile("files/a", "a", b"y").sha256 != one.sha256


@pytest.mark.parametrize(("size", "fits"), [(1, True), (LIMIT, True), (LIMIT + 1, False), (0, False)])
def test_read_file_size_is_measured_to_the_byte(tmp_path: Path, size: int, fits: bool) -> None:
    (tmp_path / "fiche.csv").write_bytes(b"x" * size)
    found = read_file(tmp_path / "fiche.csv", "files/fiche.csv")
    assert isinstance(found, SpecFile) is fits


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("vide.csv", b"", "this file is empty"),
        ("gros.csv", b"x" * (LIMIT + 1), "2000001 bytes are too many for a file (2000000 at most)"),
        ("gros.csv", b"x" * (LIMIT + 1), "write a link"),
        ("plan d'action.csv", b"x", 'Moodle takes "\'" out of a file name: rename the file'),
        ("objectifs & moyens.csv", b"x", "Moodle takes '&' out of a file name"),
        ("10:30.csv", b"x", "Moodle takes ':' out of a file name"),
    ],
)
def test_read_file_that_cannot_be_used_is_a_problem_of_that_file(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    found = read_file(tmp_path / name, f"files/{name}")
    assert isinstance(found, Problem)
    assert (found.file, found.line) == (tmp_path / name, 0)
    assert words in found.message


def test_read_file_that_is_gone_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    found = read_file(tmp_path / "partie.csv", "files/partie.csv")
    assert isinstance(found, Problem)
    assert found.message == "cannot be read: No such file or directory"
