from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from moodle_sync.spec.enrolments import EnrolmentLine
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import SessionGroup
from moodle_sync.state.desired import OUTSIDE, SessionSpec, desired
from moodle_sync.state.flat import unflatten
from moodle_sync.state.resources import ORDER, Kind, Resource

ROOT = Path(__file__).resolve().parents[3]
COURSE = "sag:pouvoir-dagir@2026-02-marseille"


@pytest.fixture(scope="module")
def spec() -> SessionSpec:
    specs = load_specs(ROOT / "course_specs")
    return SessionSpec("sag", specs, specs.sessions["2026-02-marseille"])


@pytest.fixture(scope="module")
def resources(spec: SessionSpec) -> list[Resource]:
    return desired(spec, lambda person: "0" * 64)


def find(resources: list[Resource], kind: Kind, local: str) -> Resource:
    [found] = [one for one in resources if one.kind is kind and local in (one.local, one.key)]
    return found


def test_desired_parents_come_before_children(resources: list[Resource]) -> None:
    kinds = [one.kind for one in resources if one.kind is not Kind.COMPETENCY]
    assert kinds == sorted(kinds, key=lambda kind: ORDER[kind])
    first = {kind: next(n for n, one in enumerate(resources) if one.kind is kind) for kind in Kind if kind in kinds}
    assert first[Kind.FRAMEWORK] < next(n for n, one in enumerate(resources) if one.kind is Kind.COMPETENCY)
    assert len({one.ref for one in resources}) == len(resources)


def test_desired_keys_are_composed_as_designed(resources: list[Resource]) -> None:
    assert find(resources, Kind.COURSE, COURSE).key == COURSE
    assert find(resources, Kind.ACTIVITY, "M1.synergies").key == f"{COURSE}:M1.synergies"
    assert find(resources, Kind.COMPETENCY, "sag:cooperation-territoriale@2026-02:O4").extra == {
        "framework": "sag:cooperation-territoriale@2026-02"
    }


def test_desired_times_are_local_to_the_session(resources: list[Resource]) -> None:
    due = find(resources, Kind.ACTIVITY, "M1.synergies").fields["due"]
    # Day 4 of the session is 17 February 2026, 17:00 in Paris.
    assert due == int(datetime(2026, 2, 17, 16, 0, tzinfo=UTC).timestamp())
    opens = find(resources, Kind.ACTIVITY, "positionnement").fields["opens"]
    assert opens == int(datetime(2026, 1, 18, 23, 0, tzinfo=UTC).timestamp())


def test_desired_sections_are_in_order_with_what_belongs_to_no_module_first(resources: list[Resource]) -> None:
    sections = [one for one in resources if one.kind is Kind.SECTION]
    assert [(one.local, one.fields["position"]) for one in sections] == [(OUTSIDE, 1), ("M1", 2), ("M2", 3)]


def test_desired_count_criterion_has_one_level_per_count(resources: list[Resource]) -> None:
    rubric = unflatten(find(resources, Kind.RUBRIC, "M1.synergies").fields)
    [synergies] = [one for one in rubric["criteria"] if one["key"] == "synergies"]
    assert [level["score"] for level in synergies["levels"]] == ["0", "1", "2", "3", "4", "5"]
    assert synergies["levels"][-1]["definition"].endswith("ou plus")


def test_desired_nothing_to_hand_in_means_no_submit_button(resources: list[Resource]) -> None:
    fields = find(resources, Kind.ACTIVITY, "M2.animation").fields
    assert (fields["submit"], fields["draft"]) == ([], False)
    assert fields["completion"] == {
        "tracking": "automatic",
        "view": False,
        "submit": False,
        "grade": True,
        "pass": False,
    }


def test_desired_every_objective_is_assessed_once(resources: list[Resource]) -> None:
    links = [one.extra["competency"][-2:] for one in resources if one.kind is Kind.ACTIVITY_COMPETENCY]
    assert sorted(links) == [f"O{number}" for number in range(1, 9)]


def test_desired_enrolment_says_who_only_in_what_is_never_written_down(spec: SessionSpec) -> None:
    line = EnrolmentLine("AP-001", "student", date(2026, 2, 2), date(2026, 3, 31))
    found = desired(replace(spec, people=[line]), lambda person: "ab" * 32)
    [enrolment] = [one for one in found if one.kind is Kind.ENROLMENT]
    assert enrolment.local == "person-" + "ab" * 12
    assert "AP-001" not in f"{enrolment.key}{enrolment.fields}"
    # Paris midnight before the first day, and the last second of the last one (summer time by then).
    assert enrolment.fields["start"] == int(datetime(2026, 2, 1, 23, tzinfo=UTC).timestamp())
    assert enrolment.fields["end"] == int(datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC).timestamp())


