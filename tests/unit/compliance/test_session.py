from datetime import UTC, datetime, timedelta

import pytest

from moodle_sync.compliance import Verdict


def test_green_session_is_ok_throughout(scene):
    found = scene.findings(scene.green().view())
    assert {item.verdict for item in found.values()} == {Verdict.OK}
    assert len(found) == 12  # 4 objectives, 5 activities, enrolment, completion, capacity


def test_every_finding_names_its_rule_whom_and_what_it_is_about(scene):
    item = scene.green(scene.green(scene.small(hours=15)), "bb22", 42, "Marc Olin")
    item = scene.green(item, "cc33", 43, "Odile Roux")
    item.erase("cc33")
    expected = {("capacity", None, None, None), ("hours_planned", None, None, None)}
    for learner in (scene.SUBJECT, "bb22", "cc33"):
        expected |= {("enrolled", learner, None, None), ("course_completed", learner, None, None)}
        expected |= {("objective_acquired", learner, f"O{number}", None) for number in (1, 2, 3, 4)}
        expected |= {("activity_done", learner, None, f"M1.{key}") for key in ("lecture", "carte", "plan", "notions")}
        expected |= {("placement_done", learner, None, "positionnement")}
    assert scene.findings(item.view()).keys() == expected


def test_every_finding_of_a_green_session_says_by_when(scene):
    found = scene.findings(scene.green().view())
    dues = {key[3] or key[2] or key[0]: item.due for key, item in found.items()}
    ends = scene.utc("2026-03-30T15:00:00")
    assert {name: due for name, due in dues.items() if due is not None} == {
        "enrolled": scene.DUE_PLACEMENT,
        "course_completed": ends,
        "M1.lecture": ends,
        "M1.carte": scene.DUE_CARTE,
        "M1.plan": scene.DUE_PLAN,
        "M1.notions": scene.utc("2026-03-30T21:59:59"),
        "positionnement": scene.DUE_PLACEMENT,
    }


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
    seen = item.view(scene.NIGHT.astimezone(ZoneInfo("America/Cayenne")))
    assert seen.as_of.tzinfo is UTC
    assert repr(seen) == repr(item.view(scene.NIGHT))  # equal moments of two zones are equal, and do not read the same


def test_view_at_a_naive_moment_is_refused(scene):
    with pytest.raises(ValueError, match="time zone"):
        scene.green().view(datetime(2026, 4, 2, 2, 0))  # noqa: DTZ001 - naive on purpose


def test_view_of_a_session_of_another_programme_is_refused(scene):
    item = scene.green()
    item.session = item.session.model_copy(update={"version": "2"})
    with pytest.raises(ValueError, match="session 2026-03 does not run essai 1"):
        item.view()


def test_view_of_nothing_holds_the_programme_and_nobody(scene):
    view = scene.small().view()
    assert view.learners == ()
    assert [head.key for head in view.objectives] == ["O1", "O2", "O3", "O4"]
    assert [finding.verdict for finding in view.findings] == [Verdict.GAP]  # fewer than the minimum


def test_view_says_what_session_and_programme_it_is_about(scene):
    view = scene.green().view()
    assert (view.programme, view.version, view.session) == ("essai", "1", "2026-03")
    assert (view.title, view.programme_title, view.framework) == (
        "Programme d'essai", "Programme d'essai", "Référentiel d'essai",
    )  # fmt: skip
    assert (view.place, view.trainers, view.timezone) == ("Lyon", ("Claire Morel",), "Europe/Paris")
    assert (view.starts, view.ends) == (scene.utc("2026-03-27T08:00:00"), scene.utc("2026-03-30T15:00:00"))
    assert (view.as_of, view.last_entry, view.to_confirm) == (scene.NIGHT, "2026/23", ())
    named = scene.small(session_data=scene.SESSION | {"title": "Printemps"}).view()
    assert (named.title, named.programme_title, named.last_entry) == ("Printemps", "Programme d'essai", "")
