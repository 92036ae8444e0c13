"""The checks of one shard: leaves, root, frontier, tiles, chain of the years, pointers, payloads.

Part of ``verify``; reads only. The leaves' own bytes are the one source: hashes, root and nodes are derived from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from moodle_sync.errors import ProofError, VerificationFailed
from moodle_sync.ledger import merkle
from moodle_sync.ledger.checks import Checkpoints, Findings, Totals
from moodle_sync.ledger.checks_secret import Secrets
from moodle_sync.ledger.entries import PERSONAL, Leaf, number, parse
from moodle_sync.ledger.merkle import Growth
from moodle_sync.ledger.nodes import WIDTH, StoredNodes
from moodle_sync.store import entries, payloads, tree
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import EntryRow
from moodle_sync.store.keystore import Keystore
from moodle_sync.store.tree import Head


def report_payloads(transaction: Transaction, findings: Findings, totals: Totals, keystore: Keystore | None) -> None:
    """Says what the payloads came to; one that is gone must have been counted by an erasure entry."""
    stored = payloads.sealed_count(transaction)
    missing = totals.personal - totals.payloads
    findings.add(
        "payloads",
        missing == totals.erased and stored == totals.payloads,
        f"{missing} payloads are missing, {totals.erased} were erased, {stored - totals.payloads} belong to no entry",
        f"{totals.payloads} of {totals.personal} observations have their payload, {totals.erased} were erased",
    )
    if keystore is None:
        right = "the keystore was not given: payloads were not decrypted, and a changed one would not be seen"
        findings.add("commitments", True, "", right)
    else:
        right = f"{totals.decrypted} payloads were decrypted and are what their entries commit to"
        findings.add("commitments", totals.decrypted == totals.payloads, "not every payload could be read", right)


def check_shard(
    transaction: Transaction,
    findings: Findings,
    totals: Totals,
    head: Head,
    before: Head | None,
    checked: Checkpoints,
    secrets: Secrets,
) -> None:
    """Checks one shard against its head, and against every checkpoint of it whose signature holds."""
    growth = Growth(WIDTH, roots_at=checked.sizes(head.shard))
    tiles = _Tiles(transaction, head.shard)
    for block in entries.blocks(transaction, head.shard):
        hashes = [merkle.leaf_hash(row.leaf) for row in block]
        leaves = _check_rows(findings, block, hashes, growth.size)
        tiles.compare(growth.extend(hashes))
        if block[0].idx == 0 and before is not None:
            _check_link(findings, leaves.get(0), before, checked)
        _count(totals, leaves)
        _check_previous(transaction, findings, head.shard, leaves)
        secrets.check(findings, totals, block, leaves)
    checked.roots |= {(head.shard, size): root for size, root in growth.roots.items()}
    findings.add(
        "roots",
        (growth.size, growth.root()) == (head.size, head.root),
        f"the entries of {head.shard} do not give the root that its head says",
        "the entries give the roots that the heads say",
    )
    findings.add(
        "frontiers",
        tree.get_frontier(transaction, head.shard) == (growth.size, b"".join(growth.frontier())),
        f"the stored right edge of the tree of {head.shard} is not the one that its entries give",
        "the stored right edges of the trees are those that the entries give",
    )
    tiles.compare(growth.edge())
    tiles.finish(findings)
    _check_proofs(transaction, findings, head, checked)


def _check_rows(findings: Findings, block: list[EntryRow], hashes: list[bytes], size: int) -> dict[int, Leaf]:
    findings.add("gaps", True, "", "no entry is missing between")
    findings.add("leaves", True, "", "every entry has the hash it was given")
    leaves: dict[int, Leaf] = {}
    for place, (row, leaf_hash) in enumerate(zip(block, hashes, strict=True), size):
        if row.idx != place:
            findings.fail("gaps", f"before {number(row.shard, row.idx)} an entry is missing")
        if row.leaf_hash != leaf_hash:
            findings.fail("leaves", f"{number(row.shard, row.idx)} does not have its hash")
        try:
            leaves[row.idx] = parse(row.leaf)
        except VerificationFailed as error:
            findings.fail("leaves", f"{number(row.shard, row.idx)}: {error.message}")
    return leaves


def _check_link(findings: Findings, first: Leaf | None, before: Head, checked: Checkpoints) -> None:
    note = checked.notes.get((before.shard, before.size))
    content = first.content if first is not None and first.kind == "checkpoint" else None
    findings.add(
        "chain of years",
        isinstance(content, Mapping) and note is not None and content.get("note") == note,
        f"the first entry after {before.shard} is not its last checkpoint",
        "every yearly shard begins with the last checkpoint of the one before",
    )


def _count(totals: Totals, leaves: dict[int, Leaf]) -> None:
    for leaf in leaves.values():
        totals.personal += leaf.kind in PERSONAL
        if leaf.programme is not None:
            totals.programmes.add(leaf.programme)
        if leaf.kind == "erasure" and isinstance(leaf.content, Mapping):
            totals.erased += int(leaf.content.get("entries", 0))


def _check_previous(transaction: Transaction, findings: Findings, shard: int, leaves: dict[int, Leaf]) -> None:
    rows = entries.get(transaction, {leaf.previous for leaf in leaves.values() if leaf.previous is not None})
    for idx, leaf in leaves.items():
        if leaf.previous is None:
            continue
        row = rows.get(leaf.previous)
        findings.add(
            "pointers",
            row is not None and leaf.previous < (shard, idx) and _subject(row) == leaf.subject,
            f"{number(shard, idx)} points at an entry that is not an earlier one of its subject",
            "every correction points at an earlier entry of the same subject",
        )


def _subject(row: EntryRow) -> str | None:
    try:
        return parse(row.leaf).subject
    except VerificationFailed:
        return None


def _check_proofs(transaction: Transaction, findings: Findings, head: Head, checked: Checkpoints) -> None:
    # Consistency is transitive: each checkpoint with the next, and the last with the head, proves every pair.
    mine = sorted(size for shard, size in checked.stored if shard == head.shard)
    roots = {head.size: head.root} | {size: checked.stored[(head.shard, size)].root for size in mine}
    nodes = StoredNodes(transaction, head.shard)
    for size1, size2 in pairwise([*mine, head.size]):
        try:
            proof = merkle.consistency_proof(size1, size2, nodes)
            merkle.verify_consistency(size1, size2, proof, roots[size1], roots[size2])
            ok = True
        except (ProofError, VerificationFailed):
            ok = False
        findings.add(
            "consistency",
            ok,
            f"the stored nodes do not prove that checkpoint {head.shard}/{size1} is the beginning of {size2}",
            "each checkpoint is proven to be the beginning of the next, from the stored nodes",
        )


class _Tiles:
    """Compares every tile, as it is derived again while the leaves go by, with the stored one."""

    def __init__(self, transaction: Transaction, shard: int) -> None:
        self._transaction = transaction
        self._shard = shard
        self._seen: set[tuple[int, int]] = set()
        self._wrong: list[str] = []

    def compare(self, tiles: Sequence[tuple[int, int, list[bytes]]]) -> None:
        """Takes the next tiles."""
        for level, n, hashes in tiles:
            self._seen.add((level, n))
            if tree.get_tile(self._transaction, self._shard, level, n) != b"".join(hashes):
                self._wrong.append(f"tile {level}/{n} of {self._shard} is not what its entries give")

    def finish(self, findings: Findings) -> None:
        """Says what was found."""
        for level, n in set(tree.tile_names(self._transaction, self._shard)) - self._seen:
            self._wrong.append(f"tile {level}/{n} of {self._shard} stands for no entries")
        wrong = "; ".join(self._wrong[:3])
        findings.add("nodes", not self._wrong, wrong, "every stored node of the trees is what the entries give")
