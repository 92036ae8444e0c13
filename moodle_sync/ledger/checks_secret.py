"""The checks of what can be deleted: payloads, last known states, mapping; and of the stored programme versions.

Part of ``verify``; reads only. Most of it needs the keystore, and says so when that is not given. What it says never
holds anything of a payload.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from pydantic import ValidationError

from moodle_sync.errors import VerificationFailed
from moodle_sync.facts.attested import AttestedFact, BaseAttested, parse_any
from moodle_sync.facts.models import Fact, Vanished
from moodle_sync.ledger.checks import Findings, Totals
from moodle_sync.ledger.entries import PERSONAL, Leaf, number
from moodle_sync.ledger.entries import parse as parse_leaf
from moodle_sync.store import entries, erasures, pending, specs, subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import EntryRow, PayloadRow
from moodle_sync.store.keys import SubjectKey, commit
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.pending import CurrentRow, PendingRow


def check_payloads(
    transaction: Transaction,
    findings: Findings,
    totals: Totals,
    shard: int,
    span: tuple[int, int],
    leaves: dict[int, Leaf],
    keystore: Keystore | None,
) -> None:
    """Checks the payloads of a block of entries, and counts them."""
    rows = entries.payloads(transaction, shard, *span)
    salts: dict[bytes, tuple[str, bytes]] = {}
    before: dict[tuple[int, int], PayloadRow] = {}
    if keystore is not None:
        salts = keystore.salts([row.commitment for row in rows.values()])
        _check_taken(findings, keystore, shard, {idx: leaf for idx, leaf in leaves.items() if idx not in rows})
        before = entries.payloads_at(transaction, {leaf.previous for leaf in leaves.values() if leaf.previous})
    for idx, row in rows.items():
        leaf, name = leaves.get(idx), number(shard, idx)
        if leaf is None or leaf.kind not in PERSONAL:
            continue
        totals.payloads += 1
        if row.commitment.hex() != leaf.commitment or row.subject != leaf.subject:
            findings.fail("commitments", f"the payload of {name} is not the one that the entry commits to")
        elif keystore is not None:
            wrong = _wrong_payload(keystore, row, leaf, salts, before.get(leaf.previous or (0, 0)))
            totals.decrypted += wrong is None
            if wrong is not None:
                findings.fail("commitments", f"{name}: {wrong}")


def _check_taken(findings: Findings, keystore: Keystore, shard: int, leaves: dict[int, Leaf]) -> None:
    # An erasure takes the salt before the payload: a payload that is gone while its salt is there was just deleted.
    gone = {bytes.fromhex(leaf.commitment): idx for idx, leaf in leaves.items() if leaf.commitment is not None}
    for commitment in keystore.salts(list(gone)):
        findings.fail("payloads", f"the payload of {number(shard, gone[commitment])} is gone and was not erased")


def _wrong_payload(
    keystore: Keystore,
    row: PayloadRow,
    leaf: Leaf,
    salts: dict[bytes, tuple[str, bytes]],
    before: PayloadRow | None,
) -> str | None:
    try:
        key = keystore.key(row.subject)
        if key is None or row.commitment not in salts:
            return "its key or salt is not in the keystore"
        owner, wrapped = salts[row.commitment]
        data = key.decrypt(row.nonce, row.ciphertext, row.commitment)
        salt = key.unseal_salt(row.commitment, wrapped)
        if owner != row.subject or row.key_id != key.id:
            return "its key is another one than its row says"
        if not hmac.compare_digest(commit(salt, data), row.commitment):
            return "its payload is not the one that it commits to"
        fact = _fact(data)
        if isinstance(fact, BaseAttested) != (leaf.kind == "attested"):
            return "what was observed and what was attested are mixed up"
        if fact.course != leaf.session:
            return "its payload is about another session"
        if before is not None and _fact_of(key, before).object_id != fact.object_id:
            return "it points at an entry about another object"
    except VerificationFailed as error:
        return error.message
    return None


def check_current(transaction: Transaction, findings: Findings, keystore: Keystore | None) -> None:
    """Checks that each last known state is where it says and, with the keystore, is that object and value."""
    count = 0
    for block in pending.current_blocks(transaction):
        places = {(row.shard, row.idx) for row in block if row.shard is not None and row.idx is not None}
        payloads = entries.payloads_at(transaction, places)
        sealed = entries.get(transaction, places)
        waiting = pending.get(transaction, [row.pending for row in block if row.pending is not None])
        for row in block:
            count += 1
            place = (row.shard or 0, row.idx or 0)
            state = payloads.get(place) if row.pending is None else waiting.get(row.pending)
            wrong = _wrong_current(row, state, sealed.get(place), keystore)
            if wrong is not None:
                findings.fail("last states", wrong)
    findings.add("last states", True, "", f"{count} last known states are those of the entries they name")


def _wrong_current(
    row: CurrentRow, state: PendingRow | PayloadRow | None, entry: EntryRow | None, keystore: Keystore | None
) -> str | None:
    if state is None or state.subject != row.subject:
        return "a last known state names an entry of nobody, or of another subject"
    if keystore is None:
        return None
    try:
        key = keystore.key(row.subject)
        if key is None:
            return "a last known state has no key"
        fact = _fact_of(key, state)
        site = state.site if isinstance(state, PendingRow) else parse_leaf(entry.leaf).site if entry else None
        if key.ref(site or "", fact.object_id) != row.ref or key.value_mac(fact.value()) != row.value_mac:
            return "a last known state is not that of the entry it names"
        if bool(row.gone) != isinstance(fact, Vanished):
            return "a last known state says wrongly whether its object is gone"
    except VerificationFailed as error:
        return error.message
    return None


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


def _fact_of(key: SubjectKey, row: PendingRow | PayloadRow) -> Fact | AttestedFact:
    if row.nonce is None or row.ciphertext is None or row.commitment is None:
        raise VerificationFailed("a row that should be encrypted is not")
    return _fact(key.decrypt(row.nonce, row.ciphertext, row.commitment))


def _fact(data: bytes) -> Fact | AttestedFact:
    try:
        fact = parse_any(json.loads(data))
    except ValidationError as error:
        raise VerificationFailed("its payload is not a fact that this program knows") from error
    return fact
