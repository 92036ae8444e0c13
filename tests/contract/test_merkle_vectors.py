"""The reference vectors of transparency-dev/merkle, read where they are; skipped by name where they are not."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from moodle_sync.errors import ProofError
from moodle_sync.ledger import merkle

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "merkle.jsonl"


def _vectors() -> list[dict[str, Any]]:
    if not VECTORS.is_file():
        return []
    return [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines() if line.strip()]


def _bytes(value: str | None) -> bytes:
    return base64.b64decode(value or "")


def _check(vector: dict[str, Any]) -> None:
    proof = [_bytes(item) for item in vector["proof"] or []]
    if vector["case"].startswith("consistency"):
        roots = _bytes(vector["root1"]), _bytes(vector["root2"])
        merkle.verify_consistency(vector["size1"], vector["size2"], proof, *roots)
    else:
        leaf, root = _bytes(vector["leafHash"]), _bytes(vector["root"])
        merkle.verify_inclusion(vector["leafIdx"], vector["treeSize"], leaf, proof, root)


def test_reference_vectors_every_one_is_judged_as_the_reference_does(capsys: pytest.CaptureFixture[str]) -> None:
    vectors = _vectors()
    if not vectors:
        pytest.skip("no shared/vectors beside this checkout: reference Merkle vectors not tried")
    wrong = []
    for vector in vectors:
        try:
            _check(vector)
            refused = False
        except ProofError:
            refused = True
        if refused != vector["wantErr"]:
            wrong.append(vector["case"])
    with capsys.disabled():
        mutants = sum(vector["wantErr"] for vector in vectors)
        sys.stdout.write(f"\nreference Merkle vectors: {len(vectors)} tried, {mutants} of them mutants\n")
    assert wrong == []
    assert len(vectors) >= 60
