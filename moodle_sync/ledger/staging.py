"""Staging: from a snapshot of one course to encrypted pending rows, in one transaction.

Every fact is compared with the last known state of its object (``current``), sealed or not yet; never with history.
Equal: nothing. Changed: a new row that points at the last one. Gone, after a complete snapshot: one ``vanished`` row.
Only the sealer gives a row its place in the ledger.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moodle_sync import canonical
from moodle_sync.clock import to_rfc3339
from moodle_sync.errors import LedgerError, LedgerUnusable
from moodle_sync.facts.attested import AttestedFact, BaseAttested, parse_any
from moodle_sync.facts.models import Fact, Person, Snapshot, Vanished
from moodle_sync.ledger.entries import conceal, reveal
from moodle_sync.ledger.plans import Plans
from moodle_sync.store import Store, entries, pending, runs, specs, subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.keys import KEY_SIZE, SubjectKey
from moodle_sync.store.keystore import Keystore, Salt
from moodle_sync.store.pending import CurrentRow, PendingRow
from moodle_sync.store.subjects import SubjectRow


@dataclass(frozen=True)
class Staged:
    """What one snapshot added: objects new, changed (or back), vanished; and those that are as they were."""

    new: int
    changed: int
    vanished: int
    unchanged: int

    @property
    def added(self) -> int:
        """How many facts wait for the sealer."""
        return self.new + self.changed + self.vanished


def stage(
    store: Store,
    keystore: Keystore,
    snapshot: Snapshot,
    *,
    programme_digest: str | None,
    plan_id: str | None,
    now: str,
    plans: Plans | None = None,
) -> Staged:
    """Stages a snapshot; all of it is on disk when this returns, or nothing is. ``now`` is RFC 3339.

    ``plan_id`` is the plan that made the course; ``plans`` says it by activity, where that is known.

    Raises:
        LedgerError: the snapshot says two different things of one object.
        LedgerUnusable: another process is writing, or the keystore lacks keys of this ledger's subjects.
        ValueError: a fact of another course, or a definition that does not have its digest.
    """
    facts = _distinct(snapshot)
    with store.write(scope=f"{snapshot.site} {snapshot.course}") as transaction:
        for digest, definition in sorted(snapshot.definitions.items()):  # in one order: others may store them too
            if specs.put(transaction, "rubric_definition", definition) != digest:
                raise ValueError("a rubric definition does not have the digest that it was read under")
        at = to_rfc3339(snapshot.observed_at)
        run_id = runs.add_pull(
            transaction, site=snapshot.site, session=snapshot.course, release=snapshot.release, at=at
        )
        template = PendingRow(
            run_id, "observed", snapshot.site, snapshot.course, programme_digest, plan_id, observed_at=at
        )
        work = Work(transaction, keystore, template, snapshot.people, plans or Plans(plan_id))
        for fact in facts:
            work.compare(fact)
        work.look_for_the_vanished(snapshot.complete, snapshot.untold)
        staged = work.store()
        counts = {name: getattr(staged, name) for name in ("new", "changed", "vanished", "unchanged")}
        counts |= {"calls": snapshot.calls, "requests": snapshot.requests, "warnings": len(snapshot.warnings)}
        if staged.added:
            content = {"release": snapshot.release, "complete": sorted(snapshot.complete), **counts}
            pending.add(transaction, run_id, [run_row(template, content)])
        runs.finish_pull(transaction, run_id, now, counts)
        # The keys first: killed between the two commits, keys that nobody refers to are left, and harm nobody. The
        # other way round a payload would be left that nobody can read.
        keystore.add(work.new_keys, work.salts)
    return staged


def run_row(template: PendingRow, content: canonical.JSON) -> PendingRow:
    """The row that closes a run, with what it counted: nothing of a person."""
    text = canonical.canonical(content).decode()
    return template._replace(kind="run", content=text)


def _distinct(snapshot: Snapshot) -> list[Fact]:
    """Each object once, in an order that does not depend on the order of Moodle's pages."""
    found: dict[str, Fact] = {}
    for fact in sorted(snapshot.facts, key=lambda fact: (fact.object_id, fact.wsfunction)):
        if fact.course != snapshot.course:
            raise ValueError("a snapshot of one course holds a fact of another")
        other = found.setdefault(fact.object_id, fact)
        if other is not fact and other.value() != fact.value():
            hint = "Moodle changed while it was read: pull again."
            raise LedgerError(f"the snapshot says two different things of one {fact.kind}", hint=hint)
    return list(found.values())


