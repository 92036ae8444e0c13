"""Many processes stage, in one scope and in several, while one seals: nothing is lost, doubled or out of order."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from moodle_sync.ledger import Ledger, Places
from moodle_sync.ledger.entries import parse
from moodle_sync.publish.file import FilePublisher, read_published
from moodle_sync.store import entries, tree

ROUNDS = 6
OBJECTS = 5
SHARED = 9999
COURSES = ("sag:a@1", "sag:a@1", "sag:b@1", "sag:c@1")  # the first two want the same scope
DOOMED = len(COURSES)  # one more, in the scope of the first, who is killed


def _stage(number: int, kind: type[Any], reopen: Callable[[], Ledger], said: Path, rounds: int) -> None:
    """One puller: each round every object of its own has a new value. Says what was acknowledged."""
    course = kind(idnumber=COURSES[number % len(COURSES)])
    with reopen() as ledger:
        for round_ in range(rounds):
            course.grades = {(100 * number + item, 7): str(round_ % 20) for item in range(OBJECTS)}
            course.grades[SHARED, 7] = str(number)  # the pullers of one scope contradict each other here
            definition = [f"shared by all, {round_}"]
            snapshot = course.snapshot(complete=False, definitions={_digest(definition): definition})
            assert ledger.stage(snapshot, programme_digest=None, plan_id=None).added in (OBJECTS, OBJECTS + 1)
            with said.open("a") as file:
                file.write(f"{round_} ")


def _digest(content: list[str]) -> str:
    from moodle_sync import canonical

    return canonical.digest(content)


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        code = 3
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def test_hammer_every_row_is_sealed_once_in_order(
    ledger: Ledger,
    places: Places,
    course: Any,
    database: Any,
    reopen: Callable[[], Ledger],
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    ledger.close()
    said = [tmp_path / f"said {number}" for number in range(DOOMED + 1)]
    children = {
        _fork(lambda number=number: _stage(number, type(course), reopen, said[number], ROUNDS)): number
        for number in range(DOOMED)
    }
    doomed = _fork(lambda: _stage(DOOMED, type(course), reopen, said[DOOMED], 10_000))
    batches: list[int] = []
    with reopen() as sealer:
        waiting = set(children)
        until = time.monotonic() + 120
        while waiting or not said[DOOMED].exists():
            assert time.monotonic() < until, "the pullers do not come to an end"
            batches.append(sealer.seal().count)
            if len(batches) % 4 == 0:
                sealer.checkpoint([FilePublisher(outside)])
            for child in sorted(waiting):
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    assert os.waitstatus_to_exitcode(status) == 0, f"puller {children[child]} failed"
                    waiting.remove(child)
        os.kill(doomed, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(doomed, 0)[1]) == -signal.SIGKILL
        batches.append(sealer.seal().count)
        sealer.checkpoint([FilePublisher(outside)])
        _check(sealer, said, batches)
        found = sealer.verify(published=read_published(outside), payloads=True)
        assert (found.ok, found.unprotected_tail) == (True, 0), [check for check in found.checks if not check.ok]
    full = sum(count > 0 for count in batches)
    tell(
        f"{len(COURSES)} pullers and one that was killed, on {database.kind}: {found.entries} entries in {full} seals "
        f"of {len(batches)}, each row once, one root, {len(read_published(outside))} checkpoints agree"
    )


def _check(ledger: Ledger, said: list[Path], batches: list[int]) -> None:
    with ledger.store.read() as transaction:
        (head,) = tree.heads(transaction)
        rows = [row for block in entries.blocks(transaction, head.shard) for row in block]
    assert [row.idx for row in rows] == list(range(head.size))
    assert sum(batches) == head.size
    assert len({row.leaf_hash for row in rows}) == head.size
    runs = [parse(row.leaf) for row in rows]
    assert sum(leaf.kind == "run" for leaf in runs) == len({leaf.run for leaf in runs})
    states: dict[tuple[str, str], list[str]] = {}
    for name in dict.fromkeys(COURSES):
        last: dict[str, tuple[int, int]] = {}
        for sealed in ledger.facts(name):
            assert sealed.fact is not None
            thing = sealed.fact.object_id
            assert sealed.previous == last.get(thing)
            last[thing] = (sealed.shard, sealed.idx)
            states.setdefault((name, thing), []).append(str(getattr(sealed.fact, "grade", "")))
    for number, path in enumerate(said):
        acknowledged = len(path.read_text().split())
        for item in range(OBJECTS):
            found = states.pop((COURSES[number % len(COURSES)], f"grade:{100 * number + item}:7"))
            assert found == [str(round_ % 20) for round_ in range(len(found))]
            if number < DOOMED:
                assert len(found) == acknowledged == ROUNDS
            else:  # killed after the commit, it may not have come to say so
                assert acknowledged <= len(found) <= acknowledged + 1
    for name in dict.fromkeys(COURSES):
        found = states.pop((name, f"grade:{SHARED}:7"))
        assert all(one != another for one, another in pairwise(found)), "the same twice: a last state was missed"
    assert states == {}
