"""Retention: the shipped policies say what was read and no more, and their arithmetic is that of the calendar."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from moodle_sync.errors import SpecError
from moodle_sync.facts.attested import ATTESTED_KINDS
from moodle_sync.facts.models import KINDS
from moodle_sync.mapping.loader import load_mappings
from moodle_sync.mapping.models import Known
from moodle_sync.mapping.retention import Policy, Retention

SHIPPED = Path(__file__).resolve().parents[3] / "mappings"


@pytest.fixture(scope="module")
def retention() -> Retention:
    return load_mappings(SHIPPED).retention


def test_retention_every_kind_of_fact_has_a_class(retention: Retention) -> None:
    assert [kind for kind in (*KINDS, *ATTESTED_KINDS) if retention.class_of(kind) is None] == []
    assert retention.class_of("no_such_kind") is None


@pytest.mark.parametrize(
    ("policy", "keep", "known"),
    [
        ("opco-3y", "3y", Known.SECONDARY),
        ("ocapiat-6y", "6y", Known.SECONDARY),
        ("ocapiat-eu-10y", "10y", Known.SECONDARY),
        ("asp-10y", "10y", Known.PRIMARY),
        ("limitation-5y", "5y", Known.SECONDARY),
        ("qualiopi-4y", "4y", Known.UNVERIFIED),
        ("satisfaction-1y", "1y", Known.UNVERIFIED),
    ],
)
def test_retention_shipped_durations_are_those_that_were_read(
    retention: Retention, policy: str, keep: str, known: Known
) -> None:
    assert (retention.policies[policy].keep, retention.policies[policy].known) == (keep, known)
    assert len(retention.policies) == 7


def test_retention_has_no_policy_where_no_value_was_read(retention: Retention) -> None:
    own = {name for policy in retention.policies.values() for name in policy.funders}
    assert {"cpf", "france_travail", "region", "esf", "opco_eu"} <= set(retention.funders)
    assert not own & {"cpf", "france_travail", "region", "esf", "opco_eu"}


@pytest.mark.parametrize(
    ("keep", "start", "starts", "until"),
    [
        ("3y", "session_end", "2026-03-31", "2029-03-31"),
        ("3y", "session_year_end", "2026-03-31", "2029-12-31"),
        ("3y", "last_payment_year_end", "2026-01-01", "2029-12-31"),
        ("1y", "session_end", "2024-02-29", "2025-02-28"),
        ("4y", "session_end", "2024-02-29", "2028-02-29"),
        ("18mo", "session_end", "2026-08-31", "2028-02-29"),
        ("6mo", "last_payment", "2026-08-31", "2027-02-28"),
        ("1mo", "session_end", "2026-12-31", "2027-01-31"),
    ],
)
def test_policy_until_is_calendar_arithmetic(
    retention: Retention, keep: str, start: str, starts: str, until: str
) -> None:
    policy = retention.policies["opco-3y"].model_copy(update={"keep": keep, "start": start})
    assert policy.until(date.fromisoformat(starts)) == date.fromisoformat(until)


def test_policy_until_outside_the_calendar_is_refused(retention: Retention) -> None:
    policy: Policy = retention.policies["opco-3y"]
    with pytest.raises(OverflowError):
        policy.until(date(9998, 1, 1))


CASES = [
    ("keep: 3y", "keep: 3 ans", "policies.opco-3y.keep", "a duration: write months or years"),
    ("keep: 3y", "keep: 0y", "policies.opco-3y.keep", "a duration"),
    ("funders: [opco]", "funders: [opca]", "policies.opco-3y.funders", 'no "opca" under funders; did you mean "opco"'),
    ("classes: [satisfaction]", "classes: [humeur]", "policies.satisfaction-1y.classes", 'no "humeur" under classes'),
    ("policy: asp-10y", "policy: opco-3y", "policies.opco-3y.policy", "already there"),
    ("policy: asp-10y", "policy: Zoé", "policies.Zoé.policy", "a policy: small letters"),
    ("start: session_end", "start: someday", "policies.limitation-5y.start", "is not known here"),
    (
        "kinds: [appreciation]",
        "kinds: [appreciation, grade]",
        "classes.satisfaction.kinds",
        'class "assessment" already',
    ),
    ("funder: cpf,", "funder: any,", "funders.any.funder", "stands for every funder"),
    ("funder: cpf,", "funder: opco,", "funders.opco.funder", "already there"),
    ("    known: primary\n", "", "policies.asp-10y.known", '"known" is missing'),
    ('edition: "2026-08"', 'editions: "2026-08"', "editions", "there is no field"),
]


@pytest.mark.parametrize(("old", "new", "where", "words"), CASES, ids=[f"{case[2]}-{case[1]}" for case in CASES])
def test_load_retention_one_mistake_gives_its_place(tmp_path: Path, old: str, new: str, where: str, words: str) -> None:
    shutil.copytree(SHIPPED, tmp_path / "m")
    file = tmp_path / "m" / "retention.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_mappings(tmp_path / "m")
    problem = next(one for one in caught.value.problems if one.where == where)
    assert words in problem.message
    assert (problem.file, problem.line > 0, problem.column > 0) == (file, True, True)
