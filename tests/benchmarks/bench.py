"""Speed and memory of the ledger, measured: run by hand, or with ``make bench``. Writes nothing but its table.

    python tests/benchmarks/bench.py --entries 60000 --rounds 5 [--postgres postgresql+psycopg:///bench] [--memory]

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
from collections import defaultdict
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
    parser.add_argument("--entries", type=int, default=60_000, help="facts a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--postgres", metavar="URL", help="measure staging and sealing on this (empty!) database too")
    parser.add_argument("--memory", action="store_true", help=f"peak memory at {SIZES} entries too: takes minutes")
    parser.add_argument("--folder", type=Path, help="where to write (default: the system's temporary folder)")
    parser.add_argument("--cpu", action="store_true", help="count processor time, not time: a hint on a busy machine")
    options = parser.parse_args(arguments)
    clock = time.process_time if options.cpu else time.perf_counter
    counted = "processor time" if options.cpu else "time"
    print(f"Python {platform.python_version()}, {platform.machine()}; {options.entries:,} facts a round, in {counted}")
    results = Bench(options.entries, clock).measure(options.rounds, options.folder, options.postgres)
    if options.memory:
        results += [_memory(size, options.folder) for size in SIZES]
    print("\n".join(lines(results)))
    return 0 if all(result.met for result in results) else 1


class Bench:
    """The same work in each round; what each piece of it reached is kept by name."""

    def __init__(self, entries: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._taken = list(scene.snapshots(entries))
        self._payloads = [fact.payload() for snapshot in self._taken for fact in snapshot.facts]
        self._found: dict[str, list[float]] = defaultdict(list)
        gc.collect()
        gc.freeze()  # what a pull would have handed over is not the ledger's garbage to look through

    def measure(self, rounds: int, folder: Path | None, postgres: str | None) -> list[Result]:
        """Every rate, in entries a second, and the time of one proof."""
        for _ in range(rounds):
            with _folder(folder) as place:
                self._sqlite(place)
            if postgres:
                with _folder(folder) as place:
                    self._postgres(place, postgres)
        found = self._found
        results = [
            Result("stage and seal, SQLite", found["sqlite"], "/s", 25_000, raw=found["raw"], ratio=0.6),
            Result("verify (tree and checkpoints)", found["tree"], "/s", 150_000),
            Result("verify --payloads", found["payloads"], "/s", 40_000),
            Result(f"prove one entry of {len(self._payloads):,}", found["prove"], " ms", 50, most=True),
        ]
        if postgres:
            results.insert(1, Result("stage and seal, PostgreSQL", found["pg"], "/s", 12_000, raw=found["pg raw"]))
        return results

    def _sqlite(self, place: Path) -> None:
        self._rate("raw", lambda: raw.run(place, None, self._payloads))
        with scene.ledger(place) as opened:
            self._rate("sqlite", lambda: scene.stage_and_seal(opened, self._taken))
            opened.checkpoint()
            self._rate("tree", lambda: _verify(opened, payloads=False))
            self._rate("payloads", lambda: _verify(opened, payloads=True))
            self._found["prove"].append(1000 * self._seconds(lambda: scene.prove_one(opened)))

    def _postgres(self, place: Path, url: str) -> None:
        empty(url)
        self._rate("pg raw", lambda: raw.run(place, url, self._payloads))
        with scene.ledger(place, url) as opened:
            self._rate("pg", lambda: scene.stage_and_seal(opened, self._taken))

    def _rate(self, name: str, work: Callable[[], object]) -> None:
        self._found[name].append(len(self._payloads) / self._seconds(work))

    def _seconds(self, work: Callable[[], object]) -> float:
        start = self._clock()
        work()
        return self._clock() - start


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
