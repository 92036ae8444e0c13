"""The companion's zip: reproducible, installable, and PHP that parses."""

import hashlib
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from moodle_sync.workflows.plugin_build import build


def test_build_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    first = build(tmp_path / "a")
    second = build(tmp_path / "b.zip")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.path.name == f"local_moodlesync-{first.release}.zip"


def test_build_names_are_sorted_under_one_folder_with_the_time_of_the_version(tmp_path: Path) -> None:
    built = build(tmp_path)
    with zipfile.ZipFile(built.path) as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert "moodlesync/version.php" in names
    assert all(name.startswith("moodlesync/") for name in names)
    assert not [name for name in names if "/." in name or "__pycache__" in name]
    # Opcache tells releases apart by file times: a constant here would keep old code running after an unzip.
    (time,) = {entry.date_time for entry in entries}
    assert int("{:04}{:02}{:02}".format(*time)) == built.version // 100
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_build_reports_the_numbers_of_version_php(tmp_path: Path) -> None:
    built = build(tmp_path)
    with zipfile.ZipFile(built.path) as archive:
        version_php = archive.read("moodlesync/version.php").decode()
    assert f"$plugin->version = {built.version};" in version_php
    assert f"$plugin->release = '{built.release}';" in version_php
    assert "$plugin->component = 'local_moodlesync';" in version_php


def test_languages_have_the_same_strings(tmp_path: Path) -> None:
    with zipfile.ZipFile(build(tmp_path).path) as archive:
        texts = [archive.read(f"moodlesync/lang/{code}/local_moodlesync.php").decode() for code in ("en", "fr")]
    english, french = (re.findall(r"^\$string\['([^']+)'\]", text, re.MULTILINE) for text in texts)
    assert english
    assert english == french


def test_every_php_file_parses(tmp_path: Path) -> None:
    php = shutil.which("php")
    if php is None:
        pytest.skip("php is not installed: the companion's PHP was not parsed")
    with zipfile.ZipFile(build(tmp_path).path) as archive:
        archive.extractall(tmp_path / "out")
    files = sorted(str(path) for path in (tmp_path / "out").rglob("*.php"))
    assert files
    for path in files:
        run = subprocess.run([php, "-l", path], capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
