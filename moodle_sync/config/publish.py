"""The places outside that checkpoints go to, as config.toml names them. Every one is optional; none holds a secret."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address such as https://stamp.example.org/tsr is expected")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("only scheme, host, port and path belong here: no '?', '#' or user name")
    return value.rstrip("/")


def _mail(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("a plain mail address such as bureau@example.org is expected")
    return value


Url = Annotated[str, AfterValidator(_url)]
Mail = Annotated[str, AfterValidator(_mail)]
# Never a leading dash: such a name would be read as an option of git.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]{0,99}$")]


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GitSettings(_Place):
    """A bare git repository on this machine and, where ``remote`` names one, the repository that it is pushed to."""

    repository: Path
    remote: Name | None = None
    branch: Name = "main"
    timeout: float = Field(default=60, gt=0, le=600)


class EmailSettings(_Place):
    """A mail server, and the only addresses that checkpoints are ever mailed to."""

    host: Annotated[str, StringConstraints(pattern=r"^[^\s/@]{1,253}$")]
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: str = "MOODLE_SYNC_SMTP_PASSWORD"  # noqa: S105 - the name of a variable, not a password
    password_file: Path | None = None
    sender: Mail
    to: tuple[Mail, ...] = Field(min_length=1)
    ca_bundle: Path | None = None
    timeout: float = Field(default=30, gt=0, le=600)

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError('security = "none" is for a mail server on this machine alone: use "starttls" or "tls"')
        return self


class TimestampSettings(_Place):
    """A time-stamping authority (RFC 3161), the roots that its tokens are verified by, and where tokens are kept."""

    url: Url
    roots: Path
    folder: Path = Path("timestamps")
    ca_bundle: Path | None = None
    proxy: str | None = None
    timeout: float = Field(default=30, gt=0, le=600)


class WitnessSettings(_Place):
    """A witness (C2SP tlog-witness) of another organisation: its address, its key, where cosignatures are kept."""

    url: Url
    key: str
    folder: Path = Path("cosignatures")
    ca_bundle: Path | None = None
    proxy: str | None = None
    timeout: float = Field(default=30, gt=0, le=600)


class PublishSettings(_Place):
    """Every place beside the folder that ``[ledger] checkpoints`` names."""

    git: GitSettings | None = None
    email: EmailSettings | None = None
    timestamp: TimestampSettings | None = None
    witness: WitnessSettings | None = None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
