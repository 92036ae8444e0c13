"""scaled: Moodle's rescaling, to the last decimal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from moodle_sync.collect.quiz_attempts import scaled


@pytest.mark.parametrize(
    ("sumgrades", "sumgrades_max", "grade_max", "expected"),
    [
        ("3", "3", "100", "100.00000"),
        ("1", "3", "100", "33.33333"),
        ("2", "3", "100", "66.66667"),
        ("1.5", "2", "10", "7.50000"),
        ("0.000005", "1", "1", "0.00001"),
        ("0.000015", "1", "1", "0.00002"),
        ("0.0000149", "1", "1", "0.00001"),
        ("-1", "3", "10", "-3.33333"),
        ("2", "0", "10", "0"),
        ("0", "0.000004", "10", "0"),
    ],
)
def test_scaled_rounds_half_up_to_five_decimals(
    sumgrades: str, sumgrades_max: str, grade_max: str, expected: str
) -> None:
    assert str(scaled(Decimal(sumgrades), Decimal(sumgrades_max), Decimal(grade_max))) == expected
