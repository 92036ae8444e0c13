import re
import tomllib
from pathlib import Path

import pytest

from moodle_sync.config import load_settings, read_secret
from moodle_sync.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_example_loads_as_it_stands_and_names_every_setting(tmp_path: Path) -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    settings = load_settings(write(tmp_path, text))
    for section, part in settings:
        if section == "publish":
            continue
        assert f"[{section}]" in text
        for name, _ in part:
            assert f"{name} =" in text, f"{section}.{name} is not in config.example.toml"


def uncommented(text: str) -> str:
    """The example with every place to publish in use."""
    head, mark, rest = text.partition("# [publish.git]")
    assert mark
    places, _, after = rest.partition("[safety]")
    lines = [line.removeprefix("# ") if re.match(r"# (\[|[a-z_]+ = )", line) else line for line in places.split("\n")]
    return f"{head}[publish.git]{chr(10).join(lines)}[safety]{after}"


def test_example_with_every_place_to_publish_loads_and_names_every_setting_of_them(tmp_path: Path) -> None:
    text = uncommented((ROOT / "config.example.toml").read_text(encoding="utf-8"))
    publish = load_settings(write(tmp_path, text)).publish
    named = {name: set(part) for name, part in tomllib.loads(text)["publish"].items()}
    assert named == {name: set(type(part).model_fields) for name, part in publish}
    assert publish.git is not None
    assert publish.git.repository == tmp_path / "checkpoints.git"
    assert publish.email is not None
    assert publish.email.password_file == tmp_path / "secrets" / "smtp.password"
    assert publish.timestamp is not None
    assert publish.timestamp.folder == tmp_path / "timestamps"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('security = "starttls"', 'security = "none"', "publish.email"),
        ('to = ["bureau@example.org", "auditeur@example.net"]', "to = []", "publish.email.to"),
        ('sender = "registre@example.org"', 'sender = "Registre <registre@example.org>"', "publish.email.sender"),
        ('remote = "origin"', 'remote = "--upload-pack=x"', "publish.git.remote"),
        ('url = "https://tsa.example.org/tsr"', 'url = "https://u:p@tsa.example.org/"', "publish.timestamp.url"),
    ],
)
def test_place_to_publish_that_would_be_unsafe_is_refused(tmp_path: Path, old: str, new: str, where: str) -> None:
    text = uncommented((ROOT / "config.example.toml").read_text(encoding="utf-8"))
    assert old in text
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, text.replace(old, new)))
    assert {problem.where.removesuffix(".0") for problem in caught.value.problems} == {where}


def test_example_in_the_package_is_the_one_at_the_root() -> None:
    inside = ROOT / "moodle_sync" / "data" / "config.example.toml"
    assert inside.read_bytes() == (ROOT / "config.example.toml").read_bytes()


def test_relative_paths_start_from_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, (ROOT / "config.example.toml").read_text(encoding="utf-8")))
    assert settings.paths.specs == tmp_path / "course_specs"
    assert settings.ledger.store == f"sqlite:///{tmp_path}/data/ledger.db"


@pytest.mark.parametrize("url", ["postgresql+psycopg://me:hunter4711@h/db", "postgresql://h/db?password=hunter4711"])
def test_password_in_the_address_of_the_store_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    site = '[site]\nname = "x"\nurl = "https://m.example.org"\nnamespace = "sag"\n'
    path = write(tmp_path, f'{site}[ledger]\norigin = "e.org/l"\nstore = "{url}"\n')
    with pytest.raises(ConfigError, match="MOODLE_SYNC_STORE_PASSWORD") as caught:
        load_settings(path)
    assert "4711" not in f"{caught.value} {caught.value!r}"


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, '[site]\nname = "X Y"\nurl = "moodle.example.org"\nnamespace = "s"\nspeed = 1\n[ledger]\n')
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert {problem.where for problem in caught.value.problems} == {
        "site.name",
        "site.url",
        "site.namespace",
        "site.speed",
        "ledger.origin",
    }


@pytest.mark.parametrize("text", ["[site", "\udcff", ""])
def test_unusable_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError):
        load_settings(path)


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="moodle-sync init"):
        load_settings(tmp_path / "none.toml")


def test_secret_comes_from_the_environment_first(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    file.chmod(0o600)
    assert read_secret("push token", "T", file, {"T": "from-env"}) == "from-env"
    assert read_secret("push token", "T", file, {}) == "from-file"


def test_secret_file_that_others_may_read_is_refused_without_showing_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret-value")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        read_secret("push token", "T", file, {})
    assert "s3cret-value" not in str(caught.value)


def test_secret_missing_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="MOODLE_SYNC_PUSH_TOKEN"):
        read_secret("push token", "MOODLE_SYNC_PUSH_TOKEN", None, {})
