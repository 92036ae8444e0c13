"""A year in figures: from facts alone, in the right year, and nothing over a handful of people."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from moodle_sync.compliance.closing import Attested, Scope, aggregates
from moodle_sync.compliance.evidence import Evidence
from moodle_sync.facts.attested import Appreciation, Attached, Attendance, Complaint
from moodle_sync.facts.models import CourseCompletion, Enrolment, FeedbackAnalysis, Person, RatedQuestion, Vanished
from moodle_sync.spec.models import Session

FILE = Attached(name="f.pdf", sha256="ab" * 32, size=1)
WHEN = datetime(2026, 12, 14, 9, tzinfo=UTC)


HALVES = ("09:00-12:30", "13:30-17:00")


def session(*days: str, zone: str = "Europe/Paris", halves: tuple[str, ...] = HALVES) -> Session:
    return Session.model_validate(
        {
            "session": "s",
            "programme": "p",
            "version": "1",
            "place": "Ici",
            "timezone": zone,
            "days": tuple({"date": date.fromisoformat(day), "half_days": halves} for day in days),
        }
    )


class Scenery:
    """One session's facts, entry by entry."""

    def __init__(self, key: str, one: Session | None, first: int = 0, surveys: frozenset[str] = frozenset()) -> None:
        self.key, self.session, self.idx, self.surveys = key, one, first, surveys
        self.observed: list[Evidence] = []
        self.attested: list[Attested] = []

    def says(self, userid: int, fact: Any) -> None:
        person = None if fact is None else Person(userid=userid, fullname=f"Néel {userid}")
        self.observed.append(Evidence(f"2026/{self.idx}", fact, WHEN, person, f"{self.key}-{userid}"))
        self.idx += 1

    def enrol(self, *userids: int, role: str = "student") -> None:
        for userid in userids:
            common = {"course": self.key, "userid": userid, "occurred_at": None, "wsfunction": "w"}
            self.says(userid, Enrolment(**common, active=True, roles=(role,), groups=()))

    def complete(self, userid: int, at: datetime | None) -> None:
        common = {"course": self.key, "userid": userid, "occurred_at": at, "wsfunction": "w"}
        self.says(userid, CourseCompletion(**common, completed=True, criteria=()))

    def leave(self, userid: int) -> None:
        common = {"course": self.key, "userid": userid, "occurred_at": None, "wsfunction": "w"}
        self.says(userid, Vanished(**common, was="enrolment", object=f"enrolment:{self.key}:{userid}"))

    def attend(self, userid: int, day: str, hours: str, present: bool = True) -> None:
        self.attest(
            Attendance(
                course=self.key, userid=userid, occurred_at=WHEN, attested_by="Z", file=FILE,
                day=date.fromisoformat(day), half="am", title="T", hours=Decimal(hours), present=present,
                trainer="F", learner_signed=True, trainer_signed=True,
            )
        )  # fmt: skip

    def attest(self, fact: Any) -> None:
        self.attested.append(Attested(f"{self.key}-{fact.userid}", fact))

    def scope(self) -> Scope:
        return Scope(self.key, self.session, self.observed, self.attested, self.surveys)


def count(*scopes: Scenery, year: int = 2026, threshold: int = 5, **options: Any) -> dict[str, Any]:
    found = aggregates(
        year, [one.scope() for one in scopes], learner_roles=frozenset({"student"}), threshold=threshold, **options
    )
    json.dumps(found)
    return found


@pytest.fixture
def big() -> Scenery:
    one = Scenery("sag:p@big", session("2026-12-14", "2026-12-15", "2027-01-11"))
    one.enrol(1, 2, 3, 4, 5, 6)
    one.enrol(90, role="editingteacher")
    return one


def test_aggregates_counts_people_once_and_enrolments_each(big: Scenery) -> None:
    second = Scenery("sag:p@second", session("2026-03-02"))
    second.enrol(5, 6, 7)
    found = count(big, second)
    assert (found["sessions"], found["enrolments"], found["learners"]) == (2, 9, 7)
    assert found["hours_planned"] == "105"  # 6 × 14 in the December days, 3 × 7
    assert count(big, second, year=2027)["hours_planned"] == "42"
    assert count(big, second, year=2027)["sessions"] == 1
    assert count(big, second, year=2025)["sessions"] == 0
    assert found["withheld"] == []


