"""Verification: everything that is stored is derived again, and compared with itself and with what is kept outside.

Reads only, in blocks. What it finds it says in plain words, with what it could not rule out: without a copy of a
checkpoint outside the operator's reach the whole ledger can be rewritten, and nothing in it would show that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from moodle_sync.ledger import spread
from moodle_sync.ledger.checks import Check, Checkpoints, Findings, Totals
from moodle_sync.ledger.checks_outside import check_roots, check_signatures
from moodle_sync.ledger.checks_secret import Secrets, check_erasures, check_mapping, check_specs
from moodle_sync.ledger.checks_shard import check_shard, report_payloads
from moodle_sync.ledger.checks_span import Report
from moodle_sync.ledger.outside import Kept, Reach
from moodle_sync.store import Store, entries, schema, tree
from moodle_sync.store.engine import Transaction
from moodle_sync.store.keystore import Keystore


@dataclass(frozen=True)
class Verification:
    """The result. ``ok`` says that every check passed; the sentences say what that means.

    ``unprotected_tail``: entries after the last checkpoint that was found outside; until it is published, nobody but
    the operator can tell whether they were changed.
    """

    ok: bool
    entries: int
    shards: tuple[int, ...]
    checks: tuple[Check, ...]
    unprotected_tail: int


def verify(
    store: Store,
    keystore: Keystore | None = None,
    published: Sequence[str] | None = None,
    public_keys: Sequence[bytes] | None = None,
    kept: Sequence[Kept] = (),
) -> Verification:
    """Verifies a ledger.

    Args:
        store: the store, best opened with ``readonly=True``.
        keystore: with it payloads are decrypted and their commitments checked; without it, they are not.
        published: signed notes known to come from outside, where it does not matter from which place; None when
            nobody looked.
        public_keys: the ledger's public keys (Ed25519, 32 bytes) as known from outside. Without them the keys that
            the ledger itself names are used, which a rewritten ledger would name too.
        kept: what was found place by place; each place becomes a check of its own.

    Raises:
        LedgerUnusable: the file is damaged so that it cannot be read at all.
    """
    findings = Findings()
    places = [*kept, *([Kept("", Reach.OTHERS, tuple(published))] if published else [])]
    with store.read() as transaction:
        heads = tree.heads(transaction)
        counted = entries.counts(transaction)
        _check_frame(transaction, findings, heads, counted)
        checked = check_signatures(transaction, findings, places, public_keys)
        totals = _check_entries(store, transaction, keystore, findings, heads, counted, checked)
        check_mapping(transaction, findings, keystore)
        check_erasures(transaction, findings)
        check_specs(transaction, findings, totals.programmes)
        tail = check_roots(findings, heads, checked, places, looked=bool(kept) or published is not None)
    size = sum(head.size for head in heads)
    checks = findings.checks()
    return Verification(all(check.ok for check in checks), size, tuple(head.shard for head in heads), checks, tail)


def _check_entries(
    store: Store,
    transaction: Transaction,
    keystore: Keystore | None,
    findings: Findings,
    heads: Sequence[tree.Head],
    counted: Mapping[int, int],
    checked: Checkpoints,
) -> Totals:
    spans = {head.shard: spread.spans(head.shard, counted.get(head.shard, 0)) for head in heads}
    everything = [span for shard in spans.values() for span in shard]
    totals, states = Totals(), 0

    def take(report: Report) -> list[bytes]:
        nonlocal states
        findings.take(report.findings)
        totals.take(report.totals)
        states += report.states
        return report.hashes

    processes = spread.helping(sum(counted.values()))
    with closing(spread.reports(store, transaction, keystore, everything, processes)) as reports:
        for before, head in zip((None, *heads), heads, strict=False):
            hashes = (take(next(reports)) for _ in spans[head.shard])
            check_shard(transaction, findings, head, before, checked, hashes)
    report_payloads(transaction, findings, totals, keystore)
    Secrets(transaction, keystore).finish(findings, states)
    return totals


def _check_frame(
    transaction: Transaction, findings: Findings, heads: Sequence[tree.Head], counted: Mapping[int, int]
) -> None:
    gone = schema.missing_guards(transaction)
    findings.add(
        "guard rails", not gone, f"guard rails were removed or changed: {', '.join(gone)}", "all guard rails stand"
    )
    known = {head.shard: head.size for head in heads if head.size}
    findings.add(
        "sizes",
        counted == known,
        "the number of entries is not the one that the head of the ledger says",
        f"{sum(known.values())} entries in {len(known)} yearly shards, as the heads say",
    )
