"""wire: the one place where seconds become times and numbers become Decimals."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from moodle_sync.moodle.wire.base import Epoch, Flag, Int, Number, OptionalNumber, Shown, Text
from moodle_sync.moodle.wire.evidence import CriterionRow


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(0, None), (None, None), (1769990400, datetime(2026, 2, 2, tzinfo=UTC))]
)
def test_epoch_reads_seconds(value: Any, expected: Any) -> None:
    assert read(Epoch, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, "3"), (Decimal("50.33333"), "50.33333"), ("50.33333", "50.33333"), ("-1.00000", "-1.00000")],
)
def test_number_reads_every_form_exactly(value: Any, expected: str) -> None:
    assert str(read(Number, value)) == expected


@pytest.mark.parametrize("value", [None, ""])
def test_optional_number_reads_nothing_as_none(value: Any) -> None:
    assert read(OptionalNumber, value) is None


@pytest.mark.parametrize(("value", "expected"), [(1, True), (0, False), (True, True), (False, False)])
def test_flag_reads_both_forms(value: Any, expected: bool) -> None:
    assert read(Flag, value) is expected


def test_text_is_nfc_and_null_is_empty() -> None:
    assert read(Text, "e\u0301") == "é"
    assert read(Text, None) == ""
    assert read(Text, "R&amp;D") == "R&amp;D"


def test_shown_is_unescaped_once() -> None:
    assert read(Shown, "A &amp;lt; B &amp; C") == "A &lt; B & C"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Epoch, "1769990400"),
        (Epoch, True),
        (Number, "x"),
        (Number, 1.5),
        (Number, True),
        (Number, None),
        (Number, "NaN"),
        (OptionalNumber, "-"),
        (Flag, 2),
        (Flag, "1"),
        (Flag, None),
        (Int, "5"),
        (Int, True),
        (Int, Decimal("5")),
        (Text, 5),
    ],
)
def test_field_of_another_type_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        read(kind, value)


@pytest.mark.parametrize(
    ("criteria", "cmid"),
    [
        ('<a href="https://m/mod/assign/view.php?id=540">Assign</a>', 540),
        ('<a href="https://m/campus/mod/quiz/view.php?id=7">x</a>', 7),
        ("Required course grade", None),
        ('<a href="https://m/course/view.php?id=77">x</a>', None),
    ],
)
def test_criterion_takes_its_cmid_from_the_link(criteria: str, cmid: int | None) -> None:
    row = {"type": 4, "complete": True, "timecompleted": None, "details": {"criteria": criteria}}
    assert CriterionRow.model_validate(row).cmid == cmid


def test_criterion_with_new_fields_is_read_all_the_same() -> None:
    assert (
        CriterionRow.model_validate({"type": 1, "complete": False, "timecompleted": 0, "new": 1}).timecompleted is None
    )