def test_desired_course_summary_says_what_must_be_public(resources: list[Resource]) -> None:
    summary = find(resources, Kind.COURSE, COURSE).fields["summary"]
    for fact in ("70 heures", "10 jours", "en présentiel", "de 7 à 12 stagiaires", "1500 € net par personne"):
        assert fact in summary
    assert "Aucun prérequis" in summary


def test_desired_every_half_day_is_an_event_of_its_length(resources: list[Resource]) -> None:
    events = [one for one in resources if one.kind is Kind.EVENT]
    assert [one.local for one in events] == [f"demi-journee-{number:02d}" for number in range(1, 21)]
    assert sum(one.fields["minutes"] for one in events) == 70 * 60
    first, last = events[0].fields, events[-1].fields
    assert first == {
        "name": "Pouvoir d'agir et coopération à l'épreuve du territoire : demi-journée 1",
        "description": "",
        "start": int(datetime(2026, 2, 2, 8, 0, tzinfo=UTC).timestamp()),
        "minutes": 210,
        "location": "Marseille",
        "visible": True,
    }
    # 31 March 2026, 13:30 in Paris: summer time has begun
    assert last["start"] == int(datetime(2026, 3, 31, 11, 30, tzinfo=UTC).timestamp())


def in_groups(spec: SessionSpec, *people: EnrolmentLine) -> list[Resource]:
    groups = (SessionGroup(key="nord", title="Groupe du nord"), SessionGroup(key="sud", title="Groupe du sud"))
    session = spec.session.model_copy(update={"groups": groups})
    found = desired(replace(spec, session=session, people=people), lambda person: person[-1] * 64)
    return [one for one in found if one.kind is Kind.GROUP]


def test_desired_groups_hold_those_whom_the_enrolment_file_puts_there(spec: SessionSpec) -> None:
    nord, sud = in_groups(
        spec,
        EnrolmentLine("AP-2", "student", None, None, "nord"),
        EnrolmentLine("AP-1", "teacher", None, None, "nord"),
        EnrolmentLine("AP-3", "student", None, None),
    )
    assert (nord.key, nord.local) == (f"{COURSE}:nord", "nord")
    assert nord.fields == {
        "name": "Groupe du nord",
        "description": "",
        "members": ["person-" + "1" * 24, "person-" + "2" * 24],
    }
    assert sud.fields == {"name": "Groupe du sud", "description": "", "members": []}
    assert "AP-" not in f"{nord} {sud}"


def test_desired_groups_come_after_the_enrolments_of_their_members(spec: SessionSpec) -> None:
    assert ORDER[Kind.ENROLMENT] < ORDER[Kind.GROUP]
    line = EnrolmentLine("AP-1", "student", None, None, "sud")
    everything = desired(replace(spec, people=[line]), lambda _: "1" * 64)
    [enrolment] = [one for one in everything if one.kind is Kind.ENROLMENT]
    [member] = next(one for one in in_groups(spec, line) if one.local == "sud").fields["members"]
    assert member == enrolment.local
    # who is in which group is said by the group alone
    assert "group" not in enrolment.fields


def test_desired_session_without_groups_has_none(spec: SessionSpec) -> None:
    session = spec.session.model_copy(update={"groups": ()})
    assert not [one for one in desired(replace(spec, session=session), lambda _: "0" * 64) if one.kind is Kind.GROUP]


def test_desired_activities_of_every_kind_have_their_module_type(resources: list[Resource]) -> None:
    modnames = {one.extra["modname"] for one in resources if one.kind is Kind.ACTIVITY}
    assert modnames == {"page", "assign", "quiz", "feedback", "url", "forum", "resource"}


def test_desired_questionnaires_are_timed_and_never_linked_to_an_objective(resources: list[Resource]) -> None:
    # midnight of the opening and last second of the due date in Paris, winter time until 28 March
    times = {
        "besoins": ("2026-01-11T23:00:00", "2026-01-26T22:59:59"),
        "appreciation": ("2026-03-01T23:00:00", "2026-03-03T22:59:59"),
        "suivi": ("2026-04-29T22:00:00", "2026-05-31T21:59:59"),
    }
    for local, (opens, due) in times.items():
        found = find(resources, Kind.ACTIVITY, local).fields
        assert datetime.fromtimestamp(found["opens"], UTC).isoformat() == f"{opens}+00:00"
        assert datetime.fromtimestamp(found["due"], UTC).isoformat() == f"{due}+00:00"
    linked = {one.local.split("~")[0] for one in resources if one.kind is Kind.ACTIVITY_COMPETENCY}
    assert not linked & set(times)
