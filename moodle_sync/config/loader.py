"""Reads config.toml and the secrets beside it. Every problem at once; a secret is never in a message."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from moodle_sync.config.models import Settings
from moodle_sync.errors import ConfigError, Problem

_PATHS = {
    "site": ("ca_bundle",),
    "tokens": ("push_file", "pull_file"),
    "paths": ("specs", "mappings", "enrolments", "reports"),
    "ledger": ("keystore", "signing_key", "master_key", "checkpoints"),
    "backup": ("folder", "keystore_folder"),
}
_PUBLISH_PATHS = {
    "git": ("repository",),
    "email": ("password_file", "ca_bundle"),
    "timestamp": ("roots", "folder", "ca_bundle"),
    "witness": ("folder", "ca_bundle"),
}


def load_settings(path: Path) -> Settings:
    """The settings of one file, with every relative path made absolute from the file's folder.

    Raises:
        ConfigError: the file is missing, is not TOML, or holds wrong or unknown settings: all of them are listed.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no configuration at {path}.",
            hint="Make a working folder (moodle-sync init FOLDER), go into yours, or name the file with --config.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigError("The configuration cannot be used.", _problems(path, error)) from None
    return _absolute(settings, path.resolve().parent)


def _problems(path: Path, error: ValidationError) -> list[Problem]:
    found = []
    for item in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in item["loc"])
        message = {
            "extra_forbidden": "there is no such setting: the config.toml that moodle-sync init writes has all of them",
            "missing": "this setting is needed",
        }.get(item["type"], item["msg"].removeprefix("Value error, "))
        found.append(Problem(path, 0, 0, where, message))
    return found


def _absolute(settings: Settings, folder: Path) -> Settings:
    changed = _moved(settings, _PATHS, folder)
    changed["publish"] = settings.publish.model_copy(update=_moved(settings.publish, _PUBLISH_PATHS, folder))
    store = settings.ledger.store
    prefix = "sqlite:///"
    if store.startswith(prefix) and not Path(store.removeprefix(prefix)).is_absolute():
        changed["ledger"] = changed["ledger"].model_copy(
            update={"store": f"{prefix}{folder / store.removeprefix(prefix)}"}
        )
    return settings.model_copy(update=changed)


def _moved(whole: BaseModel, paths: Mapping[str, tuple[str, ...]], folder: Path) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for section, names in paths.items():
        part = getattr(whole, section)
        if part is not None:
            moved = {name: folder / value for name in names if (value := getattr(part, name)) is not None}
            changed[section] = part.model_copy(update=moved)
    return changed


def read_secret(what: str, variable: str, file: Path | None, environ: Mapping[str, str] | None = None) -> str:
    """The secret in the environment variable, else in the file (which nobody else may read).

    Raises:
        ConfigError: neither is there, the file is readable by others, or it is empty. The value is never shown.
    """
    value = (os.environ if environ is None else environ).get(variable, "").strip()
    if value:
        return value
    if file is None:
        raise ConfigError(f"The {what} is missing.", hint=f"Set the environment variable {variable}.")
    try:
        mode = file.stat().st_mode
        value = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The {what} cannot be read: {error}", hint=f"Set {variable}, or write the file that config.toml names."
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"{file} holds the {what} and others may read it.", hint=f"Run: chmod 600 {file}")
    if not value:
        raise ConfigError(f"{file} is empty: it should hold the {what}.")
    return value
