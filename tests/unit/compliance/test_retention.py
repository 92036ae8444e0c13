"""What is due: the longest policy wins and is named, to the day; what is not known is never due."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.compliance.retention import Held, Line, Refused, applying, due
from moodle_sync.mapping.loader import load_mappings
from moodle_sync.mapping.retention import Retention
from moodle_sync.spec.models import Session

SCOPE = "sag:pouvoir-dagir@2026-02"
SHIPPED = Path(__file__).resolve().parents[3] / "mappings"
FAR = date(2099, 1, 1)


@pytest.fixture(scope="module")
def retention() -> Retention:
    return load_mappings(SHIPPED).retention


def session(ends: str = "2026-03-31", funders: list[dict[str, Any]] | None = None) -> Session:
    return Session.model_validate(
        {
            "session": "2026-02",
            "programme": "pouvoir-dagir",
            "version": "1",
            "place": "Marseille",
            "funders": tuple(funders or ()),
            "days": ({"date": date.fromisoformat(ends), "half_days": ("09:00-12:30",)},),
        }
    )


def line(retention: Retention, one: Session | None, as_of: date, kind: str = "grade", **options: Any) -> Line:
    held = options.pop("held", [Held(SCOPE, "aa", kind, 3), Held(SCOPE, "bb", kind, 2)])
    (found,) = due(held, {} if one is None else {SCOPE: one}, retention, options.pop("refusals", ()), as_of)
    return found


OPCO = [{"funder": "opco", "last_payment": date(2026, 5, 12)}]
NONE = [{"funder": "none"}]


@pytest.mark.parametrize(
    ("ends", "kind", "funders", "policy", "until"),
    [
        ("2026-03-31", "grade", NONE, "limitation-5y", "2031-03-31"),
        ("2024-02-29", "grade", NONE, "limitation-5y", "2029-02-28"),
        ("2024-02-29", "appreciation", [], "satisfaction-1y", "2025-02-28"),
        ("2026-03-31", "complaint", [], "limitation-5y", "2031-03-31"),
        # the funder's three years end before the limitation, unless it pays late
        ("2026-03-31", "attendance", OPCO, "limitation-5y", "2031-03-31"),
        ("2026-03-31", "attendance", [{"funder": "opco", "last_payment": date(2028, 1, 2)}], "opco-3y", "2031-12-31"),
        ("2026-03-31", "grade", [{"funder": "asp", "last_payment": date(2026, 5, 12)}], "asp-10y", "2036-12-31"),
        (
            "2026-03-31",
            "grade",
            [*OPCO, {"funder": "ocapiat_eu", "last_payment": date(2026, 5, 12)}],
            "ocapiat-eu-10y",
            "2036-12-31",
        ),
    ],
)
def test_due_begins_the_day_after_the_longest_policy(
    retention: Retention, ends: str, kind: str, funders: list[dict[str, Any]], policy: str, until: str
) -> None:
    end = date.fromisoformat(until)
    for shift, state in ((-1, "kept"), (0, "kept"), (1, "due")):
        found = line(retention, session(ends, funders), end + timedelta(days=shift), kind)
        assert (found.state, found.policy and found.policy.policy, found.until) == (state, policy, end), shift
    assert (found.subjects, found.entries) == (("aa", "bb"), 5)


def test_due_overlapping_policies_are_all_named(retention: Retention) -> None:
    found = line(retention, session(funders=OPCO), date(2032, 1, 1))
    assert found.policy is not None
    assert found.policy.policy == "limitation-5y"
    assert {(term.policy.policy, str(term.until)) for term in found.also} == {
        ("opco-3y", "2029-12-31"),
        ("qualiopi-4y", "2030-03-31"),
    }


@pytest.mark.parametrize(
    ("one", "kind", "why"),
    [
        (None, "grade", "the session is not in the specs: its end and its funders are not known"),
        (None, "appreciation", "not in the specs"),
        (session(), "grade", "the session names no funder: write funders (none, where nobody pays)"),
        (session(funders=[{"funder": "cpf"}]), "grade", "no policy of its own for cpf"),
        (session(funders=[*OPCO, {"funder": "region"}]), "grade", "no policy of its own for region"),
        (session(funders=[{"funder": "opco"}]), "grade", "opco-3y: the session names no day of the last payment"),
        (
            session(funders=[{"funder": "region"}, {"funder": "cpf"}]),
            "grade",
            "mappings/retention.yaml has no policy of its own for cpf, region",
        ),
        (session(funders=NONE), "brainwave", "no class of mappings/retention.yaml holds these kinds of facts"),
        (session("9999-06-30", funders=NONE), "grade", "limitation-5y: its end falls outside the calendar"),
        (session("9999-06-30", funders=NONE), "grade", "; qualiopi-4y: its end falls outside the calendar"),
    ],
)
def test_due_what_is_not_known_is_never_due(retention: Retention, one: Session | None, kind: str, why: str) -> None:
    found = line(retention, one, FAR, kind)
    assert (found.state, found.until, found.policy) == ("unknown", None, None)
    assert why in found.why


def test_due_of_a_class_without_policies_of_funders_asks_for_none(retention: Retention) -> None:
    found = line(retention, session(funders=[{"funder": "cpf"}]), date(2027, 3, 31), "appreciation")
    assert (found.state, found.until, found.why) == ("kept", date(2027, 3, 31), "")


def test_due_class_of_no_kind_is_named_by_a_question_mark(retention: Retention) -> None:
    found = line(retention, session(funders=NONE), FAR, "brainwave")
    assert (found.data_class, found.kinds, found.also) == ("?", ("brainwave",), ())


def test_due_session_that_is_not_in_the_specs_names_the_policies_without_an_end(retention: Retention) -> None:
    found = line(retention, None, FAR)
    assert {term.policy.policy for term in found.also} == {
        policy.policy for policy in retention.of_class("assessment") if policy.for_anybody
    }
    assert {(term.until, term.unknown) for term in found.also} == {
        (None, "the session is not in the specs: its end is not known")
    }


def test_due_session_of_several_days_is_kept_from_the_last(retention: Retention) -> None:
    one = session("2026-03-31", NONE)
    early = one.days[0].model_copy(update={"date": date(2025, 12, 31)})
    one = one.model_copy(update={"days": (early, early, *one.days)})
    assert line(retention, one, FAR).until == date(2031, 3, 31)


def only(retention: Retention, **policies: dict[str, Any]) -> Retention:
    """The shipped mapping with these policies alone, each made of the first one."""
    first = retention.policies["asp-10y"]
    made = {name: first.model_copy(update={"policy": name, **change}) for name, change in policies.items()}
    return Retention(retention.edition, retention.classes, retention.funders, made)


def test_due_of_two_policies_that_end_on_one_day_names_one_and_the_other(retention: Retention) -> None:
    both = only(retention, zulu={}, alpha={})
    found = line(both, session(funders=[{"funder": "asp", "last_payment": date(2026, 5, 12)}]), FAR)
    assert (found.policy and found.policy.policy, [term.policy.policy for term in found.also]) == ("zulu", ["alpha"])


@pytest.mark.parametrize(
    ("funders", "until"),
    [
        ([], None),
        ([("asp", date(2026, 1, 1)), ("cpf", date(2027, 1, 1))], date(2037, 12, 31)),
        ([("asp", date(2026, 1, 1)), ("cpf", None)], None),
    ],
)
def test_applying_policy_for_anybody_waits_for_the_last_payment_of_all(
    retention: Retention, funders: list[tuple[str, date | None]], until: date | None
) -> None:
    payers = [{"funder": name, "last_payment": day} for name, day in funders]
    (term,) = applying("assessment", session(funders=payers), only(retention, everybody={"funders": ("any",)}))
    assert term.until == until
    assert (term.unknown == "") is (until is not None)


def test_applying_policy_of_a_funder_looks_at_its_own_payments(retention: Retention) -> None:
    payers = [{"funder": "asp", "last_payment": date(2026, 1, 1)}, {"funder": "cpf", "last_payment": None}]
    (term,) = applying("assessment", session(funders=payers), only(retention, own={}))
    assert (term.policy.policy, term.until) == ("own", date(2036, 12, 31))


def test_due_refusals_are_named_by_subject_and_the_last_to_end_stands(retention: Retention) -> None:
    as_of = date(2040, 6, 1)
    late, soon, other = (
        Refused(subject, as_of + timedelta(days=days), "legal_claims", "opco-3y")
        for subject, days in (("bb", 9), ("bb", 3), ("aa", 5))
    )
    held = [Held(SCOPE, subject, "grade", 1) for subject in ("cc", "bb", "aa")]
    found = line(retention, session(funders=NONE), as_of, held=held, refusals=[late, soon, other])
    assert (found.refused, found.subjects, found.entries) == ((other, late), ("cc",), 1)


def test_due_class_without_any_policy_is_not_known(retention: Retention) -> None:
    bare = Retention(retention.edition, retention.classes, retention.funders, {})
    assert line(bare, session(funders=NONE), FAR).why == "no policy applies"


def test_due_last_payment_of_two_funders_of_one_policy_is_the_later_one(retention: Retention) -> None:
    policy = retention.policies["asp-10y"].model_copy(update={"funders": ("asp", "ocapiat")})
    both = Retention(retention.edition, retention.classes, retention.funders, {"asp-10y": policy})
    funders = [
        {"funder": "asp", "last_payment": date(2026, 12, 31)},
        {"funder": "ocapiat", "last_payment": date(2027, 1, 1)},
    ]
    assert line(both, session(funders=funders), FAR).until == date(2037, 12, 31)


@pytest.mark.parametrize(("shift", "stands"), [(-1, False), (0, True), (1, True)])
def test_due_refusal_stands_to_its_last_day(retention: Retention, shift: int, stands: bool) -> None:
    as_of = date(2040, 6, 1)
    refused = Refused("bb", as_of + timedelta(days=shift), "legal_claims", "opco-3y")
    earlier = Refused("bb", as_of - timedelta(days=900), "legal_claims", "opco-3y")
    found = line(retention, session(funders=NONE), as_of, refusals=[refused, earlier])
    assert found.refused == ((refused,) if stands else ())
    assert found.subjects == (("aa",) if stands else ("aa", "bb"))
    assert found.entries == (3 if stands else 5)


def test_due_classes_and_sessions_are_apart_and_in_order(retention: Retention) -> None:
    held = [
        Held("sag:b@1", "cc", "appreciation", 1),
        Held(SCOPE, "aa", "appreciation", 1),
        Held(SCOPE, "aa", "grade", 2),
        Held(SCOPE, "aa", "quiz_attempt", 4),
    ]
    found = due(held, {SCOPE: session(funders=NONE)}, retention, (), date(2027, 6, 1))
    assert [(one.scope, one.data_class, one.state, one.entries) for one in found] == [
        ("sag:b@1", "satisfaction", "unknown", 1),
        (SCOPE, "assessment", "kept", 6),
        (SCOPE, "satisfaction", "due", 1),
    ]
    assert found[1].kinds == ("grade", "quiz_attempt")
