"""Finds the pseudonyms of a person: the only way from a name or number to entries, through the deletable mapping.

Reads keystore and mapping, changes nothing. Errors say which key was asked for by whom they were given to: they never
hold a name that was not typed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from moodle_sync.errors import UsageError
from moodle_sync.facts.models import NOBODY, Person
from moodle_sync.store import subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.subjects import SubjectRow

_PREFIX = "userid:"


@dataclass(frozen=True)
class Known:
    """One pseudonym, its scope (a course's idnumber, or ``site``), and who it stands for."""

    pseudonym: str
    scope: str
    site: str
    person: Person


def everybody(
    transaction: Transaction, keystore: Keystore, site: str, scope: str | None = None, *, nobody: bool = False
) -> list[Known]:
    """Every pseudonym of a site (of one scope) with its person; with ``nobody`` also those that stand for no person."""
    rows = subjects.every(transaction) if scope is None else subjects.in_scope(transaction, scope, site)
    known = [_open(keystore, row) for row in rows if row.site == site]
    return [one for one in known if one is not None and (nobody or one.person.userid != NOBODY)]


def find(
    transaction: Transaction,
    keystore: Keystore,
    site: str,
    who: str,
    scope: str | None = None,
    *,
    fields: Sequence[str] = ("idnumber", "username"),
) -> list[Known]:
    """The pseudonyms of one person, in one scope or in all, in the order of their scopes.

    ``who`` is ``userid:7``, or what stands in the first of ``fields`` that knows it, or else Moodle's number of them.

    Raises:
        UsageError: the ledger knows nobody of that key (there), or more than one person.
    """
    known = everybody(transaction, keystore, site, scope)
    for wanted in _ways(who, fields):
        found = [one for one in known if wanted(one.person)]
        people = {one.person.userid for one in found}
        if len(people) > 1:
            hint = "Name the one you mean by Moodle's number: userid:N."
            raise UsageError(f"{len(people)} people have the key {who!r}", hint=hint)
        if found:
            return sorted(found, key=lambda one: one.scope)
    where = f" in {scope}" if scope else ""
    raise UsageError(
        f"the ledger knows nobody of the key {who!r}{where}",
        hint="Write the external key as Moodle has it, or Moodle's own number as userid:N. "
        "Somebody who was erased is not known any more.",
    )


def _ways(who: str, fields: Sequence[str]) -> list[_By]:
    if who.startswith(_PREFIX):
        number = who.removeprefix(_PREFIX)
        return [_By("userid", int(number))] if number.isdecimal() else []
    ways = [_By(field, who) for field in fields]
    return [*ways, _By("userid", int(who))] if who.isdecimal() else ways


@dataclass(frozen=True)
class _By:
    field: str
    value: str | int

    def __call__(self, person: Person) -> bool:
        return bool(self.value) and getattr(person, self.field) == self.value


def _open(keystore: Keystore, row: SubjectRow) -> Known | None:
    key = keystore.key(row.pseudonym)
    if key is None:
        return None  # an erasure that was cut off: the key goes first
    person = Person.model_validate(json.loads(key.unseal_identity(row.pseudonym, row.identity)))
    return Known(row.pseudonym, row.scope, row.site, person)
