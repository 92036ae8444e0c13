"""The shape of config.toml. Paths are made absolute by the loader, from the folder of the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from moodle_sync import ids
from moodle_sync.config.backup import BackupSettings
from moodle_sync.config.publish import PublishSettings


def _site_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address such as https://moodle.example.org (with its sub-folder, if any) is expected")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("only scheme, host, port and path belong here: no '?', '#' or user name")
    return value.rstrip("/")


def _store_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        secret = parts.password is not None or re.search(r"(^|&)(ssl)?password=", parts.query) is not None
    except ValueError:
        raise ValueError("a database URL is expected, such as sqlite:///data/ledger.db") from None
    if secret:
        raise ValueError("no password belongs here: set MOODLE_SYNC_STORE_PASSWORD, or write it to ~/.pgpass")
    return value


class Section(BaseModel):
    """Base of the sections of config.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteSettings(Section):
    """Which Moodle, and how its objects are named."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    url: Annotated[str, AfterValidator(_site_url)]
    namespace: Annotated[str, StringConstraints(pattern=rf"^{ids.NAMESPACE.pattern}$")]
    person_key: Literal["idnumber", "username", "email"] = "idnumber"
    competency_scale: int = Field(default=2, ge=1)
    learner_roles: frozenset[str] = frozenset({"student"})
    ca_bundle: Path | None = None
    proxy: str | None = None
    connect_timeout: float = Field(default=10, gt=0, le=600)
    read_timeout: float = Field(default=120, gt=0, le=3600)


class TokenSettings(Section):
    """Where the two tokens are: an environment variable first, else a file."""

    push_env: str = "MOODLE_SYNC_PUSH_TOKEN"
    pull_env: str = "MOODLE_SYNC_PULL_TOKEN"
    push_file: Path | None = None
    pull_file: Path | None = None


class PathSettings(Section):
    """Where the organisation's files are."""

    specs: Path = Path("course_specs")
    mappings: Path = Path("mappings")
    enrolments: Path = Path("enrolments")
    reports: Path = Path("reports")


class LedgerSettings(Section):
    """Where the ledger, its keys and its checkpoints are."""

    store: Annotated[str, AfterValidator(_store_url)] = "sqlite:///data/ledger.db"
    keystore: Path = Path("data/keystore.db")
    signing_key: Path = Path("data/signing.key")
    master_key: Path = Path("data/master.key")
    master_keyring: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] | None = None
    origin: Annotated[str, StringConstraints(pattern=r"^[^\s+]{1,200}$")]
    checkpoints: Path = Path("checkpoints")
    small_group: int = Field(default=5, ge=1)
    """A yearly closing gives no figure over fewer people than this, and a questionnaire no mean of fewer answers."""


class SafetySettings(Section):
    """Past these numbers a plan needs a flag that says the number."""

    max_changes: int = Field(default=300, ge=0)
    max_learners: int = Field(default=40, ge=0)


class Settings(Section):
    """The whole configuration."""

    site: SiteSettings
    tokens: TokenSettings = TokenSettings()
    paths: PathSettings = PathSettings()
    ledger: LedgerSettings
    safety: SafetySettings = SafetySettings()
    publish: PublishSettings = PublishSettings()
    backup: BackupSettings = BackupSettings()
