"""Facts of the ledger in order, and the state that each object of Moodle is in after the last of them.

First step of the compliance view: everything else asks this index, never the raw sequence. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar, cast

from moodle_sync.facts.models import NOBODY, BaseFact, Enrolment, Fact, Person, Vanished

F = TypeVar("F", bound=BaseFact)


def position(entry: str) -> tuple[int, int]:
    """Where ``2026/17`` stands in the ledger: shard and index, as numbers."""
    shard, _, index = entry.partition("/")
    return int(shard), int(index)


def in_order(entries: Iterable[str]) -> tuple[str, ...]:
    """Each of these entries once, in ledger order."""
    return tuple(sorted(set(entries), key=position))


@dataclass(frozen=True)
class Evidence:
    """One entry of the ledger as this view may see it.

    ``entry`` is ``<shard>/<index>`` (``2026/17``). ``fact`` is None when it was erased; ``person`` is None when the
    mapping to a person was erased or never kept. ``subject`` is the pseudonym of the person within the session.
    """

    entry: str
    fact: Fact | None
    observed_at: datetime
    person: Person | None
    subject: str

    @property
    def position(self) -> tuple[int, int]:
        """Where the entry stands in the ledger."""
        return position(self.entry)


@dataclass(frozen=True)
class History(Generic[F]):
    """Every state of one object, oldest first; at least one of them is not a ``Vanished``."""

    states: tuple[Evidence, ...]

    @property
    def known(self) -> Evidence:
        """The entry of the last state in which the object was there."""
        return next(state for state in reversed(self.states) if not isinstance(state.fact, Vanished))

    @property
    def fact(self) -> F:
        """The last state in which the object was there: the current one unless ``vanished``."""
        return cast("F", self.known.fact)

    @property
    def vanished(self) -> Evidence | None:
        """The entry that says the object is gone, when that is its current state."""
        latest = self.states[-1]
        return latest if isinstance(latest.fact, Vanished) else None

    @property
    def facts(self) -> tuple[F, ...]:
        """Every state in which the object was there, oldest first."""
        return tuple(cast("F", state.fact) for state in self.states if not isinstance(state.fact, Vanished))

    @property
    def known_since(self) -> datetime:
        """When the current state was first seen: what it says happened no later than this."""
        return self.known.observed_at


class EvidenceIndex:
    """The current state of each object, and its history, from evidence in ledger order.

    Give it the evidence of one site and one course: objects are told apart by subject and ``object_id`` only.

    Raises:
        ValueError: the entries are not in strictly increasing ledger order, so that "the latest" would mean nothing.
    """

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        self._people: dict[str, Person] = {}
        self._people_by_userid: dict[int, Person] = {}
        self._erased: dict[str, list[str]] = {}
        states: dict[tuple[str, str], list[Evidence]] = {}
        subjects: dict[str, None] = {}
        nobody: dict[str, None] = {}
        last: tuple[int, int] | None = None
        for item in evidence:
            if last is not None and item.position <= last:
                raise ValueError(f"entry {item.entry} is not after the one before it: give evidence in ledger order")
            last = item.position
            (nobody if _is_about_nobody(item) else subjects)[item.subject] = None
            if item.person is not None:
                self._people[item.subject] = item.person
                self._people_by_userid[item.person.userid] = item.person
            if item.fact is None:
                self._erased.setdefault(item.subject, []).append(item.entry)
            else:
                states.setdefault((item.subject, item.fact.object_id), []).append(item)
        self.subjects = tuple(subjects)
        self._nobody = tuple(nobody)
        self._by_kind = _by_kind(states)

    def of(self, subject: str, kind: type[F], activity: str | None = None) -> tuple[History[F], ...]:
        """The objects of one kind of a subject, gone ones included; only those of one activity when it is named."""
        return cast("tuple[History[F], ...]", tuple(self._by_kind.get((subject, kind, activity), ())))

    def current(self, subject: str, kind: type[F], activity: str | None = None) -> tuple[History[F], ...]:
        """The same without those that are gone."""
        return tuple(history for history in self.of(subject, kind, activity) if history.vanished is None)

    def about_nobody(self, kind: type[F]) -> tuple[History[F], ...]:
        """The objects of one kind that are about the session as a whole, gone ones included. No subject is theirs."""
        return tuple(history for subject in self._nobody for history in self.of(subject, kind))

    def person(self, subject: str) -> Person | None:
        """The latest that is known of who the subject is."""
        return self._people.get(subject)

    def person_of_userid(self, userid: int) -> Person | None:
        """Who a Moodle user id is, when that person is a subject too (a trainer who is enrolled)."""
        return self._people_by_userid.get(userid)

    def erased(self, subject: str) -> tuple[str, ...]:
        """The entries of a subject whose content was erased."""
        return tuple(self._erased.get(subject, ()))

    def enrolled(self, subject: str) -> bool:
        """Whether any enrolment of the subject was ever observed."""
        return bool(self.of(subject, Enrolment))

    def is_learner(self, subject: str, roles: frozenset[str]) -> bool:
        """Whether the subject counts as a learner of the course.

        A person who ever held one of these roles is one. So is one of whom no enrolment was observed at all, or of whom
        everything was erased: leaving them out would hide what is not known.
        """
        enrolments = self.of(subject, Enrolment)
        return not enrolments or any(roles & set(fact.roles) for history in enrolments for fact in history.facts)


def _is_about_nobody(item: Evidence) -> bool:
    said = item.person if item.fact is None else item.fact
    return said is not None and said.userid == NOBODY


def _by_kind(
    states: dict[tuple[str, str], list[Evidence]],
) -> dict[tuple[str, type[BaseFact], str | None], list[History[BaseFact]]]:
    # under (subject, kind, None) stand all objects of the kind, under (subject, kind, activity) those of one activity
    found: dict[tuple[str, type[BaseFact], str | None], list[History[BaseFact]]] = {}
    for (subject, _), items in states.items():
        if all(isinstance(item.fact, Vanished) for item in items):
            continue  # gone before anything of it was seen: there is nothing to judge
        history = History[BaseFact](tuple(items))
        kind = type(history.fact)
        found.setdefault((subject, kind, None), []).append(history)
        activity = getattr(history.fact, "activity", None)
        if activity is not None:
            found.setdefault((subject, kind, activity), []).append(history)
    return found
