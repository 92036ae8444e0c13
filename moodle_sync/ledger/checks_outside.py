"""The checks of checkpoints: those in the store, and the copies found outside.

Part of ``verify``; reads only. Only the copies outside are evidence against the operator of the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger import losses, note
from moodle_sync.ledger.checks import Checkpoints, Findings
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.ledger.outside import Kept, Reach
from moodle_sync.store import checkpoints
from moodle_sync.store.engine import Transaction
from moodle_sync.store.tree import Head


def check_signatures(
    transaction: Transaction, findings: Findings, kept: Sequence[Kept], public_keys: Sequence[bytes] | None
) -> Checkpoints:
    """Checks the signatures of the stored and the published checkpoints, before the leaves are read."""
    checked = Checkpoints()
    publics = list(public_keys) if public_keys is not None else checkpoints.signers(transaction)
    origin = checkpoints.get_meta(transaction, "origin")
    rows = checkpoints.every(transaction)
    for row in rows:
        point = (row.shard, row.size)
        checked.notes[point] = row.note
        one = _verified(row.note, publics, origin)
        if one is not None and (one.shard, one.size) == point:
            checked.stored[point] = one
        else:
            findings.fail("signatures", f"the signature of checkpoint {row.shard}/{row.size} does not hold")
    source = "the keys given" if public_keys is not None else "keys that the ledger itself names"
    findings.add("signatures", True, "", f"{len(rows)} stored checkpoints are signed by {source}")
    lost = losses.given_up(transaction)
    for place in kept:
        _check_copies(findings, checked, place, publics, origin, lost)
    if lost:
        said = (_lost(loss, {(one.shard, one.size) for one in checked.lost if loss.covers(one)}) for loss in lost)
        findings.add("losses", True, "", "; ".join(said))
    return checked


def _check_copies(
    findings: Findings,
    checked: Checkpoints,
    place: Kept,
    publics: Sequence[bytes],
    origin: str | None,
    lost: Sequence[losses.Loss],
) -> None:
    name = _check_name(place)
    for problem in place.problems:
        findings.fail(name, problem)
    for text in place.notes:
        one = _verified(text, publics, origin)
        if one is None:
            findings.fail(name, "a published checkpoint is not signed by this ledger, or was altered")
        elif any(loss.covers(one) for loss in lost):
            checked.lost.append(one)
        else:
            checked.outside.append((place, one))
            if checked.notes.get((one.shard, one.size)) != text:
                findings.fail(name, f"the published checkpoint {one.shard}/{one.size} is not the one that is stored")


def _lost(loss: losses.Loss, outside: Collection[tuple[int, int]]) -> str:
    # Not a failure: it is said in the ledger, for ever. Never silent either: dropping entries looks the same.
    return (
        f"entries after the first {loss.after[1]} of {loss.after[0]} were lost when a backup was put back "
        f"(they went to {loss.known[1]} of {loss.known[0]} at least): entry {loss.entry} says so; "
        f"{len(outside)} checkpoints found outside are over what was lost, and are not borne out any more"
    )


def check_roots(
    findings: Findings, heads: Sequence[Head], checked: Checkpoints, kept: Sequence[Kept], *, looked: bool
) -> int:
    """Compares every checkpoint with the root that the leaves give; returns how long the unprotected tail is."""
    for (shard, size), one in checked.stored.items():
        wrong = f"the entries do not give the root of checkpoint {shard}/{size}"
        findings.add("checkpoints", checked.roots.get((shard, size)) == one.root, wrong, "")
    findings.add("checkpoints", True, "", f"the entries give the roots of {len(checked.stored)} stored checkpoints")
    sizes = {head.shard: head.size for head in heads}
    good: list[tuple[Kept, Checkpoint]] = []
    for place, one in checked.outside:
        if checked.roots.get((one.shard, one.size)) == one.root:
            good.append((place, one))
        else:
            findings.fail(_check_name(place), _gone(one, sizes.get(one.shard, 0)))
    for place in kept:
        if place.place and not place.unreached:
            points = [(one.shard, one.size) for found, one in good if found is place]
            findings.add(place.place, True, "", _holds(place, sorted(set(points))))
    total = sum(sizes.values())
    outside = [(place.reach, (one.shard, one.size)) for place, one in good if place.reach is not Reach.SAME_DISK]
    tail = total - _covered(sizes, {point for _, point in outside})
    if outside:
        found = len({point for _, point in outside})
        strongest = next(reach for reach in _STRENGTH if any(one is reach for one, _ in outside))
        weaker = total - tail - _covered(sizes, {point for reach, point in outside if reach is strongest})
        sentence = _found_outside(found, tail, strongest, weaker)
    else:
        sentence = _nothing_outside(looked=looked, beside=bool(good))
    findings.add("published", True, "", sentence)
    return tail


def _covered(sizes: dict[int, int], points: Collection[tuple[int, int]]) -> int:
    if not points:
        return 0
    shard, size = max(points)
    # The last outside checkpoint also covers the years before: its shard begins with their last checkpoint.
    return sum(count for year, count in sizes.items() if year < shard) + size


def _gone(one: Checkpoint, entries: int) -> str:
    sentence = f"entries that checkpoint {one.shard}/{one.size} was published for are gone or changed"
    return f"{sentence}: the ledger has {entries} of {one.size}" if entries < one.size else sentence


def _holds(place: Kept, points: Sequence[tuple[int, int]]) -> str:
    if points:
        shard, size = points[-1]
        text = (
            f"{place.place}, {place.reach.value}: {len(points)} checkpoints up to {shard}/{size} agree with the entries"
        )
    else:
        text = f"{place.place}, {place.reach.value}: no checkpoint there"
    return "; ".join([text, *place.remarks])


def _nothing_outside(*, looked: bool, beside: bool) -> str:
    why = "no checkpoint was found outside" if looked else "no outside checkpoint was given"
    if beside:
        why = "the only copies are on the ledger's own disk, and whoever rewrites the one can rewrite the other"
    return (
        f"no external checkpoint: integrity only ({why}). The ledger agrees with itself, but whoever holds it "
        f"could have written all of it anew, and nothing here would show it"
    )


_STRENGTH = (Reach.OTHERS, Reach.STAMPED, Reach.REMOTE, Reach.OWN_ACCOUNT)
_NOT_RULED_OUT = {
    Reach.STAMPED: "that everything was written anew before the times that the time stamps prove, and stamped then",
    Reach.REMOTE: "that whoever administers the remote helped to write everything anew",
    Reach.OWN_ACCOUNT: "that this account wrote ledger and copies anew",
}


def _found_outside(found: int, tail: int, strongest: Reach, weaker: int) -> str:
    """``weaker``: so many of the covered entries are not covered by a copy of the strongest kind."""
    rest = f"the {tail} entries after the last of them are not protected yet" if tail else "no entry is after them"
    sentences = [f"{found} checkpoints found outside agree with the entries; {rest}"]
    if weaker:
        sentences.append(f"The last {weaker} entries that they cover are in no copy {strongest.value}")
    if strongest in _NOT_RULED_OUT:
        left = _NOT_RULED_OUT[strongest]
        sentences.append(f"Not ruled out, for want of a copy that somebody else holds: {left}")
    return ". ".join(sentences)


def _check_name(place: Kept) -> str:
    return place.place or "published"


def _verified(text: str, publics: Sequence[bytes], origin: str | None) -> Checkpoint | None:
    try:
        one = note.verify(text, publics)
    except VerificationFailed:
        return None
    return one if one.origin == origin else None
