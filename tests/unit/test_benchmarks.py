"""The benchmarks run to their end and say what they should; how fast they are is not asked here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


def _run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, FOLDER / name, *words], capture_output=True, text=True, check=False)


def test_bench_prints_a_line_for_each_piece_of_work(tmp_path: Path) -> None:
    done = _run("bench.py", "--entries", "300", "--rounds", "1", "--folder", str(tmp_path))
    assert (done.returncode in (0, 1), done.stderr) == (True, "")
    lines = done.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "stage and seal, SQLite",
        "verify (tree and checkpoints)",
        "verify --payloads",
        "prove one entry of 300",
    ]
    assert all("met" in line.lower() for line in lines[2:])
    assert list(tmp_path.iterdir()) == []


def test_million_tells_its_whole_story_and_finds_nothing_of_the_erased(tmp_path: Path) -> None:
    done = _run("million.py", "--entries", "900", "--folder", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    for said in ("sealed 90", "payloads too", "verify.py agrees", "found each of", "found none of"):
        assert said in done.stdout, done.stdout
    assert float(done.stdout.split()[-1]) < 200
    assert list(tmp_path.iterdir()) == []


def test_million_search_finds_what_lies_across_two_reads(tmp_path: Path) -> None:
    """The search that has to find nothing would be worth nothing if it could miss something."""
    program = (
        f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import million; from pathlib import Path; "
        f"million.CHUNK = 7; print(sorted(million.found({{b'needle', b'absent', b'end!'}}, [Path({str(tmp_path)!r})])))"
    )
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one").write_bytes(b"hay" * 5 + b"needle" + b"hay" * 3 + b"end!")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[b'end!', b'needle']"
