"""Configuration: one frozen Settings from one TOML file, secrets from the environment or files apart."""

from moodle_sync.config.loader import load_settings, read_secret
from moodle_sync.config.models import LedgerSettings, PathSettings, SafetySettings, Settings, SiteSettings
from moodle_sync.config.publish import (
    EmailSettings,
    GitSettings,
    PublishSettings,
    TimestampSettings,
    WitnessSettings,
)

__all__ = [
    "EmailSettings",
    "GitSettings",
    "LedgerSettings",
    "PathSettings",
    "PublishSettings",
    "SafetySettings",
    "Settings",
    "SiteSettings",
    "TimestampSettings",
    "WitnessSettings",
    "load_settings",
    "read_secret",
]
