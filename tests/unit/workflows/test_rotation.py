"""A new master key or signing key: everything opens and verifies as before, and a kill leaves one key that fits."""

from __future__ import annotations

import base64
import dataclasses
import os
import shutil
import sqlite3
import sys
import types
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import killing
import pytest
from databases import Database
from ledgerscene import COURSE, PEOPLE, SESSION, Scene

from moodle_sync.config import load_settings
from moodle_sync.errors import LedgerUnusable, UsageError, VerificationFailed
from moodle_sync.ledger import note
from moodle_sync.ledger.entries import parse
from moodle_sync.ledger.people import everybody
from moodle_sync.publish.file import read_published
from moodle_sync.store import entries
from moodle_sync.store.keys import MASTER, MASTER_VARIABLE, load_master_key, new_master_key
from moodle_sync.workflows import erasure
from moodle_sync.workflows.backup import backup
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.keys import person_digests
from moodle_sync.workflows.ledger import init, open_ledger, sign, verify
from moodle_sync.workflows.move import move
from moodle_sync.workflows.proofs import prove_session
from moodle_sync.workflows.rotation import (
    NEW_VARIABLE,
    replace_lost_signing_key,
    rotate_master_key,
    rotate_signing_key,
)


@pytest.fixture(autouse=True)
def no_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (MASTER_VARIABLE, NEW_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def names(scene: Scene) -> set[str]:
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        return {one.person.fullname for one in everybody(transaction, ledger.keystore, "test")}


EVERYBODY = {one.fullname for one in PEOPLE.values()}


# ---- the master key -------------------------------------------------------------------------------------------------


def test_rotate_master_key_leaves_the_old_one_useless(scene: Scene) -> None:
    path = scene.settings.ledger.master_key
    old, digest = path.read_text(), person_digests(scene.settings)("EXT-4471")
    rotated = rotate_master_key(scene.settings)
    assert rotated.before != rotated.after
    assert path.read_text() != old
    assert [file.name for file in path.parent.glob("master.key*")] == ["master.key"]
    assert names(scene) == EVERYBODY
    assert verify(scene.settings, payloads=True).ok
    assert person_digests(scene.settings)("EXT-4471") == digest, "every enrolment would look new"
    assert scene.pull() == 0, "everybody would be entered again as somebody new"
    scene.grades[810051] = "12.5"
    assert scene.pull(COURSE) == 1
    path.write_text(old)
    with pytest.raises(LedgerUnusable, match="is not the one of this keystore"):
        names(scene)


def test_rotate_master_key_leaves_no_byte_wrapped_under_the_old_one(scene: Scene) -> None:
    connection = sqlite3.connect(scene.folder / "data" / "keystore.db")
    before = [row[0] for row in connection.execute("SELECT wrapped FROM subject_key")]
    connection.close()
    with scene.store.raw() as store:
        before += [row[0] for row in store.execute("SELECT lookup FROM subject").fetchall()]
    assert len(before) == 12
    held = scene.held("data")
    assert all(one in held for one in before)
    rotate_master_key(scene.settings)
    held = scene.held("data")
    assert not [one for one in before if one in held]


def test_rotate_master_key_twice_keeps_the_digests_of_people_in_plans(scene: Scene) -> None:
    digest = person_digests(scene.settings)("EXT-4471")
    assert {rotate_master_key(scene.settings).after, rotate_master_key(scene.settings).after} != {digest}
    assert person_digests(scene.settings)("EXT-4471") == digest
    assert verify(scene.settings, payloads=True).ok


def test_erase_after_a_rotation_erases(scene: Scene) -> None:
    rotate_master_key(scene.settings)
    did = erasure.erase(scene.settings, Target("EXT-4471", None), policy="rgpd-17", reason="request", yes=True)
    assert did.entries == 6
    assert names(scene) == EVERYBODY - {PEOPLE[810047].fullname}
    assert verify(scene.settings, payloads=True).ok


def test_rotate_master_key_keeps_the_old_one_for_copies_that_need_it(scene: Scene) -> None:
    for name in ("disk", "vault"):
        (scene.folder / name).mkdir()
    old = scene.settings.ledger.master_key.read_text()
    made = backup(scene.settings, scene.folder / "disk", scene.folder / "vault")
    rotated = rotate_master_key(scene.settings)
    assert rotated.kept is not None
    assert Path(rotated.kept).read_text() == old
    assert Path(rotated.kept).stat().st_mode & 0o077 == 0
    assert str(made.keystore) in rotated.copies[0]
    assert "ledger backup" in "\n".join(rotated.lines())


def test_rotate_master_key_killed_anywhere_one_key_opens_everything(
    scene: Scene, database: Database, tell: Callable[[str], None]
) -> None:
    begin = scene.keep("data")
    digest, point, fits = person_digests(scene.settings)("EXT-4471"), 1, {"old": 0, "new": 0}
    step = 1 if database.kind == "sqlite" else 5  # each case costs two databases there
    while _killed(point, lambda: rotate_master_key(scene.settings)):
        data, keys = scene.folder / "data", {}
        for name in ("master.key", "master.key.next"):
            if (data / name).exists():
                keys[name] = load_master_key(data / name, {})
        connection = sqlite3.connect(data / "keystore.db")
        (wanted,) = connection.execute("SELECT id FROM master").fetchone()
        connection.close()
        opening = [name for name, key in keys.items() if key.id == wanted]
        assert len(opening) == 1, point
        fits["old" if opening == ["master.key"] else "new"] += 1
        as_killed = _keep_as_killed(scene)
        if opening == ["master.key.next"]:  # whoever puts it in its place by hand has everything, too
            (data / "master.key.next").replace(data / "master.key")
        assert names(scene) == EVERYBODY
        assert verify(scene.settings, payloads=True).ok, point
        assert scene.pull() == 0
        as_killed()
        rotate_master_key(scene.settings)  # or runs it again
        assert names(scene) == EVERYBODY
        assert person_digests(scene.settings)("EXT-4471") == digest
        assert verify(scene.settings, payloads=True).ok, point
        assert not list(data.glob("*.next"))
        begin()
        point += step
    tried = f"rotation of the master key on {database.kind} killed at {sum(fits.values())} of {point} writes"
    tell(f"{tried}; the key that fitted then: {fits}")
    assert fits["old"] > 3
    assert fits["new"] > 3


def _keep_as_killed(scene: Scene) -> Callable[[], None]:
    shutil.copytree(scene.folder / "data", scene.folder / "as-killed")
    back = None if scene.database is None else scene.database.keep()

    def put_back() -> None:
        shutil.rmtree(scene.folder / "data")
        (scene.folder / "as-killed").rename(scene.folder / "data")
        if back is not None:
            back()

    return put_back


def test_rotate_master_key_of_the_environment_needs_a_new_one(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MASTER_VARIABLE, scene.settings.ledger.master_key.read_text().strip())
    with pytest.raises(LedgerUnusable, match=NEW_VARIABLE):
        rotate_master_key(scene.settings)
    monkeypatch.setenv(NEW_VARIABLE, os.environ[MASTER_VARIABLE])
    with pytest.raises(LedgerUnusable, match="is the old one"):
        rotate_master_key(scene.settings)
    monkeypatch.setenv(NEW_VARIABLE, "not a key")
    with pytest.raises(LedgerUnusable, match="not base64"):
        rotate_master_key(scene.settings)
    new = base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setenv(NEW_VARIABLE, new)
    rotate_master_key(scene.settings)
    with pytest.raises(LedgerUnusable, match="is not the one of this keystore"):
        names(scene)
    monkeypatch.setenv(MASTER_VARIABLE, new)
    assert names(scene) == EVERYBODY


# ---- the keyring ----------------------------------------------------------------------------------------------------


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """A keyring in memory, in place of the system's."""
    held: dict[tuple[str, str], str] = {}

    class KeyringError(Exception):
        pass

    module, errors = types.ModuleType("keyring"), types.ModuleType("keyring.errors")
    errors.KeyringError = KeyringError  # type: ignore[attr-defined]
    module.get_password = lambda service, user: held.get((service, user))  # type: ignore[attr-defined]
    module.set_password = lambda service, user, secret: held.__setitem__((service, user), secret)  # type: ignore[attr-defined]
    module.delete_password = lambda service, user: held.pop((service, user))  # type: ignore[attr-defined]
    module.errors = errors  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return held


def _with_keyring(scene: Scene) -> Scene:
    ledger = scene.settings.ledger.model_copy(update={"master_keyring": "moodle-sync"})
    return dataclasses.replace(scene, settings=scene.settings.model_copy(update={"ledger": ledger}))


def test_keyring_holds_the_master_key_and_rotates_it(scene: Scene, ring: dict[tuple[str, str], str]) -> None:
    text = scene.settings.ledger.master_key.read_text()
    scene.settings.ledger.master_key.unlink()
    scene = _with_keyring(scene)
    with pytest.raises(LedgerUnusable, match="no master key of the name 'moodle-sync'"):
        names(scene)
    ring["moodle-sync", MASTER] = text
    assert names(scene) == EVERYBODY
    rotated = rotate_master_key(scene.settings)
    assert rotated.place == "the keyring"
    assert set(ring) == {("moodle-sync", MASTER)}
    assert ring["moodle-sync", MASTER] != text
    assert names(scene) == EVERYBODY
    assert not scene.settings.ledger.master_key.exists()


def test_keyring_holds_the_key_of_a_ledger_that_moves(scene: Scene, ring: dict[tuple[str, str], str]) -> None:
    ring["moodle-sync", MASTER] = scene.settings.ledger.master_key.read_text()
    scene.settings.ledger.master_key.unlink()
    scene = _with_keyring(scene)
    moved = move(scene.settings, f"sqlite:///{scene.folder / 'moved.db'}")
    there = scene.settings.ledger.model_copy(update={"store": moved.after})
    assert names(dataclasses.replace(scene, settings=scene.settings.model_copy(update={"ledger": there}))) == EVERYBODY


def test_keyring_gets_the_key_of_a_new_ledger(tmp_path: Path, ring: dict[tuple[str, str], str]) -> None:
    (tmp_path / "config.toml").write_text(
        '[site]\nname = "test"\nurl = "https://m.example.org"\nnamespace = "sag"\n'
        '[ledger]\norigin = "test.example.org/ledger"\nmaster_keyring = "moodle-sync"\n',
        encoding="utf-8",
    )
    settings = load_settings(tmp_path / "config.toml")
    made = init(settings)
    assert len(base64.b64decode(ring["moodle-sync", MASTER])) == 32
    assert not settings.ledger.master_key.exists()
    assert str(settings.ledger.master_key) not in made.files
    with open_ledger(settings):
        pass


def test_keyring_that_is_not_installed_says_what_to_install(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(LedgerUnusable, match=r"pip install 'moodle-sync\[keyring\]'"):
        names(_with_keyring(scene))


# ---- the signing key ------------------------------------------------------------------------------------------------


def test_rotate_signing_key_old_one_vouches_and_both_verify(scene: Scene) -> None:
    old = note.public_bytes(note.load_key(scene.settings.ledger.signing_key))
    rotated = rotate_signing_key(scene.settings)
    new = note.public_bytes(note.load_key(scene.settings.ledger.signing_key))
    assert old != new
    assert rotated.entry == "2026/20"
    with open_ledger(scene.settings, readonly=True) as ledger, ledger.store.read() as transaction:
        leaf = parse(entries.get(transaction, [(2026, 20)])[2026, 20].leaf)
    assert leaf.content == {"signer": rotated.after}
    scene.grades[810051] = "12.5"
    scene.pull(COURSE)
    notes = read_published(scene.settings.ledger.checkpoints)
    signed = {"old": [], "new": []}  # type: dict[str, list[int]]
    for text in notes:
        for name, public in (("old", old), ("new", new)):
            try:
                signed[name].append(note.verify(text, [public]).size)
            except VerificationFailed:
                continue
    assert signed == {"old": [20, 21], "new": [23]}, "the old one's last note is over the entry that names the new one"
    with open_ledger(scene.settings, readonly=True) as ledger:
        assert ledger.verify(published=notes, public_keys=[old, new]).ok
        assert not ledger.verify(published=notes, public_keys=[old]).ok
        assert ledger.verify(published=notes).ok
    proven = prove_session(scene.settings, SESSION, scene.folder / "pack")
    assert proven.entries > 9
    assert not list(scene.settings.ledger.signing_key.parent.glob("signing.key.*"))


def test_signing_key_that_is_none_of_the_ledgers_signs_nothing(scene: Scene) -> None:
    """Whoever can put a file there must not be able to go on with the ledger under a key of their own, unseen."""
    path = scene.settings.ledger.signing_key
    right = path.read_bytes()
    path.write_bytes(note.new_key())
    scene.grades[810051] = "12.5"
    with pytest.raises(LedgerUnusable, match="none of this ledger's"):
        scene.pull(COURSE)
    before = read_published(scene.settings.ledger.checkpoints)
    path.write_bytes(right)
    with open_ledger(scene.settings) as ledger:
        sign(scene.settings, ledger)
    assert len(read_published(scene.settings.ledger.checkpoints)) == len(before) + 1


def test_lost_signing_key_is_replaced_and_an_entry_says_that_nobody_vouched(scene: Scene) -> None:
    with pytest.raises(UsageError, match="the signing key is there"):
        replace_lost_signing_key(scene.settings)
    path = scene.settings.ledger.signing_key
    old = note.public_bytes(note.load_key(path))
    path.unlink()
    rotated = replace_lost_signing_key(scene.settings)
    assert (rotated.entry, rotated.vouched) == ("2026/20", False)
    assert "did not vouch" in rotated.lines()[0]
    with open_ledger(scene.settings, readonly=True) as ledger:
        with ledger.store.read() as transaction:
            leaf = parse(entries.get(transaction, [(2026, 20)])[2026, 20].leaf)
        assert leaf.content == {"signer": rotated.after, "vouched": False}
        notes = read_published(scene.settings.ledger.checkpoints)
        assert ledger.verify(published=notes).ok
        assert not ledger.verify(published=notes, public_keys=[old]).ok
    path.write_bytes(note.new_key())  # somebody else's, or that of a run which was cut off before the entry
    with pytest.raises(UsageError, match="does not know"):
        replace_lost_signing_key(scene.settings)
    path.unlink()
    again = replace_lost_signing_key(scene.settings)
    assert again.after not in (rotated.before, rotated.after)
    assert verify(scene.settings, payloads=False).ok


def test_rotate_signing_key_killed_anywhere_goes_on(
    scene: Scene, database: Database, tell: Callable[[str], None]
) -> None:
    put_back, point, tried = scene.keep("data", "checkpoints"), 1, 0
    step = 1 if database.kind == "sqlite" else 7  # each case costs a database there
    while _killed(point, lambda: rotate_signing_key(scene.settings)):
        scene.grades[810051] = f"12.{point}"
        scene.pull(COURSE)
        assert verify(scene.settings, payloads=False).ok, point
        rotate_signing_key(scene.settings)
        scene.grades[810051] = f"13.{point}"
        scene.pull(COURSE)
        assert verify(scene.settings, payloads=False).ok, point
        put_back()
        scene.at = datetime(2026, 2, 4, 7, 30, tzinfo=UTC)
        tried, point = tried + 1, point + step
    tell(f"rotation of the signing key on {database.kind} killed at {tried} of {point} writes, every one went on")
    assert tried > 10


def _killed(point: int, work: Callable[[], object]) -> bool:
    """Runs work in a child that is killed before its n-th write: SQL that writes, rename, link, sync, removal."""

    def arm() -> None:
        count = killing.counter(point)
        killing.count_sql(count)
        killing.count_server(count)
        killing.count_files(count, ("link", "replace", "unlink", "fsync"))

    return killing.killed(arm, work)


def test_a_new_master_key_is_32_random_bytes() -> None:
    assert len({new_master_key() for _ in range(10)}) == 10
