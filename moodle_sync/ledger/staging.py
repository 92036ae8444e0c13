"""Staging: from a snapshot of one course to encrypted pending rows, in one transaction.

Every fact is compared with the last known state of its object (``current``), sealed or not yet; never with history.
Equal: nothing. Changed: a new row that points at the last one. Gone, after a complete snapshot: one ``vanished`` row.
Only the sealer gives a row its place in the ledger.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from moodle_sync import canonical
from moodle_sync.clock import to_rfc3339
from moodle_sync.errors import LedgerError, LedgerUnusable
from moodle_sync.facts.attested import AttestedFact, BaseAttested, parse_any
from moodle_sync.facts.models import Fact, Person, Snapshot, Vanished
from moodle_sync.ledger.entries import reveal
from moodle_sync.ledger.plans import Plans
from moodle_sync.store import Store, erasures, payloads, pending, runs, specs, subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.keys import KEY_SIZE, SubjectKey
from moodle_sync.store.keystore import Keystore, Salt
from moodle_sync.store.pending import Batch, CurrentRow, PendingRow
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

    Facts of a kind whose retention is over in the session are passed over, though Moodle may tell of them for years.

    ``plan_id`` is the plan that made the course; ``plans`` says it by activity, where that is known.

    Raises:
        LedgerError: the snapshot says two different things of one object.
        LedgerUnusable: another process is writing, or the keystore lacks keys of this ledger's subjects.
        ValueError: a fact of another course, or a definition that does not have its digest.
    """
    facts = _distinct(snapshot)
    with store.write(scope=f"{snapshot.site} {snapshot.course}") as transaction:
        retired = erasures.retired(transaction, snapshot.site, snapshot.course)
        for digest, definition in sorted(snapshot.definitions.items()):  # in one order: others may store them too
            if specs.put(transaction, "rubric_definition", definition) != digest:
                raise ValueError("a rubric definition does not have the digest that it was read under")
        at = to_rfc3339(snapshot.observed_at)
        run_id = runs.add_pull(
            transaction, site=snapshot.site, session=snapshot.course, release=snapshot.release, at=at
        )
        batch = Batch(run_id, "observed", snapshot.site, snapshot.course, programme_digest, at)
        work = Work(transaction, keystore, batch, snapshot.people, plans or Plans(plan_id))
        for fact in facts:
            if not retired or getattr(fact, "was", fact.kind) not in retired:
                work.compare(fact)
        # Nothing of a kind whose retention is over is known to be complete: what was erased did not vanish.
        work.look_for_the_vanished(snapshot.complete - retired, snapshot.untold)
        # The keys are on disk before this transaction is: killed in between, keys that nobody refers to are left, and
        # harm nobody. The other way round a payload would be left that nobody can read.
        with keystore.adding(work.new_keys, work.salts):
            staged = work.store()
            counts = {name: getattr(staged, name) for name in ("new", "changed", "vanished", "unchanged")}
            counts |= {"calls": snapshot.calls, "requests": snapshot.requests, "warnings": len(snapshot.warnings)}
            if staged.added:
                content = {"release": snapshot.release, "complete": sorted(snapshot.complete), **counts}
                work.close(plan_id, content)
            runs.finish_pull(transaction, run_id, now, counts)
    return staged


def _distinct(snapshot: Snapshot) -> Iterable[Fact]:
    """Each object once, the same fact of it whatever the order of Moodle's pages."""
    found: dict[str, Fact] = {}
    for fact in snapshot.facts:
        if fact.course != snapshot.course:
            raise ValueError("a snapshot of one course holds a fact of another")
        name = fact.object_id
        other = found.setdefault(name, fact)
        if other is fact:
            continue
        if other.value() != fact.value():
            hint = "Moodle changed while it was read: pull again."
            raise LedgerError(f"the snapshot says two different things of one {fact.kind}", hint=hint)
        found[name] = min(other, fact, key=lambda one: one.wsfunction)
    return found.values()


_Found = tuple[str, bytes, str, bytes, bytes, bytes, bytes, str | None, int | None, bytes, int]
"""A fact to be added: pseudonym, object, key, nonce, ciphertext, commitment, wrapped salt, plan, the payload of the
state before, what its value is compared by, and whether it is gone."""


