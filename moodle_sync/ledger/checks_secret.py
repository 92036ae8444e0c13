"""The checks of what can be deleted: payloads, last known states, mapping; and of the stored programme versions.

Part of ``verify``; reads only. Most of it needs the keystore, and says so when that is not given. What it says never
holds anything of a payload.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple

import orjson

from moodle_sync.canonical import canonical
from moodle_sync.errors import VerificationFailed
from moodle_sync.facts.attested import AttestedFact, BaseAttested, parse_any
from moodle_sync.facts.models import Fact, Vanished
from moodle_sync.ledger.checks import Findings, Totals
from moodle_sync.ledger.entries import PERSONAL, Leaf, number
from moodle_sync.store import entries, erasures, pending, specs, subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import PayloadRow
from moodle_sync.store.keys import SubjectKey, commit
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.pending import CurrentRow, PendingRow

_BLOCK = 500


class Secrets:
    """The checks of payloads, and of the last known states: these are read beside them, in the order of the entries.

    So each payload is decrypted once, and of neither more than a block is in memory. Without the keystore only owners
    and commitments are compared.
    """

    def __init__(self, transaction: Transaction, keystore: Keystore | None) -> None:
        self._transaction = transaction
        self._keystore = keystore
        self._states = None if keystore is None else pending.sealed_states(transaction)
        self._next = None if self._states is None else next(self._states, None)
        self._count = 0

    def close(self) -> None:
        """Lets go of the last known states that were not read."""
        if self._states is not None:
            self._states.close()

    def check(
        self, findings: Findings, totals: Totals, shard: int, span: tuple[int, int], leaves: dict[int, Leaf]
    ) -> None:
        """Checks the payloads of a block of entries, counts them, and checks the last known states that name them."""
        if self._keystore is None:
            _check_promises(findings, totals, shard, entries.promises(self._transaction, shard, *span), leaves)
            return
        rows = entries.payloads(self._transaction, shard, *span)
        _check_taken(findings, self._keystore, shard, {idx: leaf for idx, leaf in leaves.items() if idx not in rows})
        promises = [(row.idx, row.subject, row.commitment) for row in rows.values()]
        right = _check_promises(findings, totals, shard, promises, leaves)
        opened = self._open_all(findings, self._keystore, [rows[idx] for idx in right], leaves)
        totals.decrypted += len(opened)
        for state in self._named(shard, span[1]):
            place = state.idx or 0
            row = rows.get(place) if state.shard == shard else None
            self._check_state(findings, state, row, opened.get(place))

    def finish(self, findings: Findings) -> None:
        """Checks the last known states that are not sealed, and says what was found."""
        if self._keystore is None:
            self._count, lost = pending.count_states(self._transaction)
            wrong = f"{lost} last known states name an entry of nobody, or of another subject"
            findings.add("last states", not lost, wrong, "")
        else:
            for state in self._named(None, 0):  # they name an entry that is not there
                self._check_state(findings, state, None, None)
            self._check_waiting(findings, self._keystore)
        right = f"{self._count} last known states are those of the entries they name"
        findings.add("last states", True, "", right)

    def _check_waiting(self, findings: Findings, keystore: Keystore) -> None:
        with closing(pending.pending_states(self._transaction)) as states:
            while block := list(islice(states, _BLOCK)):
                numbers = [state.pending for state in block if state.pending is not None]
                waiting = pending.get(self._transaction, numbers)
                for state in block:
                    row, opened = waiting.get(state.pending or 0), None
                    try:
                        opened = None if row is None else _open_pending(keystore, row)
                    except VerificationFailed as error:
                        findings.fail("last states", error.message)
                    self._check_state(findings, state, row, opened)

    def _open_all(
        self, findings: Findings, keystore: Keystore, rows: Sequence[PayloadRow], leaves: Mapping[int, Leaf]
    ) -> dict[int, _Opened]:
        found: dict[int, _Opened] = {}
        salts = keystore.salts([row.commitment for row in rows])
        places = {leaf.previous for leaf in leaves.values() if leaf.previous}
        before = entries.payloads_at(self._transaction, places)
        for row in rows:
            leaf = leaves[row.idx]
            try:
                found[row.idx] = _open(keystore, row, leaf, salts, before.get(leaf.previous or (0, 0)))
            except VerificationFailed as error:
                findings.fail("commitments", f"{number(row.shard, row.idx)}: {error.message}")
        return found

    def _named(self, shard: int | None, stop: int) -> Iterator[CurrentRow]:
        """The next last known states, up to this entry; with no shard, all that are left."""
        while self._states is not None and self._next is not None:
            if shard is not None and (self._next.shard or 0, self._next.idx or 0) >= (shard, stop):
                return
            yield self._next
            self._next = next(self._states, None)

    def _check_state(
        self, findings: Findings, state: CurrentRow, row: PayloadRow | PendingRow | None, opened: _Opened | None
    ) -> None:
        self._count += 1
        if row is None or row.subject != state.subject:
            findings.fail("last states", "a last known state names an entry of nobody, or of another subject")
        elif opened is None:
            findings.fail("last states", "a last known state names an entry that cannot be read")
        elif not opened.is_state(state):
            findings.fail("last states", "a last known state is not that of the entry it names")


def _check_promises(
    findings: Findings,
    totals: Totals,
    shard: int,
    promises: Sequence[tuple[int, str, bytes]],
    leaves: Mapping[int, Leaf],
) -> list[int]:
    """Counts payloads, and returns the indexes of those that have the owner and commitment of their entry."""
    right: list[int] = []
    for idx, subject, commitment in promises:
        leaf = leaves.get(idx)
        if leaf is None or leaf.kind not in PERSONAL:
            continue
        totals.payloads += 1
        if commitment.hex() == leaf.commitment and subject == leaf.subject:
            right.append(idx)
        else:
            name = number(shard, idx)
            findings.fail("commitments", f"the payload of {name} is not the one that the entry commits to")
    return right


def _check_taken(findings: Findings, keystore: Keystore, shard: int, leaves: Mapping[int, Leaf]) -> None:
    # An erasure takes the salt before the payload: a payload that is gone while its salt is there was just deleted.
    gone = {bytes.fromhex(leaf.commitment): idx for idx, leaf in leaves.items() if leaf.commitment is not None}
    for commitment in keystore.salts(list(gone)):
        findings.fail("payloads", f"the payload of {number(shard, gone[commitment])} is gone and was not erased")


class _Opened(NamedTuple):
    """A payload that was decrypted, and what it says."""

    key: SubjectKey
    site: str
    payload: dict[str, Any]
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
    salts: Mapping[bytes, tuple[str, bytes]],
    before: PayloadRow | None,
) -> _Opened:
    """Decrypts a payload and checks all that it promises; raises VerificationFailed, saying what is wrong."""
    key = keystore.key(row.subject)
    if key is None or row.commitment not in salts:
        raise VerificationFailed("its key or salt is not in the keystore")
    owner, wrapped = salts[row.commitment]
    data = key.decrypt(row.nonce, row.ciphertext, row.commitment)
    salt = key.unseal_salt(row.commitment, wrapped)
    if owner != row.subject or row.key_id != key.id:
        raise VerificationFailed("its key is another one than its row says")
    if commit(salt, data) != row.commitment:
        raise VerificationFailed("its payload is not the one that it commits to")
    payload, fact = _read(data)
    if isinstance(fact, BaseAttested) != (leaf.kind == "attested"):
        raise VerificationFailed("what was observed and what was attested are mixed up")
    if fact.course != leaf.session:
        raise VerificationFailed("its payload is about another session")
    if before is not None:
        _, earlier = _read(key.decrypt(before.nonce, before.ciphertext, before.commitment))
        if earlier.object_id != fact.object_id:
            raise VerificationFailed("it points at an entry about another object")
    return _Opened(key, leaf.site or "", payload, fact)


def _open_pending(keystore: Keystore, row: PendingRow) -> _Opened:
    key = keystore.key(row.subject or "")
    if key is None:
        raise VerificationFailed("a last known state has no key")
    if row.nonce is None or row.ciphertext is None or row.commitment is None:
        raise VerificationFailed("a row that should be encrypted is not")
    return _Opened(key, row.site, *_read(key.decrypt(row.nonce, row.ciphertext, row.commitment)))


def _read(data: bytes) -> tuple[dict[str, Any], Fact | AttestedFact]:
    try:
        payload = orjson.loads(data)
        fact = parse_any(payload)
        if canonical(payload) != data:
            raise VerificationFailed("its payload is not in its canonical form")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # pydantic's errors are ValueErrors
        raise VerificationFailed("its payload is not a fact that this program knows") from error
    return payload, fact


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
