"""The checks of checkpoints: those in the store, and the copies found outside.

Part of ``verify``; reads only. Only the copies outside are evidence against the operator of the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger import losses, note
from moodle_sync.ledger.checks import Checkpoints, Findings
from moodle_sync.store import checkpoints
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tree import Head


def check_signatures(
    transaction: Transaction, findings: Findings, published: Sequence[str], public_keys: Sequence[bytes] | None
) -> Checkpoints:
    """Checks the signatures of the stored and the published checkpoints, before the leaves are read."""
    checked = Checkpoints()
    publics = list(public_keys) if public_keys is not None else checkpoints.signers(transaction)
    origin = checkpoints.get_meta(transaction, "origin")
    rows = checkpoints.every(transaction)
    for row in rows:
        place = (row.shard, row.size)
        checked.notes[place] = row.note
        one = _verified(row.note, publics, origin)
        if one is not None and (one.shard, one.size) == place:
            checked.stored[place] = one
        else:
            findings.fail("signatures", f"the signature of checkpoint {row.shard}/{row.size} does not hold")
    source = "the keys given" if public_keys is not None else "keys that the ledger itself names"
    findings.add("signatures", True, "", f"{len(rows)} stored checkpoints are signed by {source}")
    lost = losses.given_up(transaction)
    for text in published:
        one = _verified(text, publics, origin)
        if one is None:
            findings.fail("published", "a published checkpoint is not signed by this ledger, or was altered")
        elif any(loss.covers(one) for loss in lost):
            checked.lost.append(one)
        else:
            checked.outside[(one.shard, one.size)] = one
            stored = checked.notes.get((one.shard, one.size))
            wrong = f"the published checkpoint {one.shard}/{one.size} is not the one that is stored"
            findings.add("published", stored == text, wrong, "")
    if lost:
        said = (_lost(loss, [one for one in checked.lost if loss.covers(one)]) for loss in lost)
        findings.add("losses", True, "", "; ".join(said))
    return checked


def _lost(loss: losses.Loss, outside: Sequence[note.Checkpoint]) -> str:
    # Not a failure: it is said in the ledger, for ever. Never silent either: dropping entries looks the same.
    return (
        f"entries after the first {loss.after[1]} of {loss.after[0]} were lost when a backup was put back "
        f"(they went to {loss.known[1]} of {loss.known[0]} at least): entry {loss.entry} says so; "
        f"{len(outside)} checkpoints found outside are over what was lost, and are not borne out any more"
    )


def check_roots(findings: Findings, heads: Sequence[Head], checked: Checkpoints, looked: bool) -> int:
    """Compares every checkpoint with the root that the leaves give; returns how long the unprotected tail is."""
    for (shard, size), one in checked.stored.items():
        wrong = f"the entries do not give the root of checkpoint {shard}/{size}"
        findings.add("checkpoints", checked.roots.get((shard, size)) == one.root, wrong, "")
    findings.add("checkpoints", True, "", f"the entries give the roots of {len(checked.stored)} stored checkpoints")
    good: list[tuple[int, int]] = []
    for (shard, size), one in sorted(checked.outside.items()):
        if checked.roots.get((shard, size)) == one.root:
            good.append((shard, size))
        else:
            findings.fail("published", f"entries that checkpoint {shard}/{size} was published for are gone or changed")
    total = sum(head.size for head in heads)
    # The last outside checkpoint also covers the years before: its shard begins with their last checkpoint.
    covered = sum(head.size for head in heads if head.shard < good[-1][0]) + good[-1][1] if good else 0
    tail = total - covered
    findings.add("published", True, "", _outside(looked, len(good), tail))
    return tail


def _outside(looked: bool, found: int, tail: int) -> str:
    if not found:
        why = "no checkpoint was found outside" if looked else "no outside checkpoint was given"
        return (
            f"no external checkpoint: integrity only ({why}). The ledger agrees with itself, but whoever holds it "
            f"could have written all of it anew, and nothing here would show it"
        )
    rest = f"the {tail} entries after the last of them are not protected yet" if tail else "no entry is after them"
    return f"{found} checkpoints found outside agree with the entries; {rest}"


def _verified(text: str, publics: Sequence[bytes], origin: str | None) -> note.Checkpoint | None:
    try:
        one = note.verify(text, publics)
    except VerificationFailed:
        return None
    return one if one.origin == origin else None
