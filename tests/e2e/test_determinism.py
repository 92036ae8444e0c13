"""Same facts and same moment give the same bytes: in any time zone, locale and order of hashing."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from moodle_sync.config import load_settings
from moodle_sync.ledger.people import everybody
from moodle_sync.spec.loader import load_specs
from moodle_sync.workflows.ledger import open_ledger

CHILD = """
import sys
import time
from datetime import datetime, timezone
import time_machine
from moodle_sync.cli.main import run
config, out, session, person, offset = sys.argv[1:]
common = ["--config", config]
NOW = datetime(2031, 6, 1, 23, 30, tzinfo=timezone.utc)  # another day, and another year's night, elsewhere
with time_machine.travel(NOW.timestamp(), tick=False):  # a datetime would change the zone of the process
    assert time.strftime("%z") == offset, "the zone of this process is not the one that is tested"
    for words in (
        ["report", "session", session, "--as-of", "2026-03-29T23:30:00", "--out", f"{out}/report.html"],
        ["report", "session", session, "--out", f"{out}/report-now.html"],
        ["ledger", "export", "--out", f"{out}/all.ndjson"],
        ["ledger", "export", "--format", "csv", "--out", f"{out}/all.csv"],
        ["ledger", "export", "--format", "xapi", "--out", f"{out}/xapi.json"],
        ["ledger", "export", "--format", "xapi", "--pseudonyms", "--out", f"{out}/pseudonyms.json"],
        PARQUET["ledger", "export", "--format", "parquet", "--out", f"{out}/all.parquet"],
        ["ledger", "export", "--person", person, "--out", f"{out}/access.html"],
        ["ledger", "export", "--person", person, "--format", "json", "--out", f"{out}/access.json"],
        ["ledger", "prove", "--session", session, "--out", f"{out}/session.zip"],
        ["ledger", "prove", "--session", session, "--person", person, "--out", f"{out}/person.zip"],
        ["ledger", "due", "--json"],
        ["ledger", "verify", "--payloads", "--json"],
    ):
        print(words[:3], flush=True)
        code = run([*words, *common])
        assert code == 0, (words, code)
"""
ZONES = {"UTC0": "+0000", "<+14>-14": "+1400"}
"""Written out as POSIX wants it, with the offset: a name would be UTC on a machine without a zone database."""
LOCALES = ("C", "C.UTF-8")
SEEDS = ("0", "1", "4242")


def _combinations() -> list[dict[str, str]]:
    """Every zone with every locale, the seeds in turn; and the other seeds in the last of them."""
    found = []
    for number, (zone, locale) in enumerate((zone, locale) for zone in ZONES for locale in LOCALES):
        found.append({"TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": SEEDS[number % len(SEEDS)]})
    return [*found, *({**found[-1], "PYTHONHASHSEED": seed} for seed in SEEDS[1:])]


def test_reports_exports_and_packs_are_the_same_everywhere(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(demo / "config.toml")
    session = sorted(load_specs(settings.paths.specs).sessions)[0]
    with open_ledger(settings, readonly=True) as ledger, ledger.store.read() as transaction:
        person = everybody(transaction, ledger.keystore, settings.site.name)[0].person
    try:
        import pyarrow  # noqa: F401 (asked whether it is there)

        script = CHILD.replace("PARQUET", "")
    except ImportError:
        script = "\n".join(line for line in CHILD.splitlines() if "PARQUET" not in line)
    first: dict[str, str] = {}
    tried = _combinations()
    for number, combination in enumerate(tried):
        out = tmp_path / str(number)
        out.mkdir()
        words = [str(demo / "config.toml"), str(out), session, f"userid:{person.userid}"]
        done = subprocess.run(
            [sys.executable, "-c", script, *words, ZONES[combination["TZ"]]],
            env={**os.environ, **combination},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        printed = done.stdout.replace(str(out).encode(), b"OUT")
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}
        found["what was printed"] = hashlib.sha256(printed).hexdigest()
        first = first or found
        assert found == first, (combination, [name for name in first if found.get(name) != first[name]])
    assert len(first) >= 11
    with capsys.disabled():
        print(f"\n{len(first)} outputs compared byte by byte in {len(tried)} processes:")
        for combination in tried:
            print(f"  {combination}")
