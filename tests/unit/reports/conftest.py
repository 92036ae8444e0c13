"""The sample session of ``sample.py`` and its page, made once."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """``sample.py`` of this folder: test folders are no packages, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location("reports_sample", Path(__file__).with_name("sample.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def page(sample: ModuleType) -> str:
    """The page of the sample session."""
    from moodle_sync.reports import session_report

    text: str = session_report(sample.view(), sample.CONTEXT)
    return text
