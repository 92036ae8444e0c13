"""verify with what somebody kept, and a witness, from the command line."""

import base64
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import ledgerscene
import pytest
from databases import Database

from moodle_sync.cli.main import run
from moodle_sync.config import load_settings
from moodle_sync.workflows import ledger as ledger_workflow


@pytest.fixture
def scene(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> ledgerscene.Scene:
    monkeypatch.delenv("MOODLE_SYNC_MASTER_KEY", raising=False)
    made = ledgerscene.make(tmp_path, database)
    made.pull()
    return made


def call(scene: ledgerscene.Scene, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run([*words, "--config", str(scene.folder / "config.toml")])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_verify_takes_checkpoints_and_keys_from_outside(
    scene: ledgerscene.Scene, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [file] = (scene.folder / "checkpoints").rglob("*.checkpoint")
    kept = tmp_path / "kept.txt"
    kept.write_bytes(file.read_bytes())
    with ledger_workflow.open_ledger(scene.settings, readonly=True) as ledger:
        key = base64.b64encode(ledger.public_keys()[0]).decode()
    code, out, _ = call(scene, capsys, "ledger", "verify")
    assert code == 0
    assert "no external checkpoint: integrity only" in out
    words = ("ledger", "verify", "--checkpoint", str(kept), "--checkpoint", str(file), "--key", key, "--json")
    code, out, _ = call(scene, capsys, *words)
    found = json.loads(out)
    assert (code, found["ok"], found["unprotected_tail"], found["unreached"]) == (0, True, 0, [])
    names = [check["name"] for check in found["checks"]]
    assert f"given:{kept.name}" in names
    code, _, err = call(scene, capsys, "ledger", "verify", "--key", "nonsense")
    assert (code, "--key" in err) == (2, True)
    kept.write_text("nothing")
    code, _, err = call(scene, capsys, "ledger", "verify", "--checkpoint", str(kept))
    assert (code, "no checkpoint" in err) == (2, True)


def test_verify_without_its_folder_of_checkpoints_is_6_and_names_it(
    scene: ledgerscene.Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    (scene.folder / "checkpoints").rename(scene.folder / "away")
    code, out, _ = call(scene, capsys, "ledger", "verify")
    assert code == 6
    assert f"? could not be read: file:{scene.folder / 'checkpoints'}: there is no directory" in out
    assert "What could be looked at holds together." in out


def test_witness_made_and_served_cosigns_the_ledgers_checkpoints(
    scene: ledgerscene.Scene, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As two organisations do it: the witness is a process of its own, without a configuration."""
    folder = tmp_path / "witness"
    assert run(["witness", "init", str(folder), "--name", "witness.example.net/w1", "--json"]) == 0
    key = json.loads(capsys.readouterr().out)["key"]
    assert run(["witness", "init", str(folder), "--name", "witness.example.net/w1"]) == 2
    with ledger_workflow.open_ledger(scene.settings, readonly=True) as ledger:
        public = base64.b64encode(ledger.public_keys()[0]).decode()
    (folder / "logs.txt").write_text(f"{scene.settings.ledger.origin} {public}\n")
    program = "from moodle_sync.cli.main import main; main()"
    command = [sys.executable, "-c", program, "witness", "serve", str(folder), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as server:
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            assert told["logs"] == [scene.settings.ledger.origin]
            config = scene.folder / "config.toml"
            config.write_text(
                config.read_text(encoding="utf-8") + f'[publish.witness]\nurl = "{told["url"]}"\nkey = "{key}"\n'
            )
            scene.settings = load_settings(config)
            code, out, _ = call(scene, capsys, "ledger", "checkpoint")
            assert (code, "→ witness:witness.example.net/w1" in out) == (0, True)
            code, out, _ = call(scene, capsys, "ledger", "verify")
            assert (code, "asked now, held or signed by somebody else: 1 checkpoints" in out) == (0, True)
            assert run(["witness", "serve", str(folder), "--port", told["url"].rpartition(":")[2]]) == 2
            assert "cannot be listened on" in capsys.readouterr().err
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(20) == 0
    code, out, _ = call(scene, capsys, "ledger", "verify")
    assert (code, "witness.example.net/w1, asked now" in out) == (6, True)
