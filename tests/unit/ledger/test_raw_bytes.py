"""A byte that rots anywhere in the database file: either verification says so, or what is handed out is the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.errors import MoodleSyncError
from moodle_sync.ledger import Ledger, Places
from moodle_sync.ledger.exporting import exported
from moodle_sync.publish.file import FilePublisher, read_published

STRIDE = 401
"""Every byte of the first page's header is tried, and after it every so many: prime, so that no page looks the same."""


def _handed_out(ledger: Ledger) -> str:
    records = [one.record() for one in exported(ledger.store, ledger.keystore)]
    return json.dumps(records, sort_keys=True)


def _sound(places: Places, notes: list[str]) -> str | None:
    """What the ledger hands out if it verifies, else None."""
    try:
        with Ledger.open(places, readonly=True, environ={}) as ledger:
            return _handed_out(ledger) if ledger.verify(published=notes).ok else None
    except MoodleSyncError:
        return None


@pytest.mark.only("sqlite")
def test_verify_any_flipped_byte_of_the_file_is_found_or_changes_nothing(
    ledger: Ledger,
    places: Places,
    course: Any,
    pull: Callable[[], int],
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for value in ("4", "12", "16.5"):
        course.grades, course.enrolled = {(1, 7): value, (1, 8): "9"}, {7, 8}
        pull()
        ledger.checkpoint([FilePublisher(outside)])
    ledger.close()
    notes, file, copy = read_published(outside), tmp_path / "ledger.db", tmp_path / "copy.db"
    shutil.copy(file, copy)
    flipped = replace(places, store_url=f"sqlite:///{copy}")
    whole, data = _sound(flipped, notes), file.read_bytes()
    assert whole is not None
    found = same = 0
    for position in sorted({*range(100), *range(0, len(data), STRIDE)}):
        changed = bytearray(data)
        changed[position] ^= 1 << (position % 8)
        copy.write_bytes(changed)
        out = _sound(flipped, notes)
        assert out in (None, whole), f"byte {position} changed what is handed out, and nothing said so"
        found, same = found + (out is None), same + (out is not None)
    assert found > 30
    tell(f"{found + same} bytes of the database file flipped: {found} found, {same} changed nothing that is handed out")
