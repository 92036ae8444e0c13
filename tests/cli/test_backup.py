"""backup, erase, restore, copies and the two rotations as a person types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from databases import Database
from ledgerscene import COURSE, Scene, make
from restorescene import lose, nothing_there

from moodle_sync.cli.main import run


@pytest.fixture
def scene(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.delenv("MOODLE_SYNC_MASTER_KEY", raising=False)
    scene = make(tmp_path, database)
    scene.pull()
    for name in ("disk", "vault"):
        (tmp_path / name).mkdir()
    with (tmp_path / "config.toml").open("a", encoding="utf-8") as file:
        file.write('[backup]\nfolder = "disk"\nkeystore_folder = "vault"\n')
    monkeypatch.chdir(tmp_path)
    return scene


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["ledger", *words]) == code
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    return output.out + output.err


def test_a_disk_dies_after_an_erasure(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(said(capsys, "backup", "--json"))
    assert made["entries"] == 20
    shutil.copytree(scene.folder / "disk", scene.folder / "offline")
    scene.grades[810051] = "12.5"
    scene.pull(COURSE)
    said(capsys, "export", "--out", "all.ndjson")
    assert f"  in {scene.folder / 'all.ndjson'}" in said(capsys, "erase", "--person", "EXT-4471", "--reason", "request")
    words = ("erase", "--person", "EXT-4471", "--reason", "request", "--yes", "--delete-copies")
    text = said(capsys, *words)
    assert f"Deleted {scene.folder / 'all.ndjson'}." in text
    assert "Taken out of 2 backups" in text
    lose(scene)
    for folder in (scene.folder / "offline").iterdir():
        if folder.is_dir():
            shutil.rmtree(made["store"])
            shutil.copytree(folder, made["store"])
    text = said(capsys, "restore", made["store"], code=4)
    assert "3 entries are lost: 2026/20 to 2026/22" in text
    assert nothing_there(scene)
    text = said(capsys, "restore", made["store"], "--accept-loss")
    assert "Entry 2027/1 says so" in text
    assert "6 payloads went" in text
    assert "Everything holds together." in said(capsys, "verify", "--payloads")
    said(capsys, "checkpoint")
    said(capsys, "rotate-master-key")
    said(capsys, "rotate-signing-key")
    assert "Everything holds together." in said(capsys, "verify", "--payloads")
    known = json.loads(said(capsys, "copies", "--json"))
    assert [row["kind"] for row in known["copies"]] == ["store", "keystore"]
    assert known["owed"] == {"copies": [], "handouts": []}
    assert "is still there" in said(capsys, "copies", "--settle", made["store"], code=2)


def test_mistakes_are_told_in_a_sentence(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    code, words = (2, "nothing is written over") if scene.database is None else (4, "nothing was written")
    assert words in said(capsys, "restore", "nowhere", code=code)
    assert "there is no folder" in said(capsys, "backup", "--out", "nowhere", code=2)
    assert "two folders" in said(capsys, "backup", "--keystore-out", "disk", code=2)
