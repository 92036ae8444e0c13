"""Checks a pack of entries of a moodle-sync ledger, alone: no network, no Moodle, no moodle-sync.

    python3 verify.py [FOLDER] [--show] [--key KEY]... [--checkpoint FILE]...

Needs Python 3.9 or later and the package "cryptography". It reads the files of the pack and computes again:

1. that every file is the one that manifest.json lists (SHA-256);
2. that each checkpoint is signed (Ed25519, C2SP signed note) by a key of keys.txt, or of --key when that is given;
3. that each entry (a "leaf") is in the tree whose root was signed (RFC 9162 inclusion, C2SP tlog-proof);
4. that each disclosed payload is the one that its entry was sealed with: HMAC-SHA-256(salt, payload).

What it cannot tell: whether the pack holds everything there is about a person, whether what Moodle said was true, and,
unless --key or --checkpoint brings something that you got elsewhere, whether the whole ledger was written anew.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = 1
MANIFEST = "manifest.json"
HEADER = "c2sp.org/tlog-proof@v1"
PERSONAL = ("observed", "attested")


class Wrong(Exception):
    """Something in the pack does not hold."""


def wrong(name: str, message: str) -> NoReturn:
    """Says which file it is."""
    raise Wrong(f"{name}: {message}")


def say(line: str) -> None:
    """One line of the answer."""
    sys.stdout.buffer.write(f"{line}\n".encode())


# ---- 1. the files ---------------------------------------------------------------------------------------------------


def read_files(folder: Path) -> dict[str, bytes]:
    """Every file that the manifest lists, by name, each with the hash that it should have."""
    data = read(folder, MANIFEST)
    try:
        manifest = json.loads(data)
        same = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode() == data
        listed: dict[str, str] = manifest["files"]
    except (ValueError, TypeError, KeyError):
        wrong(MANIFEST, "it cannot be read")
    if not same or manifest["format"] != FORMAT or set(manifest) != {"files", "format"}:
        wrong(MANIFEST, "it was altered, or is of a format that this program does not know")
    files = {}
    for name, digest in sorted(listed.items()):
        if Path(name).is_absolute() or ".." in Path(name).parts:
            wrong(MANIFEST, "it names a file outside the pack")
        files[name] = read(folder, name)
        if hashlib.sha256(files[name]).hexdigest() != digest:
            wrong(name, "this is not the file that the manifest lists")
    if "verify.py" not in files or "keys.txt" not in files:
        wrong(MANIFEST, "a part of the pack is not listed")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST and name not in files:
            say(f"! {name}: not a part of the pack, not looked at")
    return files


def read(folder: Path, name: str) -> bytes:
    """The bytes of one file."""
    try:
        return (folder / name).read_bytes()
    except OSError:
        wrong(name, "it is missing, or cannot be read")


# ---- 2. the checkpoints ---------------------------------------------------------------------------------------------


def read_keys(text: str) -> list[tuple[str, bytes, bytes]]:
    """``(name, key id, public key)`` of each line ``name+keyid+base64(0x01 || key)``."""
    keys = []
    for line in text.splitlines():
        name, number, encoded = line.split("+", 2) if line.count("+") > 1 else ("", "", "")
        data = unbase64(encoded, "keys.txt")
        if len(data) != 33 or data[0] != 1 or hashlib.sha256(name.encode() + b"\n" + data).hexdigest()[:8] != number:
            wrong("keys.txt", "a line is not a key")
        keys.append((name, bytes.fromhex(number), data[1:]))
    return keys


def verify_checkpoint(note: str, keys: list[tuple[str, bytes, bytes]], where: str) -> tuple[str, int, bytes]:
    """``(origin, size, root)`` of a signed note, when one of the keys signed it and no signature of theirs is wrong."""
    text, blank, rest = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) != 3 or not lines[1].isdecimal() or not rest.endswith("\n"):
        wrong(where, "the checkpoint cannot be read")
    good = False
    for line in rest[:-1].split("\n"):
        name, _, encoded = line[2:].partition(" ")
        data = unbase64(encoded, where)
        if not line.startswith("\u2014 ") or len(data) < 5 or str(int(lines[1])) != lines[1]:
            wrong(where, "the checkpoint cannot be read")
        for known, number, public in keys:
            if name == known == lines[0] and data[:4] == number:
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(data[4:], f"{text}\n".encode())
                except InvalidSignature:
                    wrong(where, "the signature of the checkpoint does not hold")
                good = True
    if not good:
        wrong(where, "the checkpoint is not signed by a key that was given")
    return lines[0], int(lines[1]), unbase64(lines[2], where)


def unbase64(text: str, where: str) -> bytes:
    """Base64 in its one form."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        wrong(where, "something in it is not base64")
    if base64.b64encode(data).decode() != text:
        wrong(where, "base64 with stray bits")
    return data


# ---- 3. the place in the tree ---------------------------------------------------------------------------------------


