"""A pack of one document: what was attested on the strength of that very file, of everybody or of one person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ledgerscene import SESSION, Scene

from moodle_sync.errors import UsageError
from moodle_sync.ledger import verify_pack
from moodle_sync.workflows import attest, erasure, proofs
from moodle_sync.workflows.erasure import Target

HEADER = "session,person,file,when,reference,purpose,interviewer,outcome,attested_by\n"


@pytest.fixture
def scene(scene: Scene) -> Scene:
    """Two people's interviews on one sheet, and one of another sheet."""
    folder = scene.folder
    (folder / "sheet.pdf").write_bytes(b"%PDF both interviews")
    (folder / "other.pdf").write_bytes(b"%PDF another one")
    lines = [
        f"{SESSION},{who},{file},2026-01-12,{reference},need_analysis,Ana Roux,,Ana Roux\n"
        for who, file, reference in (
            ("EXT-4471", "sheet.pdf", "E-1"),
            ("EXT-5582", "sheet.pdf", "E-2"),
            ("EXT-4471", "other.pdf", "E-3"),
        )
    ]
    (folder / "lines.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    attest.attest(scene.settings, folder / "lines.csv", "interview")
    return scene


def _said(pack: Path) -> list[dict[str, object]]:
    payloads = [json.loads(path.read_bytes()) for path in sorted((pack / "entries").glob("*.payload.json"))]
    verify_pack.verify(pack, [], [], False)
    return payloads


def test_prove_document_is_what_rests_on_it_and_nothing_else(scene: Scene) -> None:
    out = scene.folder / "pack"
    proven = proofs.prove_document(scene.settings, scene.folder / "sheet.pdf", out, session=None, who=None)
    assert (proven.entries, proven.disclosed) == (2, 2)
    said = _said(out)
    assert {one["reference"] for one in said} == {"E-1", "E-2"}
    assert {one["file"]["name"] for one in said} == {"sheet.pdf"}  # type: ignore[index]


def test_prove_document_of_one_person_names_nobody_else(scene: Scene) -> None:
    out = scene.folder / "pack"
    file = scene.folder / "sheet.pdf"
    proven = proofs.prove_document(scene.settings, file, out, session=SESSION, who="EXT-4471")
    assert proven.entries == 1
    assert [one["reference"] for one in _said(out)] == ["E-1"]
    held = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert b"Quintefeuille" in held  # the search does find who is there
    assert b"Brisemarais" not in held
    assert b"EXT-5582" not in held


def test_prove_document_the_same_file_under_another_name_is_it(scene: Scene) -> None:
    copied = scene.folder / "copied.pdf"
    copied.write_bytes((scene.folder / "sheet.pdf").read_bytes())
    assert proofs.prove_document(scene.settings, copied, scene.folder / "pack", session=None, who=None).entries == 2


def test_prove_document_that_nothing_rests_on_says_so(scene: Scene) -> None:
    changed = scene.folder / "sheet.pdf"
    changed.write_bytes(changed.read_bytes() + b" ")
    for file, session, message in (
        (changed, None, "nothing that was attested rests on sheet.pdf"),
        (scene.folder / "other.pdf", "2026-09-nowhere", "no session"),
        (scene.folder / "nowhere.pdf", None, "cannot be read"),
    ):
        with pytest.raises(UsageError, match=message):
            proofs.prove_document(scene.settings, file, scene.folder / "pack", session=session, who=None)
    assert not (scene.folder / "pack").exists()


def test_prove_document_after_an_erasure_shows_the_others(scene: Scene) -> None:
    erasure.erase(scene.settings, Target("EXT-4471", None), policy="rgpd-17", reason="request", yes=True)
    out = scene.folder / "pack"
    proofs.prove_document(scene.settings, scene.folder / "sheet.pdf", out, session=None, who=None)
    assert [one["reference"] for one in _said(out)] == ["E-2"]
    with pytest.raises(UsageError, match="nothing that was attested"):
        proofs.prove_document(
            scene.settings, scene.folder / "other.pdf", scene.folder / "again", session=None, who=None
        )