class Work:
    """The work of one stage over one scope, inside its transaction. ``batch`` says which site, scope and run.

    ``people`` are those of whom a name is known now; of the others nothing in the mapping is changed.
    """

    def __init__(
        self,
        transaction: Transaction,
        keystore: Keystore,
        batch: Batch,
        people: Mapping[int, Person],
        plans: Plans | None = None,
    ) -> None:
        self._transaction = transaction
        self._keystore = keystore
        self._people = people
        self._batch = batch
        self._plans = plans
        self._site = batch.site
        self._scope = batch.session or ""
        self._subjects = {row.lookup: row for row in subjects.in_scope(transaction, self._scope, self._site)}
        self._current = pending.current_in_scope(transaction, self._scope, self._site)
        self._ready: dict[int, tuple[str, SubjectKey]] = {}
        self._seen: set[tuple[str, bytes]] = set()
        self._found: list[_Found] = []
        self._new = self._changed = self._vanished = self._unchanged = 0
        self._new_subjects: list[SubjectRow] = []
        self._number = self._last = 0  # of the batch, and for the row that closes it
        self.new_keys: dict[str, bytes] = {}

    @property
    def salts(self) -> Iterator[Salt]:
        """The salts of what was found, for the keystore."""
        return ((name, commitment, salt) for name, _, _, _, _, commitment, salt, *_ in self._found)

    def compare(self, fact: Fact | AttestedFact) -> None:
        """Adds a row if the fact says something else than the last known state of its object."""
        pseudonym, key = self._subject(fact.userid)
        payload = fact.data()
        mac = key.value_mac(fact.compared(payload))
        place = pseudonym, key.ref(self._site, fact.object_id)
        self._seen.add(place)
        last = self._current.get(place)
        gone = isinstance(fact, Vanished)
        if last is not None and (last.value_mac == mac or (gone and last.gone)):
            self._unchanged += 1
            return
        self._add(fact, payload, key, place, mac, last)
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
            payload = fact.data()
            mac = key.value_mac(fact.compared(payload))
            self._add(fact, payload, key, (last.subject, last.ref), mac, last)
            self._vanished += 1

    def store(self) -> Staged:
        """Writes what was found, and says how much it was.

        In the order of subject and object, whatever order Moodle answered in: numbers outlive an erasure.
        """
        subjects.add(self._transaction, self._new_subjects)
        found = sorted(self._found)
        if found:
            self._number = pending.begin(self._transaction, self._batch)
            *numbers, self._last = payloads.reserve(self._transaction, len(found) + 1)
            self._write(numbers, found)
        return Staged(self._new, self._changed, self._vanished, self._unchanged)

    def close(self, plan: str | None, content: canonical.JSON) -> None:
        """Adds the row that says what the run counted, once something was stored: nothing of a person."""
        text = canonical.canonical(content).decode()
        pending.add(self._transaction, [PendingRow(self._last, self._number, plan, content=text)])

    def _write(self, numbers: Sequence[int], found: Sequence[_Found]) -> None:
        # Column by column: what is done for each row in turn costs more than the database does.
        names, refs, keys, nonces, ciphertexts, commitments, _, plans, before, macs, gone = zip(*found, strict=True)
        payloads.add(self._transaction, list(zip(numbers, names, nonces, ciphertexts, commitments, keys, strict=True)))
        told = zip(numbers, repeat(self._number), plans, names, before, commitments, repeat(None), strict=False)
        pending.add(self._transaction, list(told))
        states = list(zip(zip(names, refs, numbers, macs, gone, strict=True), before, strict=True))
        new = [state for state, last in states if last is None]
        changed = [state for state, last in states if last is not None]
        pending.set_current(self._transaction, new, changed)

    def _add(
        self,
        fact: Fact | AttestedFact,
        payload: bytes,
        key: SubjectKey,
        place: tuple[str, bytes],
        mac: bytes,
        last: CurrentRow | None,
    ) -> None:
        plan = None if self._plans is None else self._plans.of(fact)
        before, gone = None if last is None else last.payload, int(isinstance(fact, Vanished))
        self._found.append((*place, key.id, *key.conceal(payload), plan, before, mac, gone))

    def _subject(self, userid: int) -> tuple[str, SubjectKey]:
        found = self._ready.get(userid)
        if found is None:
            found = self._ready[userid] = self._find_or_make(userid)
        return found

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
        rows = payloads.get(self._transaction, [last.payload for last in states])
        for last in states:
            row = rows.get(last.payload)
            if row is None:
                raise LedgerError("the last state of an object is not there", hint="Run: moodle-sync ledger verify")
            key = self._key(last.subject)
            yield last, key, parse_any(reveal(key, row.nonce, row.ciphertext, row.commitment))
