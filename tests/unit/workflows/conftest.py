"""A ledger with a past, made once for each file of tests that copies it."""

from pathlib import Path

import pytest
from ledgerscene import make


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger that was pulled into once."""
    folder = tmp_path_factory.mktemp("template")
    make(folder).pull()
    return folder
