from pathlib import Path
from typing import Any

import ledgerscene
import pytest
from click.testing import CliRunner
from databases import Database

from moodle_sync.cli.main import cli
from moodle_sync.config import Settings
from moodle_sync.errors import LedgerUnusable
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark
from moodle_sync.workflows.doctor.ledger import check_ledger
from moodle_sync.workflows.ledger import init as init_ledger
from moodle_sync.workflows.status import status


def configured(folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "site": {"name": "test", "url": "http://127.0.0.1:9", "namespace": "sag"},
            "ledger": {
                "store": f"sqlite:///{folder}/ledger.db",
                "keystore": folder / "keystore.db",
                "signing_key": folder / "signing.key",
                "master_key": folder / "master.key",
                "origin": "test.example.org/ledger",
                "checkpoints": folder / "checkpoints",
            },
        }
    )


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("MOODLE_SYNC_MASTER_KEY", raising=False)
    settings = configured(tmp_path)
    init_ledger(settings)
    return settings


def by_name(settings: Settings) -> dict[str, Finding]:
    return {found.name: found for found in check_ledger(settings)}


def test_ledger_just_made_is_well_but_for_checkpoints_on_the_same_disk(made: Settings) -> None:
    found = by_name(made)
    assert found["ledger"].mark is Mark.OK
    assert found["signing key"].mark is Mark.OK
    assert "database file" not in found
    assert found["checkpoints"].mark is Mark.WARNING
    assert "same disk" in found["checkpoints"].sentence


def test_ledger_that_was_never_made_fails_and_says_what_to_run(tmp_path: Path) -> None:
    found = by_name(configured(tmp_path))
    assert (found["ledger"].mark, found["ledger"].area) == (Mark.FAILED, Area.LEDGER)
    assert found["ledger"].hint == "moodle-sync ledger init"
    assert "signing key" not in found


@pytest.mark.parametrize("part", ["keystore", "master_key", "signing_key"])
def test_ledger_with_a_part_missing_or_open_to_others_fails(made: Settings, part: str) -> None:
    file: Path = getattr(made.ledger, part)
    name = "signing key" if part == "signing_key" else "ledger"
    file.chmod(0o644)
    assert by_name(made)[name].mark is Mark.FAILED
    assert "chmod 600" in by_name(made)[name].hint
    file.unlink()
    assert by_name(made)[name].mark is Mark.FAILED


def test_ledger_database_open_to_others_is_a_warning(made: Settings) -> None:
    Path(made.ledger.store.removeprefix("sqlite:///")).chmod(0o640)
    assert by_name(made)["database file"].mark is Mark.WARNING


def test_ledger_without_its_folder_of_checkpoints_fails(made: Settings) -> None:
    made.ledger.checkpoints.rmdir()
    found = by_name(made)["checkpoints"]
    assert (found.mark, found.area) == (Mark.FAILED, Area.LEDGER)


def test_ledger_whose_checkpoints_are_on_another_disk_is_well(made: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.stat

    def stat(self: Path, *, follow_symlinks: bool = True) -> Any:
        found = real(self, follow_symlinks=follow_symlinks)
        if self != made.ledger.checkpoints:
            return found
        values = list(found)
        values[2] += 1  # st_dev
        return type(found)(values)

    monkeypatch.setattr(Path, "stat", stat)
    assert by_name(made)["checkpoints"].mark is Mark.OK


def test_ledger_address_that_is_none_is_a_mistake_in_the_configuration(made: Settings) -> None:
    wrong = made.model_copy(update={"ledger": made.ledger.model_copy(update={"store": "no address"})})
    [found] = check_ledger(wrong)
    assert (found.mark, found.area) == (Mark.FAILED, Area.CONFIG)


@pytest.mark.only("postgres")
def test_ledger_on_a_server_is_looked_at_like_any_other(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOODLE_SYNC_MASTER_KEY", raising=False)
    settings = configured(tmp_path)
    settings = settings.model_copy(update={"ledger": settings.ledger.model_copy(update={"store": database.url})})
    assert by_name(settings)["ledger"].mark is Mark.FAILED
    assert by_name(settings)["ledger"].hint == "Run: moodle-sync ledger init"
    init_ledger(settings)
    found = by_name(settings)
    assert found["ledger"].mark is Mark.OK
    assert found["database server"].mark is Mark.WARNING  # the tests' own server does not flush
    assert "fsync = off" in found["database server"].sentence
    assert found["checkpoints"].mark is Mark.WARNING  # on this machine: nobody can tell that it is another disk
    assert status(settings).ledger.entries == 0
    database.close()
    assert "does not exist" in by_name(settings)["ledger"].sentence


@pytest.mark.only("postgres")
def test_commands_on_a_server_move_there_and_erase(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The whole road of an operator: SQLite, move, verify, erase; and no word of it shows a secret."""
    monkeypatch.delenv("MOODLE_SYNC_MASTER_KEY", raising=False)
    monkeypatch.setenv("MOODLE_SYNC_STORE_PASSWORD", "hunter4711")
    scene = ledgerscene.make(tmp_path)
    scene.pull()
    config = tmp_path / "config.toml"
    where = ["--config", str(config)]
    runner = CliRunner()
    moved = runner.invoke(cli, ["ledger", "move", "--to", database.url, *where])
    assert moved.exit_code == 0, moved.output
    assert "verified there" in moved.output
    refused = runner.invoke(cli, ["ledger", "checkpoint", *where])
    assert isinstance(refused.exception, LedgerUnusable)
    assert "has moved to" in str(refused.exception)
    config.write_text(config.read_text().replace("[ledger]", f'[ledger]\nstore = "{database.url}"'), encoding="utf-8")
    erased = ["ledger", "erase", "--person", "EXT-4471", "--reason", "request", "--yes", *where]
    verify = ["ledger", "verify", "--payloads", *where]
    for arguments in (verify, erased, verify):
        done = runner.invoke(cli, arguments)
        assert done.exit_code == 0, done.output
        assert "hunter" not in done.output
        if "erase" in arguments:
            assert "its log, replicas and backups" in done.output
    assert "hunter" not in "".join(capfd.readouterr())
