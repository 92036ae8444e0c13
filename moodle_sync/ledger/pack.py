"""The files of a pack: proven entries as bytes by name, and the manifest over them. Pure: writes nothing.

What a file holds is fixed by ``verify_pack.py``, which is in the pack as ``verify.py`` and reads them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from moodle_sync.canonical import canonical
from moodle_sync.facts.models import Person
from moodle_sync.ledger.proving import Bundle, verifier

FORMAT = 1
MANIFEST = "manifest.json"
INDEX = "index.html"


def proof_files(bundle: Bundle, people: Mapping[str, Person]) -> dict[str, bytes]:
    """Everything but the index and the manifest. ``people`` are those of the pack's own subjects, by pseudonym."""
    found = {
        "verify.py": verifier(),
        "keys.txt": "".join(f"{key}\n" for key in bundle.keys).encode(),
        "people.json": canonical({name: person.model_dump() for name, person in people.items()}),
    }
    for point, text in bundle.notes:
        found[f"checkpoints/{point.shard}-{point.size:012d}.checkpoint"] = text.encode()
    for entry in bundle.entries:
        stem = f"entries/{entry.shard}-{entry.idx}"
        found[f"{stem}.leaf.json"] = entry.data
        found[f"{stem}.tlog-proof"] = entry.proof.encode()
        if entry.payload is not None and entry.salt is not None:
            found[f"{stem}.payload.json"] = entry.payload
            found[f"{stem}.salt"] = f"{entry.salt.hex()}\n".encode()
    return found


def with_manifest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a pack, and the list of them with their SHA-256."""
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return {**files, MANIFEST: canonical({"format": FORMAT, "files": listed})}
