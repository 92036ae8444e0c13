"""The specs that are shipped: they hold, and their figures are those of the programme of February 2026."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from moodle_sync.mapping.loader import load_mappings
from moodle_sync.spec.gift import questions
from moodle_sync.spec.grid import expand
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Assignment, Framework, Programme, Quiz, Session
from moodle_sync.spec.question import Question
from moodle_sync.spec.rules import check
from moodle_sync.spec.schedule import half_days, resolve
from moodle_sync.spec.specs import Specs, activities

ROOT = Path(__file__).resolve().parents[3]
SPECS = ROOT / "course_specs"


@pytest.fixture(scope="module")
def specs() -> Specs:
    return load_specs(SPECS)


@pytest.fixture(scope="module")
def programme(specs: Specs) -> Programme:
    return specs.programmes[("pouvoir-dagir", "2026-02")]


@pytest.fixture(scope="module")
def framework(specs: Specs, programme: Programme) -> Framework:
    return specs.framework_of(programme)


@pytest.fixture(scope="module")
def session(specs: Specs) -> Session:
    return specs.sessions["2026-02-marseille"]


def _easter(year: int) -> date:
    # the anonymous Gregorian computus
    a, b, c = year % 19, *divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    wd = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * wd) // 451
    month, day = divmod(h + wd - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _holidays(year: int) -> set[date]:
    fixed = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]
    return {date(year, *day) for day in fixed} | {_easter(year) + timedelta(days=days) for days in (1, 39, 50)}


def test_course_specs_hold_without_problem_or_warning(specs: Specs) -> None:
    findings = check(specs, "sag", roles=load_mappings(ROOT / "mappings").roles)
    assert findings.problems == ()
    assert findings.warnings == ()
    assert {one.file.parent.name for one in findings.to_confirm} == {"courses", "rubrics", "sessions"}


def test_course_specs_programme_has_the_figures_of_the_source(programme: Programme) -> None:
    assert (programme.hours, programme.days, programme.modality) == (Decimal(70), 10, "in_person")
    assert programme.capacity is not None
    assert (programme.capacity.min, programme.capacity.max) == (7, 12)
    assert programme.price is not None
    assert (programme.price.amount, programme.price.net, programme.price.per) == (Decimal(1500), True, "person")
    assert (programme.access.enrol_by, programme.access.start_within) == ("start-7d", "4mo")
    assert set(programme.access.admission) == {"file", "interview"}
    assert (len(programme.audience), len(programme.general_objectives)) == (4, 6)
    assert [len(re.findall(r"(?m)^\d\. ", module.summary)) for module in programme.modules] == [8, 8]


@pytest.mark.parametrize(
    ("key", "figures"),
    [
        ("O1", ["au moins 5"]),
        ("O2", ["au moins 8", "par thèmes"]),
        ("O3", ["rôles", "instances", "règles de décision", "calendrier"]),
        ("O4", ["clarté", "cadre", "participation", "production"]),
        ("O5", ["étapes", "niveaux d'implication", "modalités d'expression et de décision"]),
        ("O6", ["hypothèse", "publics", "partenaires", "ressources", "risques", "indicateurs de réussite"]),
        ("O7", ["objectifs", "actions", "responsables", "moyens", "calendrier", "relecture croisée"]),
        ("O8", ["environnementaux", "sociaux", "au moins 4 indicateurs"]),
    ],
)
def test_course_specs_objective_has_the_success_criterion_of_the_source(
    framework: Framework, key: str, figures: list[str]
) -> None:
    objective = next(one for one in framework.objectives if one.key == key)
    for figure in figures:
        assert figure in " ".join(objective.success.split())


def test_course_specs_every_objective_is_assessed_once_with_a_rubric(specs: Specs, programme: Programme) -> None:
    assessed = Counter(key for _, item in activities(programme) for key in item.objectives)
    assert assessed == {f"O{number}": 1 for number in range(1, 9)}
    for _, item in activities(programme):
        if isinstance(item, Assignment):
            assert item.acquired_when is not None
            assert item.rubric in specs.rubrics


@pytest.mark.parametrize(
    ("activity", "criterion", "count"),
    [("M1.synergies", "synergies", 5), ("M1.besoins", "besoins", 8), ("M1.durable", "indicateurs", 4)],
)
def test_course_specs_counted_thresholds_are_asked_for(
    specs: Specs, programme: Programme, activity: str, criterion: str, count: int
) -> None:
    item = dict(activities(programme))[activity]
    assert isinstance(item, Assignment)
    assert item.acquired_when is not None
    asked = {one.criterion: one.at_least for one in item.acquired_when.all_of or ()}
    assert asked[criterion] == count
    rubric = specs.rubrics[item.rubric or ""]
    assert set(asked) == {one.key for one in rubric.criteria}
    line = next(one for one in rubric.criteria if one.key == criterion)
    assert expand(line)[-1].text == f"{count} ou plus"


@pytest.mark.parametrize(("rubric", "parts"), [("o4-animation", 4), ("o6-experimentation", 6), ("o7-plan-daction", 6)])
def test_course_specs_rubric_has_a_line_for_each_part(specs: Specs, rubric: str, parts: int) -> None:
    # O7: five parts and the cross-reading
    assert len(specs.rubrics[rubric].criteria) == parts


def test_course_specs_staged_session_of_animation_has_nothing_to_hand_in(programme: Programme) -> None:
    item = dict(activities(programme))["M2.animation"]
    assert isinstance(item, Assignment)
    assert (item.submit, item.complete_when) == ((), ("graded",))


def test_course_specs_positioning_quiz_closes_a_week_before(
    specs: Specs, programme: Programme, session: Session
) -> None:
    item = dict(activities(programme))["positionnement"]
    assert isinstance(item, Quiz)
    assert (item.role, item.opens, item.due, item.assesses) == ("placement_test", "start-14d", "start-7d", ())
    start = resolve("start", session, closing=False)
    assert timedelta(days=6) < start - resolve(item.due, session, closing=True) < timedelta(days=7)
    found = [one for one in questions(specs.questions[item.questions].text) if isinstance(one, Question)]
    assert len(found) >= 10
    assert {"multichoice", "truefalse", "numerical", "shortanswer"} <= {one.qtype for one in found}


def test_course_specs_session_is_ten_working_days_of_seven_hours(session: Session) -> None:
    days = [day.date for day in session.days]
    assert len(days) == 10
    assert all(day.weekday() < 5 for day in days)
    assert not set(days) & _holidays(2026)
    halves = half_days(session)
    assert [one.minutes for one in halves] == [210] * 20
    assert sum(one.hours for one in halves) == 70


def test_course_specs_programme_holds_no_calendar_date(programme: Programme) -> None:
    for _, item in activities(programme):
        for name in ("opens", "due", "cutoff"):
            assert not re.match(r"\d{4}-", getattr(item, name, None) or "")


def test_course_specs_name_no_private_person_phone_or_address() -> None:
    files = [file for file in SPECS.rglob("*") if file.is_file()]
    assert len(files) >= 12
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"[\w.]+@[\w-]+\.\w+", text), file
        assert not re.search(r"\b0\d(?:[ .]?\d\d){4}\b", text), file


def test_easter_known_years() -> None:
    assert [_easter(year) for year in (2024, 2025, 2026)] == [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
