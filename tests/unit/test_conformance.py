"""docs/conformance.json says what a real Moodle showed of this very code, or that it is stale and why."""

import json
from pathlib import Path

import pytest
from livesupport import conformance

DOCUMENT = json.loads(conformance.FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("release", sorted(DOCUMENT["sites"]))
def test_conformance_is_of_this_code_or_says_that_it_is_stale(release: str) -> None:
    if DOCUMENT.get("stale"):
        assert len(DOCUMENT["stale"]) > 20, "a reason is a sentence"
        return
    seen = DOCUMENT["sites"][release]["digests"]
    assert seen == conformance.digests(), 'run the live suite again, or write a reason under "stale"'


def test_conformance_names_both_supported_lines_and_no_failure() -> None:
    lines = {release.rsplit(".", 1)[0] if release.count(".") > 1 else release for release in DOCUMENT["sites"]}
    assert lines >= {"4.5", "5.1"}
    for site in DOCUMENT["sites"].values():
        assert site["cases"]["passed"]
        assert site["cases"]["failed"] == []


def test_tree_digest_changes_with_a_name_and_with_a_byte(tmp_path: Path) -> None:
    (tmp_path / "a.php").write_text("one")
    first = conformance.tree_digest(tmp_path)
    (tmp_path / "a.php").write_text("two")
    second = conformance.tree_digest(tmp_path)
    (tmp_path / "a.php").rename(tmp_path / "b.php")
    assert len({first, second, conformance.tree_digest(tmp_path)}) == 3
