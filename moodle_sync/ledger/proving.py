"""Proofs to hand out: entries, what they were sealed with, and why they are in a tree that was signed.

Each entry that is handed out is proven here first, from the bytes that are handed out. Only what was asked for is
disclosed: the payload and salt of an entry say nothing of any other. Reads only; writing a pack is a workflow's work.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources

from moodle_sync.canonical import canonical
from moodle_sync.errors import LedgerError, UsageError, VerificationFailed
from moodle_sync.ledger import merkle, note
from moodle_sync.ledger.entries import PERSONAL, Leaf, number, parse
from moodle_sync.ledger.nodes import StoredNodes
from moodle_sync.store import Store, checkpoints, entries, payloads, tree
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import EntryRow
from moodle_sync.store.keys import commit
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.payloads import PayloadRow

HEADER = "c2sp.org/tlog-proof@v1"
VERIFIER = "verify_pack.py"


@dataclass(frozen=True)
class ProvenEntry:
    """One entry: its leaf's bytes, its C2SP tlog-proof, and payload and salt where they (still) exist."""

    shard: int
    idx: int
    leaf: Leaf
    data: bytes
    proof: str
    payload: bytes | None
    salt: bytes | None

    @property
    def number(self) -> str:
        """How the entry is called: ``2026/17``."""
        return number(self.shard, self.idx)

    @property
    def erased(self) -> bool:
        """Whether it is about a person, and what it said was erased."""
        return self.leaf.kind in PERSONAL and self.payload is None


@dataclass(frozen=True)
class Bundle:
    """Proven entries in the order of the ledger, the signed notes they rest on, and the keys that signed those.

    ``keys`` are verifier keys (``name+keyid+base64``), ``published`` says by note in which places a copy of it is.
    """

    origin: str
    entries: tuple[ProvenEntry, ...]
    notes: tuple[tuple[note.Checkpoint, str], ...]
    keys: tuple[str, ...]
    published: dict[str, tuple[str, ...]]


def places_of_subjects(transaction: Transaction, pseudonyms: Collection[str]) -> list[tuple[int, int]]:
    """Where the entries of these subjects are, as far as they have their payloads."""
    return payloads.places_of(transaction, sorted(pseudonyms))


def places_of_session(transaction: Transaction, course: str) -> list[tuple[int, int]]:
    """Where the entries of a session are: all of them, also the erased ones and those about nobody."""
    return [(row.shard, row.idx) for row, _ in rows_of_session(transaction, course)]


def rows_of_session(transaction: Transaction, course: str | None) -> Iterator[tuple[EntryRow, Leaf]]:
    """The entries of a session (None: of all, and what belongs to none) in order, a bounded number in memory."""
    text = canonical(course) if course is not None else b""
    for head in tree.heads(transaction):
        for block in entries.blocks(transaction, head.shard, 0, head.size):
            for row in block:
                if text in row.leaf:  # parsing is what costs
                    leaf = parse(row.leaf)
                    if course is None or leaf.session == course:
                        yield row, leaf


def prove(store: Store, keystore: Keystore, places: Sequence[tuple[int, int]]) -> Bundle:
    """Proves entries, each against the newest published checkpoint over it, or else the newest there is.

    Raises:
        UsageError: there is no such entry.
        LedgerError: no checkpoint covers an entry yet.
        VerificationFailed: what is stored does not bear a proof; nothing is handed out.
    """
    with store.read() as transaction:
        publics = checkpoints.signers(transaction)
        origin = checkpoints.get_meta(transaction, "origin") or ""
        where = checkpoints.places(transaction)
        rows = entries.get(transaction, places)
        absent = sorted(set(places) - set(rows))
        if absent:
            raise UsageError(f"there is no entry {number(*absent[0])} in the ledger")
        last: dict[int, int] = {}
        for shard, idx in rows:
            last[shard] = max(idx, last.get(shard, 0))
        notes = {shard: _checkpoint(transaction, shard, idx, publics, where) for shard, idx in sorted(last.items())}
        proven = tuple(_entries(transaction, keystore, rows, notes))
        published = {
            text: tuple(where.get((point.shard, point.size), ())) for point, text in (notes[shard] for shard in notes)
        }
    keys = [note.verifier_key(f"{origin}/{shard}", public) for shard in notes for public in publics]
    return Bundle(origin, proven, tuple(notes.values()), tuple(keys), published)


def verifier() -> bytes:
    """The stand-alone program that checks a pack, byte for byte as it is handed out."""
    return (resources("moodle_sync.ledger") / VERIFIER).read_bytes()


def _checkpoint(
    transaction: Transaction,
    shard: int,
    idx: int,
    publics: Sequence[bytes],
    where: dict[tuple[int, int], list[str]],
) -> tuple[note.Checkpoint, str]:
    rows = [row for row in checkpoints.every(transaction, shard) if row.size > idx]
    if not rows:
        raise LedgerError(
            f"no checkpoint covers entry {number(shard, idx)} yet", hint="Run: moodle-sync ledger checkpoint"
        )
    outside = [row for row in rows if where.get((row.shard, row.size))]
    chosen = (outside or rows)[-1]
    return note.verify(chosen.note, publics), chosen.note


def _entries(
    transaction: Transaction,
    keystore: Keystore,
    rows: dict[tuple[int, int], EntryRow],
    notes: dict[int, tuple[note.Checkpoint, str]],
) -> Iterator[ProvenEntry]:
    found = payloads.get(transaction, [row.payload for row in rows.values()])
    salts = keystore.salts([(payload.subject, payload.commitment) for payload in found.values()])
    nodes = {shard: StoredNodes(transaction, shard) for shard in notes}
    for (shard, idx), row in sorted(rows.items()):
        point, text = notes[shard]
        path = merkle.inclusion_proof(idx, point.size, nodes[shard])
        merkle.verify_inclusion(idx, point.size, merkle.leaf_hash(row.leaf), path, point.root)
        leaf = parse(row.leaf)
        payload, salt = _disclosed(keystore, leaf, found.get(row.payload or 0), salts)
        yield ProvenEntry(shard, idx, leaf, row.leaf, tlog_proof(idx, path, text), payload, salt)


def tlog_proof(index: int, path: Sequence[bytes], checkpoint: str) -> str:
    """A proof in the C2SP tlog-proof format."""
    hashes = [base64.b64encode(node).decode() for node in path]
    return "\n".join([HEADER, f"index {index}", *hashes, "", checkpoint])


def _disclosed(
    keystore: Keystore, leaf: Leaf, row: PayloadRow | None, salts: dict[tuple[str, bytes], bytes]
) -> tuple[bytes, bytes] | tuple[None, None]:
    if row is None or leaf.kind not in PERSONAL:
        return None, None
    key, wrapped = keystore.key(row.subject), salts.get((row.subject, row.commitment))
    if key is None or wrapped is None:
        return None, None  # an erasure that was cut off: keys and salts go first
    payload = key.decrypt(row.nonce, row.ciphertext, row.commitment)
    salt = key.unseal_salt(row.commitment, wrapped)
    if row.subject != leaf.subject or commit(salt, payload).hex() != leaf.commitment:
        raise VerificationFailed("a payload is not the one that its entry commits to")
    return payload, salt
