"""The checks of what can be deleted: payloads, last known states, mapping; and of the stored programme versions.

Part of ``verify``; reads only. Most of it needs the keystore, and says so when that is not given. What it says never
holds anything of a payload.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

import orjson

from moodle_sync.canonical import canonical
from moodle_sync.errors import VerificationFailed
from moodle_sync.facts.attested import AttestedFact, BaseAttested, parse_any
from moodle_sync.facts.models import Fact, Vanished
from moodle_sync.ledger.checks import Findings, Totals
from moodle_sync.ledger.entries import PERSONAL, Leaf, number
from moodle_sync.store import entries, erasures, payloads, pending, specs, subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import EntryRow
from moodle_sync.store.keys import SubjectKey, commit
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.payloads import PayloadRow
from moodle_sync.store.pending import Batch, CurrentRow, PendingRow


class Secrets:
    """The checks of payloads, and of the last known states: these are read beside them, by the payload's number.

    So each payload is decrypted once, and of neither more than a block is in memory. Without the keystore only owners
    and commitments are compared.
    """

    def __init__(self, transaction: Transaction, keystore: Keystore | None) -> None:
        self._transaction = transaction
        self._keystore = keystore
        self._count = 0

    def check(self, findings: Findings, totals: Totals, rows: Sequence[EntryRow], leaves: Mapping[int, Leaf]) -> None:
        """Checks the payloads of a block of entries, counts them, and checks the last known states that name them."""
        found = payloads.get(self._transaction, [row.payload for row in rows])
        mine = {row.idx: found[row.payload] for row in rows if row.payload in found}
        shard = rows[0].shard
        if self._keystore is not None:
            gone = {idx: leaf for idx, leaf in leaves.items() if idx not in mine}
            _check_taken(findings, self._keystore, shard, gone)
        right = _check_promises(findings, totals, shard, mine, leaves)
        if self._keystore is None:
            return
        opened = self._open_all(findings, self._keystore, shard, {idx: mine[idx] for idx in right}, leaves)
        totals.decrypted += len(opened)
        if found:
            self._check_states(findings, found, {mine[idx].id: one for idx, one in opened.items()})

    def finish(self, findings: Findings) -> None:
        """Checks the last known states that are not sealed, and says what was found."""
        count, lost = pending.count_states(self._transaction)
        wrong = f"{lost} last known states name an entry of nobody, or of another subject"
        findings.add("last states", not lost, wrong, "")
        if self._keystore is not None:
            with closing(pending.waiting(self._transaction)) as blocks:
                for block in blocks:
                    self._check_waiting(findings, self._keystore, block)
            unseen = "a last known state names an entry that cannot be read"
            findings.add("last states", self._count == count, unseen, "")
        right = f"{count} last known states are those of the entries they name"
        findings.add("last states", True, "", right)

    def _check_waiting(self, findings: Findings, keystore: Keystore, block: Sequence[PendingRow]) -> None:
        found = payloads.get(self._transaction, [row.id for row in block if row.subject is not None])
        opened: dict[int, _Opened] = {}
        batches = pending.batches(self._transaction, block)
        for row in block:
            if row.id in found:
                try:
                    opened[row.id] = _open_pending(keystore, row, batches.get(row.batch), found[row.id])
                except VerificationFailed as error:
                    findings.fail("last states", error.message)
        if found:
            self._check_states(findings, found, opened)

    def _open_all(
        self,
        findings: Findings,
        keystore: Keystore,
        shard: int,
        rows: Mapping[int, PayloadRow],
        leaves: Mapping[int, Leaf],
    ) -> dict[int, _Opened]:
        found: dict[int, _Opened] = {}
        salts = keystore.salts([(row.subject, row.commitment) for row in rows.values()])
        before = self._before(leaf.previous for leaf in leaves.values())
        for idx, row in rows.items():
            leaf = leaves[idx]
            try:
                found[idx] = _open(keystore, row, leaf, salts, before.get(leaf.previous or (0, 0)))
            except VerificationFailed as error:
                findings.fail("commitments", f"{number(shard, idx)}: {error.message}")
        return found

    def _before(self, places: Iterable[tuple[int, int] | None]) -> dict[tuple[int, int], PayloadRow]:
        rows = entries.get(self._transaction, {place for place in places if place is not None})
        found = payloads.get(self._transaction, [row.payload for row in rows.values()])
        return {place: found[row.payload] for place, row in rows.items() if row.payload in found}

    def _check_states(self, findings: Findings, found: Mapping[int, PayloadRow], opened: Mapping[int, _Opened]) -> None:
        for state in pending.states(self._transaction, min(found), max(found)):
            if state.payload in found:
                self._check_state(findings, state, found[state.payload], opened.get(state.payload))

    def _check_state(self, findings: Findings, state: CurrentRow, row: PayloadRow, opened: _Opened | None) -> None:
        self._count += 1
        if row.subject != state.subject:
            findings.fail("last states", "a last known state names an entry of nobody, or of another subject")
        elif opened is None:
            findings.fail("last states", "a last known state names an entry that cannot be read")
        elif not opened.is_state(state):
            findings.fail("last states", "a last known state is not that of the entry it names")


def _check_promises(
    findings: Findings, totals: Totals, shard: int, rows: Mapping[int, PayloadRow], leaves: Mapping[int, Leaf]
) -> list[int]:
    """Counts payloads, and returns the indexes of those that have the owner and commitment of their entry."""
    right: list[int] = []
    for idx, row in rows.items():
        leaf = leaves.get(idx)
        if leaf is None or leaf.kind not in PERSONAL:
            continue
        totals.payloads += 1
        if row.commitment.hex() == leaf.commitment and row.subject == leaf.subject:
            right.append(idx)
        else:
            name = number(shard, idx)
            findings.fail("commitments", f"the payload of {name} is not the one that the entry commits to")
    return right


def _check_taken(findings: Findings, keystore: Keystore, shard: int, leaves: Mapping[int, Leaf]) -> None:
    # An erasure takes the salt before the payload: a payload that is gone while its salt is there was just deleted.
    gone = {
        (leaf.subject or "", bytes.fromhex(leaf.commitment)): idx
        for idx, leaf in leaves.items()
        if leaf.commitment is not None
    }
    for promise in keystore.salts(list(gone)):
        findings.fail("payloads", f"the payload of {number(shard, gone[promise])} is gone and was not erased")


class _Opened(NamedTuple):
    """A payload that was decrypted, and what it says."""

    key: SubjectKey
    site: str
    payload: bytes
    fact: Fact | AttestedFact

    def is_state(self, state: CurrentRow) -> bool:
        """Whether a last known state is that of this object and value, and says rightly whether it is gone."""
        return (
            self.key.ref(self.site, self.fact.object_id) == state.ref
            and self.key.value_mac(self.fact.compared(self.payload)) == state.value_mac
            and isinstance(self.fact, Vanished) == bool(state.gone)
        )


def _open(
    keystore: Keystore,
    row: PayloadRow,
    leaf: Leaf,
    salts: Mapping[tuple[str, bytes], bytes],
    before: PayloadRow | None,
) -> _Opened:
    """Decrypts a payload and checks all that it promises; raises VerificationFailed, saying what is wrong."""
    key, wrapped = keystore.key(row.subject), salts.get((row.subject, row.commitment))
    if key is None or wrapped is None:
        raise VerificationFailed("its key or salt is not in the keystore")
    data = key.decrypt(row.nonce, row.ciphertext, row.commitment)
    salt = key.unseal_salt(row.commitment, wrapped)
    if row.key_id != key.id:
        raise VerificationFailed("its key is another one than its row says")
    if commit(salt, data) != row.commitment:
        raise VerificationFailed("its payload is not the one that it commits to")
    fact = _read(data)
    if isinstance(fact, BaseAttested) != (leaf.kind == "attested"):
        raise VerificationFailed("what was observed and what was attested are mixed up")
    if fact.course != leaf.session:
        raise VerificationFailed("its payload is about another session")
    if before is not None:
        earlier = _read(key.decrypt(before.nonce, before.ciphertext, before.commitment))
        if earlier.object_id != fact.object_id:
            raise VerificationFailed("it points at an entry about another object")
    return _Opened(key, leaf.site or "", data, fact)


def _open_pending(keystore: Keystore, row: PendingRow, batch: Batch | None, payload: PayloadRow) -> _Opened:
    key = keystore.key(payload.subject)
    if key is None or batch is None:
        raise VerificationFailed("a last known state has no key")
    if (payload.subject, payload.commitment) != (row.subject, row.commitment):
        raise VerificationFailed("a pending row has the payload of another one")
    data = key.decrypt(payload.nonce, payload.ciphertext, payload.commitment)
    return _Opened(key, batch.site, data, _read(data))


def _read(data: bytes) -> Fact | AttestedFact:
    try:
        payload = orjson.loads(data)
        fact = parse_any(payload)
        if canonical(payload) != data:
            raise VerificationFailed("its payload is not in its canonical form")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # pydantic's errors are ValueErrors
        raise VerificationFailed("its payload is not a fact that this program knows") from error
    return fact


def check_mapping(transaction: Transaction, findings: Findings, keystore: Keystore | None) -> None:
    """Checks that each identity can be read and is the one that its lookup was made from."""
    rows = subjects.every(transaction)
    if keystore is None:
        findings.add("mapping", True, "", f"{len(rows)} pseudonyms; who they are was not checked without the keystore")
        return
    for row in rows:
        try:
            key = keystore.key(row.pseudonym)
            person = json.loads(key.unseal_identity(row.pseudonym, row.identity)) if key is not None else {}
            ok = keystore.master.lookup_as(row.key_id, row.site, int(person.get("userid", -1))) == row.lookup
        except VerificationFailed:
            ok = False
        findings.add("mapping", ok, "an identity does not belong to its pseudonym", "")
    findings.add("mapping", True, "", f"{len(rows)} pseudonyms stand for whom they were made for")


def check_erasures(transaction: Transaction, findings: Findings) -> None:
    """Checks that no erasure was cut off half-way, and says when remnants of one may be left."""
    rows = erasures.unfinished(transaction)
    cut = [row for row in rows if row.state == "started"]
    hint = "run: moodle-sync ledger erase --resume"
    left = f"; of {len(rows)} remnants may be left in the files: {hint}" if rows else ""
    findings.add("erasures", not cut, f"{len(cut)} erasures were cut off; {hint}", f"no erasure was cut off{left}")


def check_specs(transaction: Transaction, findings: Findings, programmes: set[str]) -> None:
    """Checks that every stored programme version has its digest, and says which ones are not stored."""
    stored: set[str] = set()
    for digest, content in specs.every(transaction):
        stored.add(digest)
        findings.add("versions", hashlib.sha256(content).hexdigest() == digest, f"{digest[:12]} was altered", "")
    absent = len(programmes - stored)
    note = f"; {absent} that entries name are not stored and cannot be read here" if absent else ""
    findings.add("versions", True, "", f"{len(stored)} stored programme and rubric versions have their digest{note}")
