"""A ledger of a million entries, from beginning to end: made, verified, proven from, erased from, verified again.

    python tests/benchmarks/million.py [--entries 1000000] [--postgres URL] [--folder DIR]

All of it waits in ``pending`` before it is sealed at once: the hardest case for memory. A proof made from it is checked
by ``verify.py`` in an environment that has nothing but cryptography. What is to be destroyed of a person is first
found, byte for byte, in the files, then erased, then looked for in all of them again. Exits with 1 when anything of
that does not hold. The last word printed is the peak of resident memory, in MB.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from statistics import median

import scene
from scene import memory

from moodle_sync.ledger import Ledger
from moodle_sync.ledger.erasing import Act
from moodle_sync.ledger.pack import proof_files, with_manifest
from moodle_sync.ledger.people import Known, find
from moodle_sync.store import entries, payloads, pending, subjects

CHUNK = 1024 * 1024
"""How much of a file is searched at a time: the search must not count for memory."""
START = (
    "import runpy, sys; sys.path[:0] = [sys.argv[1]]; sys.argv = sys.argv[2:]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


class Story:
    """Prints each step with what it took."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._last = time.perf_counter()

    def __call__(self, what: str) -> None:
        now = time.perf_counter()
        if not self._quiet:
            print(f"{now - self._last:8.1f} s  {memory():6.0f} MB  {what}", flush=True)
        self._last = now


def main(arguments: list[str] | None = None) -> int:
    """Tells the story; 1 when something does not hold."""
    parser = argparse.ArgumentParser(description="A ledger of a million entries.")
    parser.add_argument("--entries", type=int, default=1_000_000, help="facts (default: %(default)s)")
    parser.add_argument("--postgres", metavar="URL", help="the store in this (empty!) database")
    parser.add_argument("--held", type=Path, help="the folder of its tables (…/data/base), to be searched too")
    parser.add_argument("--folder", type=Path, help="where to write (default: the system's temporary folder)")
    parser.add_argument("--quiet", action="store_true", help="print the peak of memory only")
    options = parser.parse_args(arguments)
    say = Story(options.quiet)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        with scene.ledger(folder, options.postgres) as opened:
            make(opened, options.entries, say)
            verify(opened, say)
            read(opened, say)
            prove(opened, folder, say)
            erase(opened, [folder, *([options.held] if options.held else [])], say)
            verify(opened, say)
    print(f"peak of resident memory, MB: {memory():.0f}")
    return 0


def make(opened: Ledger, facts: int, say: Story) -> None:
    """Stages sessions one by one, then seals all of them at once."""
    sessions = 0
    for sessions, snapshot in enumerate(scene.snapshots(facts), 1):  # noqa: B007 (the count of them)
        opened.stage(snapshot, programme_digest=scene.PROGRAMME, plan_id=None)
    say(f"staged {opened.pending():,} rows of {sessions:,} sessions")
    sealed = opened.seal()
    say(f"sealed {sealed.count:,} entries at once")
    opened.checkpoint()
    say("read back and signed")


def verify(opened: Ledger, say: Story) -> None:
    """Verifies the tree, then everything."""
    for whole in (False, True):
        found = opened.verify(published=[], payloads=whole)
        require(found.ok, f"the ledger does not verify: {[check for check in found.checks if not check.ok]}")
        say(f"verified {found.entries:,} entries, {'payloads too' if whole else 'tree and checkpoints'}")


def read(opened: Ledger, say: Story) -> None:
    """Reads one session, as a report does."""
    course = scene.Session(0).course
    count = sum(sealed.fact is not None for sealed in opened.facts(course))
    say(f"read the {count:,} facts of one session")


def prove(opened: Ledger, folder: Path, say: Story) -> None:
    """Proves one entry, and lets ``verify.py`` check that alone."""
    took: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        bundle = scene.prove_one(opened)
        took.append(1000 * (time.perf_counter() - start))
    say(f"proved entry {bundle.entries[0].number}, five times: median {median(took):.1f} ms, first {took[0]:.1f} ms")
    pack = folder / "pack"
    for name, data in with_manifest(proof_files(bundle, {})).items():
        path = pack / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    site = folder / "site"
    site.mkdir()
    for package in ("cryptography", "cffi", "_cffi_backend"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            origin = origin.parent if origin.name == "__init__.py" else origin
            (site / origin.name).symlink_to(origin)
    command = [sys.executable, "-I", "-S", "-c", START, str(site), str(pack / "verify.py"), str(pack)]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": ""}, check=False)
    require(done.returncode == 0, f"verify.py says {done.returncode}: {done.stdout}{done.stderr}")
    for path in sorted(site.iterdir()):
        path.unlink()
    say("verify.py agrees, with nothing there but cryptography")


def erase(opened: Ledger, folders: Sequence[Path], say: Story) -> None:
    """Erases one person, and looks in every byte of every file for what was destroyed."""
    session = scene.Session(1)
    with opened.store.read() as transaction:
        (known,) = find(transaction, opened.keystore, "main", f"userid:{session.learners[0]}", session.course)
    needles = secrets(opened, known)
    lost = needles - found(needles, folders)
    require(not lost, f"the search does not find {len(lost)} of {len(needles)} byte strings that are there")
    say(f"found each of {len(needles)} byte strings of one person in the files")
    done = opened.erase([known.pseudonym], Act("rgpd-17", "request", session.course))
    say(f"erased {done.entries} entries of that person")
    left = found(needles, folders)
    require(not left, f"{len(left)} of {len(needles)} byte strings of an erased person are left in the files")
    say(f"found none of the {len(needles)} byte strings in any file")


def secrets(opened: Ledger, known: Known) -> set[bytes]:
    """Every byte string by which something of a subject could be brought back."""
    keys = opened.keystore
    with opened.store.read() as transaction:
        places = payloads.places_of(transaction, [known.pseudonym])
        sealed = entries.get(transaction, places).values()
        rows = payloads.get(transaction, [row.payload for row in sealed]).values()
        states = pending.current_in_scope(transaction, known.scope, known.site).values()
        people = subjects.in_scope(transaction, known.scope, known.site)
    parts: list[bytes] = [part for row in rows for part in (row.nonce, row.ciphertext, row.commitment)]
    parts += keys.salts([(row.subject, row.commitment) for row in rows]).values()
    parts += [part for row in states if row.subject == known.pseudonym for part in (row.ref, row.value_mac)]
    parts += [part for row in people if row.pseudonym == known.pseudonym for part in (row.lookup, row.identity)]
    query = "SELECT wrapped FROM subject_key WHERE pseudonym = ?"
    parts += [row[0] for row in keys._connection.execute(query, (known.pseudonym,))]
    require(len(parts) > 5 * len(places) > 0, "the person has no payloads to look for")
    return {bytes(part) for part in parts}


def found(needles: Collection[bytes], folders: Sequence[Path]) -> set[bytes]:
    """Those of these byte strings that lie in a file under these folders."""
    seen: set[bytes] = set()
    overlap = max(map(len, needles))
    for path in (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()):
        with path.open("rb") as file:
            end = b""
            while chunk := file.read(CHUNK):
                held = end + chunk
                seen |= {one for one in needles if one not in seen and one in held}
                end = held[-overlap:]
    return seen


def require(holds: bool, otherwise: str) -> None:
    """Ends the run when something does not hold."""
    if not holds:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    sys.exit(main())