def test_aggregates_hours_planned_in_thirds_add_up() -> None:
    one = Scenery("sag:p@thirds", session("2026-12-14", "2026-12-15", "2026-12-16", halves=("09:00-10:20",)))
    one.enrol(1)
    assert count(one)["hours_planned"] == "4"  # 3 × 1 h 20


def test_aggregates_somebody_who_left_still_counts_as_enrolled(big: Scenery) -> None:
    big.leave(6)
    assert (count(big)["enrolments"], count(big)["learners"]) == (6, 6)


def test_aggregates_hours_are_those_attested_in_the_year_and_corrections_replace(big: Scenery) -> None:
    big.attend(1, "2026-12-14", "3.5")
    big.attend(2, "2026-12-14", "3.25")
    big.attend(2, "2026-12-14", "2.75")  # corrected
    big.attend(3, "2026-12-14", "3.5", present=False)
    big.attend(1, "2027-01-11", "3.5")
    found = count(big)
    assert (found["hours_attended"], found["enrolments_without_attendance"]) == ("6.25", 4)
    assert count(big, year=2027)["hours_attended"] == "3.5"


def test_aggregates_completion_counts_in_the_year_of_its_own_date_in_the_sessions_zone(big: Scenery) -> None:
    big.complete(1, datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC))
    big.complete(2, datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC))  # midnight in Paris
    assert (count(big)["completions"], count(big, year=2027)["completions"]) == (1, 1)


def test_aggregates_completion_after_the_last_training_day_counts_in_the_next_year() -> None:
    old = Scenery("sag:p@old", session("2026-12-14"))
    old.enrol(1, 2)
    old.complete(1, datetime(2027, 1, 5, 9, tzinfo=UTC))
    new = Scenery("sag:p@new", session("2027-03-01"))
    new.enrol(3, 4, 5, 6, 7)
    assert (count(old, new, year=2027)["completions"], count(old, new, year=2027)["enrolments"]) == (1, 5)
    assert count(old, new, year=2026, threshold=1)["completions"] == 0


def test_aggregates_completion_without_a_date_counts_once_in_the_year_of_the_last_day(big: Scenery) -> None:
    big.complete(1, None)
    assert [count(big, year=year)["completions"] for year in (2026, 2027)] == [0, 1]
    one = Scenery("sag:p@one", session("2026-12-14", "2027-01-11", halves=HALVES[:1]))
    one.enrol(1)
    one.complete(1, None)
    assert [count(one, year=year, threshold=1)["completions"] for year in (2026, 2027)] == [0, 1]


def test_aggregates_completion_that_is_gone_or_of_somebody_else_is_not_counted(big: Scenery) -> None:
    big.complete(1, WHEN)
    big.complete(90, WHEN)  # a trainer
    big.complete(91, WHEN)  # nobody ever saw an enrolment
    assert count(big)["completions"] == 1
    common = {"course": big.key, "userid": 1, "occurred_at": None, "wsfunction": "w"}
    big.says(1, Vanished(**common, was="course_completion", object=f"course_completion:{big.key}:1"))
    assert count(big)["completions"] == 0


def test_aggregates_complaints_and_appreciations_are_counted_once_each(big: Scenery) -> None:
    common = {"course": "sag:p@big", "userid": 3, "occurred_at": WHEN, "attested_by": "Z", "file": FILE}
    for step in ("received", "acknowledged", "closed"):
        big.attest(Complaint(**common, reference="R1", nature="complaint", step=step, text="x"))
    big.attest(Complaint(**common, reference="R2", nature="incident", step="received", text="x"))
    late = {**common, "occurred_at": datetime(2027, 1, 2, tzinfo=UTC)}
    big.attest(Complaint(**late, reference="R3", nature="complaint", step="received", text="x"))
    site = Scenery("site", None)
    for number, answered in enumerate((True, False)):
        mine = {**common, "course": "site", "userid": 0, "reference": f"A{number}", "answered": answered}
        site.attest(Appreciation(**mine, stakeholder="funder"))
    found = count(big, site)
    assert found["complaints"] == {"complaint": 1, "difficulty": 0, "incident": 1}
    assert found["appreciations"] == {"asked": 2, "answered": 1}
    assert found["sessions_without_dates"] == 0


