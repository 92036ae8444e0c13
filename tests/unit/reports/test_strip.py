from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from moodle_sync.compliance.view import TimelineItem
from moodle_sync.reports.strip import MARGIN, WIDTH, strip

PARIS = ZoneInfo("Europe/Paris")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def item(kind, starts, ends=None):
    return TimelineItem(kind, kind, "", at(starts), at(ends) if ends else None)


def test_strip_spans_the_drawing_from_the_first_moment_to_the_last():
    found = strip([item("placement", "2026-01-01T00:00", "2026-01-03T00:00"), item("due", "2026-01-05T00:00")], PARIS)
    assert [(mark.x, mark.width) for mark in found.marks] == [(MARGIN, (WIDTH - 2 * MARGIN) // 2), (WIDTH - MARGIN, 0)]


def test_strip_marks_each_month_that_begins_within():
    found = strip([item("due", "2025-12-15T00:00"), item("due", "2026-02-01T00:00")], PARIS)
    assert [mark.label for mark in found.months] == ["janvier", "février"]
    assert MARGIN < found.months[0].x < found.months[1].x < WIDTH


def test_strip_of_a_single_moment_does_not_divide_by_zero():
    assert [mark.x for mark in strip([item("today", "2026-01-15T00:00")], PARIS).marks] == [MARGIN]
