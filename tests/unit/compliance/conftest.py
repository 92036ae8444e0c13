"""The invented session, as a module that the tests of this folder ask for by name."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def scene() -> ModuleType:
    """``scene.py`` of this folder: test folders are no packages, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location("compliance_scene", Path(__file__).with_name("scene.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up there
    spec.loader.exec_module(module)
    return module