def test_aggregates_small_group_gives_no_figure_over_people() -> None:
    few = Scenery("sag:p@few", session("2026-12-14"))
    few.enrol(1, 2, 3, 4)
    few.attend(1, "2026-12-14", "3.5")
    few.complete(1, WHEN)
    found = count(few)
    assert found["withheld"] == [
        "hours_attended",
        "enrolments_without_attendance",
        "completions",
        "complaints",
        "appreciations",
    ]
    assert [found[name] for name in found["withheld"]] == [None] * 5
    assert (found["enrolments"], found["learners"], found["hours_planned"]) == (4, 4, "28")
    few.enrol(5)
    assert count(few)["withheld"] == []
    assert count(few, threshold=6)["hours_attended"] is None


def test_aggregates_says_what_it_could_not_count(big: Scenery) -> None:
    gone = Scenery("sag:gone@1", None)
    gone.enrol(70)
    big.says(1, None)
    found = count(big, gone)
    assert (found["sessions_without_dates"], found["erased"]) == (1, 1)
    assert found["satisfaction"] is None
    other = Scenery("sag:gone@2", None)
    other.enrol(71)
    gone.attested += [Attested("x", None), Attested("y", None)]
    attested_only = Scenery("sag:gone@3", None)
    found = count(big, gone, other, attested_only)
    assert (found["sessions_without_dates"], found["erased"]) == (2, 3)


def test_aggregates_name_their_form_and_what_no_fact_says(big: Scenery) -> None:
    found = count(big, threshold=3)
    assert (found["schema"], found["year"], found["threshold"]) == (2, 2026, 3)
    assert found["not_in_facts"] == [
        "products_and_charges",
        "trainers_hours",
        "trainees_by_status",
        "subcontracted",
        "objectives_and_specialities",
    ]


def test_aggregates_count_over_all_sessions_and_people_whose_name_is_not_known(big: Scenery) -> None:
    second = Scenery("sag:p@second", session("2026-03-02"))
    second.enrol(1, 7)
    second.observed = [replace(one, person=None) for one in second.observed]
    big.attend(1, "2026-12-14", "3.5")
    second.attend(1, "2026-03-02", "3.5")
    found = count(big, second)
    assert (found["learners"], found["enrolments"]) == (7, 8)
    assert (found["hours_attended"], found["enrolments_without_attendance"]) == ("7", 6)


def test_aggregates_course_that_is_not_completed_is_no_completion(big: Scenery) -> None:
    common = {"course": big.key, "userid": 1, "occurred_at": WHEN, "wsfunction": "w"}
    big.says(1, CourseCompletion(**common, completed=False, criteria=()))
    assert count(big)["completions"] == 0


@pytest.mark.parametrize(("second", "counted"), [("22:59:59", [1, 0]), ("23:00:00", [0, 1])])
def test_aggregates_attested_facts_count_in_the_year_of_the_sessions_zone(
    big: Scenery, second: str, counted: list[int]
) -> None:
    at = datetime.fromisoformat(f"2026-12-31T{second}+00:00")
    common = {"course": big.key, "occurred_at": at, "attested_by": "Z", "file": FILE}
    big.attest(Complaint(**common, userid=1, reference="R1", nature="incident", step="received", text="x"))
    big.attest(Complaint(**common, userid=1, reference="R2", nature="incident", step="closed", text="x"))
    big.attest(Appreciation(**common, userid=0, reference="A1", stakeholder="funder", answered=True))
    years = [count(big, year=year) for year in (2026, 2027)]
    assert [found["complaints"]["incident"] for found in years] == counted
    assert [found["appreciations"] for found in years] == [{"asked": n, "answered": n} for n in counted]


def test_aggregates_complaints_of_one_nature_add_up(big: Scenery) -> None:
    common = {"course": big.key, "userid": 1, "occurred_at": WHEN, "attested_by": "Z", "file": FILE}
    for number in range(3):
        big.attest(Complaint(**common, reference=f"R{number}", nature="difficulty", step="received", text="x"))
    assert count(big)["complaints"] == {"complaint": 0, "difficulty": 3, "incident": 0}


def test_aggregates_training_days_count_in_the_year_of_the_sessions_zone() -> None:
    far = Scenery("sag:p@far", session("2027-01-01", zone="Pacific/Auckland"))  # begins on 31 December in UTC
    far.enrol(1)
    assert [count(far, year=year)["hours_planned"] for year in (2026, 2027)] == ["0", "7"]


