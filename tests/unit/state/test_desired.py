from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from moodle_sync.spec.enrolments import EnrolmentLine
from moodle_sync.spec.loader import load_specs
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
