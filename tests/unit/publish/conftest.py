from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints how many cases a test tried, past pytest's capture."""

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}")

    return say
