from decimal import Decimal

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
