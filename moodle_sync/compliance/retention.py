"""What is due for erasure: what the ledger holds × the retention policies, as of a day. Erases nothing.

A class of a session's data is kept for the longest of the policies that apply to it. When one of them cannot be told
(no funder named, none of a funder's own, no last payment, no end of the session), nothing of that class is due: an
unknown duration is never a short one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from moodle_sync.mapping.retention import Policy, Retention
from moodle_sync.spec.models import Session

State = Literal["due", "kept", "unknown"]
NO_CLASS = "?"


@dataclass(frozen=True)
class Held:
    """What the ledger holds of one subject in one scope, of one kind of fact: how many entries still say something."""

    scope: str
    subject: str
    kind: str
    entries: int


@dataclass(frozen=True)
class Refused:
    """A refusal to erase a subject. ``until``: the last day on which it stands."""

    subject: str
    until: date
    reason: str
    policy: str


@dataclass(frozen=True)
class Term:
    """One policy that applies to a class in a session, and the last day by it; None with a reason when unknown."""

    policy: Policy
    until: date | None
    unknown: str = ""


@dataclass(frozen=True)
class Line:
    """One class of data of one session.

    ``until`` and ``policy`` are the longest that applies; ``also`` names the others with their ends. ``why`` says what
    is not known. ``subjects`` are those whose entries would go, ``refused`` those whose erasure was refused and stands.
    """

    scope: str
    data_class: str
    kinds: tuple[str, ...]
    state: State
    until: date | None
    policy: Policy | None
    also: tuple[Term, ...]
    why: str
    subjects: tuple[str, ...]
    entries: int
    refused: tuple[Refused, ...]


def due(
    held: Iterable[Held],
    sessions: Mapping[str, Session],
    retention: Retention,
    refusals: Iterable[Refused],
    as_of: date,
) -> tuple[Line, ...]:
    """What is due, kept or not known, for every session and class of which something is held, in their order.

    ``sessions`` are by scope (a course's idnumber). On the last day itself nothing is due yet.
    """
    found: dict[tuple[str, str], list[Held]] = {}
    for one in held:
        found.setdefault((one.scope, retention.class_of(one.kind) or NO_CLASS), []).append(one)
    standing: dict[str, Refused] = {}
    for refusal in sorted(refusals, key=lambda one: one.until):
        if refusal.until >= as_of:
            standing[refusal.subject] = refusal  # the last to end
    return tuple(
        _line(scope, name, found[scope, name], sessions.get(scope), retention, standing, as_of)
        for scope, name in sorted(found)
    )


def _line(
    scope: str,
    data_class: str,
    held: list[Held],
    session: Session | None,
    retention: Retention,
    standing: Mapping[str, Refused],
    as_of: date,
) -> Line:
    terms = applying(data_class, session, retention)
    why = _unknown(data_class, session, retention, terms)
    ends = sorted((term for term in terms if term.until is not None), key=lambda term: (term.until, term.policy.policy))
    longest = ends[-1] if ends and not why else None
    state: State = "unknown" if longest is None or longest.until is None else "due"
    if longest is not None and longest.until is not None and as_of <= longest.until:
        state = "kept"
    refused = {one.subject: standing[one.subject] for one in held if one.subject in standing}
    free = [one for one in held if one.subject not in refused]
    return Line(
        scope=scope,
        data_class=data_class,
        kinds=tuple(sorted({one.kind for one in held})),
        state=state,
        until=None if longest is None else longest.until,
        policy=None if longest is None else longest.policy,
        also=tuple(term for term in terms if term is not longest),
        why=why,
        subjects=tuple(sorted({one.subject for one in free})),
        entries=sum(one.entries for one in free),
        refused=tuple(refused[name] for name in sorted(refused)),
    )


def applying(data_class: str, session: Session | None, retention: Retention) -> tuple[Term, ...]:
    """Every policy that applies to a class of data in a session, with its end as far as it can be told."""
    payers = set() if session is None else {one.funder for one in session.funders}
    return tuple(
        _term(policy, session)
        for policy in retention.of_class(data_class)
        if policy.for_anybody or payers & set(policy.funders)
    )


def _term(policy: Policy, session: Session | None) -> Term:
    if session is None:
        return Term(policy, None, "the session is not in the specs: its end is not known")
    if policy.start.startswith("session"):
        starts = session.days[-1].date
    else:
        own = [one for one in session.funders if policy.for_anybody or one.funder in policy.funders]
        days = [one.last_payment for one in own if one.last_payment is not None]
        if not own or len(days) < len(own):
            return Term(policy, None, "the session names no day of the last payment (funders: last_payment)")
        starts = max(days)
    try:
        return Term(policy, policy.until(starts))
    except OverflowError:
        return Term(policy, None, "its end falls outside the calendar")


def _unknown(data_class: str, session: Session | None, retention: Retention, terms: tuple[Term, ...]) -> str:
    """Why the longest duration cannot be told; empty when it can."""
    if data_class == NO_CLASS:
        return "no class of mappings/retention.yaml holds these kinds of facts"
    if session is None:
        return "the session is not in the specs: its end and its funders are not known"
    special = {name for policy in retention.of_class(data_class) if not policy.for_anybody for name in policy.funders}
    if special and not session.funders:
        return "the session names no funder: write funders (none, where nobody pays)"
    without = sorted({one.funder for one in session.funders} - special - {"none"}) if special else []
    if without:
        return f"mappings/retention.yaml has no policy of its own for {', '.join(without)}"
    unsaid = [f"{term.policy.policy}: {term.unknown}" for term in terms if term.until is None]
    return "; ".join(unsaid) or ("" if terms else "no policy applies")