def read_proof(text: str, where: str) -> tuple[int, list[bytes], str]:
    """``(index, path, checkpoint)`` of a C2SP tlog-proof."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != HEADER or len(lines) < 2 or not lines[1].startswith("index "):
        wrong(where, "this is not a proof")
    number = lines[1][len("index ") :]
    if not number.isdecimal() or str(int(number)) != number:
        wrong(where, "this is not a proof")
    return int(number), [unbase64(line, where) for line in lines[2:]], note


def root_from(index: int, size: int, leaf: bytes, path: list[bytes], where: str) -> bytes:
    """The root of the tree that has this leaf at this index (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        wrong(where, "there is no such place in the tree")
    found, fn, sn = hashlib.sha256(b"\x00" + leaf).digest(), index, size - 1
    for node in path:
        if sn == 0 or len(node) != 32:
            wrong(where, "the proof is too long")
        if fn & 1 or fn == sn:
            found = hashlib.sha256(b"\x01" + node + found).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + node).digest()
        fn, sn = fn >> 1, sn >> 1
    if sn:
        wrong(where, "the proof is too short")
    return found


# ---- 4. the entry and what it was sealed with -----------------------------------------------------------------------


def verify_entry(files: dict[str, bytes], stem: str, keys: list[tuple[str, bytes, bytes]], show: bool) -> str:
    """Checks one entry and says it in a line; the text of its checkpoint is the answer."""
    proof, leaf = f"{stem}.tlog-proof", f"{stem}.leaf.json"
    if leaf not in files:
        wrong(leaf, "it is missing")
    index, path, note = read_proof(text_of(files, proof), proof)
    origin, size, root = verify_checkpoint(note, keys, proof)
    shard = origin.rpartition("/")[2]
    if stem != f"entries/{shard}-{index}":
        wrong(proof, "this is the proof of another entry")
    if root_from(index, size, files[leaf], path, proof) != root:
        wrong(leaf, "this entry is not in the tree that was signed")
    members: dict[str, Any] = json.loads(files[leaf])
    line = f"✓ {shard}/{index}  {members['observed_at']}  {members['kind']}"
    payload, salt = files.get(f"{stem}.payload.json"), files.get(f"{stem}.salt")
    if (payload is None) != (salt is None):
        wrong(stem, "a payload goes with its salt")
    if payload is not None and salt is not None:
        secret = bytes.fromhex(salt.decode("ascii"))
        if f"{secret.hex()}\n".encode() != salt:
            wrong(f"{stem}.salt", "this is not a salt")
        found = hmac.new(secret, payload, hashlib.sha256).hexdigest()
        if members["kind"] not in PERSONAL or not hmac.compare_digest(found, members["commitment"]):
            wrong(f"{stem}.payload.json", "this is not what the entry was sealed with")
        value = json.loads(payload)
        line += f"  {value['kind']}  {value['occurred_at'] or '-'}"
        say(f"{line}\n    {payload.decode()}" if show else line)
    elif members["kind"] in PERSONAL:
        say(f"{line}  (contenu effacé ou non communiqué / content erased or not disclosed)")
    else:
        say(f"{line}\n    {json.dumps(members['content'], ensure_ascii=False)}" if show else line)
    return note


def text_of(files: dict[str, bytes], name: str) -> str:
    """A file as UTF-8 text."""
    try:
        return files[name].decode()
    except UnicodeDecodeError:
        wrong(name, "this is not UTF-8")


def verify(folder: Path, given: list[str], outside: list[Path], show: bool) -> None:
    """Checks the whole pack; raises Wrong at the first thing that does not hold."""
    files = read_files(folder)
    own = read_keys(text_of(files, "keys.txt"))
    keys = read_keys("\n".join(given)) if given else own
    stems = sorted(name[: -len(".tlog-proof")] for name in files if name.endswith(".tlog-proof"))
    expected = {stem + tail for stem in stems for tail in (".leaf.json", ".tlog-proof", ".payload.json", ".salt")}
    stray = sorted(name for name in files if name.startswith("entries/") and name not in expected)
    if not stems or stray:
        wrong(stray[0] if stray else MANIFEST, "there is no proof for it")
    notes = {verify_entry(files, stem, keys, show) for stem in stems}
    heads = sorted(verify_checkpoint(note, keys, "checkpoint") for note in notes)
    for name in files:
        if name.startswith("checkpoints/") and text_of(files, name) not in notes:
            wrong(name, "no entry of the pack rests on this checkpoint")
    for file in outside:
        head = verify_checkpoint(file.read_text(encoding="utf-8"), keys, str(file))
        if head not in heads:
            wrong(str(file), "this is not the checkpoint that the entries of the pack rest on")
    say("")
    for origin, size, root in heads:
        say(f"  {origin}  {size}  {root.hex()}")
    _explain(len(stems), bool(given), bool(outside))


def _explain(count: int, given: bool, outside: bool) -> None:
    alone = not given and not outside
    say(f"\nFR  {count} inscriptions vérifiées : chacune est dans le registre dont la racine ci-dessus est signée.")
    if alone:
        say("    La clé vient du dossier lui-même : comparez keys.txt, ou la racine, à une copie obtenue ailleurs.")
    say(f"EN  {count} entries verified: each is in the ledger whose root above is signed.")
    if alone:
        say("    The key comes from the pack itself: compare keys.txt, or the root, with a copy got elsewhere.")


def main() -> int:
    """0 when everything holds, 1 when something does not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--show", action="store_true", help="print what each entry says")
    parser.add_argument("--key", action="append", default=[], help="a public key that you got elsewhere")
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, help="a checkpoint you got elsewhere")
    words = parser.parse_args()
    try:
        verify(words.folder, words.key, words.checkpoint, words.show)
    except (Wrong, OSError, ValueError, KeyError, TypeError) as error:
        say(f"✗ {error}\n\nFR  La vérification a ÉCHOUÉ : ce dossier a été modifié.")
        say("EN  Verification FAILED: this pack was altered.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
