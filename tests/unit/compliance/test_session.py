from datetime import datetime, timedelta

import pytest

from moodle_sync.compliance import Verdict


def test_green_session_is_ok_throughout(scene):
    found = scene.findings(scene.green().view())
    assert {item.verdict for item in found.values()} == {Verdict.OK}
    assert len(found) == 12  # 4 objectives, 5 activities, enrolment, completion, capacity


def test_every_verdict_can_be_reached(scene):
    item = scene.green(scene.small(modules__0__activities__3__assesses=[]))
    item.person("b1", 51, "Cyr Duc")
    item.enrol("b1", occurred_at=scene.utc("2026-03-22T10:00:00"), observed_at=scene.utc("2026-03-23T02:00:00"))
    item.complete("b1", "M1.carte", scene.utc("2026-03-30T10:00:00"))
    item.grade("b1", "M1.plan", "50", scene.utc("2026-03-30T10:00:00"))
    item = scene.green(item, "c1", 52, "Eva Fil")
    item.erase("c1")
    moment = scene.utc("2026-03-30T14:59:00")
    late = scene.utc("2026-04-02T12:00:00")
    seen = {found.verdict for found in scene.findings(item.view(late)).values()}
    seen |= {found.verdict for found in scene.findings(item.view(moment)).values()}
    assert seen == set(Verdict)


def test_facts_of_another_session_are_passed_over(scene):
    item = scene.green()
    item.session = item.session.model_copy(update={"session": "2026-09"})
    item.fill(scene.SUBJECT, "M1.carte", {"synergies": 0, "note": 0}, scene.utc("2026-03-30T10:00:00"))
    item.session = item.session.model_copy(update={"session": "2026-03"})
    view = item.view()
    assert view.learners[0].cells[0].finding.verdict == Verdict.OK
    assert (view.entries, view.left_out) == (13, 0)


def test_what_was_observed_after_the_moment_is_left_out_and_counted(scene):
    item = scene.green()
    seen = max(evidence.observed_at for evidence in item.evidence)
    assert item.view(seen).left_out == 0
    before = item.view(seen - timedelta(seconds=1))
    assert (before.entries, before.left_out) == (6, 7)


def test_view_is_the_same_whatever_zone_the_moment_is_given_in(scene):
    from zoneinfo import ZoneInfo

    item = scene.green()
    assert item.view(scene.NIGHT.astimezone(ZoneInfo("America/Cayenne"))) == item.view(scene.NIGHT)


def test_view_at_a_naive_moment_is_refused(scene):
    with pytest.raises(ValueError, match="time zone"):
        scene.green().view(datetime(2026, 4, 2, 2, 0))  # noqa: DTZ001 - naive on purpose


def test_view_of_a_session_of_another_programme_is_refused(scene):
    item = scene.green()
    item.session = item.session.model_copy(update={"version": "2"})
    with pytest.raises(ValueError, match="does not run"):
        item.view()


def test_view_of_nothing_holds_the_programme_and_nobody(scene):
    view = scene.small().view()
    assert view.learners == ()
    assert [head.key for head in view.objectives] == ["O1", "O2", "O3", "O4"]
    assert [finding.verdict for finding in view.findings] == [Verdict.GAP]  # fewer than the minimum
