"""docs/conformance.json says what a real Moodle showed of this very code, or that it is stale and why."""

import json
import re
from itertools import product
from pathlib import Path

import pytest
from livesupport import conformance

DOCUMENT = json.loads(conformance.FILE.read_text(encoding="utf-8"))


SITES = DOCUMENT["sites"]


@pytest.mark.parametrize("name", sorted(SITES))
def test_conformance_is_of_this_code_or_says_that_it_is_stale(name: str) -> None:
    if DOCUMENT.get("stale"):
        assert len(DOCUMENT["stale"]) > 20, "a reason is a sentence"
        return
    seen = SITES[name]
    now = conformance.digests(sandbox=seen["target"] == "sandbox", companion=seen["companion"])
    assert seen["digests"] == now, 'run the live suite again, or write a reason under "stale"'


def test_conformance_names_every_line_on_moodle_and_on_the_sandbox_with_and_without_the_companion() -> None:
    found = {
        (seen["target"], line, seen["companion"])
        for seen in SITES.values()
        for line in ("4.5", "5.1")
        if seen["release"].startswith(line)
    }
    assert found == set(product(("Moodle", "sandbox"), ("4.5", "5.1"), (True, False)))


@pytest.mark.parametrize("name", sorted(SITES))
def test_conformance_names_no_failure_and_exactly_the_skips_that_the_companion_explains(name: str) -> None:
    seen = SITES[name]
    cases = seen["cases"]
    assert cases["failed"] == []
    assert set(cases["skipped"]) == conformance.SKIPPED[seen["companion"]]
    assert all("the companion" in why for why in cases["skipped"].values())
    assert {one.partition("[")[0] for one in [*cases["passed"], *cases["skipped"]]} == defined()
    assert seen["requests"].keys() >= {"apply", "people", "pull"}


def defined() -> set[str]:
    """Every live test that there is, by file and name."""
    return {
        f"{path.name}::{name}"
        for path in (conformance.ROOT / "tests" / "live").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def test_tree_digest_changes_with_a_name_and_with_a_byte(tmp_path: Path) -> None:
    (tmp_path / "a.php").write_text("one")
    first = conformance.tree_digest(tmp_path)
    (tmp_path / "a.php").write_text("two")
    second = conformance.tree_digest(tmp_path)
    (tmp_path / "a.php").rename(tmp_path / "b.php")
    assert len({first, second, conformance.tree_digest(tmp_path)}) == 3
