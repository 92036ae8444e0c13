"""Imports every module that serves functions, so that the registry is full."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import moodle_sync.sandbox as package

PREFIXES = ("push_", "companion_", "evidence_")


def load() -> None:
    """Fill the registry. Costs nothing the second time."""
    for found in pkgutil.iter_modules(package.__path__):
        if found.name.startswith(PREFIXES):
            import_module(f"{package.__name__}.{found.name}")
