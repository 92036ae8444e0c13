from datetime import UTC, datetime

import pytest

from moodle_sync import clock


def test_epoch_zero_is_never_both_ways() -> None:
    assert clock.from_epoch(0) is None
    assert clock.to_epoch(None) == 0


def test_epoch_and_rfc3339_round_trip() -> None:
    moment = datetime(2026, 2, 3, 8, 0, 1, tzinfo=UTC)
    assert clock.from_epoch(clock.to_epoch(moment)) == moment
    assert clock.to_rfc3339(moment) == "2026-02-03T08:00:01Z"
    assert clock.from_rfc3339("2026-02-03T08:00:01Z") == moment


def test_naive_times_are_refused() -> None:
    naive = datetime(2026, 2, 3)  # noqa: DTZ001 - a naive time is what this test is about
    for convert in (clock.to_epoch, clock.to_rfc3339):
        with pytest.raises(ValueError, match="naive"):
            convert(naive)
