import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from moodle_sync.config import load_settings
from moodle_sync.errors import UsageError
from moodle_sync.workflows.init import copy_example, init
from moodle_sync.workflows.validate import validate

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "moodle_sync" / "data"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", ["mappings", "course_specs"])
def test_shipped_folder_is_the_repositorys_own(name: str) -> None:
    assert tree(DATA / name) == tree(ROOT / name), f"run: rm -r moodle_sync/data/{name}; cp -r {name} moodle_sync/data/"


def test_shipped_configuration_is_the_repositorys_example() -> None:
    shipped, example = DATA / "config.example.toml", ROOT / "config.example.toml"
    assert shipped.read_bytes() == example.read_bytes(), "run: cp config.example.toml moodle_sync/data/"


@pytest.mark.parametrize(("example", "programme"), [(False, "premiers-pas"), (True, "pouvoir-dagir")])
def test_init_makes_a_folder_that_validates_without_a_warning(tmp_path: Path, example: bool, programme: str) -> None:
    init(tmp_path / "work", example=example)
    found = validate(load_settings(tmp_path / "work" / "config.toml"))
    assert programme in {key for key, _ in found.specs.programmes}
    assert found.specs.sessions
    assert found.to_confirm, "a person should see how open decisions are listed"
    if not example:
        assert found.warnings == ()


def test_copy_example_brings_specs_and_mappings_alone(tmp_path: Path) -> None:
    copy_example(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course_specs", "mappings"]
    assert tree(tmp_path / "course_specs") == tree(DATA / "course_specs")
    with pytest.raises(FileExistsError):
        copy_example(tmp_path)


def test_init_shows_every_folder_of_a_first_programme(tmp_path: Path) -> None:
    init(tmp_path)
    there = {path.name for path in (tmp_path / "course_specs").iterdir()}
    assert {"courses", "frameworks", "rubrics", "questions", "sessions"} <= there


def test_init_keeps_tokens_and_enrolments_from_others(tmp_path: Path) -> None:
    init(tmp_path)
    for name in ("secrets", "enrolments"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["config.toml", ".gitignore", "mappings", "secrets", "enrolments", "course_specs"])
def test_init_refuses_when_something_is_there_and_writes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=re.escape(name)):
        init(tmp_path)
    assert tree(tmp_path) == {name: b"mine"}
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_init_refuses_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "config.toml").symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(UsageError, match=r"config\.toml"):
        init(tmp_path)
    assert not (tmp_path / "elsewhere.toml").exists()


def test_init_where_a_file_is_in_the_way_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        init(tmp_path / "file")


def test_init_tells_the_next_three_commands(tmp_path: Path) -> None:
    told = init(tmp_path).lines()[-3:]
    assert [line.split("moodle-sync ")[1] for line in told] == ["validate", "ledger init", "doctor"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_gitignore_keeps_personal_data_and_keys_out_and_the_specs_in(tmp_path: Path) -> None:
    init(tmp_path)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    private = [
        "data/ledger.db",
        "data/ledger.db-wal",
        "data/keystore.db",
        "data/master.key",
        "data/signing.key",
        "secrets/push.token",
        "enrolments/2027-01-exemple.csv",
        "reports/2027-01-exemple.html",
        "exports/2027-01-exemple.zip",
        "plan.json",
        "plan-2.json",
        "elsewhere/other.db",
        "elsewhere/signing.key",
    ]
    shared = ["config.toml", "course_specs/courses/premiers-pas.yaml", "mappings/roles.yaml", ".gitignore"]
    asked = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", *private, *shared]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    assert told == private
