"""What is due: the longest policy wins and is named, to the day; what is not known is never due."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.compliance.retention import Held, Line, Refused, due
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
        (None, "grade", "not in the specs"),
        (None, "appreciation", "not in the specs"),
        (session(), "grade", "names no funder"),
        (session(funders=[{"funder": "cpf"}]), "grade", "no policy of its own for cpf"),
        (session(funders=[*OPCO, {"funder": "region"}]), "grade", "no policy of its own for region"),
        (session(funders=[{"funder": "opco"}]), "grade", "opco-3y: the session names no day of the last payment"),
        (session(funders=NONE), "brainwave", "no class"),
    ],
)
def test_due_what_is_not_known_is_never_due(retention: Retention, one: Session | None, kind: str, why: str) -> None:
    found = line(retention, one, FAR, kind)
    assert (found.state, found.until, found.policy) == ("unknown", None, None)
    assert why in found.why


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
