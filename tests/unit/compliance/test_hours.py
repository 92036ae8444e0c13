from decimal import Decimal

import pytest

from moodle_sync.compliance import Verdict


def test_hours_are_planned_hours_and_nothing_attests_attendance(scene):
    hours = scene.green().view().hours
    assert (hours.planned, hours.scheduled, hours.half_days, hours.days) == (14, 14, 4, 2)
    assert hours.attendance_entries == ()


def test_half_days_that_do_not_add_up_are_a_gap(scene):
    view = scene.green(scene.small(hours=17.5)).view()
    (found,) = [finding for finding in view.findings if finding.rule == "hours_planned"]
    assert found.verdict == Verdict.GAP
    assert found.sentence == "les 4 demi-journées font 14 h, le programme dit 17 h 30"


def test_half_days_of_a_hybrid_programme_need_not_add_up(scene):
    view = scene.green(scene.small(hours=20, modality="hybrid")).view()
    assert [finding.rule for finding in view.findings] == ["capacity"]
    assert view.hours.planned == Decimal(20)


THIRDS = {"half_days": ["09:00-12:20", "13:30-16:50"]}
"""Two half-days of 3 h 20: as decimals, six of them are not quite 20 h."""


@pytest.mark.parametrize(("hours", "rules"), [(20, []), (20.25, ["hours_planned"]), (19.75, ["hours_planned"])])
def test_half_days_of_thirds_of_an_hour_add_up(scene, hours, rules):
    days = [{"date": f"2026-03-{day}"} | THIRDS for day in (27, 30, 31)]
    view = scene.green(scene.small(hours=hours, days=3, session_data=scene.SESSION | {"days": days})).view()
    assert view.hours.scheduled == 20
    found = [finding for finding in view.findings if finding.rule == "hours_planned"]
    assert [finding.rule for finding in found] == rules
    assert {finding.due for finding in found} <= {scene.utc("2026-03-31T14:50:00")}
