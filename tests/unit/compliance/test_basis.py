"""The moments that verdicts go by: first and last half-day, due dates, and from when on something is missing."""

import pytest

from moodle_sync.compliance import EvidenceIndex
from moodle_sync.compliance.basis import Basis


def basis(scene, as_of=None, **changes):
    item = scene.small(**changes)
    parts = (item.programme, item.framework, item.rubrics, item.session, EvidenceIndex(()))
    return Basis(*parts, as_of or scene.NIGHT, frozenset({"student"}))


def test_starts_and_ends_are_the_first_and_last_half_day_in_whatever_order_they_are_written(scene):
    halves = {"half_days": ["13:30-17:00", "09:00-12:30"]}
    days = [day | halves for day in scene.SESSION["days"]]
    found = basis(scene, session_data=scene.SESSION | {"days": days})
    assert (found.starts, found.ends) == (scene.utc("2026-03-27T08:00:00"), scene.utc("2026-03-30T15:00:00"))
    assert list(found.half_days) == sorted(found.half_days)


ENDS, NOTIONS = "2026-03-30T15:00:00", "modules__0__activities__4__"


@pytest.mark.parametrize(
    ("due", "opens", "last"),
    [
        (None, None, ENDS),
        (None, "start-14d", ENDS),
        (None, "end 17:00", ENDS),  # opens at the very end
        (None, "end 17:01", None),
        ("end+2mo 12:00", "end+1mo", "2026-05-30T10:00:00"),
        ("end-1d 12:00", None, "2026-03-29T10:00:00"),
    ],
)
def test_last_moment_is_the_due_date_or_the_end_of_the_session_unless_it_opens_later(scene, due, opens, last):
    found = basis(scene, **{NOTIONS + "due": due} | ({NOTIONS + "opens": opens} if opens else {}))
    notions = dict(found.activities)["M1.notions"]
    assert found.last_moment(notions) == (last and scene.utc(last))
    assert (found.due(notions) is None, found.opens(notions) is None) == (due is None, opens is None)


@pytest.mark.parametrize(("second", "past"), [("14:59:59", False), ("15:00:00", False), ("15:00:01", True)])
def test_past_is_from_the_second_after(scene, second, past):
    assert basis(scene, scene.utc(f"2026-03-30T{second}")).past(scene.utc(ENDS)) is past


def test_dates_without_a_time_open_at_midnight_and_are_due_at_its_end(scene):
    found = basis(scene, **{NOTIONS + "opens": "end", NOTIONS + "due": "end"})
    notions = dict(found.activities)["M1.notions"]
    assert found.opens(notions) == scene.utc("2026-03-29T22:00:00")
    assert found.due(notions) == scene.utc("2026-03-30T21:59:59")
