"""Speed and memory of the ledger, measured: run by hand, or with ``make bench``. Writes nothing but its table.

    python tests/benchmarks/bench.py --entries 20000 --rounds 5 [--postgres postgresql+psycopg:///bench] [--memory]

Every rate is a median over rounds. Beside it stands the raw pipeline of the same rounds (see ``raw.py``): the times
depend on the machine, their ratio hardly does. A database given with ``--postgres`` is emptied first.
"""

from __future__ import annotations

import argparse
import gc
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import raw
import scene
from sqlalchemy import create_engine
from table import Result, lines

from moodle_sync.ledger import Ledger

SIZES = (10_000, 100_000, 1_000_000)


def main(arguments: list[str] | None = None) -> int:
    """Measures, and prints the table; 1 when a target is not met."""
    parser = argparse.ArgumentParser(description="Speed and memory of the ledger.")
    parser.add_argument("--entries", type=int, default=20_000, help="facts a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--postgres", metavar="URL", help="measure staging and sealing on this (empty!) database too")
    parser.add_argument("--memory", action="store_true", help=f"peak memory at {SIZES} entries too: takes minutes")
    parser.add_argument("--folder", type=Path, help="where to write (default: the system's temporary folder)")
    parser.add_argument("--cpu", action="store_true", help="count processor time, not time: a hint on a busy machine")
    options = parser.parse_args(arguments)
    if options.cpu:
        time.perf_counter = time.process_time
    print(f"Python {platform.python_version()}, {platform.machine()}; {options.entries:,} facts a round")
    results = measure(options.entries, options.rounds, options.folder, options.postgres)
    if options.memory:
        results += [_memory(size, options.folder) for size in SIZES]
    print("\n".join(lines(results)))
    return 0 if all(result.met for result in results) else 1


def measure(entries: int, rounds: int, folder: Path | None, postgres: str | None) -> list[Result]:
    """Every rate, in entries a second, and the time of one proof."""
    taken = list(scene.snapshots(entries))
    payloads = [fact.payload() for snapshot in taken for fact in snapshot.facts]
    gc.collect()
    gc.freeze()  # what a pull would have handed over is not the ledger's garbage to look through
    stage: list[float] = []
    plain: list[float] = []
    tree: list[float] = []
    deep: list[float] = []
    prove: list[float] = []
    pg: list[float] = []
    pg_plain: list[float] = []
    for _ in range(rounds):
        with _folder(folder) as place:
            plain.append(len(payloads) / seconds(lambda place=place: raw.run(place, None, payloads)))
            with scene.ledger(place) as opened:
                stage.append(_rate(opened, lambda opened=opened: scene.stage_and_seal(opened, taken)))
                opened.checkpoint()
                tree.append(_rate(opened, lambda opened=opened: _verify(opened, payloads=False)))
                deep.append(_rate(opened, lambda opened=opened: _verify(opened, payloads=True)))
                prove.append(1000 * seconds(lambda opened=opened: scene.prove_one(opened)))
        if postgres:
            with _folder(folder) as place:
                empty(postgres)
                pg_plain.append(len(payloads) / seconds(lambda place=place: raw.run(place, postgres, payloads)))
                with scene.ledger(place, postgres) as opened:
                    pg.append(_rate(opened, lambda opened=opened: scene.stage_and_seal(opened, taken)))
    results = [
        Result("stage and seal, SQLite", stage, "/s", 25_000, raw=plain, ratio=0.6),
        Result("verify (tree and checkpoints)", tree, "/s", 150_000),
        Result("verify --payloads", deep, "/s", 40_000),
        Result(f"prove one entry of {entries:,}", prove, " ms", 50, most=True),
    ]
    if postgres:
        results.insert(1, Result("stage and seal, PostgreSQL", pg, "/s", 12_000, raw=pg_plain))
    return results


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _rate(opened: Ledger, work: Callable[[], object]) -> float:
    taken = seconds(work)
    return opened.size() / taken


def _verify(opened: Ledger, *, payloads: bool) -> None:
    found = opened.verify(published=[], payloads=payloads)
    if not found.ok:
        raise SystemExit(f"the ledger does not verify: {[check for check in found.checks if not check.ok]}")


@contextmanager
def _folder(above: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=above) as name:
        yield Path(name)


def empty(url: str) -> None:
    """Removes every table of a database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()


def _memory(entries: int, folder: Path | None) -> Result:
    command = [sys.executable, str(Path(__file__).with_name("million.py")), "--entries", str(entries), "--quiet"]
    command += ["--folder", str(folder)] if folder else []
    peak = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])
    return Result(f"resident memory, {entries:,} entries", [peak], " MB", 200, most=True)


if __name__ == "__main__":
    sys.exit(main())
