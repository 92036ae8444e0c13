"""Same facts and same moment give the same bytes: in any time zone, locale and order of hashing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from databases import Database

from moodle_sync.config import load_settings
from moodle_sync.ledger.people import everybody
from moodle_sync.spec.loader import load_specs
from moodle_sync.workflows.ledger import open_ledger
from moodle_sync.workflows.move import move

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


def _script() -> str:
    try:
        import pyarrow  # noqa: F401 (asked whether it is there)
    except ImportError:
        return "\n".join(line for line in CHILD.splitlines() if "PARQUET" not in line)
    return CHILD.replace("PARQUET", "")


def _outputs(folder: Path, out: Path, combination: dict[str, str]) -> dict[str, str]:
    """What a process of its own writes and prints of the ledger in this folder: the digest of each, by name."""
    settings = load_settings(folder / "config.toml")
    session = sorted(load_specs(settings.paths.specs).sessions)[0]
    with open_ledger(settings, readonly=True) as ledger, ledger.store.read() as transaction:
        person = everybody(transaction, ledger.keystore, settings.site.name)[0].person
    out.mkdir()
    words = [str(folder / "config.toml"), str(out), session, f"userid:{person.userid}", ZONES[combination["TZ"]]]
    environ = {**os.environ, **combination}
    command = [sys.executable, "-c", _script(), *words]
    done = subprocess.run(command, env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    printed = done.stdout.replace(str(out).encode(), b"OUT")
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}
    found["what was printed"] = hashlib.sha256(printed).hexdigest()
    assert len(found) >= 11
    return found


def test_reports_exports_and_packs_are_the_same_everywhere(
    demo: Path, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    tried = _combinations()
    first = _outputs(demo, tmp_path / "0", tried[0])
    for number, combination in enumerate(tried[1:], 1):
        found = _outputs(demo, tmp_path / str(number), combination)
        assert found == first, (combination, [name for name in first if found.get(name) != first[name]])
    compared = f"{len(first)} outputs compared byte by byte in {len(tried)} processes:"
    tell("\n".join([compared, *(f"  {combination}" for combination in tried)]))


@pytest.mark.only("postgres")
def test_reports_exports_and_packs_are_the_same_from_a_database_server(
    demo: Path, database: Database, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(demo, folder)
    here, *_, there = _combinations()
    before = _outputs(folder, tmp_path / "before", here)
    config = folder / "config.toml"
    move(load_settings(config), database.url)
    text = config.read_text(encoding="utf-8")
    assert text.count("[ledger]\n") == 1
    config.write_text(text.replace("[ledger]\n", f'[ledger]\nstore = "{database.url}"\n'), encoding="utf-8")
    assert load_settings(config).ledger.store == database.url
    after = _outputs(folder, tmp_path / "after", there)
    assert after == before, [name for name in before if after.get(name) != before[name]]
    tell(f"{len(before)} outputs the same bytes from SQLite and, moved, from PostgreSQL, under {there}")
