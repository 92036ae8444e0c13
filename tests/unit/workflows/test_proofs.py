"""A pack can be checked in an empty environment, names nobody else, and shows every altered byte."""

from __future__ import annotations

import importlib.util
import json
import stat
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cryptography
import pytest
from databases import Database
from ledgerscene import COURSE, GRADES, PEOPLE, REMARKS, SESSION, Scene, make

from moodle_sync.errors import LedgerError, UsageError
from moodle_sync.ledger import verify_pack
from moodle_sync.workflows import proofs
from moodle_sync.workflows.ledger import open_ledger

ME, OTHERS = 810047, (810051, 810063)


@pytest.fixture(scope="module")
def past() -> Callable[[Scene], None]:
    return _live


def _live(scene: Scene) -> None:
    assert scene.pull() == 18
    scene.grades = {**GRADES, 810051: "12.77"}
    assert scene.pull() == 2


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program where cryptography (and what it is made of) is the only package, and nothing of this project."""
    site = tmp_path_factory.mktemp("site")
    for name in ("cryptography", "cffi", "_cffi_backend"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            origin = origin.parent if origin.name == "__init__.py" else origin
            (site / origin.name).symlink_to(origin)
    start = (
        "import runpy, sys; site, program = sys.argv[1:3]; sys.path.append(site); sys.argv = sys.argv[2:]; "
        "runpy.run_path(program, run_name='__main__')"
    )

    def run(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "-c", start, str(site), str(program), *words]
        environ = {"PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=site, check=False)

    return run


def _bytes(pack: Path) -> bytes:
    return b"\n".join(
        part for path in sorted(pack.rglob("*")) if path.is_file() for part in (path.name.encode(), path.read_bytes())
    )


def _secrets(scene: Scene, userid: int) -> list[bytes]:
    """Everything by which a person could be known, as bytes."""
    with open_ledger(scene.settings, readonly=True) as ledger:
        sealed = [one for one in ledger.facts(COURSE) if one.person is not None and one.person.userid == userid]
    person = PEOPLE[userid]
    found = {person.fullname, person.idnumber, person.username, str(userid), REMARKS[userid], GRADES[userid]}
    found |= {one.subject for one in sealed}
    return [text.encode() for text in found]


def test_prove_person_verifies_in_an_empty_environment(scene: Scene, empty: Any, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    proven = proofs.prove_person(scene.settings, "EXT-4471", SESSION, pack)
    assert (proven.entries, proven.disclosed, proven.erased) == (3, 3, 0)
    nothing = empty(Path(verify_pack.__file__), "/nowhere")
    assert nothing.returncode == 1
    ran = empty(pack / "verify.py")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 entries verified" in ran.stdout
    assert "3 inscriptions vérifiées" in ran.stdout
    assert "The key comes from the pack itself" in ran.stdout
    shown = empty(pack / "verify.py", "--show").stdout
    assert "17.13" in shown
    assert "plume limpide" in shown
    probe = tmp_path / "probe.py"
    probe.write_text("import cryptography, moodle_sync")
    failed = empty(probe)
    assert "No module named 'moodle_sync'" in failed.stderr  # the environment is as empty as it is said to be
    assert cryptography.__name__ not in failed.stderr.rpartition("No module")[2]


def test_prove_checks_what_was_got_elsewhere(scene: Scene, empty: Any, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    proofs.prove_person(scene.settings, "userid:810047", SESSION, pack)
    key = (pack / "keys.txt").read_text().strip()
    published = sorted((tmp_path / "checkpoints").rglob("*.checkpoint"))
    ran = empty(pack / "verify.py", "--key", key, "--checkpoint", str(published[-1]))
    assert ran.returncode == 0, ran.stdout
    assert "comes from the pack itself" not in ran.stdout
    other = make_other(tmp_path)
    assert empty(pack / "verify.py", "--key", (other / "keys.txt").read_text().strip()).returncode == 1
    assert empty(pack / "verify.py", "--checkpoint", str(published[0])).returncode == 1


def make_other(tmp_path: Path) -> Path:
    """A pack of another ledger of the same origin, whose operator made another key."""
    folder = tmp_path / "other"
    folder.mkdir()
    scene = make(folder)
    scene.pull()
    proofs.prove_person(scene.settings, "EXT-4471", SESSION, folder / "pack")
    return folder / "pack"


def test_prove_pack_of_one_person_holds_nothing_of_anybody_else(
    scene: Scene, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    mine, whole = tmp_path / "mine", tmp_path / "whole"
    proofs.prove_person(scene.settings, "EXT-4471", SESSION, mine)
    proofs.prove_session(scene.settings, SESSION, whole)
    searched = 0
    for userid in OTHERS:
        for secret in _secrets(scene, userid):
            assert secret in _bytes(whole), secret  # the search does find what is there
            assert secret not in _bytes(mine), secret
            searched += 1
    for secret in _secrets(scene, ME):
        assert secret in _bytes(mine), secret
    tell(f"{searched} names, numbers, pseudonyms and values of others searched in every byte of a pack: none")


@pytest.mark.only("sqlite")  # what is altered is the pack, which is the same whatever it came from
def test_prove_every_file_of_a_pack_altered_is_found(
    scene: Scene, tmp_path: Path, tell: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the published verify.py: one that came altered in the pack is found by its hash, as any other file."""
    pack = tmp_path / "pack"
    proofs.prove_person(scene.settings, "EXT-4471", SESSION, pack)
    tried: Counter[str] = Counter()
    for path in sorted(path for path in pack.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for place in sorted({0, len(data) - 1, *range(0, len(data), max(1, len(data) // 40))}):
            changed = bytearray(data)
            changed[place] ^= 1 << (place % 8)
            path.write_bytes(changed)
            assert _refused(pack), (path.name, place)
            tried[path.suffix] += 1
        path.write_bytes(data[:-1])
        assert _refused(pack), path.name
        path.unlink()
        assert _refused(pack), path.name
        path.write_bytes(data)
        tried["cut or removed"] += 2
    verify_pack.verify(pack, [], [], False)
    capsys.readouterr()
    tell(f"{sum(tried.values())} ways to alter a pack tried, all found: {dict(tried)}")
    assert sum(tried.values()) > 300


@pytest.mark.only("sqlite")
def test_prove_alteration_with_a_manifest_made_anew_is_found_by_the_proofs(
    scene: Scene, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Whoever alters a pack can list the hashes anew: then leaf, path, signature and commitment have to say no."""
    from moodle_sync.ledger.pack import with_manifest

    pack, tried = tmp_path / "pack", 0
    proofs.prove_person(scene.settings, "EXT-4471", SESSION, pack)
    files = {path.relative_to(pack).as_posix(): path.read_bytes() for path in pack.rglob("*") if path.is_file()}
    del files["manifest.json"]
    proven = [name for name in files if name.startswith(("entries/", "checkpoints/")) or name == "keys.txt"]
    for name in proven:
        data = files[name]
        for place in range(0, len(data), max(1, len(data) // 25)):
            changed = bytearray(data)
            changed[place] ^= 1 << (place % 8)
            for one, content in with_manifest({**files, name: bytes(changed)}).items():
                if one in (name, "manifest.json"):
                    (pack / one).write_bytes(content)
            assert _refused(pack), (name, place)
            tried += 1
        (pack / name).write_bytes(data)
    tell(f"{tried} bytes of what is proven flipped, with the manifest made anew: all found")
    assert tried > 250


def _refused(pack: Path) -> bool:
    try:
        verify_pack.verify(pack, [], [], False)
    except (verify_pack.Wrong, OSError, ValueError, KeyError, TypeError):
        return True
    return False


def test_prove_swapped_entries_are_found(scene: Scene, empty: Any, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    proofs.prove_session(scene.settings, SESSION, pack)
    entries = sorted((pack / "entries").glob("*.payload.json"))
    one, two = entries[0].read_bytes(), entries[1].read_bytes()
    entries[0].write_bytes(two)
    entries[1].write_bytes(one)
    assert _refused(pack)


def test_prove_session_and_entry(scene: Scene, empty: Any, tmp_path: Path) -> None:
    whole = proofs.prove_session(scene.settings, SESSION, tmp_path / "whole")
    assert (whole.entries, whole.disclosed) == (12, 10)  # with the two leaves of the runs
    one = proofs.prove_entry(scene.settings, "2026/0", tmp_path / "one.zip")
    assert (one.entries, one.disclosed) == (1, 1)
    assert stat.S_IMODE((tmp_path / "one.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        archive.extractall(tmp_path / "one")
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o600}
    for pack in ("whole", "one"):
        ran = empty(tmp_path / pack / "verify.py")
        assert ran.returncode == 0, ran.stdout
    page = (tmp_path / "whole" / "index.html").read_text(encoding="utf-8")
    assert "Rien n&#39;y concerne quelqu&#39;un d&#39;autre" in page or "Rien n'y concerne quelqu'un d'autre" in page
    assert "<script" not in page
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "whole").rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_prove_same_entries_give_the_same_zip(scene: Scene, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        proofs.prove_session(scene.settings, SESSION, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_prove_markup_in_a_name_is_text(database: Database, tmp_path: Path) -> None:
    scene = make(tmp_path, database)
    scene.people[ME] = PEOPLE[ME].model_copy(update={"fullname": "<script>alert(1)</script>"})
    scene.pull()
    proofs.prove_person(scene.settings, "EXT-4471", SESSION, tmp_path / "pack")
    page = (tmp_path / "pack" / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("who", "message"),
    [("EXT-0000", "knows nobody"), ("userid:x", "knows nobody"), ("", "knows nobody")],
)
def test_prove_unknown_person_is_a_users_mistake(scene: Scene, tmp_path: Path, who: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        proofs.prove_person(scene.settings, who, SESSION, tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


def test_prove_key_of_two_people_is_refused(database: Database, tmp_path: Path) -> None:
    scene = make(tmp_path, database)
    scene.people[810051] = PEOPLE[810051].model_copy(update={"idnumber": "EXT-4471"})
    scene.pull()
    with pytest.raises(UsageError, match="2 people"):
        proofs.prove_person(scene.settings, "EXT-4471", SESSION, tmp_path / "pack")


def test_prove_wrong_words_are_named(scene: Scene, tmp_path: Path) -> None:
    for number in ("17", "2026/017", "2026/-1"):
        with pytest.raises(UsageError, match="not the number"):
            proofs.prove_entry(scene.settings, number, tmp_path / "pack")
    with pytest.raises(UsageError, match="no entry 2026/999"):
        proofs.prove_entry(scene.settings, "2026/999", tmp_path / "pack")
    with pytest.raises(UsageError, match="no session"):
        proofs.prove_session(scene.settings, "1999", tmp_path / "pack")
    with pytest.raises(UsageError, match="no folder"):
        proofs.prove_entry(scene.settings, "2026/0", tmp_path / "no" / "pack")
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match="there already"):
        proofs.prove_entry(scene.settings, "2026/0", tmp_path / "taken")


def test_prove_entry_that_no_checkpoint_covers_says_what_to_run(scene: Scene, tmp_path: Path) -> None:
    scene.grades = dict.fromkeys(GRADES, "1")
    scene.stage(COURSE)
    with open_ledger(scene.settings) as ledger:
        ledger.seal()
        last = ledger.size() - 1
    with pytest.raises(LedgerError, match="ledger checkpoint"):
        proofs.prove_entry(scene.settings, f"2026/{last}", tmp_path / "pack")


def test_prove_folder_half_written_is_not_left(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(proofs, "create", full)
    with pytest.raises(LedgerError, match="No space left"):
        proofs.prove_entry(scene.settings, "2026/0", tmp_path / "pack")
    assert not [path for path in tmp_path.iterdir() if "pack" in path.name]


def test_prove_verifier_is_what_the_package_ships(scene: Scene, tmp_path: Path) -> None:
    proofs.prove_entry(scene.settings, "2026/0", tmp_path / "pack")
    assert (tmp_path / "pack" / "verify.py").read_bytes() == Path(verify_pack.__file__).read_bytes()
    manifest = json.loads((tmp_path / "pack" / "manifest.json").read_bytes())
    assert set(manifest["files"]) | {"manifest.json"} == {
        path.relative_to(tmp_path / "pack").as_posix() for path in (tmp_path / "pack").rglob("*") if path.is_file()
    }
