"""The checks of a span of one shard's entries: their leaves, what they point at, their payloads, the last known states.

Part of ``verify``; reads only. Spans know nothing of each other, so that they can be checked in any order and by
different processes (``ledger.spread``); what hangs together over all of them (``checks_shard``) is derived from the
hashes that each hands on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger import merkle
from moodle_sync.ledger.checks import Findings, Totals
from moodle_sync.ledger.checks_secret import Secrets
from moodle_sync.ledger.entries import PERSONAL, Leaf, number, parse
from moodle_sync.store import entries
from moodle_sync.store.engine import Transaction
from moodle_sync.store.entries import EntryRow
from moodle_sync.store.keystore import Keystore


class Span(NamedTuple):
    """The entries ``first <= idx < stop`` of a shard; with no ``stop`` all that follow."""

    shard: int
    first: int
    stop: int | None


@dataclass
class Report:
    """What was found in a span. ``hashes`` are those of its leaves, derived from their bytes, in order."""

    findings: Findings = field(default_factory=Findings)
    totals: Totals = field(default_factory=Totals)
    hashes: list[bytes] = field(default_factory=list)
    states: int = 0


def check_span(transaction: Transaction, keystore: Keystore | None, span: Span) -> Report:
    """Checks a span by itself; without the keystore payloads are not decrypted."""
    report, secrets = Report(), Secrets(transaction, keystore)
    for block in entries.blocks(transaction, span.shard, span.first, span.stop):
        hashes = [merkle.leaf_hash(row.leaf) for row in block]
        leaves = _check_rows(report.findings, block, hashes, span.first + len(report.hashes))
        report.hashes += hashes
        _count(report.totals, leaves)
        _check_previous(transaction, report.findings, span.shard, leaves)
        secrets.check(report.findings, report.totals, block, leaves)
    report.states = secrets.states
    return report


def _check_rows(findings: Findings, block: list[EntryRow], hashes: list[bytes], first: int) -> dict[int, Leaf]:
    findings.add("gaps", True, "", "no entry is missing between")
    findings.add("leaves", True, "", "every entry has the hash it was given")
    leaves: dict[int, Leaf] = {}
    for place, (row, leaf_hash) in enumerate(zip(block, hashes, strict=True), first):
        if row.idx != place:
            findings.fail("gaps", f"before {number(row.shard, row.idx)} an entry is missing")
        if row.leaf_hash != leaf_hash:
            findings.fail("leaves", f"{number(row.shard, row.idx)} does not have its hash")
        try:
            leaves[row.idx] = parse(row.leaf)
        except VerificationFailed as error:
            findings.fail("leaves", f"{number(row.shard, row.idx)}: {error.message}")
    return leaves


def _count(totals: Totals, leaves: Mapping[int, Leaf]) -> None:
    kinds = Counter(leaf.kind for leaf in leaves.values())
    totals.personal += sum(kinds[kind] for kind in PERSONAL)
    totals.programmes |= {leaf.programme for leaf in leaves.values() if leaf.programme is not None}
    for leaf in leaves.values() if "erasure" in kinds else ():
        if leaf.kind == "erasure" and isinstance(leaf.content, Mapping):
            totals.erased += int(leaf.content.get("entries", 0))


def _check_previous(transaction: Transaction, findings: Findings, shard: int, leaves: Mapping[int, Leaf]) -> None:
    mine = {idx: leaf for idx, leaf in leaves.items() if leaf.previous is not None}
    rows = entries.get(transaction, {leaf.previous for leaf in mine.values() if leaf.previous is not None})
    for idx, leaf in mine.items():
        row = rows.get(leaf.previous or (0, 0))
        findings.add(
            "pointers",
            row is not None and (leaf.previous or (0, 0)) < (shard, idx) and _subject(row) == leaf.subject,
            f"{number(shard, idx)} points at an entry that is not an earlier one of its subject",
            "every correction points at an earlier entry of the same subject",
        )


def _subject(row: EntryRow) -> str | None:
    try:
        return parse(row.leaf).subject
    except VerificationFailed:
        return None
