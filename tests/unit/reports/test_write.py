import os
import stat

import pytest

from moodle_sync.errors import UsageError
from moodle_sync.reports import write_report


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_write_report_whatever_the_umask_gives_mode_0600(tmp_path):
    before = os.umask(0)
    try:
        write_report(tmp_path / "r.html", "é")
    finally:
        os.umask(before)
    assert (tmp_path / "r.html").read_bytes() == "é".encode()
    assert mode(tmp_path / "r.html") == 0o600


def test_write_report_over_an_open_file_replaces_it_whole_and_private(tmp_path):
    path = tmp_path / "r.html"
    path.write_text("longer than what comes after")
    path.chmod(0o644)
    write_report(path, "court")
    assert path.read_text() == "court"
    assert mode(path) == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["r.html"]


def test_write_report_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_text("ancien")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_report(path, "nouveau")
    assert path.read_text() == "ancien"


def test_write_report_into_a_missing_folder_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="create it"):
        write_report(tmp_path / "none" / "r.html", "x")


def test_write_report_onto_a_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        write_report(tmp_path, "x")
