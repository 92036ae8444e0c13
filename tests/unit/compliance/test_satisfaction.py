"""Satisfaction: whose results tell of it, one scale for all questions, and nothing of too few answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from moodle_sync.compliance import sentences
from moodle_sync.compliance.satisfaction import Rating, is_survey, out_of_ten, rating, surveys, together
from moodle_sync.facts.models import FeedbackAnalysis, Person, QuizAttempt, RatedQuestion
from moodle_sync.spec.activity import Assignment, Feedback, Page, Quiz
from moodle_sync.spec.specs import activities

CLOSED = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
KNOWN = frozenset({"avis"})


def question(mean: str | None, answers: int = 6, low: str | None = "1", high: str | None = "4") -> RatedQuestion:
    bounds = [None if bound is None else Decimal(bound) for bound in (low, high)]
    return RatedQuestion(
        item_id=1,
        label="",
        question="q",
        type="multichoicerated",
        answers=answers,
        mean=None if mean is None else Decimal(mean),
        minimum=bounds[0],
        maximum=bounds[1],
    )


def analysis(
    *questions: RatedQuestion, answers: int = 6, activity: str | None = "avis", **changes: Any
) -> FeedbackAnalysis:
    values: dict[str, Any] = {
        "course": "sag:essai@s", "userid": 0, "occurred_at": CLOSED, "wsfunction": "w", "cmid": 9, "activity": activity,
        "anonymous": True, "closed_at": CLOSED, "asked": 8, "answers": answers, "withheld": None,
        "questions": questions or (question("3.25"),),
    }  # fmt: skip
    return FeedbackAnalysis(**{**values, **changes})


def feedback(role: str | None) -> Feedback:
    return Feedback(feedback="avis", title="Avis", survey="avis", role=role)


# ---- whose results ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, "need_analysis", "placement_test", "self_profile", "learning_assessment"])
def test_questionnaire_of_another_role_is_no_survey(role: str | None) -> None:
    assert not is_survey(feedback(role))
    assert is_survey(feedback("satisfaction_survey"))


def test_quiz_page_and_assignment_are_never_a_survey_whatever_role_a_quiz_is_given() -> None:
    quiz = Quiz(quiz="q", title="Q", questions="questions/q.gift", role="satisfaction_survey")
    page = Page(page="p", title="P", text="t")
    work = Assignment(assignment="a", title="A", brief="b")
    assert [is_survey(one) for one in (quiz, page, work)] == [False, False, False]


def test_surveys_are_the_programmes_questionnaires_of_satisfaction(scene: Any) -> None:
    assert surveys(scene.small().programme) == frozenset()
    assert surveys(with_questionnaires(scene).programme) == {"avis", "suivi"}


@pytest.mark.parametrize("activity", ["besoins", "M1.notions", None])
def test_rating_of_what_is_no_survey_is_refused(activity: str | None) -> None:
    assert rating(analysis(activity=activity), KNOWN, 5) is None
    assert rating(analysis(), KNOWN, 5) == Rating(6, Decimal("7.5"))


# ---- one scale -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "low", "high", "expected"),
    [
        ("1", "1", "4", "0"),
        ("4", "1", "4", "10"),
        ("2.5", "1", "4", "5"),
        ("4.2", "1", "5", "8"),
        ("7", "0", "10", "7"),
        ("-1", "-2", "2", "2.5"),
        (None, "1", "4", None),
        ("42", None, None, None),
        ("42", "0", None, None),
        ("1", "1", "1", None),
    ],
)
def test_out_of_ten_goes_from_the_lowest_step_to_the_highest(
    mean: str | None, low: str | None, high: str | None, expected: str | None
) -> None:
    assert out_of_ten(question(mean, low=low, high=high)) == (None if expected is None else Decimal(expected))


def test_rating_counts_each_question_as_often_as_it_was_answered() -> None:
    found = rating(
        analysis(question("4", answers=9), question("0", answers=6, low="0", high="10"), answers=10), KNOWN, 5
    )
    assert found == Rating(10, Decimal(6))


def test_rating_leaves_out_what_has_no_scale() -> None:
    assert rating(analysis(question("42", low=None, high=None), question("4")), KNOWN, 5) == Rating(6, Decimal(10))
    assert rating(analysis(question("42", low=None, high=None)), KNOWN, 5) is None


# ---- too few ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("withheld", ["few", "repeated"])
def test_rating_of_what_was_withheld_is_none(withheld: str) -> None:
    assert rating(analysis(withheld=withheld, questions=()), KNOWN, 1) is None


def test_rating_is_withheld_below_a_threshold_that_was_raised_since() -> None:
    fact = analysis(question("4", answers=6), question("1", answers=5), answers=6)
    assert rating(fact, KNOWN, 7) is None
    assert rating(fact, KNOWN, 6) == Rating(6, Decimal(10)), "of five answers nothing is told"


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([], None),
        ([None], {"n": 0, "mean": None, "scale": "0-10", "questionnaires": 0, "withheld": 1}),
        ([(5, "4.2")], {"n": 5, "mean": "4.2", "scale": "0-10", "questionnaires": 1, "withheld": 0}),
        ([(5, "4"), None, (15, "3")], {"n": 20, "mean": "3.25", "scale": "0-10", "questionnaires": 2, "withheld": 1}),
    ],
)
def test_together_is_a_mean_weighted_by_answers(ratings: Any, expected: Any) -> None:
    assert together([None if one is None else Rating(one[0], Decimal(one[1])) for one in ratings]) == expected


# ---- the report ------------------------------------------------------------------------------------------------------

QUESTIONNAIRES = [
    {"feedback": "besoins", "title": "Besoins", "survey": "x", "role": "need_analysis", "due": "start-1d"},
    {"feedback": "avis", "title": "Avis", "survey": "x", "role": "satisfaction_survey", "due": "day 2"},
    {"feedback": "suivi", "title": "Suivi", "survey": "x", "role": "satisfaction_survey", "due": "end+2mo"},
    {"feedback": "libre", "title": "Libre", "survey": "x"},
]


def with_questionnaires(scene: Any) -> Any:
    return scene.small(outside_modules=[*scene.PROGRAMME["outside_modules"], *QUESTIONNAIRES])


def tell(item: Any, fact: FeedbackAnalysis) -> str:
    """Adds what a questionnaire gave to a session, and answers its entry."""
    item.people["nobody"] = Person(userid=0)
    session = item.session
    fact = fact.model_copy(update={"course": f"sag:{session.programme}@{session.session}"})
    return item.add("nobody", fact, CLOSED + timedelta(hours=5))


def test_lines_say_of_each_questionnaire_what_it_gave_or_why_not(scene: Any) -> None:
    item = scene.green(with_questionnaires(scene))
    entry = tell(item, analysis(question("3.25")))
    tell(item, analysis(question("4"), activity="besoins", cmid=8))
    tell(item, analysis(activity=None, cmid=31))
    lines = item.view(CLOSED + timedelta(days=1)).questionnaires
    assert [(one.title, one.answers, one.asked, one.mean) for one in lines] == [
        ("Besoins", 6, 8, None),
        ("Avis", 6, 8, Decimal("7.50")),
        ("Suivi", None, None, None),
        ("Libre", None, None, None),
        ("questionnaire n° 31 dans Moodle", 6, 8, None),
    ]
    assert lines[1].entries == (entry,)
    assert [one.why for one in lines] == [
        sentences.NOT_A_SURVEY,
        "",
        lines[2].why,
        sentences.NEVER_CLOSES,
        sentences.NOT_IN_PROGRAMME,
    ]
    assert lines[2].why.startswith("ouvert jusqu'au")
    late = item.view(CLOSED + timedelta(days=200)).questionnaires
    assert late[2].why.startswith("fermeture prévue le")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"withheld": "few", "questions": (), "answers": 3}, sentences.TOO_FEW_ANSWERS),
        ({"withheld": "repeated", "questions": ()}, sentences.REPEATED_ANSWERS),
        ({"questions": ()}, sentences.NO_RATING),
        ({"questions": (question(None, answers=2),)}, sentences.NO_RATING),
    ],
)
def test_lines_say_why_there_is_no_mean(scene: Any, changes: dict[str, Any], why: str) -> None:
    item = scene.green(with_questionnaires(scene))
    tell(item, analysis(**changes))
    line = item.view(CLOSED + timedelta(days=1)).questionnaires[1]
    assert (line.mean, line.why, line.closed_at) == (None, why, CLOSED)


def test_lines_keep_what_a_questionnaire_gave_that_is_gone(scene: Any) -> None:
    item = scene.green(with_questionnaires(scene))
    entry = tell(item, analysis())
    gone = item.vanish(entry, CLOSED + timedelta(hours=9))
    line = item.view(CLOSED + timedelta(days=1)).questionnaires[1]
    assert (line.mean, line.gone, line.entries) == (Decimal("7.50"), True, (entry, gone))


def test_nobody_is_no_learner_not_even_when_what_was_said_is_erased(scene: Any) -> None:
    item = scene.green(with_questionnaires(scene))
    before = [row.key for row in item.view(CLOSED + timedelta(days=1)).learners]
    tell(item, analysis())
    assert [row.key for row in item.view(CLOSED + timedelta(days=1)).learners] == before
    item.evidence[-1] = type(item.evidence[-1])(
        item.evidence[-1].entry, None, item.evidence[-1].observed_at, Person(userid=0), "nobody"
    )
    view = item.view(CLOSED + timedelta(days=1))
    assert [row.key for row in view.learners] == before
    assert view.questionnaires[1].answers is None


def test_quiz_fact_under_the_key_of_a_survey_is_not_offered(scene: Any) -> None:
    """The category guard: only what a questionnaire gave is looked at, whatever key another fact bears."""
    item = scene.green(with_questionnaires(scene))
    attempt = next(one for one in item.evidence if isinstance(one.fact, QuizAttempt))
    item.add(attempt.subject, attempt.fact.model_copy(update={"activity": "avis", "attempt_id": 999}), CLOSED)
    assert item.view(CLOSED + timedelta(days=1)).questionnaires[1].mean is None
    assert dict(activities(item.programme))["avis"].title == "Avis"
