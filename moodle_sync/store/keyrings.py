"""The system's keyring (Secret Service, Keychain, …) as a place for the master key; needs the extra ``keyring``.

The service is the name in config.toml, the user says which secret. Values are never logged.
"""

from __future__ import annotations

import importlib
from typing import Any

from moodle_sync.errors import LedgerUnusable


def get(service: str, user: str) -> str | None:
    """A secret, or None when there is none.

    Raises:
        LedgerUnusable: the extra is not installed, or no keyring can be used here.
    """
    found = _call("get_password", service, user)
    return None if found is None else str(found)


def put(service: str, user: str, secret: str) -> None:
    """Stores a secret, in place of the one before. Raises as :func:`get`."""
    _call("set_password", service, user, secret)


def delete(service: str, user: str) -> None:
    """Removes a secret; none is no error. Raises as :func:`get`."""
    if get(service, user) is not None:
        _call("delete_password", service, user)


def _call(name: str, *words: str) -> Any:
    try:
        keyring = importlib.import_module("keyring")
        errors = importlib.import_module("keyring.errors")
    except ImportError:
        hint = "Run: pip install 'moodle-sync[keyring]'"
        raise LedgerUnusable("config.toml names a keyring, and none is installed", hint=hint) from None
    try:
        return getattr(keyring, name)(*words)
    except errors.KeyringError as error:
        raise LedgerUnusable(f"the keyring cannot be used: {type(error).__name__}") from error