def test_aggregates_any_counted_fact_that_is_removed_changes_the_figures(big: Scenery) -> None:
    big.complete(1, WHEN)
    big.attend(1, "2026-12-14", "3.5")
    common = {"course": big.key, "occurred_at": WHEN, "attested_by": "Z", "file": FILE}
    big.attest(Complaint(**common, userid=1, reference="R1", nature="complaint", step="received", text="x"))
    big.attest(Appreciation(**common, userid=0, reference="A1", stakeholder="funder", answered=False))
    figures = count(big)
    trainer = next(number for number, one in enumerate(big.observed) if one.subject.endswith("-90"))
    for facts in (big.observed, big.attested):
        for number in range(len(facts)):
            one = facts.pop(number)
            assert (count(big) == figures) is (facts is big.observed and number == trainer)
            facts.insert(number, one)
    assert count(big) == figures


def gave(key: str, answers: int, mean: str, activity: str | None = "avis", at: datetime = WHEN, cmid: int = 9) -> Any:
    """What a questionnaire gave as a whole, on a scale from 1 to 5."""
    question = RatedQuestion(
        item_id=1, label="", question="q", type="multichoicerated", answers=answers, mean=Decimal(mean),
        minimum=Decimal(1), maximum=Decimal(5),
    )  # fmt: skip
    return FeedbackAnalysis(
        course=key, userid=0, occurred_at=at, wsfunction="w", cmid=cmid, activity=activity, anonymous=True,
        closed_at=at, asked=None, answers=answers, withheld=None, questions=(question,),
    )  # fmt: skip


def surveyed(key: str, *facts: Any, first: int = 500) -> Scenery:
    one = Scenery(key, session("2026-12-14"), first, surveys=frozenset({"avis", "suivi"}))
    for fact in facts:
        one.says(0, fact)
    return one


def test_aggregates_satisfaction_is_of_surveys_that_closed_in_the_year(big: Scenery) -> None:
    key = "sag:p@asked"
    next_year = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)  # midnight in Paris
    asked = surveyed(
        key,
        gave(key, 10, "4", cmid=1),
        gave(key, 30, "2", activity="suivi", cmid=2),
        gave(key, 50, "1", activity="besoins", cmid=3),  # a need is no satisfaction
        gave(key, 50, "1", activity=None, cmid=4),
        gave(key, 60, "5", at=next_year, cmid=5),
    )
    expected = {"n": 40, "mean": "3.75", "scale": "0-10", "questionnaires": 2, "withheld": 0}
    assert count(big, asked)["satisfaction"] == expected
    assert count(big, asked, year=2027)["satisfaction"]["mean"] == "10"
    assert count(big, asked, year=2025)["satisfaction"] is None
    assert count(big)["satisfaction"] is None


def test_aggregates_satisfaction_of_too_few_answers_is_withheld_and_counted(big: Scenery) -> None:
    key = "sag:p@asked"
    asked = surveyed(key, gave(key, 4, "4", cmid=1), gave(key, 6, "3", activity="suivi", cmid=2))
    expected = {"n": 6, "mean": "5", "scale": "0-10", "questionnaires": 1, "withheld": 1}
    assert count(big, asked)["satisfaction"] == expected
    assert count(big, asked, threshold=7)["satisfaction"] == {
        **expected,
        "n": 0,
        "mean": None,
        "questionnaires": 0,
        "withheld": 2,
    }


def test_aggregates_satisfaction_outlives_the_questionnaire_and_needs_no_training_day(big: Scenery) -> None:
    key = "sag:p@asked"
    asked = surveyed(key, gave(key, 6, "3"))
    gone = {"course": key, "userid": 0, "occurred_at": None, "wsfunction": "w"}
    asked.says(0, Vanished(**gone, was="feedback_analysis", object="feedback_analysis:9"))
    asked.session = session("2025-03-02")
    assert count(big, asked)["satisfaction"]["mean"] == "5"
    assert count(big, asked)["learners"] == 6, "nobody is no learner"


def test_aggregates_satisfaction_of_a_session_that_is_not_in_the_specs_is_not_known(big: Scenery) -> None:
    key = "sag:gone@1"
    unknown = Scenery(key, None, 500)
    unknown.says(0, gave(key, 6, "3"))
    assert count(big, unknown)["satisfaction"] is None
