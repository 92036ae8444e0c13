"""The specs that are shipped: they hold, and their figures are those of the programme of February 2026."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from moodle_sync.mapping.loader import load_mappings
from moodle_sync.spec.gift import questions
from moodle_sync.spec.grid import expand
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Assignment, Feedback, FileResource, Forum, Framework, Link, Programme, Quiz, Session
from moodle_sync.spec.question import Question
from moodle_sync.spec.rules import check
from moodle_sync.spec.schedule import half_days, resolve
from moodle_sync.spec.specs import Specs, activities, programme_closure, programme_digest

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
    assert {one.file.parent.name for one in findings.to_confirm} == {"courses", "rubrics", "sessions", "surveys"}


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


@pytest.mark.parametrize(
    ("key", "survey", "role", "opens", "due", "anonymous"),
    [
        ("besoins", "besoins-et-attentes", "need_analysis", "start-21d", "start-7d", False),
        ("appreciation", "appreciation-en-cours", "satisfaction_survey", "day 5", "day 6", True),
        ("suivi", "suivi-un-mois", "satisfaction_survey", "end+1mo", "end+2mo", True),
    ],
)
def test_course_specs_questionnaires_stand_where_the_source_puts_them(
    programme: Programme, key: str, survey: str, role: str, opens: str, due: str, anonymous: bool
) -> None:
    item = dict(activities(programme))[key]
    assert isinstance(item, Feedback)
    assert (item.survey, item.role, item.opens, item.due) == (survey, role, opens, due)
    assert (item.anonymous, item.multiple, item.complete_when) == (anonymous, False, ("submitted",))


def test_course_specs_questionnaires_are_before_during_and_a_month_after(
    programme: Programme, session: Session
) -> None:
    start, end = resolve("start", session, closing=False), resolve("end", session, closing=True)
    found = {key: item for key, item in activities(programme) if isinstance(item, Feedback)}
    besoins, during, after = found["besoins"], found["appreciation"], found["suivi"]
    # a week before, and on paper (the due date) later than it opens
    assert timedelta(days=6) < start - resolve(besoins.due or "", session, closing=True) < timedelta(days=7)
    # early enough for what comes after it to change
    assert start < resolve(during.opens or "", session, closing=False)
    assert resolve(during.due or "", session, closing=True) < resolve("day 7", session, closing=False) < end
    assert timedelta(days=29) <= resolve(after.opens or "", session, closing=False) - end < timedelta(days=31)


def test_course_specs_opinions_needs_and_placement_never_assess(programme: Programme) -> None:
    for key, item in activities(programme):
        if isinstance(item, Feedback) or (isinstance(item, Quiz) and item.role == "placement_test"):
            assert item.objectives == (), key
        elif item.objectives:
            assert getattr(item, "role", None) in (None, "learning_assessment"), key


def test_course_specs_surveys_are_all_used_and_let_everybody_speak_freely(specs: Specs, programme: Programme) -> None:
    assert set(specs.surveys_of(programme)) == set(specs.surveys)
    assert len(specs.surveys) == 3
    for survey in specs.surveys.values():
        assert 8 <= len(survey.items) <= 14
        kinds = [item.type for item in survey.items]
        assert kinds[0] == "label"
        assert {"scale", "longtext", "pagebreak"} <= set(kinds)
        assert survey.items[-1].type == "longtext"
        # an answer that must be given is no free one
        assert not [item.key for item in survey.items if item.required]
        assert survey.to_confirm == ("items",)


def test_course_specs_needs_are_asked_theme_by_theme_and_without_health(specs: Specs, framework: Framework) -> None:
    survey = specs.surveys["besoins-et-attentes"]
    levels = [item for item in survey.items if item.type == "scale"]
    assert [item.key for item in levels] == [f"niveau-{objective.key.lower()}" for objective in framework.objectives]
    assert len({item.options for item in levels}) == 1
    [access] = [item for item in survey.items if item.key == "amenagements"]
    assert access.type == "text"
    assert "N'écrivez rien sur votre santé" in (access.question or "")
    asked = " ".join(f"{item.question} {' '.join(item.options)}" for item in survey.items).casefold()
    for word in ("maladie", "diagnostic", "traitement", "rqth", "taux d'incapacité", "déficien"):
        assert word not in asked


def test_course_specs_anonymous_surveys_say_so_and_ask_for_no_name(specs: Specs, programme: Programme) -> None:
    for _, item in activities(programme):
        if isinstance(item, Feedback):
            first = specs.surveys[item.survey].items[0].question or ""
            assert ("Ce questionnaire est anonyme" in first) is item.anonymous
            assert ("N'écrivez aucun nom" in first) is item.anonymous


def test_course_specs_each_module_has_its_tools_from_the_first_day(specs: Specs, programme: Programme) -> None:
    for module in programme.modules:
        tools = [item for item in module.activities if isinstance(item, FileResource | Link)]
        assert [item for item in tools if isinstance(item, FileResource)]
        for item in tools:
            assert (item.visible, item.complete_when) == (True, ())
    assert set(specs.files_of(programme)) == set(specs.files)
    for path, file in specs.files.items():
        assert len(file.content) < 30_000, path


def test_course_specs_group_has_a_forum_that_nobody_must_use(programme: Programme, session: Session) -> None:
    [(key, forum)] = [(key, item) for key, item in activities(programme) if isinstance(item, Forum)]
    assert (key, forum.key, forum.complete_when) == ("echanges", "echanges", ())
    assert len({group.key for group in session.groups}) == len({group.title for group in session.groups}) == 2


def test_course_specs_every_activity_has_a_title_of_its_own_and_of_a_fitting_length(programme: Programme) -> None:
    titles = [item.title for _, item in activities(programme)]
    assert len(set(titles)) == len(titles) >= 19
    french = re.compile(r"\b(?:le|la|les|l|un|une|des|du|de|d|en|et|ses|vos|votre)\b", re.IGNORECASE)
    english = re.compile(r"\b(?:the|and|of|your|survey|feedback|file|link)\b", re.IGNORECASE)
    for title in titles:
        assert len(title) <= 100
        assert french.search(title), title
        assert not english.search(title), title


@pytest.mark.parametrize("path", sorted(file.name for file in (SPECS / "files").glob("*.csv")))
def test_course_specs_tables_open_in_a_french_spreadsheet(path: str) -> None:
    content = (SPECS / "files" / path).read_bytes()
    # the mark says UTF-8 to a spreadsheet, which otherwise shows accents as something else
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines(), delimiter=";"))
    assert len(rows) >= 9
    assert len({len(row) for row in rows}) == 1
    assert all(rows[0])


@pytest.mark.parametrize("path", sorted(file.name for file in (SPECS / "files").glob("*.html")))
def test_course_specs_printed_sheets_stand_alone_and_can_be_read_aloud(path: str) -> None:
    text = (SPECS / "files" / path).read_text(encoding="utf-8")
    assert '<html lang="fr">' in text
    assert re.search(r"<title>[^<]+</title>", text)
    # nothing from elsewhere, nothing that runs
    assert not re.search(r"https?:|//|<script|<link|<img|\son\w+=|url\(|@import", text.replace("<!DOCTYPE html>", ""))
    assert text.count("<table>") == text.count("<caption>") == text.count("</table>") > 0
    assert re.findall(r"<th(?![^>]*scope=)[^e>]*>", text.replace("\n", " ")) == []


def test_course_specs_closure_holds_every_survey_and_file(specs: Specs, session: Session) -> None:
    closure = programme_closure(specs, session)
    assert set(closure["surveys"]) == {"besoins-et-attentes", "appreciation-en-cours", "suivi-un-mois"}
    assert closure["files"] == {path: file.sha256 for path, file in specs.files.items()}
    assert re.fullmatch(r"[0-9a-f]{64}", programme_digest(specs, session))


@pytest.mark.parametrize("path", sorted(file.name for file in (SPECS / "files").iterdir()))
def test_course_specs_session_is_bound_to_every_byte_that_is_handed_out(
    specs: Specs, session: Session, path: str
) -> None:
    file = specs.files[f"files/{path}"]
    other = replace(specs, files={**specs.files, file.path: replace(file, content=file.content + b" ")})
    assert programme_digest(other, session) != programme_digest(specs, session)


@pytest.mark.parametrize("folder", sorted(path.name for path in SPECS.iterdir()))
def test_course_specs_undecided_is_marked_in_the_text_and_in_the_list(folder: str) -> None:
    for file in (SPECS / folder).glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        notes = " ".join(re.sub(r"(?m)^#", " ", text).split())
        marked = re.search(r"décision de l'organisation, à confirmer", notes)
        assert bool(marked) is bool(re.search(r"(?m)^to_confirm:$", text)), file


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
    assert len(files) >= 19
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"[\w.]+@[\w-]+\.\w+", text), file
        assert not re.search(r"\b0\d(?:[ .]?\d\d){4}\b", text), file


def test_easter_known_years() -> None:
    assert [_easter(year) for year in (2024, 2025, 2026)] == [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