class Work:
    """The work of one stage over one scope, inside its transaction. ``template`` says which site, scope and run.

    ``people`` are those of whom a name is known now; of the others nothing in the mapping is changed.
    """

    def __init__(
        self,
        transaction: Transaction,
        keystore: Keystore,
        template: PendingRow,
        people: Mapping[int, Person],
        plans: Plans | None = None,
    ) -> None:
        self._transaction = transaction
        self._keystore = keystore
        self._people = people
        self._template = template
        self._plans = plans
        self._site = template.site
        self._scope = template.session or ""
        self._subjects = {row.lookup: row for row in subjects.in_scope(transaction, self._scope, self._site)}
        self._current = pending.current_in_scope(transaction, self._scope, self._site)
        self._ready: dict[int, tuple[str, SubjectKey]] = {}
        self._seen: set[tuple[str, bytes]] = set()
        self._rows: list[PendingRow] = []
        self._states: list[tuple[bytes, int, CurrentRow | None]] = []  # of each row: value, gone, and the state before
        self._new = self._changed = self._vanished = self._unchanged = 0
        self._new_subjects: list[SubjectRow] = []
        self.new_keys: dict[str, bytes] = {}
        self.salts: list[Salt] = []

    def compare(self, fact: Fact | AttestedFact) -> None:
        """Adds a row if the fact says something else than the last known state of its object."""
        pseudonym, key = self._subject(fact.userid)
        payload = fact.payload()
        ref, mac = key.ref(self._site, fact.object_id), key.value_mac(fact.compared(payload))
        self._seen.add((pseudonym, ref))
        last = self._current.get((pseudonym, ref))
        gone = isinstance(fact, Vanished)
        if last is not None and (last.value_mac == mac or (gone and last.gone)):
            self._unchanged += 1
            return
        self._add(fact, payload, pseudonym, key, ref, last)
        self._states.append((mac, int(gone), last))
        if gone:
            self._vanished += 1
        elif last is None:
            self._new += 1
        else:
            self._changed += 1

    def look_for_the_vanished(self, complete: Collection[str], untold: Collection[tuple[str, int]]) -> None:
        """Adds a ``vanished`` fact for each object of these kinds that was there and was not compared.

        What was attested is not Moodle's: it never vanishes.
        """
        if not complete:
            return
        absent = [last for place, last in self._current.items() if place not in self._seen and not last.gone]
        for last, key, before in self._read(absent):
            if isinstance(before, BaseAttested):
                continue
            if before.kind not in complete or (before.kind, before.userid) in untold:
                continue
            fact = Vanished(
                course=before.course,
                userid=before.userid,
                occurred_at=None,
                wsfunction=before.wsfunction,  # the function whose complete answer does not have it any more
                was=before.kind,
                object=before.object_id,
            )
            payload = fact.payload()
            mac = key.value_mac(fact.compared(payload))
            self._add(fact, payload, last.subject, key, last.ref, last)
            self._states.append((mac, 1, last))
            self._vanished += 1

    def store(self) -> Staged:
        """Writes what was found, and says how much it was."""
        subjects.add(self._transaction, self._new_subjects)
        numbers = pending.add(self._transaction, self._template.run_id, self._rows)
        new: list[CurrentRow] = []
        changed: list[CurrentRow] = []
        for number, row, (mac, gone, last) in zip(numbers, self._rows, self._states, strict=True):
            state = CurrentRow(row.subject or "", row.ref or b"", None, None, number, mac, gone)
            (new if last is None else changed).append(state)
        pending.set_current(self._transaction, new, changed)
        return Staged(self._new, self._changed, self._vanished, self._unchanged)

    def _add(
        self,
        fact: Fact | AttestedFact,
        payload: dict[str, Any],
        pseudonym: str,
        key: SubjectKey,
        ref: bytes,
        last: CurrentRow | None,
    ) -> None:
        secret = conceal(key, payload)
        run, plan = self._template, None if self._plans is None else self._plans.of(fact)
        told = (run.run_id, run.kind, run.site, run.session, run.programme, plan, run.observed_at, pseudonym, ref)
        before = (None, None, None) if last is None else (last.shard, last.idx, last.pending)
        self._rows.append(PendingRow(*told, *before, secret.nonce, secret.ciphertext, secret.commitment, key.id))
        self.salts.append(Salt(secret.commitment, pseudonym, secret.wrapped_salt))

    def _subject(self, userid: int) -> tuple[str, SubjectKey]:
        if userid not in self._ready:
            self._ready[userid] = self._find_or_make(userid)
        return self._ready[userid]

    def _find_or_make(self, userid: int) -> tuple[str, SubjectKey]:
        person = self._people.get(userid)
        lookup = self._keystore.master.lookup(self._site, userid)
        row = self._subjects.get(lookup)
        if row is None:
            pseudonym, secret = secrets.token_hex(16), secrets.token_bytes(KEY_SIZE)
            self.new_keys[pseudonym] = secret
            key = SubjectKey(secret)
            identity = key.seal_identity(pseudonym, (person or Person(userid=userid)).model_dump())
            self._new_subjects.append(
                SubjectRow(pseudonym, self._scope, self._site, lookup, identity, self._keystore.master.id)
            )
            return pseudonym, key
        key = self._key(row.pseudonym)
        if person is not None:
            known = json.loads(key.unseal_identity(row.pseudonym, row.identity))
            if known != canonical.nfc(person.model_dump()):
                identity = key.seal_identity(row.pseudonym, person.model_dump())
                subjects.set_identity(self._transaction, row.pseudonym, identity)
        return row.pseudonym, key

    def _key(self, pseudonym: str) -> SubjectKey:
        key = self._keystore.key(pseudonym)
        if key is None:
            raise LedgerUnusable(
                "the keystore lacks a key of this ledger", hint="Restore the keystore from its last backup."
            )
        return key

    def _read(self, states: list[CurrentRow]) -> Iterator[tuple[CurrentRow, SubjectKey, Fact | AttestedFact]]:
        waiting = pending.get(self._transaction, [last.pending for last in states if last.pending is not None])
        places = {(last.shard, last.idx) for last in states if last.shard is not None and last.idx is not None}
        sealed = entries.payloads_at(self._transaction, places)
        for last in states:
            row: PendingRow | entries.PayloadRow | None
            if last.pending is not None:
                row = waiting.get(last.pending)
            else:
                row = sealed.get((last.shard or 0, last.idx or 0))
            if row is None or row.nonce is None or row.ciphertext is None or row.commitment is None:
                raise LedgerError("the last state of an object is not there", hint="Run: moodle-sync ledger verify")
            key = self._key(last.subject)
            yield last, key, parse_any(reveal(key, row.nonce, row.ciphertext, row.commitment))
