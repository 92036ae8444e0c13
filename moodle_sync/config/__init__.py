"""Configuration: one frozen Settings from one TOML file, secrets from the environment or files apart."""

from moodle_sync.config.loader import load_settings, read_secret
from moodle_sync.config.models import LedgerSettings, PathSettings, SafetySettings, Settings, SiteSettings

__all__ = [
    "LedgerSettings",
    "PathSettings",
    "SafetySettings",
    "Settings",
    "SiteSettings",
    "load_settings",
    "read_secret",
]
